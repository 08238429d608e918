//! The page over plain http by host name, as in an intranet: no secure context, so no clipboard and no brotli.

use ehlo_relay::{Config, Relay};
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::process::free_addr;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::support::{FROM, Page, TO};

#[tokio::test]
async fn all_works_over_plain_http_by_host_name() -> TestResult {
    let server = Postfix::setup().start().await?;
    let listen = free_addr()?;
    let proxy = Proxy::start(listen, None).await?;
    let origin = proxy.origin("intranet.test");
    let allow_ports = vec![server.addr().port()];
    let config = Config { listen: vec![listen], allow_ports, allow_origins: vec![origin.clone()], ..Config::default() };
    let _relay = Relay::start(config, ehlo_cli::page()).await?;

    let page = Page::open(Engine::Chromium, &origin).await?;
    assert_eq!(page.js("isSecureContext").await?, false);
    let encoding = "return [...new Set(await Promise.all(['js/element.js', 'wasm/ehlo_bg.wasm', 'css/element.css'].map(
        async file => (await fetch(file, { cache: 'no-store' })).headers.get('content-encoding'))))]";
    assert_eq!(page.run_async(encoding, Vec::new()).await?, json!(["gzip"]));

    page.name(server.addr()).await?;
    page.mail(FROM, TO).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    server.mailbox().mails(1).await?;

    page.button("Copy").await?;
    let selected = "const area = root.querySelector('dialog textarea');
        return area && root.activeElement === area && area.selectionStart === 0 && area.selectionEnd === area.value.length
            && area.value.includes('S: 220 mail.domain.test') && area.value.includes('C: QUIT')";
    page.until(selected, Value::Null).await?;
    page.button("Close").await?;
    page.until("return !root.querySelector('dialog')", Value::Null).await?;
    page.expect_no_errors().await
}
