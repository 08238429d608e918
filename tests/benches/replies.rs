//! What a long conversation and a flood cost the page, in Chromium.
//!
//! `cargo bench -p ehlo-tests --bench replies`; `-- --quick` for one round. `-- --program FILE` measures the page of
//! another build of `ehlo` beside this one's, round by round. The floor is a page that shows the same lines, and knows
//! nothing of SMTP.

use std::path::PathBuf;
use std::time::Duration;

use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::figures::Rows;
use ehlo_tests::relay::{Relay, RelayProgram};
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

const ROUNDS: usize = 5;

/// Commands in the long conversation, each with its reply.
const LINES: usize = 200;

/// Replies in the flood, and octets of each: not quite what a transcript keeps.
const FLOOD: usize = 15_000;
const OCTETS: usize = 200;

/// A page to measure, and whose it is.
enum Page {
    /// A page that shows lines.
    Floor,
    /// This build's.
    This,
    /// Another build's.
    Other(PathBuf),
}

fn main() -> TestResult {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds = if arguments.iter().any(|argument| argument == "--quick") { 1 } else { ROUNDS };
    let other = arguments.iter().position(|argument| argument == "--program").and_then(|at| arguments.get(at + 1));
    let mut pages = vec![("a page that only shows lines", Page::Floor), ("Ehlo", Page::This)];
    pages.extend(other.map(|file| ("Ehlo, the other build", Page::Other(file.into()))));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(&pages, rounds))
}

async fn measure(pages: &[(&str, Page)], rounds: usize) -> TestResult {
    let (mut replies, mut floods) = (Rows::default(), Rows::default());
    for _ in 0..rounds {
        for (name, page) in pages {
            let told = long_conversation(page).await?;
            replies.add(format!("{name}: main thread, all {LINES}"), number(&told["busy"])?);
            replies.add(format!("{name}: main thread, the last 50"), number(&told["late"])?);
            replies.add(format!("{name}: from command to reply told, the last 50"), number(&told["wait"])?);
            let told = flood(page).await?;
            floods.add(format!("{name}: the longest task"), number(&told["longest"])?);
            floods.add(format!("{name}: from the first octet until all is told"), number(&told["whole"])?);
        }
    }
    replies.print(&format!("One command and its reply in a conversation of {LINES}, ms; {rounds} rounds"))?;
    floods.print(&format!("A flood of {FLOOD} replies, ms; {rounds} rounds"))
}

fn number(value: &Value) -> TestResult<f64> {
    value.as_f64().ok_or_else(|| Failure::new(format!("{value} is no number")))
}

/// A page that stands before a conversation with this server, with whatever keeps it there.
struct Scene {
    browser: Browser,
    _relay: Option<Relay>,
    _program: Option<RelayProgram>,
}

/// A conversation as the measurements need it: `say(text)` sends a line, `heard()` is how many replies have been told.
const EHLO: &str = "
    const element = document.querySelector('smtp-conversation');
    let told = 0;
    element.addEventListener('ehlo-entry', ({ detail }) => (told += detail.entry.side === 'server'));
    window.heard = () => told;
    window.say = text => element.send(text);
    await element.connect();";

const FLOOR: &str = "
    let told = 0;
    let rest = '';
    const add = text => document.body.append(Object.assign(document.createElement('p'), { textContent: text }));
    const socket = new WebSocket(args[0].replace('http', 'ws') + 'relay', 'ehlo.relay.v1');
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(JSON.stringify({ type: 'connect', host: '127.0.0.1', port: args[1] }));
    socket.onmessage = ({ data }) => {
        if (typeof data === 'string') return;
        rest += new TextDecoder().decode(data);
        const lines = rest.split('\\r\\n');
        rest = lines.pop();
        for (const line of lines) add(line);
        told += lines.length;
    };
    window.heard = () => told;
    window.say = text => { add(text); socket.send(new TextEncoder().encode(text + '\\r\\n')) };";

