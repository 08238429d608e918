//! What is awkward for a driver in a browser: events within events, objects that go in the middle, a call that breaks off,
//! timers that come late, and a network that takes no more.

use std::net::SocketAddr;

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::fake::{FakeServer, FakeStep, takes_a_mail};
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::{Value, json};

use crate::support::{FROM, Page, TO};

/// A page into which this script comes before its own, with the server in its form.
async fn with(script: &str, server: SocketAddr) -> TestResult<(Relay, Page)> {
    let relay = Relay::to(&[server]).await?;
    let page = Page::start(Engine::Chromium).await?;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
    page.goto(relay.url()).await?;
    page.name(server).await?;
    page.mail(FROM, TO).await?;
    Ok((relay, page))
}

/// A WebSocket that has something happen to it within its `send` number `window.at`, counted from when that is set.
const NESTED: &str = "
    window.WebSocket = class extends WebSocket {
        send(data) {
            super.send(data);
            if (window.at === undefined || (window.at -= 1) !== 0) return;
            window.happened = true;
            if (window.what === 'error') this.dispatchEvent(new Event('error'));
            else this.dispatchEvent(new CloseEvent('close', { code: 1006 }));
        }
    };";

#[tokio::test]
async fn a_close_within_any_handler_ends_the_conversation_and_is_told() -> TestResult {
    // The first words go out within the handler of the opening, all others within that of a message.
    for at in 1..=4 {
        let server = FakeServer::start(takes_a_mail()).await?;
        let (_relay, page) = with(NESTED, server.addr()).await?;
        // Nobody asks the relay any more what it offers.
        page.wait_for("performance.getEntriesByName(new URL('wasm/ehlo_bg.wasm', location)).length === 1").await?;
        page.js(&format!("[window.at = {at}, window.what = 'close']")).await?;
        page.connect().await?;
        if at > 1 {
            page.proposed("EHLO ").await?;
            page.button("Run the rest").await?;
        }
        page.verdict().await?;
        assert_eq!(page.js("window.happened").await?, true, "{at}");
        let told = page.text("[part=end]").await?;
        assert!(told.contains("relay"), "{at}: {told}");
        page.expect_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_error_within_a_handler_is_no_end() -> TestResult {
    let server = FakeServer::start(takes_a_mail()).await?;
    let (_relay, page) = with(NESTED, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.js("[window.at = 3, window.what = 'error']").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    assert_eq!(page.js("window.happened").await?, true);
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_conversation_that_is_freed_within_a_handler_leaves_nothing_behind() -> TestResult {
    let script = "
        window.sockets = [];
        window.WebSocket = class extends WebSocket {
            constructor(...all) {
                super(...all);
                window.sockets.push(this);
            }
        };";
    // In turn: when it is reached, dialed, connected, greeted.
    for at in 1..=4 {
        let server = FakeServer::start(vec![FakeStep::send("220 mail.example ESMTP\r\n"), FakeStep::Stall]).await?;
        let (_relay, page) = with(script, server.addr()).await?;
        let addr = server.addr();
        let free = "
            const element = document.querySelector('smtp-conversation');
            await element.ready;
            const { Conversation } = await import(new URL('wasm/ehlo.js', location));
            const setup = JSON.stringify({ host: args[0], port: args[1] });
            const before = window.sockets.length;
            let calls = 0;
            await new Promise(done => {
                const relay = new URL('relay', location.href.replace('http', 'ws')).href;
                const conversation = new Conversation(setup, undefined, relay, () => {
                    calls += 1;
                    conversation.changes();
                    if (calls !== args[2]) return;
                    conversation.free();
                    done();
                });
                conversation.start();
            });
            // Whatever would still come has its time.
            await new Promise(done => setTimeout(done, 300));
            return [calls, window.sockets.slice(before).map(({ readyState }) => readyState >= WebSocket.CLOSING)]";
        let host = addr.ip().to_string();
        let told = page.run_async(free, vec![json!(host), json!(addr.port()), json!(at)]).await?;
        assert_eq!(told, json!([at, [true]]), "called no more, and closed");
        page.expect_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_breaks_off_in_a_handler_is_told_as_a_fault_and_the_next_conversation_works() -> TestResult {
    // The clock is looked at in the middle of a call: what it throws goes through all of that.
    let script = "
        const { now } = performance;
        performance.now = () => {
            if (!window.broken) return now.call(performance);
            window.broken = false;
            throw new Error('no time');
        };
        window.WebSocket = class extends WebSocket {
            constructor(...all) {
                super(...all);
                // Before anybody else listens.
                this.addEventListener('message', () => {
                    window.broken = window.breaks;
                    window.breaks = false;
                });
            }
        };";
    let server = Postfix::setup().start().await?;
    let (_relay, page) = with(script, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.js("window.breaks = true").await?;
    page.enter().await?;
    page.until(
        "return root.querySelector('.end .verdict')?.textContent.includes('Ehlo itself has failed')",
        Value::Null,
    )
    .await?;
    let told = page.text("[part=end]").await?;
    assert!(told.contains("Reload the page"), "{told}");
    assert!(page.said("→").await?.contains("EHLO "), "the transcript is kept");
    let errors = page.take_errors().await?;
    assert!(!errors.is_empty(), "and the console has it");

    page.button("Again").await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_core_whose_memory_is_broken_is_told_as_a_fault_and_the_next_conversation_works() -> TestResult {
    let script = "
        const streaming = WebAssembly.instantiateStreaming;
        WebAssembly.instantiateStreaming = async (...all) => {
            const made = await streaming.call(WebAssembly, ...all);
            window.memory = made.instance.exports.memory;
            return made;
        };";
    let server = Postfix::setup().start().await?;
    let (_relay, page) = with(script, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.js("new Uint8Array(window.memory.buffer).fill(0xff).length > 0").await?;
    page.enter().await?;
    page.until(
        "return root.querySelector('.end .verdict')?.textContent.includes('Ehlo itself has failed')",
        Value::Null,
    )
    .await?;
    assert!(!page.take_errors().await?.is_empty(), "the console has it");
    page.button("Again").await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_deadline_goes_by_the_clock_and_not_by_when_a_timer_rings() -> TestResult {
    // Timers for long waits ring when the test says so, as in a page that nobody sees.
    let script = "
        const { now } = performance;
        window.skew = 0;
        performance.now = () => now.call(performance) + window.skew;
        const [start, stop] = [window.setTimeout, window.clearTimeout];
        window.asleep = new Map();
        let id = 1e6;
        window.setTimeout = (work, wait = 0, ...more) => {
            if (wait < 60000) return start(work, wait, ...more);
            window.asleep.set(++id, work);
            return id;
        };
        window.clearTimeout = id => window.asleep.delete(id) || stop(id);
        window.ring = () => {
            const all = [...window.asleep.values()];
            window.asleep.clear();
            all.forEach(work => work());
        };";
    let silent = FakeServer::start(vec![FakeStep::send("220 mail.example ESMTP\r\n"), FakeStep::Stall]).await?;
    let (_relay, page) = with(script, silent.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    let state = |words: &'static str| {
        let page = &page;
        async move { page.until("return root.querySelector('.state').textContent === args[0]", json!(words)).await }
    };
    state("Server’s turn").await?;
    page.wait_for("window.asleep.size > 0").await?;
    // Too early: it is waited on.
    page.js("window.ring()").await?;
    page.wait_for("window.asleep.size > 0").await?;
    state("Server’s turn").await?;
    // Much too late: how late is told by the clock.
    page.js("(window.skew = 400000, window.ring())").await?;
    state("Very slow").await?;
    let wait = page.text(".wait-text").await?;
    assert!(wait.contains("6 min 4") && wait.contains("of 5 min"), "{wait}");
    page.button("Stop waiting").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_flood_is_shown_and_told_whole_in_the_end() -> TestResult {
    let flood = "250 ok\r\n".repeat(3_000);
    let server = FakeServer::start(vec![
        FakeStep::send("220 mail.example ESMTP\r\n"),
        FakeStep::WaitLine,
        FakeStep::send(&flood),
    ])
    .await?;
    let (_relay, page) = with("", server.addr()).await?;
    let count = "
        const element = document.querySelector('smtp-conversation');
        window.told = 0;
        window.ended = 0;
        element.addEventListener('ehlo-entry', () => (window.told += 1));
        element.addEventListener('ehlo-end', () => (window.ended = window.told));";
    page.run(count, Vec::new()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.verdict().await?;
    let all = page.js("document.querySelector('smtp-conversation').view.entries").await?;
    assert!(all.as_u64() > Some(3_000), "{all}");
    page.until("return root.querySelectorAll('.line').length === args[0] && window.ended === args[0]", all).await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_network_that_takes_no_more_is_given_no_more() -> TestResult {
    let script = "
        const waiting = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'bufferedAmount').get;
        Object.defineProperty(WebSocket.prototype, 'bufferedAmount', {
            get() { return window.stuck ? Math.max(300000, waiting.call(this)) : waiting.call(this) },
        });
        window.given = 0;
        const { send } = WebSocket.prototype;
        WebSocket.prototype.send = function (data) {
            if (typeof data !== 'string') window.given += data.byteLength;
            send.call(this, data);
        };";
    let server = Postfix::setup().start().await?;
    let (_relay, page) = with(script, server.addr()).await?;
    page.connect().await?;
    page.steps_to_data().await?;
    page.until("return document.querySelector('smtp-conversation').view.turn === 'message'", Value::Null).await?;
    let begin = "
        window.stuck = true;
        window.given = 0;
        const line = 'x'.repeat(70) + '\\r\\n';
        const bytes = new TextEncoder().encode('Subject: big\\r\\n\\r\\n' + line.repeat(50000));
        document.querySelector('smtp-conversation').sendMessage(bytes);
        return bytes.length";
    let size = page.run(begin, Vec::new()).await?.as_u64().unwrap_or_default();
    page.until("return seen(root.querySelector('.sending'))", Value::Null).await?;
    page.run_async("await new Promise(done => setTimeout(done, 500))", Vec::new()).await?;
    assert_eq!(page.js("window.given").await?, 0, "the network takes nothing");
    page.js("window.stuck = false").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    assert!(page.js("window.given").await?.as_u64() > Some(size), "all of it, and more");
    page.expect_no_errors().await
}
