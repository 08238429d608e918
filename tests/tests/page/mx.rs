//! A mail domain in place of a server: the page finds and offers the hosts that take its mail.

use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::dns::Dns;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::json;

use crate::support::Page;

const ZONE: &str = "@ 60 IN MX 20 second\n@ 60 IN MX 10 mail\n@ 60 IN MX 30 third\n\
    mail 60 IN A 127.0.0.1\nsecond 60 IN A 127.0.0.1\nthird 60 IN A 192.0.2.3\nempty 60 IN TXT nothing\n";

#[tokio::test]
async fn the_hosts_of_a_domain_are_offered_in_order_and_one_is_called() -> TestResult {
    let server = Postfix::setup().start().await?;
    let dns = Dns::start(&[("domain.test.", ZONE)]).await?;
    let allow_ports = vec![server.addr().port()];
    let relay = Relay::start(Config { dns: vec![dns.addr().into()], allow_ports, ..Config::default() }).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.button("Mail domain").await?;
    page.fill("[name=domain]", "domain.test").await?;
    page.button("Look up").await?;
    page.shadow(".lookup .host").await?;
    let offered =
        page.ask("return [...root.querySelectorAll('.lookup .host b')].map(host => host.textContent)").await?;
    assert_eq!(offered, json!(["mail.domain.test", "second.domain.test", "third.domain.test"]));
    let told = page.text(".lookup").await?;
    for word in ["10", "20", "30", "127.0.0.1", "192.0.2.3"] {
        assert!(told.contains(word), "{word} is not in {told}");
    }
    page.ask("root.querySelectorAll('.lookup .host')[1].focus()").await?;
    page.key(thirtyfour::Key::Enter).await?;
    page.until(
        "const host = root.querySelector('[name=host]'); return seen(host) && host.value === args[0]",
        json!("second.domain.test"),
    )
    .await?;
    page.port(server.addr().port()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    let connection = page.said("·").await?;
    assert!(connection.contains("second.domain.test") && connection.contains("127.0.0.1"), "{connection}");
    page.button("Hang up").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_domain_without_mail_hosts_is_told_apart_from_one_that_does_not_exist() -> TestResult {
    let dns = Dns::start(&[("domain.test.", ZONE)]).await?;
    let relay = Relay::start(Config { dns: vec![dns.addr().into()], ..Config::default() }).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.button("Mail domain").await?;
    let mut told = Vec::new();
    for domain in ["empty.domain.test", "nowhere.domain.test"] {
        page.fill("[name=domain]", domain).await?;
        page.button("Look up").await?;
        page.until(
            "const text = root.querySelector('.lookup').textContent; return text.includes(args[0]) && !text.startsWith('Asking')",
            json!(domain),
        )
        .await?;
        told.push(page.text(".lookup").await?.replace(domain, "it"));
    }
    assert!(told[1].contains("does not exist"), "{told:?}");
    assert!(!told[0].contains("does not exist") && told[0] != told[1], "{told:?}");
    page.expect_no_errors().await
}
