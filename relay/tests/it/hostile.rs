//! Clients that take places and give none back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::relay_with;

/// The status of one request on a connection of its own.
async fn status(relay: SocketAddr) -> String {
    let mut tcp = TcpStream::connect(relay).await.unwrap();
    // Whoever is turned away may be so before the request is written.
    let _ = tcp.write_all(format!("GET /healthz HTTP/1.0\r\nHost: {relay}\r\n\r\n").as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or("none").to_owned()
}

/// Waits until a request has this status.
async fn until_status(relay: SocketAddr, wanted: &str) {
    while status(relay).await != wanted {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_client_cannot_take_the_places_of_all() {
    let running = relay_with(|config| config.limits.connections_per_client = 2).await;
    let relay = running.address();
    let held = [TcpStream::connect(relay).await.unwrap(), TcpStream::connect(relay).await.unwrap()];
    until_status(relay, "503").await;
    drop(held);
    until_status(relay, "200").await;
}

#[cfg(feature = "page")]
#[tokio::test(start_paused = true)]
async fn who_asks_for_much_and_reads_nothing_is_let_go() {
    let running = relay_with(|config| config.limits.connections = 1).await;
    let relay = running.address();
    let mut greedy = TcpStream::connect(relay).await.unwrap();
    let request = format!("GET /wasm/tls_bg.wasm HTTP/1.1\r\nHost: {relay}\r\n\r\n");
    // More than the system holds for one connection.
    greedy.write_all(request.repeat(40).as_bytes()).await.unwrap();
    until_status(relay, "503").await;
    tokio::time::sleep(std::time::Duration::from_secs(3 * 60)).await;
    until_status(relay, "200").await;
}
