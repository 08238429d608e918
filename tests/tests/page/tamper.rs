//! Somebody on the way who takes the offer of TLS out, answers in the server's place, or shows another certificate; and
//! credentials, which wait for the person's word wherever they are not protected.

use std::net::SocketAddr;

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::pki::{Chain, Flaw, Key};
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{Certificate, MailServer, OpenSsl, Postfix};
use serde_json::{Value, json};

use crate::meddler::{Deed, Meddler};
use crate::secure::{NAME, PASSWORD, RECORDER, frames};
use crate::support::{FROM, Page, TO};

const LOGIN: &str = "AHRlc3RlckBkb21haW4udGVzdAB0ZXN0LVBhc3Mx";

/// A page before a conversation by STARTTLS with this server, trusting the tests' authority.
async fn before(server: SocketAddr) -> TestResult<(Relay, Page)> {
    let relay = Relay::to(&[server]).await?;
    let page = Page::start(Engine::Chromium).await?;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": RECORDER })).await?;
    page.goto(relay.url()).await?;
    page.name(server).await?;
    page.mail(FROM, TO).await?;
    page.choose("security", "starttls").await?;
    page.trust(&Certificate::shared()?.authority, NAME).await?;
    Ok((relay, page))
}

/// Waits until the person is asked whether the credentials may go out, and what is said of it.
async fn asked(page: &Page) -> TestResult<String> {
    page.until("return seen(root.querySelector('.ask'))", Value::Null).await?;
    page.text(".ask [role=alert]").await
}

/// What has left the page for the mail server, as far as it is readable.
async fn readable(page: &Page) -> TestResult<String> {
    let sent = frames(page).await?.into_iter().filter(|frame| frame.is_sent).flat_map(|frame| frame.octets);
    Ok(String::from_utf8_lossy(&sent.collect::<Vec<_>>()).into_owned())
}

#[tokio::test]
async fn an_offer_of_starttls_that_was_taken_out_is_named_as_a_possibility_and_nothing_is_sent() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    let meddler = Meddler::start(server.addr(), Deed::Strip).await?;
    let (_relay, page) = before(meddler.addr()).await?;
    page.credentials("PLAIN", "tester@domain.test", PASSWORD).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    page.until("return root.querySelector('.meaning').textContent.includes('STARTTLS was not offered')", Value::Null)
        .await?;
    let told = page.text(".meaning").await?;
    assert!(told.contains("somebody on the way took the offer out"), "{told}");
    let sent = readable(&page).await?;
    assert!(!sent.contains("AUTH") && !sent.contains("MAIL FROM"), "{sent}");
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Not sent"), "{verdict}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn words_put_behind_the_220_of_starttls_are_shown_as_odd_and_never_read() -> TestResult {
    const WORDS: &str = "250-mail.domain.test\r\n250 AUTH PLAIN X-INJECTED\r\n250 2.1.0 X-INJECTED\r\n";
    let server = Postfix::setup().start().await?;
    let meddler = Meddler::start(server.addr(), Deed::Inject(WORDS)).await?;
    let (_relay, page) = before(meddler.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "the conversation goes on with the true server: {verdict}");
    assert!(page.card().await?.contains("Trusted for"));
    let received = page.said("←").await?;
    assert_eq!(received.matches("X-INJECTED").count(), 2, "it is shown: {received}");
    let odd =
        "return [...root.querySelectorAll('.line.server')].filter(line => line.textContent.includes('X-INJECTED'))
        .every(line => line.querySelector('.odd') && line.dataset.reply === undefined)";
    assert_eq!(page.ask(odd).await?, true, "as odd, and as no reply");
    let view = page.ask("return document.querySelector('smtp-conversation').view").await?;
    let extensions = view["server"]["extensions"].to_string();
    assert!(!extensions.contains("X-INJECTED"), "{extensions}");
    let findings = view["findings"].as_array().cloned().unwrap_or_default();
    assert!(findings.iter().any(|one| one["id"] == "behind-starttls"), "{findings:?}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_certificate_that_was_swapped_is_not_trusted_and_gets_no_credentials() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    let other = OpenSsl::start(&Chain::make(Key::P256, Flaw::Good)?, &[]).await?;
    let meddler = Meddler::start(server.addr(), Deed::Swap(other.addr())).await?;
    let (_relay, page) = before(meddler.addr()).await?;
    page.credentials("PLAIN", "tester@domain.test", PASSWORD).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let card = page.card().await?;
    assert!(card.contains("Not trusted") && card.contains("only credentials wait for your word"), "{card}");
    assert_eq!(page.text(".lock").await?, "Encrypted, not trusted");
    let findings = page.ask("return document.querySelector('smtp-conversation').view.findings").await?;
    assert!(findings.to_string().contains("certificate-unknown-issuer"), "{findings}");
    page.button("Hang up").await?;
    page.verdict().await?;
    assert!(!page.said("→").await?.contains("AUTH"));
    page.expect_no_errors().await
}

#[tokio::test]
async fn credentials_wait_for_the_persons_word_in_clear_text() -> TestResult {
    let script = vec![
        FakeStep::send("220 mail.domain.test ESMTP\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250-mail.domain.test\r\n250 AUTH PLAIN\r\n"),
        FakeStep::ExpectLine(format!("AUTH PLAIN {LOGIN}")),
        FakeStep::send("235 2.7.0 Welcome\r\n"),
        FakeStep::expect("QUIT"),
        FakeStep::send("221 2.0.0 Bye\r\n"),
    ];
    let server = FakeServer::start(script).await?;
    let (_relay, page) = before(server.addr()).await?;
    page.choose("security", "none").await?;
    page.choose("until", "auth").await?;
    page.credentials("", "tester@domain.test", PASSWORD).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let risk = asked(&page).await?;
    assert!(risk.contains("not encrypted"), "{risk}");
    let sent = readable(&page).await?;
    assert!(sent.starts_with("EHLO ") && sent.lines().count() == 1, "nothing but EHLO has left: {sent:?}");
    page.button("Send the credentials anyway").await?;
    page.replied("235 ").await?;
    page.button("Run the rest").await?;
    page.verdict().await?;
    let heard = String::from_utf8(server.heard().await?)?;
    assert!(heard.contains(LOGIN), "{heard}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn credentials_wait_for_the_persons_word_before_a_server_that_is_not_trusted() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    let (_relay, page) = before(server.addr()).await?;
    page.fill("[name=tls-check-name]", "other.domain.test").await?;
    page.credentials("PLAIN", "tester@domain.test", PASSWORD).await?;
    for word in ["Do not sign in", "Send the credentials anyway"] {
        if word == "Do not sign in" {
            page.connect().await?;
        } else {
            page.button("Again").await?;
        }
        page.proposed("EHLO ").await?;
        page.button("Run the rest").await?;
        asked(&page).await?;
        assert!(!page.said("→").await?.contains("AUTH"), "nothing has gone out");
        page.button(word).await?;
        if word == "Do not sign in" {
            page.proposed("MAIL FROM:").await?;
        } else {
            page.replied("235 ").await?;
        }
        page.button("Run the rest").await?;
        let verdict = page.verdict().await?;
        assert!(verdict.contains("Accepted"), "{verdict}");
        assert_eq!(page.said("→").await?.contains("AUTH PLAIN"), word != "Do not sign in");
    }
    page.expect_no_errors().await
}
