//! Pages of others in the same browser: they neither use the relay nor read anything of it.

use std::fs;

use ehlo_tests::TestResult;
use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::fileserver::FileServer;
use ehlo_tests::relay::Relay;
use serde_json::json;

/// What a hostile script tries against the relay at `args[0]`; each answer says how far it came.
const ATTACK: &str = "
    const relay = args[0];
    const socket = protocols => new Promise(done => {
        const socket = new WebSocket(`${relay.replace('http', 'ws')}relay`, protocols);
        socket.onopen = () => done('open');
        socket.onclose = ({ code }) => done(code);
    });
    const read = path => fetch(relay + path).then(answer => answer.text(), () => 'nothing');
    const frame = document.createElement('iframe');
    const framed = new Promise(done => { frame.onload = () => done(frame.contentDocument === null ? 'closed' : 'readable') });
    frame.src = relay;
    document.body.append(frame);
    return {
        socket: await socket('ehlo.relay.v1'),
        bare: await socket([]),
        health: await read('healthz'),
        post: await fetch(`${relay}relay`, { method: 'POST', mode: 'no-cors', body: '{\"type\":\"about\"}' }).then(answer => answer.type, () => 'failed'),
        framed: await framed,
    };";

#[tokio::test]
async fn a_page_of_another_origin_cannot_use_the_relay_nor_read_what_it_serves() -> TestResult {
    let relay = Relay::to(&[]).await?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("index.html"), "<!doctype html><title>x</title><body>hostile")?;
    let other = FileServer::start(folder.path(), "/", &[]).await?;
    let browser = Browser::start(Engine::Chromium).await?;
    browser.goto(&other.url("index.html")).await?;
    let got = browser.run_async(ATTACK, vec![json!(relay.url())]).await?;
    assert_eq!(
        got,
        // The page's files are for all, since they can be embedded; there is nothing of anybody in them.
        json!({ "socket": 1006, "bare": 1006, "health": "nothing", "post": "opaque", "framed": "closed" })
    );
    Ok(())
}

#[tokio::test]
async fn a_name_that_was_bound_to_this_machine_opens_neither_page_nor_tunnel() -> TestResult {
    let relay = Relay::to(&[]).await?;
    let port = relay.running().address().port();
    // The tests' browser is told that this name is this machine, as if its owner had changed the DNS in between.
    let rebound = format!("http://intranet.test:{port}/");
    let browser = Browser::start(Engine::Chromium).await?;
    browser.goto(&rebound).await?;
    let shown = browser.page_text().await?;
    assert!(shown.contains("421"), "{shown}");
    let got = browser.run_async(ATTACK, vec![json!(rebound)]).await?;
    assert_eq!((&got["socket"], &got["bare"]), (&json!(1006), &json!(1006)));
    assert!(got["health"].as_str().is_some_and(|health| health.starts_with("421")), "{got}");
    Ok(())
}
