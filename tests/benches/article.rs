//! How long the help-desk article's conversation takes with a local Postfix, from the call to the 250 after the dot.
//!
//! `cargo bench -p ehlo-tests --bench article` (as root, since it starts Postfix; `-- --quick` for a few rounds). All
//! rows are measured in turn, round by round, so that other work on the machine falls on all of them. One row is one
//! function; a further way to hold the conversation is one more.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ehlo_core::session::view::Outcome as Verdict;
use ehlo_core::session::{Session, Setup};
use ehlo_relay::Config;
use ehlo_tests::client::Raw;
use ehlo_tests::conversation::{Conversation, told};
use ehlo_tests::packages::program;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::{Failure, Outcome};
use serde_json::json;

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
}

/// The times of one row.
struct Row {
    name: &'static str,
    times: Vec<Duration>,
}

fn main() -> Outcome {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { ROUNDS_QUICK } else { ROUNDS };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(rounds))
}

async fn measure(rounds: usize) -> Outcome {
    let server = Postfix::setup().start().await?;
    let allow_ports = vec![server.addr().port()];
    let relay = Relay::start(Config { allow_ports, ..Config::default() }).await?;
    let scene = Scene { server, relay };
    let mut rows =
        ["bare socket", "swaks, whole process", "swaks, by its own clock", "Ehlo's core and relay, no browser"]
            .map(|name| Row { name, times: Vec::with_capacity(rounds) });
    // The first round wakes Postfix's processes and is not counted.
    for round in 0..=rounds {
        let (whole, own) = swaks(&scene).await?;
        let times = [bare_socket(&scene).await?, whole, own, core_and_relay(&scene).await?];
        if round > 0 {
            rows.iter_mut().zip(times).for_each(|(row, time)| row.times.push(time));
        }
    }
    print(&mut rows)
}

/// The octets of the article, sent line by line, with nothing in between.
async fn bare_socket(scene: &Scene) -> Outcome<Duration> {
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
async fn swaks(scene: &Scene) -> Outcome<(Duration, Duration)> {
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
async fn core_and_relay(scene: &Scene) -> Outcome<Duration> {
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
    let answered = |session: &Session| session.transactions().last().is_some_and(|mail| mail.dot.is_some());
    conversation.until("the answer to the message", answered).await?;
    let time = started.elapsed();
    conversation.end().await?;
    match conversation.session().summary().outcome {
        Verdict::Accepted => Ok(time),
        _ => Err(Failure::new("the message was not taken").with(told(conversation.session()))),
    }
}

fn print(rows: &mut [Row]) -> Outcome {
    let mut out = std::io::stdout().lock();
    let rounds = rows.first().map_or(0, |row| row.times.len());
    writeln!(out, "The article's conversation with a local Postfix, call to 250 after the dot; {rounds} rounds, ms")?;
    writeln!(out, "{:<36} {:>8} {:>8} {:>8}", "", "median", "least", "p90")?;
    for row in rows {
        row.times.sort_unstable();
        let at = |part: usize| row.times.get(rounds * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        writeln!(out, "{:<36} {:>8.1} {:>8.1} {:>8.1}", row.name, at(50), at(0), at(90))?;
    }
    Ok(())
}
