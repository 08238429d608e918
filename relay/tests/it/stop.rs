//! Stopping: nothing new, and the old are told. And going on, where the machine has no descriptor left.

#[cfg(unix)]
use std::io::{BufRead, BufReader, Read, Write};
#[cfg(unix)]
use std::process::{Child, Command, Stdio};

use ehlo_core::tunnel::{Closer, Code};
use tokio::net::TcpStream;

use crate::support::{Page, greeted, relay_with};

#[tokio::test(start_paused = true)]
async fn sessions_are_told_that_the_relay_goes_away() {
    let (running, mut page, _tcp) = greeted(|_| {}).await;
    let mut asking = Page::open(&running).await;
    let stopped = tokio::spawn(running.stop());
    assert_eq!(page.last_word().await, (Closer::Relay, Code::GoingAway, 0, 16));
    assert_eq!(asking.refusal().await.code, Code::GoingAway);
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_relay_that_is_stopped_takes_nothing_new() {
    let running = relay_with(|_| {}).await;
    let address = running.address();
    running.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_dropped_ends_its_sessions() {
    let (running, mut page, _tcp) = greeted(|_| {}).await;
    drop(running);
    assert_eq!(page.last_word().await.1, Code::GoingAway);
}

/// A program that ends with its test.
#[cfg(unix)]
struct Started(Child);

#[cfg(unix)]
impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn a_relay_without_free_descriptors_accepts_again_when_connections_leave() {
    let relay = Command::new("sh")
        .args(["-c", "ulimit -n 32 && exec \"$0\" --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_ehlo")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut relay = Started(relay);
    let mut ready = String::new();
    BufReader::new(relay.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let address = ready.trim().rsplit_once("http://").unwrap().1.trim_end_matches('/').to_owned();

    // The system completes connections that the relay has no descriptor for.
    let held: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(&address).unwrap()).collect();
    let mut log = BufReader::new(relay.0.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("a connection could not be accepted")));
    drop(held);

    let mut asking = std::net::TcpStream::connect(&address).unwrap();
    write!(asking, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    asking.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
