//! What a visit downloads, and what is there before all of it has come.

use std::collections::BTreeSet;

use ehlo_relay::{Config, Relay};
use ehlo_tests::browser::Engine;
use ehlo_tests::process::free_addr;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::{Failure, Outcome};
use serde_json::Value;

use crate::proxy::Proxy;
use crate::secure::filled;
use crate::support::Page;

/// Octets, brotli, that the page may cost before any conversation.
const FIRST_LOOK: usize = 132_000;
/// The same for a visit that holds a whole conversation in clear text and reads what its replies mean.
const CONVERSATION: usize = 150_000;
/// The same with the practice server, which is in the page too.
const PRACTICE: usize = 205_000;
/// The same where the conversation is secured by TLS.
const WITH_TLS: usize = 330_000;

/// Compressed as a release build does; a debug build's own files are compressed faster and are bigger.
fn brotli_size(raw: &[u8]) -> Outcome<usize> {
    let params = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: raw.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut packed, &params)?;
    Ok(packed.len().min(raw.len()))
}

/// The files that the browser has asked for, once it asks for no more.
async fn fetched(page: &Page) -> Outcome<BTreeSet<String>> {
    // Nothing has been added while the page had nothing to do, three times over.
    let names = page
        .run_async(
            "let before = -1;
             for (;;) {
                 const now = performance.getEntriesByType('resource').filter(entry => entry.initiatorType !== 'websocket');
                 if (now.length === before) return now.map(entry => new URL(entry.name).pathname.slice(1));
                 before = now.length;
                 for (let times = 0; times < 3; times += 1) {
                     await new Promise(done => requestIdleCallback(done, { timeout: 1000 }));
                 }
             }",
            Vec::new(),
        )
        .await?;
    let mut names: BTreeSet<String> = serde_json::from_value(names)?;
    // The page itself, and the icon that a browser with a window asks for.
    names.extend(["index.html".to_owned(), "icon.svg".to_owned()]);
    Ok(names)
}

/// What these files cost is at most `most`; each of `some` is among them.
fn at_most(most: usize, names: &BTreeSet<String>, some: &[&str]) -> Outcome {
    let mut total = 0;
    let mut list = String::new();
    for name in names {
        let asset =
            ehlo_cli::page().file(name).ok_or_else(|| Failure::new(format!("{name} is no file of the page")))?;
        let size = brotli_size(asset.raw)?;
        total += size;
        list += &format!("{size:>8} {name}\n");
    }
    let figure = format!("{list}{total:>8} octets, brotli, {} files", names.len());
    eprintln!("{figure}");
    assert!(some.iter().all(|name| names.contains(*name)), "{some:?} are not all there:\n{figure}");
    assert!(total <= most, "more than {most}:\n{figure}");
    Ok(())
}

#[tokio::test]
async fn a_first_look_downloads_no_more_than_it_may() -> Outcome {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    let ready = "await customElements.whenDefined('smtp-conversation');
        await document.querySelector('smtp-conversation').ready;
        await document.fonts.ready;";
    page.run_async(ready, Vec::new()).await?;
    at_most(FIRST_LOOK, &fetched(&page).await?, &["wasm/ehlo_bg.wasm", "js/element.js"])?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_whole_conversation_with_its_explanations_downloads_no_more_than_it_may() -> Outcome {
    let server = Postfix::setup().start().await?;
    let relay = ehlo_tests::relay::Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    page.reply("250-PIPELINING").await?.click().await?;
    page.until("return root.querySelector('[part=meaning]').textContent.includes('Commands in one go')", Value::Null)
        .await?;
    at_most(CONVERSATION, &fetched(&page).await?, &["wasm/ehlo_bg.wasm", "js/desk.js", "meaning/usual.json"])?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_whole_conversation_with_the_practice_server_downloads_no_more_than_it_may() -> Outcome {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.click("[part=practice]").await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    at_most(PRACTICE, &fetched(&page).await?, &["wasm/ehlo_bg.wasm", "wasm/practice_bg.wasm", "js/desk.js"])?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_whole_conversation_with_tls_downloads_no_more_than_it_may() -> Outcome {
    let server = Postfix::setup().auth().start().await?;
    let relay = ehlo_tests::relay::Relay::to(&[server.addr()]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    filled(&page, &server, "starttls").await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    assert!(page.card().await?.contains("Trusted for"), "{}", page.page_text().await?);
    at_most(WITH_TLS, &fetched(&page).await?, &["wasm/ehlo_bg.wasm", "wasm/tls_bg.wasm", "meaning/usual.json"])?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn form_and_example_are_there_before_the_webassembly_has_come() -> Outcome {
    let listen = free_addr()?;
    let proxy = Proxy::start(listen, Some(".wasm")).await?;
    let origin = proxy.origin("127.0.0.1");
    let config = Config { listen: vec![listen], allow_origins: vec![origin.clone()], ..Config::default() };
    let _relay = Relay::start(config, ehlo_cli::page()).await?;
    let page = Page::open(Engine::Chromium, &origin).await?;
    page.until("return seen(root.querySelector('[part=connect]'))", Value::Null).await?;
    let text = page.page_text().await?;
    for word in ["Whom to call", "Connect", "Try it with the practice server", "220 mail.example.com ESMTP"] {
        assert!(text.contains(word), "{word:?} is not on the page yet:\n{text}");
    }
    page.fill("[name=host]", "mail.example.com").await?;
    // Pressed before the core is there: it waits, and nothing is lost.
    page.click("[part=practice]").await?;
    proxy.release();
    page.proposed("EHLO ").await?;
    page.expect_no_errors().await
}
