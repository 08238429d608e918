//! A changed file is read at SIGHUP, a relay that is told to end finishes what is open, and one whose disk is full goes on:
//! with the real program.

use std::path::Path;
use std::process::Stdio;

use ehlo_core::tunnel::{Closer, Code, ToRelay};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

use crate::support::{Page, Target, read};

/// The program, its log, and where it listens.
struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: std::net::SocketAddr,
}

impl Program {
    async fn start(file: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
        command.arg("--config").arg(file).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let ready = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
        let address = ready.strip_prefix("Ehlo is ready: open http://").unwrap().trim_end_matches('/').parse().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log, address }
    }

    async fn signal(&self, signal: &str) {
        let told = Command::new("kill").args([signal, &self.child.id().unwrap().to_string()]).status().await.unwrap();
        assert!(told.success());
    }

    /// The log's next line with these words.
    async fn says(&mut self, words: &str) -> String {
        loop {
            let line = self.log.next_line().await.unwrap().unwrap();
            if line.contains(words) {
                return line;
            }
        }
    }

    async fn get(&self, path: &str) -> String {
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        tcp.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// A conversation with `target` that has begun.
async fn talking(program: &Program, target: &Target) -> (Page, TcpStream) {
    let mut page = Page::open_at(program.address).await;
    page.connect(target.address).await;
    page.hear().await;
    page.hear().await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    page.bytes(16).await;
    (page, tcp)
}

#[tokio::test]
async fn a_changed_file_holds_for_new_conversations_and_a_bad_one_for_none() {
    let target = Target::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ehlo.toml");
    let with = |rest: &str| std::fs::write(&file, format!("listen = [\"127.0.0.1:0\"]\n{rest}\n")).unwrap();
    let allowed = format!("allow_ports = [{}]", target.address.port());
    with(&allowed);
    let mut program = Program::start(&file).await;
    let (mut open, mut tcp) = talking(&program, &target).await;

    with("practise = true");
    program.signal("-HUP").await;
    let line = program.says("the old one is kept").await;
    assert!(line.contains("line 2 (practise)") && line.contains("practice"), "{line}");
    let (still, _other) = talking(&program, &target).await;
    drop(still);

    with("practice = true");
    program.signal("-HUP").await;
    program.says("has been read again").await;
    program.says("practice servers stay as they are until a restart").await;
    let mut refused = Page::open_at(program.address).await;
    refused.connect(target.address).await;
    assert_eq!(refused.refusal().await.code, Code::Forbidden);

    open.send(b"NOOP\r\n").await;
    assert_eq!(read(&mut tcp, 6).await, b"NOOP\r\n");
}

#[tokio::test]
async fn a_relay_that_drains_refuses_what_is_new_and_lets_what_is_open_go_on() {
    let target = Target::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ehlo.toml");
    let port = target.address.port();
    let text = format!("listen = [\"127.0.0.1:0\"]\nallow_ports = [{port}]\n[limits]\ngrace = 600\n");
    std::fs::write(&file, text).unwrap();
    let mut program = Program::start(&file).await;
    let (mut page, mut tcp) = talking(&program, &target).await;
    assert!(program.get("/readyz").await.starts_with("HTTP/1.1 200 "));

    program.signal("-TERM").await;
    program.says("told to end").await;
    for path in ["/readyz", "/", "/relay"] {
        let answer = program.get(path).await.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 503 ") && answer.contains("retry-after: 600\r\n"), "{path}: {answer}");
    }
    assert!(program.get("/healthz").await.starts_with("HTTP/1.1 200 "));
    page.send(b"QUIT\r\n").await;
    assert_eq!(read(&mut tcp, 6).await, b"QUIT\r\n");
    drop(tcp);
    page.hear().await;
    page.say(&ToRelay::Eof {}).await;
    let (by, code, ..) = page.last_word().await;
    assert_eq!((by, code), (Closer::Target, Code::Done));
    drop(page);
    assert_eq!(program.child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_relay_that_is_told_twice_ends_at_once() {
    let target = Target::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ehlo.toml");
    let port = target.address.port();
    let text = format!("listen = [\"127.0.0.1:0\"]\nallow_ports = [{port}]\n[limits]\ngrace = 600\n");
    std::fs::write(&file, text).unwrap();
    let mut program = Program::start(&file).await;
    let (_page, _tcp) = talking(&program, &target).await;
    program.signal("-TERM").await;
    program.says("told to end").await;
    program.signal("-TERM").await;
    assert_eq!(program.child.wait().await.unwrap().code(), Some(0));
}

/// What is always full.
#[cfg(target_os = "linux")]
fn full() -> Stdio {
    std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_log_that_cannot_be_written_ends_nothing() {
    let target = Target::new().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.args(["--listen", "127.0.0.1:0", "--log", "trace"]);
    command.args(["--allow-port", &target.address.port().to_string()]);
    let mut child = command.stdout(Stdio::piped()).stderr(full()).kill_on_drop(true).spawn().unwrap();
    let ready = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let address = ready.strip_prefix("Ehlo is ready: open http://").unwrap().trim_end_matches('/').parse().unwrap();
    for _ in 0..3 {
        drop(crate::program::conversing(address, &target).await);
    }
    assert!(child.try_wait().unwrap().is_none());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_relay_that_cannot_say_that_it_is_ready_serves_and_logs_where() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.args(["--listen", "127.0.0.1:0"]).stdout(full()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let line: serde_json::Value = loop {
        let line: serde_json::Value = serde_json::from_str(&log.next_line().await.unwrap().unwrap()).unwrap();
        if line["url"].is_string() {
            break line;
        }
    };
    let address = line["url"].as_str().unwrap().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    assert!(TcpStream::connect(&address).await.is_ok(), "{line}");
    assert!(child.try_wait().unwrap().is_none());
}

#[tokio::test]
async fn the_descriptor_limit_is_raised_as_far_as_it_goes_and_told() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -S -n 48 && ulimit -H -n 96 && exec \"$0\" --listen 127.0.0.1:0"]);
    command.arg(env!("CARGO_BIN_EXE_ehlo")).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    loop {
        let line: serde_json::Value = serde_json::from_str(&log.next_line().await.unwrap().unwrap()).unwrap();
        if line["message"] == "descriptor limit" {
            assert_eq!(line["descriptors"], 96);
            break;
        }
    }
}
