//! Stopping: nothing new, and the old are told.

use ehlo_core::tunnel::{Closer, Code};
use tokio::net::TcpStream;

use crate::support::{Page, greeted, relay_with};

#[tokio::test(start_paused = true)]
async fn sessions_are_told_that_the_relay_goes_away() {
    let (running, mut page, _tcp) = greeted(|_| {}).await;
    let mut asking = Page::open(&running).await;
    let stopped = tokio::spawn(running.stop());
    assert_eq!(page.last_word().await, (Closer::Relay, Code::GoingAway, 0, 16));
    assert_eq!(asking.refusal().await.code, Code::GoingAway);
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_relay_that_is_stopped_takes_nothing_new() {
    let running = relay_with(|_| {}).await;
    let address = running.address();
    running.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_dropped_ends_its_sessions() {
    let (running, mut page, _tcp) = greeted(|_| {}).await;
    drop(running);
    assert_eq!(page.last_word().await.1, Code::GoingAway);
}
