use std::future::ready;

use ehlo_core::domain::mta_sts::Mode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;
use crate::config::{Config, Profile};
use crate::dns::servers::Servers;
use crate::zone;

const POLICY: &str = "version: STSv1\nmode: enforce\nmx: *.zone.example\nmax_age: 86400\n";
const HOST: &str = "mta-sts IN A 127.0.0.1\n";
const ID: &str = "_mta-sts IN TXT \"v=STSv1; id=1\"\n";

/// A web server that gives every visitor this answer, and a client that trusts it.
async fn web(names: &[&str], answer: String) -> MtaSts {
    let pair = rcgen::generate_simple_self_signed(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![pair.cert.into()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(tls.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let fits =
                head.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n") && head.contains("mta-sts.zone.example");
            let answer = if fits { answer.clone() } else { format!("HTTP/1.1 500 {head}\r\n\r\n") };
            let _ = tls.write_all(answer.as_bytes()).await;
            let _ = tls.shutdown().await;
        }
    });
    MtaSts::with(client(roots).unwrap(), port)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn policy_of(config: &Config) -> Policy {
    let site = crate::http::site::Site::new(config, crate::Assets::none(), &[], &[], None).unwrap();
    site.context.policy.clone()
}

/// What the relay of a profile says of `zone.example`.
async fn asked(profile: Profile, records: &str, web: &MtaSts) -> PolicyAnswer {
    asked_with(Config::of(profile), records, web).await
}

async fn asked_with(config: Config, records: &str, web: &MtaSts) -> PolicyAnswer {
    let zone = zone::zone(records).await;
    let config = Config { dns: vec![zone.address.into()], ..config };
    let dns = Dns::new(&Servers::of(&config).unwrap(), Duration::from_secs(5)).unwrap();
    let way = Way { dns: &dns, policy: &policy_of(&config), outbound: &Outbound::of(&config) };
    web.answer("Zone.example.", way, |_| ready(Ok(()))).await.unwrap()
}

#[tokio::test]
async fn a_policy_is_fetched_from_its_url_and_read() {
    let web = web(&["mta-sts.zone.example"], ok(POLICY)).await;
    let answer = asked(Profile::Personal, &[ID, HOST].concat(), &web).await;
    assert_eq!(answer.problem, None);
    assert_eq!(
        (answer.domain.as_str(), answer.id.as_deref(), answer.text.as_deref()),
        ("zone.example", Some("1"), Some(POLICY))
    );
    let policy = answer.policy.unwrap();
    assert_eq!((policy.mode, policy.max_age, policy.mx), (Mode::Enforce, 86_400, vec!["*.zone.example".to_owned()]));
}

#[tokio::test]
async fn why_there_is_no_policy_is_told() {
    let wrong = ["mta-sts.other.example"];
    let right = ["mta-sts.zone.example"];
    let both = [ID, HOST].concat();
    let huge = ok(&format!("{POLICY}{}", "x: y\n".repeat(20_000)));
    let html = ok(POLICY).replace("text/plain", "text/html");
    let moved =
        "HTTP/1.1 302 Found\r\nLocation: https://mta-sts.zone.example/policy\r\nContent-Length: 0\r\n\r\n".to_owned();
    let cut = ok(POLICY).replace("Content-Length: ", "Content-Length: 9");
    for (names, answer, records, words) in [
        (&right, ok(POLICY), HOST, "no text that begins with v=STSv1"),
        (&right, ok(POLICY), ID, "no address"),
        (&wrong, ok(POLICY), &both, "TLS handshake"),
        (&right, moved, &both, "redirects (302)"),
        (&right, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(), &both, "404"),
        (&right, html, &both, "text/html"),
        (&right, huge, &both, "longer than 64 KB"),
        (&right, cut, &both, "broke off"),
        (&right, "220 mx.example ESMTP\r\n".to_owned(), &both, "not answer as a web server"),
        (&right, ok("<html>"), &both, "no colon"),
    ] {
        let web = web(names, answer).await;
        let answer = asked(Profile::Personal, records, &web).await;
        let problem = answer.problem.unwrap_or_default();
        assert!(problem.contains(words) && answer.policy.is_none(), "{words}: {problem}");
    }
}

#[tokio::test]
async fn a_public_relay_fetches_from_public_addresses_alone() {
    let web = web(&["mta-sts.zone.example"], ok(POLICY)).await;
    let answer = asked(Profile::Public, &[ID, HOST, "mta-sts IN AAAA ::ffff:127.0.0.1\n"].concat(), &web).await;
    assert!(answer.problem.unwrap().contains("no address that can be reached"));
}

#[tokio::test]
async fn each_connection_counts() {
    let web = web(&["mta-sts.zone.example"], ok(POLICY)).await;
    let zone = zone::zone(&[ID, HOST].concat()).await;
    let config = Config { dns: vec![zone.address.into()], ..Config::default() };
    let dns = Dns::new(&Servers::of(&config).unwrap(), Duration::from_secs(5)).unwrap();
    let way = Way { dns: &dns, policy: &policy_of(&config), outbound: &Outbound::default() };
    let full = |_| ready(Err(Deny::busy(60, "enough".to_owned())));
    assert!(web.answer("zone.example", way, full).await.is_err());
    assert!(web.answer("no domain", way, |_| ready(Ok(()))).await.is_err());
}

#[tokio::test]
async fn a_policy_is_fetched_through_the_proxy_where_mail_servers_are_reached_through_it() {
    let web = web(&["mta-sts.zone.example"], ok(POLICY)).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = format!("http://{}", proxy.local_addr().unwrap()).parse().unwrap();
    let port = web.port;
    let passes = tokio::spawn(async move {
        let (mut tcp, _) = proxy.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        tcp.write_all(b"HTTP/1.1 200 Go on\r\n\r\n").await.unwrap();
        let mut web = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut tcp, &mut web).await;
        String::from_utf8(head).unwrap()
    });
    let config = Config { through: Some(through), ..Config::default() };
    let answer = asked_with(config, &[ID, "mta-sts IN A 192.0.2.9\n"].concat(), &web).await;
    assert_eq!((answer.problem, answer.text.as_deref()), (None, Some(POLICY)));
    assert!(passes.await.unwrap().starts_with(&format!("CONNECT 192.0.2.9:{port} HTTP/1.1\r\n")));
}

#[tokio::test]
async fn a_policy_host_that_cannot_be_reached_is_told_with_how() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let web = MtaSts::with(client(RootCertStore::empty()).unwrap(), nobody.local_addr().unwrap().port());
    drop(nobody);
    let answer = asked(Profile::Personal, &[ID, HOST].concat(), &web).await;
    assert_eq!(answer.problem.as_deref(), Some("mta-sts.zone.example refused the connection."));
}
