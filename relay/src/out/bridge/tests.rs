use std::io;
use std::sync::{Arc, Mutex};

use ehlo_core::tunnel::{Connect, FromRelay, PATH, SUBPROTOCOL, ToRelay};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::{Assets, Config, Relay, Running};

/// What a page says to make the bridge panic, in tests alone.
pub(super) const ON_PURPOSE: &[u8] = b"PANIC on purpose\r\n";

/// Somewhere to write that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A page that has read the server's greeting, the session's name, and the server's end.
async fn greeted(running: &Running, server: &TcpListener) -> (WebSocketStream<TcpStream>, String, TcpStream) {
    let relay = running.address();
    let mut request = format!("ws://{relay}{PATH}").into_client_request().unwrap();
    request.headers_mut().insert("origin", format!("http://{relay}").parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    let (mut page, _) = client_async(request, TcpStream::connect(relay).await.unwrap()).await.unwrap();
    let address = server.local_addr().unwrap();
    let (host, port) = (Some(address.ip().to_string()), Some(address.port()));
    page.send(Message::text(ToRelay::Connect(Connect { host, port, ..Connect::default() }).to_json())).await.unwrap();
    let (mut tcp, _) = server.accept().await.unwrap();
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    let mut session = String::new();
    loop {
        match page.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                if let FromRelay::Connected(connected) = FromRelay::from_json(&text).unwrap() {
                    session = connected.session;
                }
            }
            Message::Binary(_) => return (page, session, tcp),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_panic_ends_its_session_with_our_fault_and_a_log_line_and_no_other_session() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _scope = tracing::subscriber::set_default(subscriber);
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let allow_ports = vec![server.local_addr().unwrap().port()];
    let config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], allow_ports, ..Config::default() };
    let running = Relay::start(config, Assets::none()).await.unwrap();
    let (mut other, _, mut other_tcp) = greeted(&running, &server).await;
    let (mut page, session, mut tcp) = greeted(&running, &server).await;

    page.send(Message::binary(ON_PURPOSE)).await.unwrap();
    let Some(Ok(Message::Text(last))) = page.next().await else { panic!("the last word") };
    let FromRelay::Error(refusal) = FromRelay::from_json(&last).unwrap() else { panic!("{last}") };
    assert_eq!((refusal.code, &refusal.session), (Code::Internal, &session));
    let Some(Ok(Message::Close(Some(frame)))) = page.next().await else { panic!("the close frame") };
    assert_eq!(u16::from(frame.code), 4500);
    // The server is let go as well.
    let mut rest = Vec::new();
    let _ = tcp.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");

    other.send(Message::binary(&b"NOOP\r\n"[..])).await.unwrap();
    let mut line = [0; 6];
    other_tcp.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"NOOP\r\n");
    drop(page);
    // The line is written after the close frame has been answered.
    while !told(&log, &session) {
        tokio::task::yield_now().await;
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains("PANIC"), "{log}");
}

fn told(log: &Log, session: &str) -> bool {
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    log.lines().any(|line| line.contains(session) && line.contains("internal"))
}
