//! Rates and counts.

use ehlo_core::tunnel::{Code, FromRelay, Lookup, RecordType, ToRelay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Heard, Page, Target, relay_with, request};

#[tokio::test]
async fn a_client_over_its_rate_is_busy_and_told_when_to_come_again() {
    let running = relay_with(|config| {
        config.limits.sessions_per_minute = 1;
        config.limits.sessions_burst = 1;
    })
    .await;
    let mut first = Page::open(&running).await;
    first.say(&ToRelay::About { token: None }).await;
    assert!(matches!(first.hear().await, Heard::Word(FromRelay::About(_))));
    let refusal = Page::open(&running).await.refusal().await;
    assert_eq!(refusal.code, Code::Busy);
    assert!(refusal.retry_after.is_some_and(|seconds| (1..=61).contains(&seconds)), "{refusal:?}");
}

#[tokio::test]
async fn a_client_with_too_many_sessions_at_once_is_busy_until_one_ends() {
    let running = relay_with(|config| config.limits.sessions_per_client = 1).await;
    let mut first = Page::open(&running).await;
    first.say(&ToRelay::About { token: None }).await;
    first.hear().await;
    assert_eq!(Page::open(&running).await.refusal().await.code, Code::Busy);
    first.ws.close(None).await.unwrap();
    while first.hear().await != Heard::Dropped {}
    let mut third = Page::open(&running).await;
    third.say(&ToRelay::About { token: None }).await;
    assert!(matches!(third.hear().await, Heard::Word(FromRelay::About(_))));
}

#[tokio::test]
async fn a_target_address_is_reached_so_often_at_once() {
    let target = Target::new().await;
    let running = relay_with(|config| {
        config.allow_ports.push(target.address.port());
        config.limits.at_once_per_target = 1;
    })
    .await;
    let (_first, _) = Page::connected(&running, &target).await;
    let mut second = Page::open(&running).await;
    second.connect(target.address).await;
    second.hear().await;
    let refusal = second.refusal().await;
    assert_eq!((refusal.code, refusal.retry_after), (Code::Busy, Some(30)));
}

#[tokio::test]
async fn questions_to_the_dns_have_a_rate() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let running = relay_with(|config| {
        config.limits.lookups_per_minute = 1;
        config.dns = vec![silent.local_addr().unwrap().into()];
    })
    .await;
    let mut page = Page::open(&running).await;
    let question = ToRelay::Lookup(Lookup { name: "localhost".to_owned(), rtype: RecordType::A, token: None });
    page.say(&question).await;
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Answer(_))));
    page.say(&question).await;
    assert_eq!(page.refusal().await.code, Code::Busy);
}

#[tokio::test]
async fn a_relay_that_is_full_answers_503_before_the_upgrade() {
    let running = relay_with(|config| config.limits.sessions = 1).await;
    let _first = Page::open(&running).await;
    let tcp = TcpStream::connect(running.address()).await.unwrap();
    let Err(Error::Http(response)) = client_async(request(running.address()), tcp).await else { panic!("an upgrade") };
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn too_many_connections_before_the_upgrade_are_turned_away() {
    let running = relay_with(|config| config.limits.connections = 1).await;
    let mut first = TcpStream::connect(running.address()).await.unwrap();
    let healthy = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", running.address());
    first.write_all(healthy.as_bytes()).await.unwrap();
    assert_ne!(first.read(&mut [0; 1024]).await.unwrap(), 0);
    let mut second = TcpStream::connect(running.address()).await.unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}
