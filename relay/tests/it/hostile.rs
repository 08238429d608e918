//! Clients that take places and give none back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::metrics::{get, value, watched};
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

#[tokio::test(start_paused = true)]
async fn who_asks_for_much_and_reads_nothing_is_let_go() {
    let running = relay_with(|config| config.limits.connections = 1).await;
    let relay = running.address();
    let mut greedy = TcpStream::connect(relay).await.unwrap();
    let request = format!("GET /large.js HTTP/1.1\r\nHost: {relay}\r\n\r\n");
    // More than the system holds for one connection.
    greedy.write_all(request.repeat(40).as_bytes()).await.unwrap();
    until_status(relay, "503").await;
    tokio::time::sleep(std::time::Duration::from_secs(3 * 60)).await;
    until_status(relay, "200").await;
}

/// What is no HTTP, or more of it than is taken, with the answer's status.
fn garbage() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut seed = 4711_u32;
    let random = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    });
    let get = |headers: String| format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes();
    vec![
        ("a ClientHello", [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[0x5A; 506]].concat(), "400"),
        ("SMTP", b"EHLO mx.example\r\nMAIL FROM:<>\r\n".to_vec(), "400"),
        ("a greeting", b"220 mx.example ESMTP\r\n".to_vec(), "400"),
        ("random octets", random.take(4096).collect(), "400"),
        ("zeros", vec![0; 64 * 1024], "400"),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(), "none"),
        ("a path that is too long", format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(17 * 1024)).into_bytes(), "431"),
        ("a header that is too long", get(format!("X: {}\r\n", "x".repeat(17 * 1024))), "431"),
        ("too many headers", get("X: x\r\n".repeat(64)), "431"),
        ("a header without a colon", get("nonsense\r\n".to_owned()), "400"),
    ]
}

#[tokio::test]
async fn what_is_no_http_is_refused_in_a_word_or_none_and_counted_and_others_are_served() {
    let running = relay_with(watched).await;
    let mut times = 0.0;
    for (what, octets, expected) in garbage() {
        let mut tcp = TcpStream::connect(running.address()).await.unwrap();
        let _ = tcp.write_all(&octets).await;
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        // Of what is long some may come after the answer, which is lost by that.
        let lost = octets.len() > 1024 && answer.is_empty();
        assert!(lost || answer.split(' ').nth(1).unwrap_or("none") == expected, "{what}: {answer}");
        assert!(
            answer.is_empty() || answer.ends_with("\r\n\r\n"),
            "{what} is answered with more than a head: {answer}"
        );
        times += 1.0;
        let metrics = get(&running, "/metrics").await;
        let series = "ehlo_connections_refused_total{reason=\"not_http\"}";
        assert_eq!(value(&metrics, series), Some(times), "{what}\n{metrics}");
        assert_eq!(status(running.address()).await, "200", "{what}");
    }
}
