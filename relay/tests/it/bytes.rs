//! Bytes both ways, the end of either side, and who ended it.

use ehlo_core::tunnel::{Closer, Code, FromRelay, MESSAGE_MAX, ToRelay};
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Heard, Page, Target, greeted, read, relay_for, reset};

#[tokio::test]
async fn the_page_learns_where_it_is_connected_and_from_which_address() {
    let target = Target::new().await;
    let running = relay_for(&target).await;
    let (_page, connected) = Page::connected(&running, &target).await;
    assert_eq!((connected.address.as_str(), connected.port), ("127.0.0.1", target.address.port()));
    let peer = target.accept().await.peer_addr().unwrap();
    assert_eq!(connected.local, Some(peer.to_string()));
    assert_eq!(connected.local_name, None, "the name of loopback says nothing");
}

#[tokio::test]
async fn every_byte_goes_through_both_ways_whatever_the_borders() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    let all: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let (up, down) = (all.clone(), all.clone());
    let target = tokio::spawn(async move {
        let got = read(&mut tcp, up.len()).await;
        tcp.write_all(&down).await.unwrap();
        (got, tcp)
    });
    for piece in all.chunks(60_001) {
        page.send(piece).await;
    }
    assert_eq!(page.bytes(all.len()).await, all);
    assert_eq!(target.await.unwrap().0, all);
}

#[tokio::test]
async fn messages_to_the_page_are_small_and_empty_ones_to_the_target_are_ignored() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    page.send(b"").await;
    page.send(b"NOOP\r\n").await;
    assert_eq!(read(&mut tcp, 6).await, b"NOOP\r\n");
    tcp.write_all(&[b'x'; 100_000]).await.unwrap();
    let mut left = 100_000;
    while left > 0 {
        let Heard::Bytes(bytes) = page.hear().await else { panic!("bytes") };
        assert!((1..=16 * 1024).contains(&bytes.len()), "{}", bytes.len());
        left -= bytes.len();
    }
}

#[tokio::test]
async fn the_page_may_end_its_side_and_still_read() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    page.send(b"QUIT\r\n").await;
    page.say(&ToRelay::Eof {}).await;
    let mut asked = Vec::new();
    tcp.read_to_end(&mut asked).await.unwrap();
    assert_eq!(asked, b"QUIT\r\n");
    tcp.write_all(b"221 bye\r\n").await.unwrap();
    assert_eq!(page.bytes(9).await, b"221 bye\r\n");
    drop(tcp);
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    assert_eq!(page.last_word().await, (Closer::Client, Code::Done, 6, 25));
}

#[tokio::test]
async fn the_target_may_end_its_side_and_still_read() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    tcp.write_all(b"221 bye\r\n").await.unwrap();
    tcp.shutdown().await.unwrap();
    assert_eq!(page.bytes(9).await, b"221 bye\r\n");
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    page.send(b"thanks").await;
    assert_eq!(read(&mut tcp, 6).await, b"thanks");
    page.say(&ToRelay::Eof {}).await;
    assert_eq!(page.last_word().await, (Closer::Target, Code::Done, 6, 25));
    assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn an_end_that_comes_before_the_greeting_waits_for_it_with_the_bytes_before() {
    let target = Target::new().await;
    let running = relay_for(&target).await;
    let (mut page, _) = Page::connected(&running, &target).await;
    let mut tcp = target.accept().await;
    page.send(b"QUIT\r\n").await;
    page.say(&ToRelay::Eof {}).await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    let mut asked = Vec::new();
    tcp.read_to_end(&mut asked).await.unwrap();
    assert_eq!(asked, b"QUIT\r\n");
}

#[tokio::test]
async fn a_target_that_breaks_off_is_told_from_one_that_ends() {
    let (_running, mut page, tcp) = greeted(|_| {}).await;
    reset(tcp);
    assert_eq!(page.last_word().await, (Closer::Target, Code::Reset, 0, 16));
}

#[tokio::test]
async fn what_a_target_said_before_it_broke_off_is_delivered_first() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    page.send(b"DATA that the target never reads").await;
    tcp.readable().await.unwrap();
    tcp.write_all(b"421 enough\r\n").await.unwrap();
    // Closing with unread bytes makes the system send a reset.
    drop(tcp);
    assert_eq!(page.bytes(12).await, b"421 enough\r\n");
    let mut heard = page.hear().await;
    if heard == Heard::Word(FromRelay::Eof {}) {
        page.send(b"more").await;
        heard = page.hear().await;
    }
    assert!(matches!(heard, Heard::Word(FromRelay::Closed { by: Closer::Target, code: Code::Reset, .. })), "{heard:?}");
}

#[tokio::test]
async fn a_page_that_closes_ends_the_connection_of_the_target() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    page.ws.close(None).await.unwrap();
    assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(page.hear().await, Heard::Close(1005, String::new()));
    assert_eq!(page.hear().await, Heard::Dropped);
}

#[tokio::test]
async fn a_page_that_vanishes_ends_the_connection_of_the_target() {
    let (_running, page, mut tcp) = greeted(|_| {}).await;
    drop(page);
    assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_above_the_limit_closes_with_too_big() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    page.send(&vec![b'x'; MESSAGE_MAX]).await;
    read(&mut tcp, MESSAGE_MAX).await;
    page.send(&vec![b'x'; MESSAGE_MAX + 1]).await;
    assert_eq!(page.last_word().await, (Closer::Relay, Code::TooBig, MESSAGE_MAX as u64, 16));
}

#[tokio::test]
async fn words_that_have_no_place_in_a_connection_are_a_bad_request() {
    for word in ["EHLO", r#"{"type":"about"}"#, r#"{"type":"eof","x":1}"#] {
        let (_running, mut page, _tcp) = greeted(|_| {}).await;
        page.ws.send(Message::text(word)).await.unwrap();
        assert_eq!(page.last_word().await, (Closer::Relay, Code::BadRequest, 0, 16), "{word}");
    }
    let (_running, mut page, _tcp) = greeted(|_| {}).await;
    page.say(&ToRelay::Eof {}).await;
    page.send(b"after the end").await;
    assert_eq!(page.last_word().await, (Closer::Relay, Code::BadRequest, 0, 16));
}

#[tokio::test]
async fn a_budget_of_bytes_that_is_used_up_ends_either_direction() {
    let (_running, mut page, mut tcp) = greeted(|config| config.limits.sent = 10).await;
    page.send(b"0123456789").await;
    assert_eq!(read(&mut tcp, 10).await, b"0123456789");
    page.send(b"x").await;
    assert_eq!(page.last_word().await, (Closer::Relay, Code::ByteLimit, 10, 16));

    let (_running, mut page, mut tcp) = greeted(|config| config.limits.received = 20).await;
    tcp.write_all(b"0123456789").await.unwrap();
    assert_eq!(page.last_word().await, (Closer::Relay, Code::ByteLimit, 0, 16));
}

#[tokio::test]
async fn one_session_does_not_end_another() {
    let (running, mut page, mut tcp) = greeted(|_| {}).await;
    let mut other = Page::open(&running).await;
    other.ws.send(Message::binary(b"nonsense".to_vec())).await.unwrap();
    assert_eq!(other.refusal().await.code, Code::BadRequest);
    page.send(b"NOOP\r\n").await;
    assert_eq!(read(&mut tcp, 6).await, b"NOOP\r\n");
}
