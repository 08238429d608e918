//! TLS and signing in through the page: real servers, a person's clicks, and what crosses the WebSocket meanwhile.

use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{Certificate, Chasquid, Exim, MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

use crate::support::{FROM, Page, TO};

pub(crate) const NAME: &str = "mail.domain.test";
pub(crate) const PASSWORD: &str = "test-Pass1";

/// The form filled in: this server, secured so, with the tests' authority to trust.
pub(crate) async fn filled(page: &Page, server: &dyn MailServer, security: &str) -> TestResult {
    page.name(if security == "tls" { server.tls_addr() } else { server.addr() }).await?;
    page.mail(FROM, TO).await?;
    page.choose("security", security).await?;
    page.trust(&Certificate::shared()?.authority, NAME).await
}

/// A person fills in the form, connects, lets the rest run, and looks at card, transcript and proof.
async fn signs_in(engine: Engine, server: &dyn MailServer, security: &str, mechanism: &str, user: &str) -> TestResult {
    let relay = Relay::to(&[server.addr(), server.tls_addr()]).await?;
    let page = Page::open(engine, relay.url()).await?;
    filled(&page, server, security).await?;
    page.credentials(mechanism, user, PASSWORD).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{}: {verdict}\n{}", server.name(), page.page_text().await?);
    let mails = server.mailbox().mails(1).await?;
    assert_eq!(mails.len(), 1, "{}", server.name());

    let card = page.card().await?;
    assert!(card.contains(&format!("Trusted for {NAME}")) && card.contains("TLS 1.3"), "{card}");
    assert_eq!(page.text(".lock").await?, "Encrypted, trusted");
    let (sent, received) = (page.said("→").await?, page.said("←").await?);
    assert!(sent.contains(&format!("AUTH {mechanism}")), "{sent}");
    assert_eq!(sent.matches("EHLO ").count(), if security == "tls" { 1 } else { 2 }, "{sent}");
    assert!(received.contains("\n235 "), "{received}");
    let shown = page.page_text().await?;
    assert!(!shown.contains(PASSWORD) && !shown.contains("dGVzdC1QYXNzMQ"), "{shown}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn postfix_takes_a_mail_by_starttls_and_sign_in_through_the_page() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    signs_in(Engine::Chromium, &server, "starttls", "SCRAM-SHA-256", "tester@domain.test").await
}

#[tokio::test]
async fn exim_takes_a_mail_by_tls_from_the_first_octet_and_sign_in_through_the_page() -> TestResult {
    let server = Exim::setup().start().await?;
    signs_in(Engine::Chromium, &server, "tls", "CRAM-MD5", "tester").await
}

#[tokio::test]
async fn chasquid_takes_a_mail_by_starttls_and_sign_in_through_the_page() -> TestResult {
    let server = Chasquid::setup().start().await?;
    signs_in(Engine::Chromium, &server, "starttls", "PLAIN", "tester@domain.test").await
}

#[tokio::test]
async fn a_handshake_with_sign_in_works_in_firefox() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    signs_in(Engine::Firefox, &server, "starttls", "SCRAM-SHA-256", "tester@domain.test").await
}

#[tokio::test]
async fn a_handshake_with_sign_in_works_in_webkit() -> TestResult {
    let server = Exim::setup().start().await?;
    signs_in(Engine::WebKit, &server, "tls", "CRAM-MD5", "tester").await
}

#[tokio::test]
async fn every_mechanism_that_a_server_offers_lets_in_from_the_page() -> TestResult {
    let postfix = Postfix::setup().auth().start().await?;
    let exim = Exim::setup().start().await?;
    let chasquid = Chasquid::setup().start().await?;
    let all: [(&dyn MailServer, &str, &[&str]); 3] = [
        (&postfix, "tester@domain.test", &["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]),
        (&exim, "tester", &["PLAIN", "LOGIN", "CRAM-MD5"]),
        (&chasquid, "tester@domain.test", &["PLAIN"]),
    ];
    let ports: Vec<_> = all.iter().map(|(server, ..)| server.addr()).collect();
    let relay = Relay::to(&ports).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    for (server, user, mechanisms) in all {
        for mechanism in mechanisms {
            let sign_in = |password: &str| json!({ "mechanism": mechanism, "user": user, "password": password });
            let setup = json!({ "host": server.addr().ip().to_string(), "port": server.addr().port(),
                "security": "starttls", "tls": { "authorities": Certificate::shared()?.authority, "checkName": NAME },
                "from": FROM, "to": [TO], "signIn": sign_in(PASSWORD) });
            let told = page.held(setup.clone(), false).await?;
            let what = format!("{} by {mechanism}", server.name());
            assert_eq!(
                (&told["outcome"], &told["sign_in"]["state"]),
                (&json!("accepted"), &json!("done")),
                "{what}: {told}"
            );
            let offered = told["sign_in"]["mechanisms"].as_array().cloned().unwrap_or_default();
            let offered: Vec<_> = offered.iter().filter(|one| one["offered"] == true).collect();
            assert_eq!(offered.len(), mechanisms.len(), "{} offers no other: {offered:?}", server.name());
            let mut wrong = setup;
            wrong["signIn"] = sign_in("not-it");
            let told = page.held(wrong, false).await?;
            assert_eq!(told["sign_in"]["state"], "refused", "{what}: {told}");
        }
    }
    page.expect_no_errors().await
}

/// Puts a recorder before the page's own scripts: every message of every WebSocket, in order.
pub(crate) const RECORDER: &str = "
    window.frames_seen = [];
    const keep = (way, data) => window.frames_seen.push([way,
        typeof data === 'string' ? data : Array.from(new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength))]);
    window.WebSocket = class extends WebSocket {
        constructor(...all) {
            super(...all);
            this.addEventListener('message', ({ data }) => keep('received', data));
        }
        send(data) {
            keep('sent', data);
            super.send(data);
        }
    };";

/// One message of a WebSocket.
pub(crate) struct Frame {
    pub(crate) is_sent: bool,
    pub(crate) octets: Vec<u8>,
}

pub(crate) async fn frames(page: &Page) -> TestResult<Vec<Frame>> {
    let told: Vec<(String, Value)> = serde_json::from_value(page.js("window.frames_seen").await?)?;
    // Words for the relay are text; the mail server's octets are not.
    let binary = told.into_iter().filter(|(_, data)| data.is_array());
    binary.map(|(way, data)| Ok(Frame { is_sent: way == "sent", octets: serde_json::from_value(data)? })).collect()
}

/// Reads TLS records to the end, and gives their kinds (RFC 8446, section 5.1); an error when it is anything else.
fn records(octets: &[u8]) -> TestResult<Vec<u8>> {
    let mut kinds = Vec::new();
    let mut rest = octets;
    while let [kind, 3, minor, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if !(20..=23).contains(kind) || *minor > 4 || tail.len() < length {
            break;
        }
        kinds.push(*kind);
        rest = &tail[length..];
    }
    if rest.is_empty() {
        Ok(kinds)
    } else {
        Err(Failure::new(format!("no TLS record: {:?}", &rest[..rest.len().min(40)])))
    }
}

#[tokio::test]
async fn starttls_typed_in_mid_conversation_goes_on_and_nothing_but_tls_records_crosses_behind_its_220() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::start(Engine::Chromium).await?;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": RECORDER })).await?;
    page.goto(relay.url()).await?;
    filled(&page, &server, "none").await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.say("STARTTLS").await?;
    page.proposed("EHLO ").await?;
    let card = page.card().await?;
    assert!(card.contains("Trusted for"), "{card}");
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    let changed = page.card().await?;
    assert!(changed.contains("What changed in the offer") && changed.contains("Gone"), "{changed}");
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");

    let all = frames(&page).await?;
    let starttls = all.iter().position(|frame| frame.is_sent && frame.octets == b"STARTTLS\r\n");
    let ready =
        starttls.and_then(|at| Some(at + all[at..].iter().position(|frame| frame.octets.starts_with(b"220 "))?));
    let ready = ready.ok_or_else(|| Failure::new("no 220 of STARTTLS crossed the WebSocket"))?;
    let (clear, encrypted) = all.split_at(ready + 1);
    assert!(clear.iter().all(|frame| frame.octets.is_ascii()), "before it everything is readable");
    assert!(clear.iter().any(|frame| frame.octets.starts_with(b"EHLO ")), "the first EHLO is among it");
    assert!(clear.last().is_some_and(|frame| frame.octets.ends_with(b"\r\n") && frame.octets.len() < 60));
    for is_sent in [true, false] {
        let way: Vec<u8> =
            encrypted.iter().filter(|frame| frame.is_sent == is_sent).flat_map(|frame| frame.octets.clone()).collect();
        let kinds = records(&way)?;
        assert_eq!(kinds[0], 22, "it begins with a handshake");
        assert!(kinds.iter().filter(|&&kind| kind == 23).count() > 5, "and goes on with encrypted words: {kinds:?}");
    }
    let sizes = |is_sent: bool, part: &[Frame]| -> usize {
        part.iter().filter(|frame| frame.is_sent == is_sent).map(|frame| frame.octets.len()).sum()
    };
    let told = page.ask("return document.querySelector('smtp-conversation').view.protection").await?;
    let counted =
        ["clear_sent", "clear_received", "encrypted_sent", "encrypted_received"].map(|name| told[name].as_u64());
    let seen = [sizes(true, clear), sizes(false, clear), sizes(true, encrypted), sizes(false, encrypted)];
    assert_eq!(counted, seen.map(|octets| u64::try_from(octets).ok()), "the proof counts what crossed");
    page.expect_no_errors().await
}
