//! The handshake matrix in a browser: version, key and what is wrong with the certificate, each with its verdict, and
//! servers that cannot be spoken to. The server is `openssl s_server`.

use std::collections::BTreeSet;

use ehlo_tests::browser::Engine;
use ehlo_tests::pki::{Chain, Flaw, Key, NAME};
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::OpenSsl;
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

use crate::support::Page;

/// A server with the chain that it sends, and a name for failure texts.
struct TlsServer {
    what: String,
    chain: Chain,
    server: OpenSsl,
}

impl TlsServer {
    async fn start(what: String, chain: Chain, options: &[&str]) -> TestResult<Self> {
        let server = OpenSsl::start(&chain, options).await?;
        Ok(Self { what, chain, server })
    }

    /// A handshake with TLS from the first octet, and then no more: what the page shows of it.
    async fn shake(&self, page: &Page, more: Value) -> TestResult<Value> {
        let mut tls = json!({ "checkName": NAME, "serverName": NAME, "authorities": self.chain.trusted });
        if let (Some(all), Value::Object(more)) = (tls.as_object_mut(), more) {
            all.extend(more);
        }
        let addr = self.server.addr();
        let options = json!({ "host": addr.ip().to_string(), "port": addr.port(), "security": "tls", "tls": tls,
            "until": "connect" });
        page.held(options, true).await.map_err(|failure| failure.with(&self.what))
    }
}

/// A page of a relay that reaches these servers.
async fn page_for(peers: &[TlsServer]) -> TestResult<(Relay, Page)> {
    let relay = Relay::to(&peers.iter().map(|peer| peer.server.addr()).collect::<Vec<_>>()).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    Ok((relay, page))
}

/// What a verdict must name, for each flaw.
fn problem(flaw: Flaw) -> Option<&'static str> {
    match flaw {
        Flaw::Good => None,
        Flaw::Expired => Some("expired"),
        Flaw::NotYetValid => Some("not-yet-valid"),
        Flaw::WrongName => Some("wrong-name"),
        Flaw::SelfSigned => Some("self-signed"),
        Flaw::UnknownAuthority => Some("unknown-issuer"),
        Flaw::MissingIntermediate => Some("missing-intermediate"),
    }
}

async fn verdicts_with(version: &str, option: &str) -> TestResult {
    let mut wanted: Vec<BTreeSet<&str>> = Vec::new();
    let mut peers = Vec::new();
    for key in Key::SOUND {
        for flaw in Flaw::ALL {
            wanted.push(problem(flaw).into_iter().collect());
            let what = format!("TLS {version}, {key:?}, {flaw:?}");
            peers.push(TlsServer::start(what, Chain::make(key, flaw)?, &[option]).await?);
        }
    }
    let weak = [option, "-cipher", "DEFAULT:@SECLEVEL=0"];
    let what = format!("TLS {version}, 1024 bits");
    peers.push(TlsServer::start(what, Chain::make(Key::Rsa1024, Flaw::Good)?, &weak).await?);
    wanted.push(BTreeSet::from(["weak-key"]));

    let (_relay, page) = page_for(&peers).await?;
    for (peer, wanted) in peers.iter().zip(wanted) {
        let told = peer.shake(&page, json!({})).await?;
        let report = &told["tls"]["report"];
        let problems = report["verdict"]["problems"].as_array().cloned().unwrap_or_default();
        let kinds: BTreeSet<&str> = problems.iter().filter_map(|one| one["kind"].as_str()).collect();
        assert_eq!(kinds, wanted, "{}: {}", peer.what, told["tls"]);
        assert_eq!(report["verdict"]["trusted"], wanted.is_empty(), "{}", peer.what);
        assert!(report["version"].as_str().is_some_and(|told| told.contains(version)), "{}: {report}", peer.what);
    }
    page.expect_no_errors().await
}

#[tokio::test]
async fn every_key_and_every_flaw_has_its_verdict_with_tls_1_2_in_the_page() -> TestResult {
    verdicts_with("1.2", "-tls1_2").await
}

#[tokio::test]
async fn every_key_and_every_flaw_has_its_verdict_with_tls_1_3_in_the_page() -> TestResult {
    verdicts_with("1.3", "-tls1_3").await
}

#[tokio::test]
async fn a_server_of_the_past_is_asked_by_a_second_connection_what_it_speaks() -> TestResult {
    let rsa = Chain::make(Key::Rsa2048, Flaw::Good)?;
    let cases: [(&[&str], &str, &str); 5] = [
        (&["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "TLS 1.0", ""),
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "TLS 1.1", ""),
        (&["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "TLS 1.2", "RSA"),
        (&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], "TLS 1.2", "DHE"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], "TLS 1.2", "ECDHE"),
    ];
    let mut peers = Vec::new();
    for (options, ..) in cases {
        peers.push(TlsServer::start(format!("{options:?}"), rsa.clone(), options).await?);
    }
    let (_relay, page) = page_for(&peers).await?;
    for (peer, (_, version, exchange)) in peers.iter().zip(cases) {
        let told = peer.shake(&page, json!({})).await?;
        let failure = &told["tls"]["failure"];
        assert!(failure["alert"].is_object(), "{}: the server's own alert is told: {failure}", peer.what);
        assert!(told["tls"]["openssl"].as_str().is_some_and(|command| command.contains("s_client")), "{told}");
        let legacy = &failure["legacy"];
        assert_eq!(legacy["version"], version, "{}: {failure}", peer.what);
        let known = legacy["key_exchange"].as_str().is_some_and(|known| known.starts_with(exchange));
        assert!(known, "{}: {legacy}", peer.what);
        let findings = told["findings"].as_array().cloned().unwrap_or_default();
        assert!(findings.iter().any(|one| one["id"] == "tls-legacy"), "{}: {findings:?}", peer.what);
    }
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_client_certificate_is_told_of_in_the_page_when_it_is_wanted_and_given() -> TestResult {
    let chain = Chain::make(Key::P256, Flaw::Good)?;
    let (client, _) = Chain::client()?;
    let peers = [
        TlsServer::start("wanted with 1.2".into(), chain.clone(), &["-tls1_2", "-verify", "1"]).await?,
        TlsServer::start("wanted with 1.3".into(), chain.clone(), &["-tls1_3", "-verify", "1"]).await?,
        TlsServer::start("needed with 1.2".into(), chain, &["-tls1_2", "-Verify", "1"]).await?,
    ];
    let (_relay, page) = page_for(&peers).await?;
    for peer in &peers[..2] {
        let told = peer.shake(&page, json!({})).await?;
        assert_eq!(told["tls"]["report"]["client_certificate"], "none-given", "{}: {}", peer.what, told["tls"]);
        let told = peer.shake(&page, json!({ "client": client })).await?;
        assert_eq!(told["tls"]["report"]["client_certificate"], "given", "{}: {}", peer.what, told["tls"]);
        let text = told.to_string();
        let secret = client.split("PRIVATE KEY-----").nth(1).and_then(|key| key.split_whitespace().next());
        let secret = secret.ok_or_else(|| Failure::new("the client has no key"))?;
        assert!(!text.contains(secret), "the key stays where it is");
    }
    let told = peers[2].shake(&page, json!({})).await?;
    assert_eq!(told["tls"]["failure"]["kind"], "client-certificate-wanted", "{}", told["tls"]);
    page.expect_no_errors().await
}
