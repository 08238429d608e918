//! The core comes late, or not at all: the person sees it, and nothing is lost.

use ehlo_relay::{Config, Relay};
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::process::free_addr;
use ehlo_tests::servers::{Certificate, MailServer, Postfix};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::secure::NAME;
use crate::support::{Page, relay_for};

#[tokio::test]
async fn while_the_core_is_loaded_the_person_sees_it_and_then_it_goes_on() -> TestResult {
    let server = Postfix::setup().start().await?;
    let listen = free_addr()?;
    let proxy = Proxy::start(listen, Some("ehlo_bg.wasm")).await?;
    let origin = proxy.origin("127.0.0.1");
    let allow_ports = vec![server.addr().port()];
    let config = Config { listen: vec![listen], allow_ports, allow_origins: vec![origin.clone()], ..Config::default() };
    let _relay = Relay::start(config, ehlo_cli::page()).await?;
    let page = Page::open(Engine::Chromium, &origin).await?;
    page.name(server.addr()).await?;
    page.trust(&Certificate::shared()?.authority, NAME).await?;
    page.connect().await?;
    page.until(
        "const line = root.querySelector('.loading'); return seen(line) && line.textContent.includes('Loading Ehlo')",
        Value::Null,
    )
    .await?;
    proxy.release();
    page.proposed("EHLO ").await?;
    assert_eq!(page.ask("return seen(root.querySelector('.loading'))").await?, false, "it has come");
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.say("STARTTLS").await?;
    page.replied("220 2.0.0 ").await?;
    page.proposed("EHLO ").await?;
    assert!(page.card().await?.contains("Trusted for"));
    page.button("Hang up").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn when_the_core_does_not_load_the_person_reads_what_failed_and_the_next_try_may_succeed() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = relay_for(&[server.addr()], &[]).await?;
    let page = Page::start(Engine::Chromium).await?;
    page.devtools("Network.enable", json!({})).await?;
    page.devtools("Network.setBlockedURLs", json!({ "urls": ["*ehlo_bg.wasm*"] })).await?;
    page.goto(relay.url()).await?;
    page.name(server.addr()).await?;
    page.mail(crate::support::FROM, crate::support::TO).await?;
    page.choose("security", "starttls").await?;
    page.connect().await?;
    page.until("return seen(root.querySelector('.failure'))", Value::Null).await?;
    let told = page.text(".failure").await?;
    assert!(told.contains("did not load") && told.contains("Reload the page"), "{told}");
    let kept = page.ask("return root.querySelector('[name=security]').value").await?;
    assert_eq!(kept, "starttls", "what was chosen is kept");
    let errors = page.take_errors().await?;
    assert!(errors.iter().all(|error| error.contains("ehlo_bg.wasm")), "only the blocked file is told of: {errors:?}");

    page.devtools("Network.setBlockedURLs", json!({ "urls": [] })).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    assert_eq!(page.ask("return seen(root.querySelector('.failure'))").await?, false, "it did load");
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    page.expect_no_errors().await
}
