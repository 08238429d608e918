//! Connections that fail: each says which layer it was and what to try, and nothing that was typed is lost.

use std::net::SocketAddr;

use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::dns::Dns;
use ehlo_tests::fake::{FakeServer, FakeStep, silent_after};
use ehlo_tests::process::free_addr;
use ehlo_tests::relay::{Relay, RelayProgram};
use ehlo_tests::servers::{Certificate, MailServer, Postfix, SmtpSink};
use serde_json::{Value, json};

use crate::secure::NAME;
use crate::support::{FROM, Page, TO};

/// Calls a server that cannot be talked to, and gives the text at the end.
async fn call(page: &Page, host: &str, port: u16) -> TestResult<String> {
    page.fill("[name=host]", host).await?;
    page.port(port).await?;
    page.mail(FROM, TO).await?;
    page.connect().await?;
    page.verdict().await?;
    let told = page.text("[part=end]").await?;
    page.button("Change settings").await?;
    let kept =
        page.ask("return ['host', 'from', 'to'].map(name => root.querySelector(`[name=${name}]`).value)").await?;
    assert_eq!(kept, json!([host, FROM, TO]), "what was typed is kept");
    Ok(told)
}

#[tokio::test]
async fn a_connection_that_fails_says_which_layer_and_what_to_try() -> TestResult {
    let nobody = free_addr()?;
    let web =
        FakeServer::start(vec![FakeStep::send("HTTP/1.1 400 Bad Request\r\nServer: web\r\n\r\n"), FakeStep::Stall])
            .await?;
    let mute = FakeServer::start(Vec::new()).await?;
    let dns = Dns::start(&[("domain.test.", "mail 60 IN A 127.0.0.1\n")]).await?;
    let allow_ports = [nobody, web.addr(), mute.addr()].map(|addr| addr.port()).to_vec();
    let relay = Relay::start(Config { dns: vec![dns.addr().into()], allow_ports, ..Config::default() }).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;

    let told = call(&page, "127.0.0.1", nobody.port()).await?;
    assert!(told.contains("refused") && told.contains("port"), "nothing listens: {told}");
    let told = call(&page, "nowhere.domain.test", nobody.port()).await?;
    assert!(told.contains("nowhere.domain.test") && told.contains("does not exist"), "no such name: {told}");
    let told = call(&page, "127.0.0.1", web.addr().port()).await?;
    assert!(told.contains("HTTP") || told.contains("web"), "a web server: {told}");
    let told = call(&page, "127.0.0.1", mute.addr().port()).await?;
    assert!(told.contains("closed") && told.contains("greeting"), "closed at once: {told}");
    let told = call(&page, "127.0.0.1", 6379).await?;
    assert!(
        told.contains("Mail ports only") && told.contains("--allow-port"),
        "a port that the relay does not reach: {told}"
    );
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_relay_that_is_gone_is_told_and_nothing_is_lost() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (relay, page) = mortal(server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    let received = page.said("←").await?;
    assert!(received.contains("220 mail.domain.test") && received.contains("PIPELINING"), "{received}");
    let told = killed(&page, relay).await?;
    assert!(told.contains("relay"), "{told}");
    Ok(())
}

/// Kills the relay under a conversation, and gives the text at the end, once calling again was tried too.
async fn killed(page: &Page, relay: RelayProgram) -> TestResult<String> {
    // Killed, not stopped: there is no last word.
    drop(relay);
    page.verdict().await?;
    let told = page.text("[part=end]").await?;
    page.button("Again").await?;
    page.until(
        "return root.querySelector('[part=end]').textContent.includes('no connection to the relay')",
        Value::Null,
    )
    .await?;
    page.button("Change settings").await?;
    let kept = page.ask("return ['from', 'to'].map(name => root.querySelector(`[name=${name}]`).value)").await?;
    assert_eq!(kept, json!([FROM, TO]), "what was typed is kept");
    // The browser itself reports a WebSocket that finds nobody, and nothing else.
    let errors = page.take_errors().await?;
    assert!(errors.iter().all(|error| error.contains("WebSocket")), "{errors:?}");
    Ok(told)
}

/// The page of a relay that can be killed, with this server in its form.
async fn mortal(server: SocketAddr) -> TestResult<(RelayProgram, Page)> {
    let relay = RelayProgram::start(&["--allow-port", &server.port().to_string()]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.name(server).await?;
    page.mail(FROM, TO).await?;
    Ok((relay, page))
}

#[tokio::test]
async fn a_relay_that_is_killed_before_the_greeting_is_told() -> TestResult {
    let mute = FakeServer::start(vec![FakeStep::Stall]).await?;
    let (relay, page) = mortal(mute.addr()).await?;
    page.connect().await?;
    page.until("return seen(root.querySelector('.wait'))", Value::Null).await?;
    let told = killed(&page, relay).await?;
    assert!(told.contains("relay"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_relay_that_is_killed_behind_the_end_of_the_message_leaves_no_doubt_that_there_is_doubt() -> TestResult {
    let silent = FakeServer::start(silent_after(5)).await?;
    let (relay, page) = mortal(silent.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    page.until("return root.querySelector('.wait-text')?.textContent.includes('the final dot')", Value::Null).await?;
    let told = killed(&page, relay).await?;
    assert!(told.contains("relay") && told.contains("may"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_relay_that_is_killed_in_a_secured_conversation_is_told() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (relay, page) = mortal(server.addr()).await?;
    page.choose("security", "starttls").await?;
    page.trust(&Certificate::shared()?.authority, NAME).await?;
    page.connect().await?;
    for step in ["EHLO ", "STARTTLS", "EHLO "] {
        page.proposed(step).await?;
        page.enter().await?;
    }
    page.proposed("MAIL FROM:").await?;
    let told = killed(&page, relay).await?;
    assert!(told.contains("relay"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_slow_server_is_waited_for_in_sight() -> TestResult {
    let slow = SmtpSink::start(&["-W", "ehlo:3"]).await?;
    let page = started(slow.addr()).await?;
    page.1.enter().await?;
    page.1
        .until(
            "const wait = root.querySelector('.wait');
             return seen(wait) && /^Waiting for .*EHLO.* · \\d+ s of 5 min$/.test(wait.querySelector('.wait-text').textContent)
                 && wait.querySelector('progress').value < 0.1",
            Value::Null,
        )
        .await?;
    page.1.proposed("MAIL FROM:").await?;
    assert_eq!(page.1.ask("return seen(root.querySelector('.wait'))").await?, false, "the wait is over");
    let long = page.1.ask("return [...root.querySelectorAll('.pause.long')].map(pause => pause.textContent)").await?;
    assert!(long.to_string().contains('s'), "the pause stands beside the reply: {long}");
    page.1.expect_no_errors().await
}

#[tokio::test]
async fn a_wait_can_be_cut_short_by_the_person() -> TestResult {
    let silent = FakeServer::start(vec![FakeStep::send("220 mail.domain.test ESMTP\r\n"), FakeStep::Stall]).await?;
    let (_relay, page) = started(silent.addr()).await?;
    page.enter().await?;
    page.button("Stop waiting").await?;
    page.verdict().await?;
    let told = page.text("[part=end]").await?;
    assert!(told.to_lowercase().contains("you"), "who ended it: {told}");
    page.expect_no_errors().await
}

/// A conversation in which the greeting has come.
async fn started(server: SocketAddr) -> TestResult<(Relay, Page)> {
    let relay = Relay::to(&[server]).await?;
    let page = Page::before(Engine::Chromium, &relay, server).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    Ok((relay, page))
}
