//! How long the help-desk article's conversation takes with a local Postfix, from the call to the 250 after the dot.
//!
//! `cargo bench -p ehlo-tests --bench article` (as root, since it starts Postfix; `-- --quick` for a few rounds). All
//! rows are measured in turn, round by round, so that other work on the machine falls on all of them. One row is one
//! function; a further way to hold the conversation is one more.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::{Session, Setup};
use ehlo_relay::Config;
use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::client::Raw;
use ehlo_tests::conversation::{Conversation, told};
use ehlo_tests::packages::program;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

const ROUNDS: usize = 40;
const ROUNDS_QUICK: usize = 5;

const NAME: &str = "test.domain.test";
const FROM: &str = "sender@client.example";
const TO: &str = "recipient@domain.test";
const TEXT: &str = "testing\r\ntesting\r\ntesting\r\n";

/// What the rows talk to.
struct Scene {
    server: Postfix,
    relay: Relay,
    browser: Browser,
}

/// The times of one row.
struct Row {
    name: &'static str,
    times: Vec<Duration>,
}

fn main() -> TestResult {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { ROUNDS_QUICK } else { ROUNDS };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(rounds))
}

async fn measure(rounds: usize) -> TestResult {
    let server = Postfix::setup().start().await?;
    let allow_ports = vec![server.addr().port()];
    let relay = Relay::start(Config { allow_ports, ..Config::default() }).await?;
    let browser = page(&relay, server.addr()).await?;
    let scene = Scene { server, relay, browser };
    let mut rows = [
        "bare socket",
        "swaks, whole process",
        "swaks, by its own clock",
        "Ehlo's core and relay, no browser",
        "Chromium, run() from call to 250",
        "Chromium, click of \"run\" to 250",
        "Chromium, click of \"run\" to 250 shown",
    ]
    .map(|name| Row { name, times: Vec::with_capacity(rounds) });
    // The first round wakes Postfix's processes and is not counted.
    for round in 0..=rounds {
        let (whole, own) = swaks(&scene).await?;
        let (bare, native) = (bare_socket(&scene).await?, core_and_relay(&scene).await?);
        let called = called_in_browser(&scene).await?;
        let (come, shown) = clicked_in_browser(&scene).await?;
        let times = [bare, whole, own, native, called, come, shown];
        if round > 0 {
            rows.iter_mut().zip(times).for_each(|(row, time)| row.times.push(time));
        }
    }
    print(&mut rows)
}

/// The octets of the article, sent line by line, with nothing in between.
async fn bare_socket(scene: &Scene) -> TestResult<Duration> {
    let started = Instant::now();
    let mut raw = Raw::connect(scene.server.addr()).await?;
    let mut replies = raw.reply().await?;
    for line in [format!("EHLO {NAME}"), format!("MAIL FROM:<{FROM}>"), format!("RCPT TO:<{TO}>"), "DATA".to_owned()] {
        replies += &raw.say(&line).await?;
    }
    let last = raw.say(&format!("{TEXT}.")).await?;
    let time = started.elapsed();
    raw.say("QUIT").await?;
    if last.starts_with("250") { Ok(time) } else { Err(Failure::new(last).with(replies)) }
}

/// The whole program, and the sum of what it says that each pair of command and reply took.
async fn swaks(scene: &Scene) -> TestResult<(Duration, Duration)> {
    let program = program(&["swaks"], "apt-get install swaks")?;
    let SocketAddr::V4(to) = scene.server.addr() else { return Err(Failure::new("Postfix listens on IPv4")) };
    let mut swaks = tokio::process::Command::new(program);
    swaks.args(["--server", &to.ip().to_string(), "--port", &to.port().to_string(), "--ehlo", NAME]);
    swaks.args(["--from", FROM, "--to", TO, "--data", "testing\\ntesting\\ntesting", "--show-time-lapse"]);
    let started = Instant::now();
    let ran = swaks.output().await?;
    let whole = started.elapsed();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    if !ran.status.success() || !text.contains("queued as") {
        return Err(Failure::new("swaks did not deliver").with(text));
    }
    let lapses = text
        .lines()
        .filter_map(|line| line.strip_prefix("=== response in ")?.trim_end_matches('s').parse::<f64>().ok());
    Ok((whole, Duration::from_secs_f64(lapses.sum())))
}

