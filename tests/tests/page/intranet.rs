//! A relay for the people of a network: its named servers are in a menu, and it may want a token.

use ehlo_core::secret::Secret;
use ehlo_relay::{Config, NamedTarget, Profile, Token};
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::json;
use thirtyfour::Key;

use crate::support::{FROM, Page, TO};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn the_servers_that_the_operator_has_named_are_told_for_the_token_and_reached_with_it() -> TestResult {
    let server = Postfix::setup().start().await?;
    let target = NamedTarget {
        host: "127.0.0.1".to_owned(),
        port: server.addr().port(),
        implicit_tls: false,
        allow_proxy_header: false,
    };
    let relay = Relay::start(Config {
        targets: [("exchange".to_owned(), target)].into(),
        tokens: vec![Token::from_secret("alice", &Secret::new(TOKEN))?],
        ..Config::of(Profile::Intranet)
    })
    .await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.shadow("[name=host]").await?;
    page.fill("[name=host]", "127.0.0.1").await?;
    page.mail(FROM, TO).await?;
    page.connect().await?;
    page.verdict().await?;
    let told = page.text(".end").await?;
    assert!(told.contains("wants a token"), "{told}");
    page.button("Change settings").await?;
    // The relay is asked what it offers when the person turns to it, and again with the token.
    page.ask("root.querySelector('[name=token]').closest('details').open = true").await?;
    let note = "return root.querySelector('[part=setup]').textContent.includes(args[0])";
    page.until(note, json!("reaches the servers that its operator has named; wants a token.")).await?;
    let menu_is_seen = page.ask("return seen(root.querySelector('[name=target]'))").await?;
    assert_eq!(menu_is_seen, json!(false));
    page.fill("[name=token]", "fedcba9876543210fedcba9876543210").await?;
    page.key(Key::Tab).await?;
    page.until(note, json!("it does not know this token.")).await?;
    page.fill("[name=token]", TOKEN).await?;
    page.key(Key::Tab).await?;
    page.until(
        "const menu = root.querySelector('[name=target]'); return seen(menu) && menu.value === 'exchange'",
        json!(null),
    )
    .await?;
    let host_is_asked = page.ask("return seen(root.querySelector('[name=host]'))").await?;
    assert_eq!(host_is_asked, json!(false));
    page.connect().await?;
    page.proposed("EHLO ").await?;
    let connection = page.said("·").await?;
    assert!(connection.contains("exchange") && connection.contains("127.0.0.1"), "{connection}");
    page.button("Hang up").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}
