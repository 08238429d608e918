//! Timers, with time that is moved by the tests.

use std::time::Duration;

use ehlo_core::tunnel::{Closer, Code, FromRelay, ToRelay};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Heard, Page, greeted, relay_with};

const MINUTE: Duration = Duration::from_secs(60);

/// Whether so much time has gone by, give or take the little that hand-overs take.
fn about(started: Instant, expected: Duration) -> bool {
    let passed = started.elapsed();
    passed >= expected && passed < expected + Duration::from_secs(2)
}

#[tokio::test(start_paused = true)]
async fn a_page_that_asks_for_nothing_is_refused_after_ten_seconds() {
    let running = relay_with(|_| {}).await;
    let mut page = Page::open(&running).await;
    let started = Instant::now();
    let refusal = page.refusal().await;
    assert_eq!(refusal.code, Code::BadRequest);
    assert!(refusal.message.contains("connect_expected"));
    assert!(about(started, Duration::from_secs(10)));
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_byte_for_eleven_minutes_is_idle() {
    let (_running, mut page, _tcp) = greeted(|_| {}).await;
    let started = Instant::now();
    assert_eq!(page.last_word().await, (Closer::Relay, Code::Idle, 0, 16));
    assert!(about(started, 11 * MINUTE), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_byte_of_either_side_puts_the_idle_end_off() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    assert!(timeout(10 * MINUTE, page.hear()).await.is_err());
    page.send(b".").await;
    assert!(timeout(10 * MINUTE, page.hear()).await.is_err());
    tcp.write_all(b".").await.unwrap();
    assert_eq!(page.bytes(1).await, b".");
    let started = Instant::now();
    assert_eq!(page.last_word().await, (Closer::Relay, Code::Idle, 1, 17));
    assert!(about(started, 11 * MINUTE), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_session_of_an_hour_is_too_old_however_busy() {
    let started = Instant::now();
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    let mut received = 16;
    let heard = loop {
        match timeout(MINUTE, page.hear()).await {
            Ok(Heard::Bytes(_)) => received += 1,
            Ok(other) => break other,
            Err(_) => tcp.write_all(b".").await.unwrap(),
        }
    };
    let closed = FromRelay::Closed { by: Closer::Relay, code: Code::Lifetime, sent: 0, received };
    assert_eq!(heard, Heard::Word(closed));
    assert_eq!(page.hear().await, Heard::Close(4408, "lifetime".to_owned()));
    assert!(about(started, 60 * MINUTE), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_page_is_pinged_every_25_seconds() {
    let (_running, mut page, _tcp) = greeted(|_| {}).await;
    let started = Instant::now();
    for n in 1..=4 {
        assert!(matches!(page.ws.next().await, Some(Ok(Message::Ping(_)))));
        assert!(about(started, n * Duration::from_secs(25)), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_leaves_two_pings_unanswered_is_given_up() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    let started = Instant::now();
    assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0, "the target sees the end");
    assert!(about(started, Duration::from_secs(75)), "{:?}", started.elapsed());
    assert_eq!(page.last_word().await, (Closer::Relay, Code::Idle, 0, 16));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_stalls_does_not_make_the_page_look_dead() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    // More than the system's buffers take: the relay waits for the target, and does not hear the page meanwhile.
    let message = vec![b'x'; 64 * 1024];
    let mut sent = 0_u64;
    while timeout(Duration::from_secs(1), page.send(&message)).await.is_ok() {
        sent += 1;
        assert!(sent < 500, "the stall must reach the page");
    }
    let heard = timeout(5 * MINUTE, page.hear()).await;
    assert!(heard.is_err(), "{heard:?}");
    let mut taken = vec![0; 1 << 20];
    assert_ne!(tcp.read(&mut taken).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_has_closed_ends_the_connection_when_the_page_is_silent_for_half_a_minute() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    tcp.shutdown().await.unwrap();
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    let started = Instant::now();
    assert_eq!(page.last_word().await, (Closer::Target, Code::Done, 0, 16));
    assert!(about(started, Duration::from_secs(30)), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_head_does_not_end_is_cut_off() {
    let running = relay_with(|_| {}).await;
    let mut tcp = tokio::net::TcpStream::connect(running.address()).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    let started = Instant::now();
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    assert!(about(started, Duration::from_secs(10)), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn look_ups_end_when_no_further_question_comes() {
    let running = relay_with(|_| {}).await;
    let mut page = Page::open(&running).await;
    page.say(&ToRelay::About { token: None }).await;
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::About(_))));
    let started = Instant::now();
    assert_eq!(page.refusal().await.code, Code::Idle);
    assert!(about(started, MINUTE), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn questions_one_after_another_hold_a_session_no_longer_than_a_conversation() {
    let running = relay_with(|config| config.limits.lookups_per_minute = 600).await;
    let mut page = Page::open(&running).await;
    let began = Instant::now();
    let refusal = loop {
        page.say(&ToRelay::About { token: None }).await;
        assert!(matches!(page.hear().await, Heard::Word(FromRelay::About(_))));
        match timeout(Duration::from_secs(47), page.hear()).await {
            Err(_) => {}
            Ok(Heard::Word(FromRelay::Error(refusal))) => break refusal,
            Ok(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(refusal.code, Code::Lifetime);
    assert!((3600..3700).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
