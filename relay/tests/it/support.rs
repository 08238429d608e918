//! A relay, a page and a target, each as small as it can be.

use std::net::SocketAddr;

use ehlo_core::tunnel::{Closer, Code, Connect, Connected, FromRelay, PATH, Refusal, SUBPROTOCOL, ToRelay};
use ehlo_relay::{Asset, Assets, Config, Relay, Running};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// A relay on a free port, with a changed configuration.
pub(crate) async fn relay_with(change: impl FnOnce(&mut Config)) -> Running {
    relay_serving(little_page(), change).await
}

/// The same with this page.
pub(crate) async fn relay_serving(page: &'static Assets, change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Config::default() };
    change(&mut config);
    Relay::start(config, page).await.unwrap()
}

/// A page of two files, one of them large.
pub(crate) fn little_page() -> &'static Assets {
    static LARGE: [u8; 1 << 20] = [b'x'; 1 << 20];
    static FILES: [Asset; 2] = [
        Asset { path: "index.html", raw: b"<!doctype html><title>Ehlo</title>", brotli: b"", gzip: b"", etag: "1" },
        Asset { path: "large.js", raw: &LARGE, brotli: b"", gzip: b"", etag: "2" },
    ];
    static PAGE: Assets = Assets::new(&FILES);
    &PAGE
}

/// The whole answer to a request whose head is these lines.
pub(crate) async fn answer(running: &Running, lines: &[&str]) -> Vec<u8> {
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    let head = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    answer
}

/// A relay that may reach this target.
pub(crate) async fn relay_for(target: &Target) -> Running {
    relay_with(|config| config.allow_ports.push(target.address.port())).await
}

/// A request for the tunnel as the relay's own page sends it.
pub(crate) fn request(relay: SocketAddr) -> Request<()> {
    let mut request = format!("ws://{relay}{PATH}").into_client_request().unwrap();
    let origin = format!("http://{relay}");
    request.headers_mut().insert("origin", origin.parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    request
}

/// What a WebSocket brings.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Word(FromRelay),
    Bytes(Vec<u8>),
    Close(u16, String),
    /// The connection ended without a close frame.
    Dropped,
}

/// The page's end of the tunnel.
pub(crate) struct Page<S = TcpStream> {
    pub(crate) ws: WebSocketStream<S>,
}

impl Page {
    /// Opens the tunnel as the relay's own page does.
    pub(crate) async fn open(running: &Running) -> Self {
        Self::open_at(running.address()).await
    }

    pub(crate) async fn open_at(relay: SocketAddr) -> Self {
        let tcp = TcpStream::connect(relay).await.unwrap();
        let (ws, response) = client_async(request(relay), tcp).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        Self { ws }
    }

    /// Opens the tunnel and connects to `target`; the words before `connected` are checked to be `resolved`.
    pub(crate) async fn connected(running: &Running, target: &Target) -> (Self, Connected) {
        let mut page = Self::open(running).await;
        page.connect(target.address).await;
        let Heard::Word(FromRelay::Resolved { .. }) = page.hear().await else { panic!("resolved comes first") };
        match page.hear().await {
            Heard::Word(FromRelay::Connected(connected)) => (page, connected),
            other => panic!("{other:?}"),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Page<S> {
    /// Asks for the tunnel on a connection that stands, with this origin.
    pub(crate) async fn over(
        stream: S,
        host: &str,
        origin: &str,
        more: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{host}{PATH}").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        for (name, value) in more {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(Self { ws: client_async(request, stream).await?.0 })
    }

    /// Asks what the relay is.
    pub(crate) async fn about(&mut self) -> Heard {
        self.say(&ToRelay::About { token: None }).await;
        self.hear().await
    }

    pub(crate) async fn say(&mut self, message: &ToRelay) {
        self.ws.send(Message::text(message.to_json())).await.unwrap();
    }

    pub(crate) async fn connect(&mut self, address: SocketAddr) {
        self.connect_to(&address.ip().to_string(), address.port()).await;
    }

    pub(crate) async fn connect_to(&mut self, host: &str, port: u16) {
        let connect = Connect { host: Some(host.to_owned()), port: Some(port), ..Connect::default() };
        self.say(&ToRelay::Connect(connect)).await;
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.ws.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// The next thing that is not a ping.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            return match self.ws.next().await {
                Some(Ok(Message::Text(text))) => Heard::Word(FromRelay::from_json(&text).unwrap()),
                Some(Ok(Message::Binary(bytes))) => Heard::Bytes(bytes.to_vec()),
                Some(Ok(Message::Close(Some(frame)))) => Heard::Close(frame.code.into(), frame.reason.to_string()),
                Some(Ok(Message::Close(None))) => Heard::Close(1005, String::new()),
                Some(Ok(_)) => continue,
                Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => Heard::Dropped,
                Some(Err(_)) => Heard::Dropped,
            };
        }
    }

    /// So many bytes of the target.
    pub(crate) async fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < length {
            match self.hear().await {
                Heard::Bytes(bytes) => all.extend(bytes),
                other => panic!("{other:?} after {} bytes", all.len()),
            }
        }
        all
    }

    /// The relay's no, whose word and close code must agree.
    pub(crate) async fn refusal(&mut self) -> Refusal {
        match self.hear().await {
            Heard::Word(FromRelay::Error(refusal)) => {
                self.close(refusal.code).await;
                refusal
            }
            other => panic!("{other:?}"),
        }
    }

    /// The last word of a connection that stood, whose word and close code must agree.
    pub(crate) async fn last_word(&mut self) -> (Closer, Code, u64, u64) {
        match self.hear().await {
            Heard::Word(FromRelay::Closed { by, code, sent, received }) => {
                self.close(code).await;
                (by, code, sent, received)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn close(&mut self, code: Code) {
        assert_eq!(self.hear().await, Heard::Close(code.close_code(), code.word().to_owned()));
        assert_eq!(self.hear().await, Heard::Dropped);
    }
}

/// A server under test.
pub(crate) struct Target {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Target {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }
}

/// A relay, a page that is connected, and the target's end; the target has greeted, and the page has read it.
pub(crate) async fn greeted(change: impl FnOnce(&mut Config)) -> (Running, Page, TcpStream) {
    let target = Target::new().await;
    let running = relay_with(|config| {
        config.allow_ports.push(target.address.port());
        change(config);
    })
    .await;
    let (mut page, _) = Page::connected(&running, &target).await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    (running, page, tcp)
}

/// Reads exactly so many bytes.
pub(crate) async fn read(tcp: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    tcp.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// Breaks a connection off, as a crashed host does.
pub(crate) fn reset(tcp: TcpStream) {
    tcp.set_zero_linger().unwrap();
    drop(tcp);
}

/// The first byte of a ping.
pub(crate) const PING: u8 = 0x89;

/// A frame with this first octet; masked with zeros, as far as it is.
pub(crate) fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(mask | u8::try_from(short).unwrap()),
        long @ 126..65536 => {
            frame.push(mask | 126);
            frame.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
        huge => {
            frame.push(mask | 127);
            frame.extend((huge as u64).to_be_bytes());
        }
    }
    if masked {
        frame.extend([0; 4]);
    }
    frame.extend(payload);
    frame
}
