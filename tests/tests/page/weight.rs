//! What a visit downloads, and what is there before all of it has come.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use ehlo_relay::{Config, Relay};
use ehlo_tests::browser::Engine;
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::process::free_addr;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::secure::filled;
use crate::support::Page;

/// Bytes, brotli, that the page may cost until its load event, when its form can be used.
const FIRST_LOOK: usize = 60_000;
/// The same for everything that a conversation can need, of whatever kind it is.
const WHOLE: usize = 530_000;
/// The core, and what is only wanted with it.
const LATE: [&str; 4] = ["wasm/ehlo.js", "wasm/ehlo_bg.wasm", "js/rest.js", "css/desk.css"];

/// Compressed as a release build does; a debug build's own files are compressed faster and are bigger.
fn brotli_size(raw: &[u8]) -> TestResult<usize> {
    let params = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: raw.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut packed, &params)?;
    Ok(packed.len().min(raw.len()))
}

/// The files that the browser has asked for, once it asks for no more.
async fn fetched(page: &Page) -> TestResult<BTreeSet<String>> {
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

/// What these files cost, and the list of them.
fn cost(names: &BTreeSet<String>) -> TestResult<(usize, String)> {
    let mut total = 0;
    let mut list = String::new();
    for name in names {
        let asset =
            ehlo_cli::page().file(name).ok_or_else(|| Failure::new(format!("{name} is no file of the page")))?;
        let size = brotli_size(asset.raw)?;
        total += size;
        list += &format!("{size:>8} {name}\n");
    }
    list += &format!("{total:>8} bytes, brotli, {} files", names.len());
    Ok((total, list))
}

/// What the visit has downloaded is the whole page, and no more than that may be.
async fn whole(page: &Page, visit: &str) -> TestResult {
    let names = fetched(page).await?;
    let (total, list) = cost(&names)?;
    eprintln!("{visit}:\n{list}");
    assert!(LATE.iter().all(|name| names.contains(*name)), "not all of {LATE:?} are there:\n{list}");
    assert!(total <= WHOLE, "{visit}: more than {WHOLE}:\n{list}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_first_look_downloads_no_more_than_it_may_and_the_core_comes_when_the_page_is_idle() -> TestResult {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    // What was asked for before the load event, whenever it came.
    let first = "if (document.readyState !== 'complete') await new Promise(done => addEventListener('load', done));
        await new Promise(done => setTimeout(done));
        const { loadEventStart } = performance.getEntriesByType('navigation')[0];
        return performance.getEntriesByType('resource').filter(({ startTime }) => startTime < loadEventStart)
            .map(({ name }) => new URL(name).pathname.slice(1))";
    let names = page.run_async(first, Vec::new()).await?;
    let mut names: BTreeSet<String> = serde_json::from_value(names)?;
    names.extend(["index.html".to_owned(), "icon.svg".to_owned()]);
    // Its own script and style sheets are asked for by scripts, perhaps after the load event: the form needs them.
    let all = fetched(&page).await?;
    names.extend(all.iter().filter(|name| !LATE.contains(&name.as_str())).cloned());
    let (total, list) = cost(&names)?;
    eprintln!("a first look:\n{list}");
    assert!(names.contains("js/element.js") && !names.iter().any(|name| LATE.contains(&name.as_str())), "{list}");
    assert!(total <= FIRST_LOOK, "more than {FIRST_LOOK}:\n{list}");
    page.until("return seen(root.querySelector('[part=connect]'))", Value::Null).await?;

    page.wait_for("performance.getEntriesByName(new URL('wasm/ehlo_bg.wasm', location)).length === 1").await?;
    let idle: BTreeSet<String> = fetched(&page).await?.difference(&names).cloned().collect();
    let (_, list) = cost(&idle)?;
    eprintln!("as the page is idle:\n{list}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn an_element_that_nobody_touches_never_loads_the_core() -> TestResult {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, &format!("{}embed.html#host=mail.example.com", relay.url())).await?;
    page.until("return seen(root.querySelector('[part=connect]'))", Value::Null).await?;
    let late = |names: &BTreeSet<String>| names.iter().filter(|name| LATE.contains(&name.as_str())).count();
    assert_eq!(late(&fetched(&page).await?), 0, "nobody has touched it");
    page.click("[name=from]").await?;
    page.wait_for("performance.getEntriesByName(new URL('wasm/ehlo_bg.wasm', location)).length === 1").await?;
    page.expect_no_errors().await
}

/// A page with this server in its form.
async fn visit(server: SocketAddr) -> TestResult<(ehlo_tests::relay::Relay, Page)> {
    let relay = ehlo_tests::relay::Relay::to(&[server]).await?;
    let page = Page::before(Engine::Chromium, &relay, server).await?;
    Ok((relay, page))
}

#[tokio::test]
async fn a_conversation_clicked_through_downloads_no_more_than_it_may() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (_relay, page) = visit(server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    page.reply("250-PIPELINING").await?.click().await?;
    page.until("return root.querySelector('[part=meaning]').textContent.includes('Commands in one go')", Value::Null)
        .await?;
    whole(&page, "clicked through").await
}

#[tokio::test]
async fn a_conversation_typed_by_hand_downloads_no_more_than_it_may() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (_relay, page) = visit(server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    for (line, reply) in [
        ("EHLO typed.example", "250 "),
        ("MAIL FROM:<typed@client.example>", "250 2.1.0"),
        ("RCPT TO:<recipient@domain.test>", "250 2.1.5"),
        ("VRFY recipient@domain.test", "252 "),
        ("RSET", "250 2.0.0"),
    ] {
        page.say(line).await?;
        page.replied(reply).await?;
    }
    page.say("QUIT").await?;
    page.verdict().await?;
    whole(&page, "typed by hand").await
}

#[tokio::test]
async fn a_refused_conversation_downloads_no_more_than_it_may() -> TestResult {
    let greeting = FakeStep::send("554 5.7.1 mail.example: no service for your address\r\n");
    let server = FakeServer::start(vec![greeting, FakeStep::WaitLine, FakeStep::send("221 Bye\r\n")]).await?;
    let (_relay, page) = visit(server.addr()).await?;
    page.connect().await?;
    page.replied("554 ").await?;
    page.button("Hang up").await?;
    page.verdict().await?;
    whole(&page, "refused").await
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_downloads_no_more_than_it_may() -> TestResult {
    let (_relay, page) = visit(free_addr()?).await?;
    page.connect().await?;
    page.verdict().await?;
    whole(&page, "unreachable").await
}

#[tokio::test]
async fn a_conversation_with_the_practice_server_downloads_no_more_than_it_may() -> TestResult {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.click("[part=practice]").await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    whole(&page, "practised").await
}

#[tokio::test]
async fn a_conversation_with_a_private_authority_downloads_no_more_than_it_may() -> TestResult {
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
    whole(&page, "private authority").await
}

#[tokio::test]
async fn reading_a_saved_talk_downloads_no_more_than_it_may() -> TestResult {
    let relay = ehlo_tests::relay::Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    let talk = include_str!("../../talks/recipe-smuggling-refused-and-open.talk");
    page.wait_for("customElements.get('smtp-conversation')").await?;
    page.run_async("await document.querySelector('smtp-conversation').open(args[0])", vec![json!(talk)]).await?;
    page.until("return root.querySelector('.state').textContent === 'Saved'", Value::Null).await?;
    whole(&page, "a saved talk").await
}

#[tokio::test]
async fn form_and_example_are_there_before_the_webassembly_has_come() -> TestResult {
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
