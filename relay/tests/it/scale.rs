//! Thousands that come and say nothing, against the real program: its memory stays bounded, and an honest page goes on.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::support::{Page, Target, read};

/// How many come, where the system gives that many descriptors.
const SILENT: usize = 5_000;

/// What each of them may cost the relay, in KiB.
const EACH_MAX: u64 = 22;

/// The memory of a process that is in use, in KiB: all of it, or what no file holds as well.
pub(crate) fn memory(process: &Child, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// The program on a free port, with these options.
pub(crate) async fn program(options: &[&str]) -> (Child, SocketAddr) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.args(["--listen", "127.0.0.1:0"]).args(options).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut ehlo = command.kill_on_drop(true).spawn().unwrap();
    let ready = BufReader::new(ehlo.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let address = ready.split("://").nth(1).unwrap().trim_end_matches('/').parse().unwrap();
    (ehlo, address)
}

/// A page that is connected by the program at this address, and its target's end; the target has greeted.
pub(crate) async fn conversing(relay: SocketAddr, target: &Target) -> (Page, TcpStream) {
    let mut page = Page::open_at(relay).await;
    page.connect(target.address).await;
    page.hear().await;
    page.hear().await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    page.bytes(16).await;
    echoes(&mut page, &mut tcp, b"EHLO x\r\n").await;
    (page, tcp)
}

pub(crate) async fn echoes(page: &mut Page, tcp: &mut TcpStream, line: &[u8]) {
    page.send(line).await;
    assert_eq!(read(tcp, line.len()).await, line);
    tcp.write_all(line).await.unwrap();
    assert_eq!(page.bytes(line.len()).await, line);
}

#[tokio::test]
async fn thousands_of_silent_connections_cost_a_bounded_memory_and_hold_up_no_conversation() {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    // Each process needs one for each connection.
    let silent_ones = SILENT.min(usize::try_from(descriptors).unwrap().saturating_sub(500));
    assert!(silent_ones >= 1_000, "{descriptors} descriptors are too few for this test; raise ulimit -n");
    let target = Target::new().await;
    let (port, many) = (target.address.port().to_string(), (silent_ones + 100).to_string());
    let places = ["--allow-port", &port, "--limits-connections", &many, "--limits-connections-per-client", &many];
    // They must outlast the test, whatever the machine is busy with.
    let times = ["--limits-http-head", "600", "--limits-http", "600"];
    let (ehlo, relay) = program(&[&places[..], &times].concat()).await;

    let (mut page, mut tcp) = conversing(relay, &target).await;
    let before = memory(&ehlo, "VmRSS");
    let mut silent = Vec::with_capacity(silent_ones);
    for number in 0..silent_ones {
        let mut one = TcpStream::connect(relay).await.unwrap();
        // A third says nothing at all, a third begins a request, a third stops within a header.
        one.write_all([&b""[..], b"GET ", b"GET / HTTP/1.1\r\nHost: "][number % 3]).await.unwrap();
        silent.push(one);
        if number % 1000 == 0 {
            echoes(&mut page, &mut tcp, b"NOOP\r\n").await;
        }
    }
    echoes(&mut page, &mut tcp, b"NOOP\r\n").await;
    let during = memory(&ehlo, "VmRSS");
    drop(silent);
    echoes(&mut page, &mut tcp, b"QUIT\r\n").await;
    eprintln!(
        "{silent_ones} silent connections: {before} KiB before, {during} KiB during, {} KiB after",
        memory(&ehlo, "VmRSS")
    );
    assert!(during - before < silent_ones as u64 * EACH_MAX, "{before} KiB before, {during} KiB during");
}
