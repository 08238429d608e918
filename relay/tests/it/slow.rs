//! Clients that are slow at each stage of coming in over HTTPS: each is let go, and an honest conversation goes on.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::https::{Files, page, shake};
use crate::support::{Page, Target, read};
use ehlo_relay::{Assets, Relay};

/// How many stop at each stage.
const EACH: usize = 40;

/// Waits until the relay has hung up.
async fn let_go(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut scrap = [0; 1024];
    while matches!(stream.read(&mut scrap).await, Ok(1..)) {}
}

async fn echoes(page: &mut Page<TlsStream<TcpStream>>, tcp: &mut TcpStream) {
    page.send(b"NOOP\r\n").await;
    assert_eq!(read(tcp, 6).await, b"NOOP\r\n");
    tcp.write_all(b"250 OK\r\n").await.unwrap();
    assert_eq!(page.bytes(8).await, b"250 OK\r\n");
}

#[tokio::test]
async fn who_is_slow_at_any_stage_over_tls_is_let_go_and_holds_up_nobody() {
    let (files, target) = (Files::new(), Target::new().await);
    let certificate = files.renew();
    let mut config = files.config();
    config.allow_ports.push(target.address.port());
    config.limits.http_head = Duration::from_secs(2);
    config.limits.first_message = Duration::from_secs(2);
    config.limits.connections_per_client = 1000;
    config.limits.connections = 1000;
    config.limits.sessions_burst = 1000;
    let running = Relay::start(config, Assets::none()).await.unwrap();
    let relay = running.address();

    let mut honest = page(&running, &certificate).await;
    honest.connect(target.address).await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    honest.hear().await;
    honest.hear().await;
    honest.bytes(16).await;

    let mut slow = Vec::new();
    for _ in 0..EACH {
        // Nothing at all, and the beginning of a ClientHello.
        for octets in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
            let mut stream = TcpStream::connect(relay).await.unwrap();
            stream.write_all(octets).await.unwrap();
            slow.push(tokio::spawn(let_go(stream)));
        }
        // A request that comes drop by drop, for as long as it is taken.
        let stream = shake(relay, &certificate).await.unwrap();
        let (mut heard, mut said) = tokio::io::split(stream);
        slow.push(tokio::spawn(async move {
            let drip = async {
                for octet in b"GET /relay HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'x')) {
                    if said.write_all(&[*octet]).await.is_err() || said.flush().await.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let mut scrap = [0; 1024];
            let gone = async { while matches!(heard.read(&mut scrap).await, Ok(1..)) {} };
            tokio::select! {
                () = drip => {}
                () = gone => {}
            }
        }));
        // A page that says nothing, and one that stops within its first frame: a masked text of 100 octets.
        for octets in [&b""[..], b"\x81\xe4\0\0\0\0{\"type\""] {
            let mut stream = page(&running, &certificate).await.ws.into_inner();
            stream.write_all(octets).await.unwrap();
            slow.push(tokio::spawn(let_go(stream)));
        }
        echoes(&mut honest, &mut tcp).await;
    }
    for one in slow {
        one.await.unwrap();
        echoes(&mut honest, &mut tcp).await;
    }
}
