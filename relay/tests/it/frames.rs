//! Pages that do not speak as RFC 6455 wants it, frame by frame: each is told by its close code, and others go on.

use ehlo_core::tunnel::FromRelay;
use ehlo_relay::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Heard, PING, Page, Target, frame, greeted, relay_with};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

/// What breaks the rules, with the close code.
fn violations() -> Vec<(&'static str, Vec<u8>, u16)> {
    vec![
        ("not masked", frame(BINARY, false, b"EHLO x\r\n"), 1002),
        ("a reserved bit", frame(0xC2, true, b"EHLO x\r\n"), 1002),
        ("an opcode that there is not", frame(0x83, true, b"x"), 1002),
        ("a continuation of nothing", frame(0x80, true, b"x"), 1002),
        ("a control frame in pieces", frame(0x09, true, b"x"), 1002),
        ("a control frame that is too long", frame(PING, true, &[b'x'; 126]), 1002),
        ("a message within a message", [frame(0x02, true, b"x"), frame(BINARY, true, b"x")].concat(), 1002),
        ("no UTF-8", frame(TEXT, true, b"\xFF\xFE"), 1007),
        ("too big in one frame", frame(BINARY, true, &[b'x'; 64 * 1024 + 1]), 1009),
        ("too big in pieces", [frame(0x02, true, &[b'x'; 40_000]), frame(0x80, true, &[b'x'; 40_000])].concat(), 1009),
        ("a length beyond all bounds", [&[BINARY, 0xFF, 0x7F][..], &[0xFF; 7], &[0; 4]].concat(), 1009),
    ]
}

/// Reads frames until the close frame, whose code is returned.
async fn close_code(tcp: &mut TcpStream) -> u16 {
    loop {
        let [first, length] = [tcp.read_u8().await.unwrap(), tcp.read_u8().await.unwrap()];
        let length = match length {
            126 => usize::from(tcp.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        tcp.read_exact(&mut payload).await.unwrap();
        if first == 0x88 {
            return u16::from_be_bytes([payload[0], payload[1]]);
        }
    }
}

/// The relay still serves others.
async fn serves(running: &Running) {
    let mut page = Page::open(running).await;
    assert!(matches!(page.about().await, Heard::Word(FromRelay::About(_))));
}

#[tokio::test]
async fn a_page_that_breaks_the_rules_in_its_first_message_is_told_by_the_close_code() {
    let running = relay_with(|_| {}).await;
    for (what, octets, code) in violations() {
        let page = Page::open(&running).await;
        let mut tcp = page.ws.into_inner();
        tcp.write_all(&octets).await.unwrap();
        assert_eq!(close_code(&mut tcp).await, code, "{what}");
        serves(&running).await;
    }
}

#[tokio::test]
async fn a_page_that_breaks_the_rules_in_mid_conversation_is_told_and_its_server_is_let_go() {
    for (what, octets, code) in violations() {
        let (running, page, mut server) = greeted(|_| {}).await;
        let mut tcp = page.ws.into_inner();
        tcp.write_all(&octets).await.unwrap();
        assert_eq!(close_code(&mut tcp).await, code, "{what}");
        let mut rest = Vec::new();
        let _ = server.read_to_end(&mut rest).await;
        assert_eq!(rest, b"", "{what}");
        serves(&running).await;
    }
}

#[tokio::test]
async fn a_page_that_breaks_the_rules_before_the_server_has_answered_is_told() {
    let target = Target::new().await;
    let running = relay_with(|config| config.allow_ports.push(target.address.port())).await;
    for (what, octets, code) in violations() {
        let (page, _) = Page::connected(&running, &target).await;
        let mut tcp = page.ws.into_inner();
        tcp.write_all(&octets).await.unwrap();
        assert_eq!(close_code(&mut tcp).await, code, "{what}");
        drop(target.accept().await);
    }
}

#[tokio::test]
async fn fragments_pings_between_them_and_empty_frames_are_allowed() {
    let (_running, page, mut server) = greeted(|_| {}).await;
    let mut tcp = page.ws.into_inner();
    let pieces =
        [frame(0x02, true, b"EH"), frame(PING, true, b"?"), frame(0x00, true, b""), frame(0x80, true, b"LO x\r\n")];
    tcp.write_all(&pieces.concat()).await.unwrap();
    tcp.write_all(&frame(BINARY, true, b"")).await.unwrap();
    let mut line = [0; 8];
    server.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"EHLO x\r\n");
}
