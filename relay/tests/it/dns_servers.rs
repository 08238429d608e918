//! Which DNS servers are asked: several, and over TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ehlo_core::tunnel::{Answer, FromRelay, Lookup, Rcode, RecordType, ToRelay};
use ehlo_relay::{Assets, Config, NameServer, Relay, Running};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Heard, Page, relay_with};
use crate::zone::{Zone, zone};

async fn ask(running: &Running) -> Answer {
    ask_for(running, RecordType::A).await
}

async fn ask_for(running: &Running, rtype: RecordType) -> Answer {
    let mut page = Page::open(running).await;
    page.say(&ToRelay::Lookup(Lookup { name: "mx.zone.example".to_owned(), rtype, token: None })).await;
    match page.hear().await {
        Heard::Word(FromRelay::Answer(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

/// TLS in front of a DNS server, with a certificate for `dns.example` that is also written to a file.
async fn over_tls(zone: &Zone, folder: &tempfile::TempDir) -> (SocketAddr, PathBuf) {
    let pair = rcgen::generate_simple_self_signed(["dns.example".to_owned()]).unwrap();
    let file = folder.path().join("authority.pem");
    fs::write(&file, pair.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![pair.cert.into()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, dns) = (listener.local_addr().unwrap(), zone.address);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let mut behind = TcpStream::connect(dns).await.unwrap();
                let _ = copy_bidirectional(&mut tls, &mut behind).await;
            });
        }
    });
    (address, file)
}

#[tokio::test]
async fn a_dns_server_is_asked_over_tls_only_if_its_certificate_is_that_of_its_name() {
    let zone = zone("mx IN A 192.0.2.1\n").await;
    let folder = tempfile::tempdir().unwrap();
    let (address, file) = over_tls(&zone, &folder).await;
    let named = |name: &str| NameServer { address, tls_name: Some(name.to_owned()) };
    let running = relay_with(|config| {
        config.dns = vec![named("dns.example")];
        config.dns_authority = Some(file.clone());
    })
    .await;
    assert_eq!(ask(&running).await.rcode, Rcode::NoError);

    for (name, authority) in [("other.example", Some(file)), ("dns.example", None)] {
        let running = relay_with(|config| {
            config.dns = vec![named(name)];
            config.dns_authority = authority;
        })
        .await;
        let answer = ask(&running).await;
        assert!(answer.rcode != Rcode::NoError && answer.records.is_empty(), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn a_second_dns_server_answers_where_the_first_is_silent() {
    let zone = zone("mx IN A 192.0.2.1\n").await;
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let running =
        relay_with(|config| config.dns = vec![silent.local_addr().unwrap().into(), zone.address.into()]).await;
    assert_eq!(ask(&running).await.records.len(), 1);
}

#[tokio::test]
async fn an_answer_too_large_for_udp_comes_whole_where_two_servers_are_asked() {
    let text = format!("\"{}\" ", "x".repeat(250)).repeat(8);
    let (one, two) = (zone(&format!("mx IN TXT {text}\n")).await, zone(&format!("mx IN TXT {text}\n")).await);
    for round in 0..8 {
        let running = relay_with(|config| config.dns = vec![one.address.into(), two.address.into()]).await;
        let answer = ask_for(&running, RecordType::Txt).await;
        assert_eq!((answer.rcode, answer.records.len()), (Rcode::NoError, 1), "round {round}: {answer:?}");
    }
}

#[tokio::test]
async fn an_authority_that_is_none_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    fs::write(&file, "nonsense").unwrap();
    let config =
        Config { listen: vec!["127.0.0.1:0".parse().unwrap()], dns_authority: Some(file), ..Config::default() };
    let told = Relay::start(config, Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("authority.pem has no certificate"), "{told}");
}
