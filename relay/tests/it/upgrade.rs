//! Before the upgrade: Host, Origin, subprotocol, method, path.

use ehlo_core::tunnel::SUBPROTOCOL;
use ehlo_relay::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{answer, relay_with};

/// The status of an upgrade with these headers in place of, or beside, the right ones.
async fn status(running: &Running, changed: &[(&str, Option<&str>)]) -> u16 {
    let address = running.address();
    let (host, origin) = (address.to_string(), format!("http://{address}"));
    let mut headers = vec![
        ("Host", host.as_str()),
        ("Origin", origin.as_str()),
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("Sec-WebSocket-Protocol", SUBPROTOCOL),
    ];
    for (name, value) in changed {
        headers.retain(|(known, _)| known != name);
        headers.extend(value.map(|value| (*name, value)));
    }
    let mut head = "GET /relay HTTP/1.1\r\n".to_owned();
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tcp.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_page_of_the_relay_itself_is_let_in_by_each_of_its_names() {
    let running = relay_with(|_| {}).await;
    let port = running.address().port();
    assert_eq!(status(&running, &[]).await, 101);
    for name in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        let host = format!("{name}:{port}");
        let origin = format!("http://{}", host.to_lowercase());
        assert_eq!(status(&running, &[("Host", Some(&host)), ("Origin", Some(&origin))]).await, 101, "{name}");
    }
}

#[tokio::test]
async fn another_host_is_refused_whatever_the_origin() {
    let running = relay_with(|_| {}).await;
    let port = running.address().port();
    let rebound = format!("evil.example:{port}");
    let elsewhere = format!("http://{rebound}");
    for host in [Some(rebound.as_str()), Some("127.0.0.1"), Some("localhost:1"), Some("")] {
        assert_eq!(status(&running, &[("Host", host), ("Origin", Some(&elsewhere))]).await, 421, "{host:?}");
        assert_eq!(status(&running, &[("Host", host)]).await, 421, "{host:?}");
    }
    let answer = answer(&running, &["GET / HTTP/1.1", &format!("Host: {rebound}")]).await;
    assert!(answer.starts_with(b"HTTP/1.1 421 "));
    assert!(status(&running, &[("Host", None)]).await >= 400);
}

#[tokio::test]
async fn another_origin_is_refused_unless_it_is_listed_exactly() {
    let running = relay_with(|config| config.allow_origins.push("https://docs.example".to_owned())).await;
    let address = running.address();
    let (https, other_port) = (format!("https://{address}"), "http://127.0.0.1:1");
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("https://docs.example.evil.example"),
        Some("https://docs.example:444"),
        Some("http://docs.example"),
        Some(https.as_str()),
        Some(other_port),
    ] {
        assert_eq!(status(&running, &[("Origin", origin)]).await, 403, "{origin:?}");
    }
    assert_eq!(status(&running, &[("Origin", Some("https://docs.example"))]).await, 101);
}

#[tokio::test]
async fn an_upgrade_that_is_not_ours_is_refused() {
    let running = relay_with(|_| {}).await;
    for (header, value, expected) in [
        ("Sec-WebSocket-Protocol", None, 400),
        ("Sec-WebSocket-Protocol", Some("ehlo.relay.v2"), 400),
        ("Sec-WebSocket-Key", None, 400),
        ("Sec-WebSocket-Key", Some("short"), 400),
        ("Sec-WebSocket-Version", Some("8"), 426),
        ("Upgrade", None, 426),
        ("Upgrade", Some("h2c"), 426),
        ("Connection", Some("keep-alive"), 426),
    ] {
        assert_eq!(status(&running, &[(header, value)]).await, expected, "{header}: {value:?}");
    }
    let both = format!("chat, {SUBPROTOCOL}");
    assert_eq!(status(&running, &[("Sec-WebSocket-Protocol", Some(&both))]).await, 101);
}

#[tokio::test]
async fn other_methods_and_paths_are_plain_errors() {
    let running = relay_with(|_| {}).await;
    let host = format!("Host: {}", running.address());
    for (line, status) in [
        ("POST /relay HTTP/1.1", "405"),
        ("POST / HTTP/1.1", "405"),
        ("DELETE /healthz HTTP/1.1", "405"),
        ("GET /relay/x HTTP/1.1", "404"),
        ("GET /../Cargo.toml HTTP/1.1", "404"),
        ("GET /healthz HTTP/1.1", "200"),
    ] {
        let answer = answer(&running, &[line, &host]).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {text}");
        assert!(!text.to_lowercase().contains("access-control-allow-origin"), "{line}");
    }
}

#[tokio::test]
async fn a_head_with_too_many_headers_or_too_long_is_refused() {
    let running = relay_with(|_| {}).await;
    let host = format!("Host: {}", running.address());
    let many: Vec<String> = (0..70).map(|n| format!("X-{n}: 1")).collect();
    let mut lines = vec!["GET / HTTP/1.1", &host];
    lines.extend(many.iter().map(String::as_str));
    assert!(answer(&running, &lines).await.starts_with(b"HTTP/1.1 431 "));
    let long = format!("X: {}", "x".repeat(17 * 1024));
    assert!(answer(&running, &["GET / HTTP/1.1", &host, &long]).await.starts_with(b"HTTP/1.1 431 "));
}
