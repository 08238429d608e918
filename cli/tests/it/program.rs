//! The program on a free port, and a conversation through it.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::support::{Page, Target, read};

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
