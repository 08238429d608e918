//! DNSSEC: zones that are signed well, badly or not at all, below a root of their own in this process.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ehlo_core::tunnel::{Answer, Dnssec, FromRelay, Lookup, Rcode, Record, RecordType, ToRelay};
use ehlo_relay::{Assets, Config, Relay, Running};
use hickory_server::Server;
use hickory_server::dnssec::NxProofKind;
use hickory_server::net::runtime::{Time, TokioRuntimeProvider};
use hickory_server::proto::dnssec::crypto::Ed25519SigningKey;
use hickory_server::proto::dnssec::rdata::{DNSKEY, DS};
use hickory_server::proto::dnssec::{DigestType, DnssecSigner, PublicKey, SigningKey};
use hickory_server::proto::rr::{Name, RecordType as Type};
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneHandler, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

use crate::support::{Heard, Page, relay_with};

/// A key for a zone.
struct Key {
    pkcs8: Vec<u8>,
}

impl Key {
    fn new() -> Self {
        Self { pkcs8: Ed25519SigningKey::generate_pkcs8().unwrap().secret_pkcs8_der().to_vec() }
    }

    fn signing(&self) -> Ed25519SigningKey {
        Ed25519SigningKey::from_pkcs8(&self.pkcs8.as_slice().into()).unwrap()
    }

    fn dnskey(&self) -> DNSKEY {
        DNSKEY::from_key(&self.signing().to_public_key().unwrap())
    }

    /// The line by which the zone above vouches for the key.
    fn ds(&self, zone: &str) -> String {
        let name = Name::from_ascii(zone).unwrap();
        let ds = DS::from_key(&self.signing().to_public_key().unwrap(), &name, DigestType::SHA256).unwrap();
        let digest: String = ds.digest().iter().map(|octet| format!("{octet:02X}")).collect();
        format!("{zone} IN DS {} 15 2 {digest}\n", ds.key_tag())
    }
}

fn zone(origin: &str, records: &str, key: Option<&Key>) -> Arc<dyn ZoneHandler> {
    let origin = Name::from_ascii(origin).unwrap();
    let text = format!(
        "$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60\n@ IN NS ns.example.\n{records}"
    );
    let (_, records) = Parser::new(text, None, Some(origin.clone())).parse().unwrap();
    let proof = key.map(|_| NxProofKind::Nsec);
    let mut zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
        origin.clone(),
        records,
        ZoneType::Primary,
        AxfrPolicy::Deny,
        proof,
    )
    .unwrap();
    if let Some(key) = key {
        let lasts = Duration::from_secs(24 * 60 * 60);
        zone.add_zone_signing_key_mut(DnssecSigner::new(key.dnskey(), Box::new(key.signing()), origin, lasts)).unwrap();
        zone.secure_zone_mut().unwrap();
    }
    Arc::new(zone)
}

/// All zones as one server has them; a DS record is the parent's, here the root's.
struct Everything {
    zones: Catalog,
    root: Catalog,
}

#[async_trait::async_trait]
impl RequestHandler for Everything {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, response: R) -> ResponseInfo {
        let is_ds = request.request_info().is_ok_and(|info| info.query.query_type() == Type::DS);
        let catalog = if is_ds { &self.root } else { &self.zones };
        catalog.handle_request::<R, T>(request, response).await
    }
}

/// A DNS server, and the root's key as a line of a file.
struct Dns {
    address: SocketAddr,
    anchor: String,
    _server: Server<Everything>,
}

/// `signed.` is vouched for, `plain.` is not signed, the key of `forged.` is not the one that the root vouches for. Where
/// signatures are not `passed`, the same names have no signatures at all, as behind an old resolver.
async fn dns(passed: bool) -> Dns {
    let (root, signed, forged, other) = (Key::new(), Key::new(), Key::new(), Key::new());
    let delegations = format!(
        "signed. IN NS ns.example.\n{}forged. IN NS ns.example.\n{}plain. IN NS ns.example.\n",
        signed.ds("signed."),
        other.ds("forged.")
    );
    let own = |key| passed.then_some(key);
    let delegations = if passed { delegations } else { "signed. IN NS ns.example.\n".to_owned() };
    let below = "@ IN MX 10 mail\nmail IN A 192.0.2.1\nmail IN AAAA 2001:db8::1\nalias IN CNAME mail\n\
         @ IN TXT \"v=spf1 \" \"-all\"\n_25._tcp.mail IN TLSA 3 1 1 00FF\n_submission._tcp IN SRV 0 1 587 mail\n";
    let mut everything = Everything { zones: Catalog::new(), root: Catalog::new() };
    let top = zone(".", &delegations, own(&root));
    everything.root.upsert(Name::root().into(), vec![Arc::clone(&top)]);
    everything.zones.upsert(Name::root().into(), vec![top]);
    for (origin, key) in [("signed.", own(&signed)), ("forged.", own(&forged)), ("plain.", None)] {
        everything.zones.upsert(Name::from_ascii(origin).unwrap().into(), vec![zone(origin, below, key)]);
    }
    let key = root.dnskey();
    let anchor = format!(". 300 IN DNSKEY {} 3 15 {}\n", key.flags(), base64(key.public_key().public_bytes()));
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // The same number may be taken for TCP, which signatures need.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let mut server = Server::new(everything);
    server.register_socket(udp);
    server.register_listener(tcp, Duration::from_secs(5), 1024);
    Dns { address, anchor, _server: server }
}

fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let number = (0..3).fold(0, |sum, at| sum << 8 | u32::from(group.get(at).copied().unwrap_or_default()));
        let letter = |at: usize| char::from(LETTERS[(number >> (18 - 6 * at)) as usize & 63]);
        (0..4).map(|at| if at <= group.len() { letter(at) } else { '=' }).collect::<String>()
    };
    octets.chunks(3).map(group).collect()
}

async fn asking(dns: &Dns) -> (Running, Page, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("anchor");
    fs::write(&file, &dns.anchor).unwrap();
    let running = relay_with(|config| {
        config.dns = vec![dns.address.into()];
        config.dnssec_anchor = Some(file);
    })
    .await;
    let page = Page::open(&running).await;
    (running, page, folder)
}

async fn ask(page: &mut Page, name: &str, rtype: RecordType) -> Answer {
    page.say(&ToRelay::Lookup(Lookup { name: name.to_owned(), rtype, token: None })).await;
    match page.hear().await {
        Heard::Word(FromRelay::Answer(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_signed_zone_is_secure_in_every_type_and_so_is_what_it_does_not_have() {
    let dns = dns(true).await;
    let (_running, mut page, _folder) = asking(&dns).await;
    for (name, rtype, record) in [
        ("signed", RecordType::Mx, Record::Mx { preference: 10, exchange: "mail.signed".into() }),
        ("mail.signed", RecordType::A, Record::A { address: "192.0.2.1".into() }),
        ("mail.signed", RecordType::Aaaa, Record::Aaaa { address: "2001:db8::1".into() }),
        ("alias.signed", RecordType::Cname, Record::Cname { name: "mail.signed".into() }),
        ("alias.signed", RecordType::A, Record::A { address: "192.0.2.1".into() }),
        ("signed", RecordType::Txt, Record::Txt { text: "v=spf1 -all".into() }),
        (
            "_25._tcp.mail.signed",
            RecordType::Tlsa,
            Record::Tlsa { usage: 3, selector: 1, matching: 1, data: "00ff".into() },
        ),
        (
            "_submission._tcp.signed",
            RecordType::Srv,
            Record::Srv { priority: 0, weight: 1, port: 587, target: "mail.signed".into() },
        ),
    ] {
        let answer = ask(&mut page, name, rtype).await;
        assert_eq!((answer.dnssec, answer.rcode), (Dnssec::Secure, Rcode::NoError), "{answer:?}");
        assert_eq!(answer.records, [record]);
        assert_eq!(answer.ttl, Some(300));
    }
    for (name, rcode) in [("mail.signed", Rcode::NoError), ("missing.signed", Rcode::NxDomain)] {
        let answer = ask(&mut page, name, RecordType::Mx).await;
        assert_eq!((answer.dnssec, answer.rcode), (Dnssec::Secure, rcode), "{answer:?}");
    }
}

#[tokio::test]
async fn a_zone_that_is_not_signed_is_insecure_and_one_whose_signature_does_not_hold_is_bogus_and_shown() {
    let dns = dns(true).await;
    let (_running, mut page, _folder) = asking(&dns).await;
    for (name, dnssec) in [("plain", Dnssec::Insecure), ("forged", Dnssec::Bogus)] {
        let answer = ask(&mut page, name, RecordType::Mx).await;
        assert_eq!((answer.dnssec, answer.rcode), (dnssec, Rcode::NoError), "{answer:?}");
        assert_eq!(answer.records, [Record::Mx { preference: 10, exchange: format!("mail.{name}") }]);
    }
}

#[tokio::test]
async fn a_dns_server_that_passes_no_signatures_is_told_apart_from_a_forged_answer() {
    let dns = dns(false).await;
    let (_running, mut page, _folder) = asking(&dns).await;
    for name in ["signed", "forged", "plain"] {
        let answer = ask(&mut page, name, RecordType::Mx).await;
        assert_eq!((answer.dnssec, answer.records.len()), (Dnssec::Unknown, 1), "{answer:?}");
    }
}

#[tokio::test]
async fn an_anchor_file_that_is_none_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("anchor");
    for (text, words) in
        [(None, "cannot be read"), (Some("nonsense"), "has no DNSKEY records"), (Some("; empty\n"), "DNSKEY")]
    {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let config = Config {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            dnssec_anchor: Some(file.clone()),
            ..Config::default()
        };
        let told = Relay::start(config, Assets::none()).await.unwrap_err().to_string();
        assert!(told.contains("anchor") && told.contains(words), "{told}");
    }
}
