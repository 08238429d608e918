//! A relay goes on where the machine has no descriptor left.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

/// A program that ends with its test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