/// What a browser does, natively: the same core, over a WebSocket through the relay.
async fn core_and_relay(scene: &Scene) -> TestResult<Duration> {
    let setup = json!({
        "host": scene.server.addr().ip().to_string(),
        "port": scene.server.addr().port(),
        "hello": NAME,
        "from": FROM,
        "to": [TO],
        "message": TEXT,
        "attended": false,
    });
    let setup = Setup::from_json(&setup.to_string())?;
    let started = Instant::now();
    let mut conversation = Conversation::open(&scene.relay.tunnel_url(), setup).await?;
    let answered = |session: &Session| session.record().transactions().last().is_some_and(|mail| mail.dot.is_some());
    conversation.until("the answer to the message", answered).await?;
    let time = started.elapsed();
    conversation.end().await?;
    match conversation.session().summary().outcome {
        Outcome::Accepted => Ok(time),
        _ => Err(Failure::new("the message was not taken").with(told(conversation.session()))),
    }
}

/// A browser with the page open and its form filled in.
async fn page(relay: &Relay, to: SocketAddr) -> TestResult<Browser> {
    let browser = Browser::start(Engine::Chromium).await?;
    let (host, port) = (to.ip(), to.port());
    browser.goto(&format!("{}?host={host}&port={port}&hello={NAME}&from={FROM}&to={TO}", relay.url())).await?;
    let ready = "const element = document.querySelector('smtp-conversation'); await element.ready;
        const { run } = await import(new URL('smtp-conversation.js', location)); window.run = run";
    browser.run_async(ready, Vec::new()).await?;
    Ok(browser)
}

/// The whole conversation as one call of the page's script, from the call to the entry with the 250; without an element.
async fn called_in_browser(scene: &Scene) -> TestResult<Duration> {
    let script = "let end = NaN;
        const onentry = ({ lines, side }) => {
            const text = lines.flatMap(line => line.segments.map(segment => segment.text)).join('');
            if (side === 'server' && text.startsWith('250 2.0.0 Ok: queued')) end = performance.now();
        };
        const began = performance.now();
        const { outcome } = await window.run({ ...args[0], onentry });
        return outcome === 'accepted' ? end - began : outcome";
    let to = scene.server.addr();
    let options = json!({ "host": to.ip().to_string(), "port": to.port(), "hello": NAME, "from": FROM, "to": [TO],
        "message": TEXT.replace("\r\n", "\n") });
    milliseconds(&scene.browser.run_async(script, vec![options]).await?)
}

/// What a person waits for once the greeting is there: from the click of "Run the rest" until the page has the 250, and
/// until its row is in the transcript, which waits for the browser's next frame.
async fn clicked_in_browser(scene: &Scene) -> TestResult<(Duration, Duration)> {
    let script = "const element = document.querySelector('smtp-conversation');
        const until = found => new Promise(done => {
            const look = () => found() ? done(found()) : setTimeout(look, 1);
            look();
        });
        await element.connect();
        const root = element.shadowRoot;
        const button = await until(() => element.view.turn === 'you' && [...root.querySelectorAll('button')].find(
            button => button.textContent === 'Run the rest' && button.getClientRects().length));
        const list = root.querySelector('[part=transcript]');
        let come = NaN;
        const listen = ({ detail: { entry } }) => {
            const text = entry.lines.flatMap(line => line.segments.map(segment => segment.text)).join('');
            if (text.startsWith('250 2.0.0 Ok: queued')) come = performance.now();
        };
        element.addEventListener('ehlo-entry', listen);
        const shown = new Promise(done => new MutationObserver(() => {
            if (list.textContent.includes('250 2.0.0 Ok: queued')) done(performance.now());
        }).observe(list, { childList: true, subtree: true, characterData: true }));
        const began = performance.now();
        button.click();
        const times = { shown: await shown - began, come: come - began };
        element.removeEventListener('ehlo-entry', listen);
        await until(() => element.view.turn === 'over');
        return times";
    let told = scene.browser.run_async(script, Vec::new()).await?;
    Ok((milliseconds(&told["come"])?, milliseconds(&told["shown"])?))
}

fn milliseconds(told: &Value) -> TestResult<Duration> {
    let time = told.as_f64().ok_or_else(|| Failure::new(format!("the page did not deliver: {told}")))?;
    Ok(Duration::from_secs_f64(time / 1e3))
}

fn print(rows: &mut [Row]) -> TestResult {
    let mut out = std::io::stdout().lock();
    let rounds = rows.first().map_or(0, |row| row.times.len());
    writeln!(out, "The article's conversation with a local Postfix, call to 250 after the dot; {rounds} rounds, ms")?;
    writeln!(out, "{:<38} {:>8} {:>8} {:>8}", "", "median", "least", "p90")?;
    for row in rows {
        row.times.sort_unstable();
        let at = |part: usize| row.times.get(rounds * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        writeln!(out, "{:<38} {:>8.1} {:>8.1} {:>8.1}", row.name, at(50), at(0), at(90))?;
    }
    Ok(())
}
