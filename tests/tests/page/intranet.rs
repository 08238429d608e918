//! A relay for the people of a network: its named servers are in a menu, and it may want a token.

use ehlo_core::secret::Secret;
use ehlo_relay::{Config, NamedTarget, Profile, Token};
use ehlo_tests::Outcome;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::json;

use crate::support::{FROM, Page, TO};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_server_that_the_operator_has_named_is_chosen_and_reached_with_the_token() -> Outcome {
    let server = Postfix::setup().start().await?;
    let target = NamedTarget { host: "127.0.0.1".to_owned(), port: server.addr().port(), allow_proxy_header: false };
    let relay = Relay::start(Config {
        targets: [("exchange".to_owned(), target)].into(),
        tokens: vec![Token::from_secret("alice", &Secret::new(TOKEN))?],
        ..Config::of(Profile::Intranet)
    })
    .await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.shadow("[name=host]").await?;
    // The relay is asked what it offers when the person turns to it.
    page.ask("root.querySelector('[name=host]').focus()").await?;
    page.until("const menu = root.querySelector('[name=target]'); return seen(menu)", json!(null)).await?;
    page.ask(
        "const menu = root.querySelector('[name=target]'); menu.value = 'exchange';
         menu.dispatchEvent(new Event('change', { bubbles: true }))",
    )
    .await?;
    let host_is_asked = page.ask("return seen(root.querySelector('[name=host]'))").await?;
    assert_eq!(host_is_asked, json!(false));
    page.mail(FROM, TO).await?;

    page.connect().await?;
    page.verdict().await?;
    let told = page.text(".end").await?;
    assert!(told.contains("wants a token"), "{told}");
    page.button("Change settings").await?;
    page.ask("root.querySelector('[name=token]').closest('details').open = true").await?;
    page.fill("[name=token]", TOKEN).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    let connection = page.said("·").await?;
    assert!(connection.contains("exchange") && connection.contains("127.0.0.1"), "{connection}");
    page.button("Hang up").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}
