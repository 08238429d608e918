//! The page's first message.

use ehlo_core::tunnel::{Code, FIRST_MESSAGE_MAX, FromRelay, MAIL_PORTS, ToRelay};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Heard, Page, little_page, relay_with};

#[tokio::test]
async fn a_first_message_that_is_not_understood_is_a_bad_request() {
    let running = relay_with(|_| {}).await;
    for message in [
        Message::text("EHLO"),
        Message::text("{}"),
        Message::text(r#"{"type":"connect","host":"mx.example","port":25,"more":1}"#),
        Message::text(r#"{"type":"connect"}"#),
        Message::text(r#"{"type":"connect","host":"mx.example"}"#),
        Message::text(r#"{"type":"connect","host":"a b","port":25}"#),
        Message::text(r#"{"type":"connect","host":"192.0.2.1","port":25,"family":"6"}"#),
        Message::text(r#"{"type":"eof"}"#),
        Message::binary(b"EHLO".to_vec()),
    ] {
        let mut page = Page::open(&running).await;
        page.ws.send(message.clone()).await.unwrap();
        let refusal = page.refusal().await;
        assert_eq!(refusal.code, Code::BadRequest, "{message:?}");
        assert!(!refusal.session.is_empty() && !refusal.message.is_empty());
    }
}

#[tokio::test]
async fn a_first_message_above_four_kilobytes_is_too_big() {
    let running = relay_with(|_| {}).await;
    for length in [FIRST_MESSAGE_MAX + 1, 100 * 1024] {
        let mut page = Page::open(&running).await;
        page.ws.send(Message::text("x".repeat(length))).await.unwrap();
        assert_eq!(page.refusal().await.code, Code::TooBig);
    }
}

#[tokio::test]
async fn a_page_that_closes_without_a_word_gets_its_close_back() {
    let running = relay_with(|_| {}).await;
    let mut page = Page::open(&running).await;
    page.ws.close(None).await.unwrap();
    assert_eq!(page.hear().await, Heard::Close(1005, String::new()));
    assert_eq!(page.hear().await, Heard::Dropped);
}

#[tokio::test]
async fn the_relay_says_what_it_is_and_offers() {
    let running = relay_with(|config| {
        config.practice = true;
        config.allow_ports.push(1025);
    })
    .await;
    let mut page = Page::open(&running).await;
    for _ in 0..2 {
        page.say(&ToRelay::About { token: None }).await;
        let Heard::Word(FromRelay::About(about)) = page.hear().await else { panic!("about") };
        assert_eq!((about.profile.as_str(), about.token), ("personal", false));
        assert_eq!(about.version, env!("CARGO_PKG_VERSION"));
        assert_eq!(about.page_hash.as_deref(), little_page().hash());
        assert!(MAIL_PORTS.iter().chain(&[1025]).all(|port| about.ports.contains(port)));
        assert!(["practice", "practice/slow"].iter().all(|name| about.targets.iter().any(|target| target == name)));
    }
}

#[tokio::test]
async fn a_connection_needs_a_websocket_of_its_own() {
    let running = relay_with(|_| {}).await;
    let mut page = Page::open(&running).await;
    page.say(&ToRelay::About { token: None }).await;
    page.hear().await;
    page.connect_to("127.0.0.1", 25).await;
    assert_eq!(page.refusal().await.code, Code::BadRequest);
}
