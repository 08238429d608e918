//! What a first visit costs, and what is there before all of it has come.

use std::collections::BTreeSet;

use ehlo_relay::{Config, Relay, assets};
use ehlo_tests::browser::Engine;
use ehlo_tests::process::free_addr;
use ehlo_tests::{Failure, Outcome};
use serde_json::Value;

use crate::proxy::Proxy;
use crate::support::Page;

/// Octets, brotli, that the page may cost before any conversation.
const FIRST_VISIT: usize = 150_000;

/// Compressed as a release build does; a debug build's own files are compressed faster and are bigger.
fn brotli_size(raw: &[u8]) -> Outcome<usize> {
    let params = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: raw.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut packed, &params)?;
    Ok(packed.len().min(raw.len()))
}

#[tokio::test]
async fn a_first_visit_downloads_at_most_150_kilobytes() -> Outcome {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.run_async("await document.querySelector('smtp-conversation').ready; await document.fonts.ready", Vec::new())
        .await?;
    // The last word on what was asked for: nothing has been added while the page was at rest for two frames.
    let names = page
        .run_async(
            "let before = -1;
             for (;;) {
                 const now = performance.getEntriesByType('resource');
                 if (now.length === before) return now.map(entry => new URL(entry.name).pathname.slice(1));
                 before = now.length;
                 await new Promise(done => requestIdleCallback(done));
                 await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
             }",
            Vec::new(),
        )
        .await?;
    let mut names: BTreeSet<String> = serde_json::from_value(names)?;
    // The page itself, and the icon that a browser with a window asks for.
    names.extend(["index.html".to_owned(), "icon.svg".to_owned()]);
    let mut total = 0;
    let mut list = String::new();
    for name in &names {
        let found = assets::all().iter().find(|asset| asset.path == name);
        let asset = found.ok_or_else(|| Failure::new(format!("{name} is no file of the page")))?;
        let size = brotli_size(asset.raw)?;
        total += size;
        list += &format!("{size:>8} {name}\n");
    }
    let figure = format!("{list}{total:>8} octets for a first visit, brotli, {} files", names.len());
    eprintln!("{figure}");
    assert!(names.contains("wasm/ehlo_bg.wasm") && names.contains("js/app.js"), "{figure}");
    assert!(total <= FIRST_VISIT, "more than {FIRST_VISIT}:\n{figure}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn form_and_example_are_there_before_the_webassembly_has_come() -> Outcome {
    let listen = free_addr()?;
    let proxy = Proxy::start(listen, Some(".wasm")).await?;
    let origin = proxy.origin("127.0.0.1");
    let config = Config { listen: vec![listen], allow_origins: vec![origin.clone()], ..Config::default() };
    let _relay = Relay::start(config).await?;
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