impl Scene {
    async fn before(page: &Page, server: &FakeServer) -> TestResult<Self> {
        let port = server.addr().port();
        let (mut relay, mut program) = (None, None);
        let url = match page {
            Page::Floor | Page::This => relay.insert(Relay::to(&[server.addr()]).await?).url().to_owned(),
            Page::Other(file) => {
                let started = RelayProgram::of(file, &["--allow-port", &port.to_string()], &[]).await?;
                program.insert(started).url().to_owned()
            }
        };
        let browser = Browser::start(Engine::Chromium).await?;
        browser.devtools("Performance.enable", json!({})).await?;
        if matches!(page, Page::Floor) {
            browser.goto(&format!("{url}js/core.js")).await?;
        } else {
            browser.goto(&format!("{url}?host=127.0.0.1&port={port}&security=none")).await?;
            browser.wait_for("document.querySelector('smtp-conversation')?.shadowRoot?.querySelector('form')").await?;
        }
        let begin = format!("{} return null", if matches!(page, Page::Floor) { FLOOR } else { EHLO });
        browser.run_async(&begin, vec![json!(url), json!(port)]).await?;
        browser.wait_for("window.heard() === 1").await?;
        Ok(Self { browser, _relay: relay, _program: program })
    }

    /// Milliseconds that the page's main thread has worked so far.
    async fn busy(&self) -> TestResult<f64> {
        let told = self.browser.devtools("Performance.getMetrics", json!({})).await?;
        let metrics = told["metrics"].as_array().into_iter().flatten();
        let mut found = metrics.filter(|metric| metric["name"] == "TaskDuration");
        found
            .next()
            .and_then(|metric| metric["value"].as_f64())
            .map(|seconds| seconds * 1e3)
            .ok_or_else(|| Failure::new("Chromium tells no TaskDuration"))
    }

    /// Says so many lines, each once the one before is answered, and gives the milliseconds of each in the mean.
    async fn says(&self, lines: usize) -> TestResult<f64> {
        let script = "
            const began = performance.now();
            for (let line = 0; line < args[0]; line += 1) {
                const before = heard();
                say('NOOP');
                while (heard() === before) await new Promise(done => setTimeout(done));
            }
            return (performance.now() - began) / args[0]";
        number(&self.browser.run_async(script, vec![json!(lines)]).await?)
    }
}

async fn long_conversation(page: &Page) -> TestResult<Value> {
    let mut script = vec![FakeStep::send("220 mail.example ESMTP\r\n")];
    for _ in 0..LINES {
        script.extend([FakeStep::WaitLine, FakeStep::send("250 2.0.0 Ok\r\n")]);
    }
    script.push(FakeStep::Stall);
    let server = FakeServer::start(script).await?;
    let scene = Scene::before(page, &server).await?;
    let late = 50;
    let start = scene.busy().await?;
    scene.says(LINES - late).await?;
    let middle = scene.busy().await?;
    let wait = scene.says(late).await?;
    let end = scene.busy().await?;
    Ok(json!({ "busy": (end - start) / LINES as f64, "late": (end - middle) / late as f64, "wait": wait }))
}

async fn flood(page: &Page) -> TestResult<Value> {
    let flood = format!("250 2.0.0 {}\r\n", "x".repeat(OCTETS - "250 2.0.0 \r\n".len())).repeat(FLOOD);
    let script =
        vec![FakeStep::send("220 mail.example ESMTP\r\n"), FakeStep::WaitLine, FakeStep::send(&flood), FakeStep::Stall];
    let server = FakeServer::start(script).await?;
    let scene = Scene::before(page, &server).await?;
    // Nothing of the start is to be counted.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let script = "
        const tasks = [];
        new PerformanceObserver(list => tasks.push(...list.getEntries())).observe({ type: 'longtask' });
        const began = performance.now();
        say('NOOP');
        while (heard() <= args[0]) await new Promise(done => setTimeout(done, 20));
        const whole = performance.now() - began;
        await new Promise(done => setTimeout(done, 1000));
        return { whole, longest: Math.max(0, ...tasks.map(task => task.duration)) }";
    scene.browser.run_async(script, vec![json!(FLOOD)]).await
}
