//! Behind a proxy that says by a PROXY protocol header whom it speaks for.

use ehlo_core::tunnel::{Code, FromRelay};
use ehlo_relay::{Assets, Config, Relay, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Heard, Page, relay_with};

/// A relay that believes loopback, and lets each client have one session.
async fn relay() -> Running {
    relay_with(|config| {
        config.proxy_protocol = true;
        config.trusted_proxies.push("127.0.0.0/8".parse().unwrap());
        config.limits.sessions_per_client = 1;
    })
    .await
}

/// Opens the tunnel behind a header, and asks what the relay is.
async fn asks(running: &Running, header: &[u8]) -> (Page, Heard) {
    let relay = running.address();
    let mut tcp = TcpStream::connect(relay).await.unwrap();
    tcp.write_all(header).await.unwrap();
    let more = [("x-forwarded-for", "203.0.113.77")];
    let mut page = Page::over(tcp, &relay.to_string(), &format!("http://{relay}"), &more).await.unwrap();
    let heard = page.about().await;
    (page, heard)
}

fn binary(source: [u8; 4]) -> Vec<u8> {
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &source[..], &[127, 0, 0, 1, 0x12, 0x34, 0, 80]].concat()
}

#[tokio::test]
async fn limits_hold_for_each_client_that_a_header_names_in_either_version() {
    let running = relay().await;
    let (_first, heard) = asks(&running, b"PROXY TCP4 192.0.2.1 127.0.0.1 4660 80\r\n").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    let (_second, heard) = asks(&running, &binary([192, 0, 2, 2])).await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    for header in [&binary([192, 0, 2, 1])[..], b"PROXY TCP4 192.0.2.2 127.0.0.1 1 80\r\n"] {
        let (_again, heard) = asks(&running, header).await;
        assert!(matches!(&heard, Heard::Word(FromRelay::Error(no)) if no.code == Code::Busy), "{heard:?}");
    }
}

#[tokio::test]
async fn connections_are_counted_for_the_client_that_the_header_names() {
    let running = relay_with(|config| {
        config.proxy_protocol = true;
        config.trusted_proxies.push("127.0.0.0/8".parse().unwrap());
        config.limits.connections_per_client = 1;
    })
    .await;
    let status = async |client: &str| {
        let mut tcp = TcpStream::connect(running.address()).await.unwrap();
        let request = format!(
            "PROXY TCP4 {client} 127.0.0.1 1 80\r\nGET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            running.address()
        );
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or("none").to_owned()
    };
    let mut held = TcpStream::connect(running.address()).await.unwrap();
    held.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 80\r\n").await.unwrap();
    while status("192.0.2.1").await != "none" {
        tokio::task::yield_now().await;
    }
    assert_eq!(status("192.0.2.2").await, "200");
    drop(held);
    while status("192.0.2.1").await != "200" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_without_header_or_of_somebody_else_is_closed_without_a_word() {
    let trusting = relay().await;
    let other = relay_with(|config| {
        config.proxy_protocol = true;
        config.trusted_proxies.push("192.0.2.0/24".parse().unwrap());
    })
    .await;
    for (running, octets) in [
        (&trusting, &b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"[..]),
        (&trusting, b"PROXY TCP4 nobody 127.0.0.1 1 80\r\n"),
        (&other, b"PROXY TCP4 192.0.2.1 127.0.0.1 1 80\r\nGET /healthz HTTP/1.1\r\n\r\n"),
    ] {
        let mut tcp = TcpStream::connect(running.address()).await.unwrap();
        let _ = tcp.write_all(octets).await;
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        assert_eq!(answer, b"", "{octets:?}");
    }
}

#[tokio::test]
async fn headers_from_nobody_are_refused_at_the_start_with_what_to_write() {
    let config = Config { proxy_protocol: true, ..Config::default() };
    let told = Relay::start(config, Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("--trusted-proxy"), "{told}");
}
