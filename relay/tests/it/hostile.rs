//! Clients that take places and give none back.

use std::net::SocketAddr;

#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[cfg(target_os = "linux")]
use crate::frames::{PING, frame};
use crate::metrics::{get, value, watched};
use crate::support::relay_with;
#[cfg(target_os = "linux")]
use crate::support::{Page, Target};

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
    let request = format!("GET /wasm/ehlo_bg.wasm HTTP/1.1\r\nHost: {relay}\r\n\r\n");
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

/// What is sent as pings: far more than the systems' buffers hold of answers that nobody reads.
#[cfg(target_os = "linux")]
const FLOOD: usize = 12 << 20;

/// Floods the relay with pings, and reads the answers or leaves them; the connection is kept.
#[cfg(target_os = "linux")]
async fn flood(mut tcp: TcpStream, reads: bool) -> TcpStream {
    SockRef::from(&tcp).set_recv_buffer_size(64 * 1024).unwrap();
    let pings = frame(PING, true, &[b'x'; 125]).repeat(500);
    let (mut heard, mut said) = tcp.split();
    let sending = async {
        for _ in 0..FLOOD / pings.len() {
            said.write_all(&pings).await.unwrap();
        }
    };
    let reading = async {
        let mut scrap = [0; 64 * 1024];
        while heard.read(&mut scrap).await.unwrap() > 0 {}
    };
    tokio::select! {
        () = sending => {}
        () = reading, if reads => panic!("it was let go"),
    }
    tcp
}

/// The real program's memory and an honest conversation, while others ping as fast as they can: before they have asked for
/// anything, and in mid-conversation; reading the answers, and not.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_flood_of_pings_neither_makes_the_process_grow_nor_holds_up_a_conversation() {
    use crate::scale::{conversing, echoes, memory, program};
    use crate::stall::GROWTH_MAX;

    let target = Target::new().await;
    let port = target.address.port().to_string();
    // The relay must wait for the flood to end, whatever the machine is busy with.
    let times = ["--limits-first-message", "600", "--limits-ping", "600"];
    let (ehlo, relay) = program(&[&["--allow-port", &port][..], &times].concat()).await;
    let (mut page, mut tcp) = conversing(relay, &target).await;
    let mut kept = Vec::new();
    // The first round shows what buffers such a session takes, and what code is touched by it.
    let mut before = 0;
    for at in 0..8 {
        let reads = at % 4 < 2;
        let (hostile, held) = match at % 2 {
            0 => (Page::open_at(relay).await, None),
            _ => {
                let (hostile, held) = conversing(relay, &target).await;
                (hostile, Some(held))
            }
        };
        let flooding = tokio::spawn(flood(hostile.ws.into_inner(), reads));
        while !flooding.is_finished() {
            echoes(&mut page, &mut tcp, b"NOOP\r\n").await;
        }
        kept.push((flooding.await.unwrap(), held));
        let now = memory(&ehlo, "RssAnon");
        assert!(at < 4 || now - before.min(now) < GROWTH_MAX, "{before} KiB before, {now} KiB now");
        before = now;
    }
}
