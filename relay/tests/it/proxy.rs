//! The PROXY header that a page asks for: the first octets that the target gets.

use ehlo_core::tunnel::{Closer, Code, Connect, FromRelay, ProxyHeader, ProxyVersion, ToRelay};
use ehlo_relay::Running;
use futures_util::SinkExt;
use ppp::{HeaderResult, v1, v2};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Heard, Page, Target, read, relay_for, relay_with};

fn header(version: ProxyVersion, source: &str, destination: &str) -> ProxyHeader {
    ProxyHeader::new(version, source.parse().unwrap(), destination.parse().unwrap()).unwrap()
}

/// Connects with a header, and says nothing more.
async fn connected(header: ProxyHeader) -> (Running, Page, TcpStream) {
    let target = Target::new().await;
    let running = relay_for(&target).await;
    let mut page = Page::open(&running).await;
    let (host, port) = (Some(target.address.ip().to_string()), Some(target.address.port()));
    page.say(&ToRelay::Connect(Connect { host, port, proxy_header: Some(header), ..Connect::default() })).await;
    let tcp = target.accept().await;
    let Heard::Word(FromRelay::Resolved { .. }) = page.hear().await else { panic!("resolved comes first") };
    let Heard::Word(FromRelay::Connected(_)) = page.hear().await else { panic!("connected comes second") };
    (running, page, tcp)
}

/// Reads a header as a mail server behind a proxy does, and tells its octets.
async fn parse(tcp: &mut TcpStream) -> Vec<u8> {
    let mut octets = Vec::new();
    while !is_whole(&HeaderResult::parse(&octets)) {
        octets.extend(read(tcp, 1).await);
        assert!(octets.len() <= 107, "no header: {octets:?}");
    }
    octets
}

fn is_whole(result: &HeaderResult<'_>) -> bool {
    match result {
        HeaderResult::V1(result) => result.is_ok(),
        HeaderResult::V2(result) => result.is_ok(),
    }
}

#[tokio::test]
async fn version_1_comes_before_the_greeting_and_the_conversation_goes_on_behind_it() {
    for (source, destination) in [("192.0.2.1:4711", "198.51.100.7:25"), ("[2001:db8::1]:4711", "[2001:db8::2]:25")] {
        let (_running, mut page, mut tcp) = connected(header(ProxyVersion::V1, source, destination)).await;
        let octets = parse(&mut tcp).await;
        let HeaderResult::V1(Ok(parsed)) = HeaderResult::parse(&octets) else { panic!("{octets:?}") };
        let told = match parsed.addresses {
            v1::Addresses::Tcp4(v1::IPv4 { source_address, source_port, destination_address, destination_port }) => {
                [(source_address.into(), source_port), (destination_address.into(), destination_port)]
            }
            v1::Addresses::Tcp6(v1::IPv6 { source_address, source_port, destination_address, destination_port }) => {
                [(source_address.into(), source_port), (destination_address.into(), destination_port)]
            }
            v1::Addresses::Unknown => panic!("{octets:?}"),
        };
        assert_eq!(told, [source, destination].map(|text| text.parse().map(as_pair).unwrap()));
        goes_on(&mut page, &mut tcp).await;
    }
}

#[tokio::test]
async fn version_2_comes_before_the_greeting_and_the_conversation_goes_on_behind_it() {
    for (source, destination) in [("192.0.2.1:4711", "198.51.100.7:25"), ("[2001:db8::1]:4711", "[2001:db8::2]:25")] {
        let (_running, mut page, mut tcp) = connected(header(ProxyVersion::V2, source, destination)).await;
        let octets = parse(&mut tcp).await;
        let HeaderResult::V2(Ok(parsed)) = HeaderResult::parse(&octets) else { panic!("{octets:?}") };
        assert_eq!((parsed.command, parsed.protocol), (v2::Command::Proxy, v2::Protocol::Stream));
        let told = match parsed.addresses {
            v2::Addresses::IPv4(v2::IPv4 { source_address, source_port, destination_address, destination_port }) => {
                [(source_address.into(), source_port), (destination_address.into(), destination_port)]
            }
            v2::Addresses::IPv6(v2::IPv6 { source_address, source_port, destination_address, destination_port }) => {
                [(source_address.into(), source_port), (destination_address.into(), destination_port)]
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(told, [source, destination].map(|text| text.parse().map(as_pair).unwrap()));
        goes_on(&mut page, &mut tcp).await;
    }
}

fn as_pair(address: std::net::SocketAddr) -> (std::net::IpAddr, u16) {
    (address.ip(), address.port())
}

/// The page's words still wait for the greeting, and the header is not counted as the page's.
async fn goes_on(page: &mut Page, tcp: &mut TcpStream) {
    page.send(b"EHLO client.example\r\n").await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    assert_eq!(read(tcp, 21).await, b"EHLO client.example\r\n");
    tcp.shutdown().await.unwrap();
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    page.say(&ToRelay::Eof {}).await;
    assert_eq!(page.last_word().await, (Closer::Target, Code::Done, 21, 16));
}

#[tokio::test]
async fn a_header_that_is_wrong_is_refused_with_what_to_change() {
    let running = relay_with(|_| {}).await;
    for (header, told) in [
        (
            r#"{"version":3,"source":"192.0.2.1:1","destination":"192.0.2.2:25"}"#,
            "proxy_header.version: must be 1 or 2",
        ),
        (r#"{"version":1,"source":"192.0.2.1:1","destination":"[2001:db8::1]:25"}"#, "same family"),
        (
            r#"{"version":1,"source":"192.0.2.1","destination":"192.0.2.2:25"}"#,
            "proxy_header.source: must be an IP address",
        ),
    ] {
        let mut page = Page::open(&running).await;
        let connect = format!(r#"{{"type":"connect","host":"mx.example","port":25,"proxy_header":{header}}}"#);
        page.ws.send(Message::text(connect)).await.unwrap();
        let refusal = page.refusal().await;
        assert_eq!(refusal.code, Code::BadRequest);
        assert!(refusal.message.contains(told), "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_practice_server_gets_no_header() {
    let running = relay_with(|config| config.practice = true).await;
    let mut page = Page::open(&running).await;
    let header = header(ProxyVersion::V1, "192.0.2.1:4711", "198.51.100.7:25");
    let target = Some("practice".to_owned());
    page.say(&ToRelay::Connect(Connect { target, proxy_header: Some(header), ..Connect::default() })).await;
    let refusal = page.refusal().await;
    assert_eq!(refusal.code, Code::Forbidden);
    assert!(refusal.message.contains("PROXY"), "{}", refusal.message);
}
