//! Mail servers behind a proxy, which is also the mail server here: their addresses are of a documentation network.

use ehlo_core::tunnel::{Code, Connected, FromRelay};
use ehlo_relay::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Heard, Page, Target, read, relay_with};

const SERVER: &str = "192.0.2.25";

struct Proxy {
    listener: TcpListener,
}

impl Proxy {
    async fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    /// A relay that goes through it.
    async fn relay(&self, scheme: &str, credentials: &str) -> Running {
        let through = format!("{scheme}://{credentials}{}", self.listener.local_addr().unwrap());
        relay_with(|config| config.through = Some(through.parse().unwrap())).await
    }

    async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }
}

async fn asked(running: &Running) -> Page {
    let mut page = Page::open(running).await;
    page.connect_to(SERVER, 25).await;
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Resolved { .. })));
    page
}

async fn connected(page: &mut Page) -> Connected {
    match page.hear().await {
        Heard::Word(FromRelay::Connected(connected)) => connected,
        other => panic!("{other:?}"),
    }
}

/// The head of a request, read to its end.
async fn head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// What SOCKS5 asks for first: methods, of which this one is taken; then the address, which is given back.
async fn socks(tcp: &mut TcpStream, method: u8) -> Vec<u8> {
    let greeting = read(tcp, 2).await;
    let methods = read(tcp, usize::from(greeting[1])).await;
    assert!(greeting[0] == 5 && methods.contains(&method), "{greeting:?} {methods:?}");
    tcp.write_all(&[5, method]).await.unwrap();
    if method == 2 {
        assert_eq!(read(tcp, 2 + 4 + 1 + 8).await, b"\x01\x04user\x08p@ss:wrd");
        tcp.write_all(&[1, 0]).await.unwrap();
    }
    read(tcp, 10).await
}

const GRANTED: &[u8] = b"\x05\0\0\x01\xc6\x33\x64\x01\x12\x34";

#[tokio::test]
async fn a_conversation_goes_through_a_socks_proxy_which_is_given_the_address() {
    for (credentials, method) in [("", 0), ("user:p%40ss%3Awrd@", 2)] {
        let proxy = Proxy::new().await;
        let running = proxy.relay("socks5", credentials).await;
        let mut page = asked(&running).await;
        let mut tcp = proxy.accept().await;
        assert_eq!(socks(&mut tcp, method).await, [5, 1, 0, 1, 192, 0, 2, 25, 0, 25]);
        // The greeting comes in one piece with the answer, and is not lost.
        tcp.write_all(&[GRANTED, b"220 mx.example\r\n"].concat()).await.unwrap();
        let told = connected(&mut page).await;
        assert_eq!((told.address.as_str(), told.port, told.local, told.local_name), (SERVER, 25, None, None));
        assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
        page.send(b"EHLO x\r\n").await;
        assert_eq!(read(&mut tcp, 8).await, b"EHLO x\r\n");
    }
}

#[tokio::test]
async fn a_conversation_goes_through_an_http_proxy_which_is_given_the_address() {
    for (credentials, header) in [("", None), ("user:secret@", Some("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"))]
    {
        let proxy = Proxy::new().await;
        let running = proxy.relay("http", credentials).await;
        let mut page = asked(&running).await;
        let mut tcp = proxy.accept().await;
        let head = head(&mut tcp).await;
        assert!(head.starts_with("CONNECT 192.0.2.25:25 HTTP/1.1\r\nHost: 192.0.2.25:25\r\n"), "{head}");
        assert_eq!(head.contains("Proxy-Authorization"), header.is_some());
        assert!(header.is_none_or(|header| head.contains(header)), "{head}");
        tcp.write_all(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n220 mx.example\r\n").await.unwrap();
        connected(&mut page).await;
        assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    }
}

#[tokio::test]
async fn what_a_proxy_says_of_the_server_is_told_as_the_servers_and_its_own_trouble_is_not() {
    let answer = |code: u8| [5, code, 0, 1, 0, 0, 0, 0, 0, 0].to_vec();
    for (scheme, answer, code) in [
        ("socks5", answer(5), Code::ConnectRefused),
        ("socks5", answer(4), Code::Unreachable),
        ("socks5", answer(6), Code::ConnectTimeout),
        ("socks5", answer(2), Code::Internal),
        ("socks5", b"HTTP/1.1 400".to_vec(), Code::Internal),
        ("http", b"HTTP/1.0 500 Unable to connect\r\n\r\n".to_vec(), Code::Unreachable),
        ("http", b"HTTP/1.1 503 Nobody there\r\n\r\n".to_vec(), Code::Unreachable),
        ("http", b"HTTP/1.1 504 Too late\r\n\r\n".to_vec(), Code::ConnectTimeout),
        ("http", b"HTTP/1.1 407 Who?\r\n\r\n".to_vec(), Code::Internal),
        ("http", b"SSH-2.0-x\r\n".to_vec(), Code::Internal),
        ("http", [b"HTTP/1.1 200 ", &[b'x'; 10_000][..]].concat(), Code::Internal),
        ("http", Vec::new(), Code::Internal),
    ] {
        let proxy = Proxy::new().await;
        let running = proxy.relay(scheme, "").await;
        let mut page = asked(&running).await;
        let mut tcp = proxy.accept().await;
        match scheme {
            "socks5" => drop(socks(&mut tcp, 0).await),
            _ => drop(head(&mut tcp).await),
        }
        let _ = tcp.write_all(&answer).await;
        drop(tcp);
        let Heard::Word(FromRelay::Attempt { error, .. }) = page.hear().await else { panic!("attempt") };
        assert_eq!((error, page.refusal().await.code), (code, code), "{scheme} {answer:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_the_relays_trouble() {
    let proxy = Proxy::new().await;
    let running = proxy.relay("socks5", "").await;
    drop(proxy);
    let mut page = asked(&running).await;
    page.hear().await;
    assert_eq!(page.refusal().await.code, Code::Internal);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_a_timeout() {
    let proxy = Proxy::new().await;
    let running = proxy.relay("http", "").await;
    let mut page = asked(&running).await;
    let _silent = proxy.accept().await;
    page.hear().await;
    assert_eq!(page.refusal().await.code, Code::ConnectTimeout);
}

#[tokio::test]
async fn this_machine_itself_is_not_behind_the_proxy() {
    let (proxy, target) = (Proxy::new().await, Target::new().await);
    let through = format!("http://{}", proxy.listener.local_addr().unwrap());
    let running = relay_with(|config| {
        config.through = Some(through.parse().unwrap());
        config.allow_ports.push(target.address.port());
    })
    .await;
    let (_page, connected) = Page::connected(&running, &target).await;
    assert_eq!(connected.address, "127.0.0.1");
}
