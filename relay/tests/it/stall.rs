//! When one side stalls the other is stopped, so that nothing grows.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::greeted;

/// Far more than the systems' socket buffers hold on the way, and far less than is offered.
const BOUND: usize = 40 << 20;
const OFFERED: usize = 256 << 20;

/// Time is paused, so this is over as soon as nobody can go on.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_page_that_stalls_stops_the_target() {
    let (_running, _page, mut tcp) = greeted(|config| config.limits.received = u64::MAX).await;
    let piece = vec![b'x'; 64 * 1024];
    let mut taken = 0;
    while taken < OFFERED {
        match timeout(PATIENCE, tcp.write(&piece)).await {
            Ok(written) => taken += written.unwrap(),
            Err(_) => break,
        }
    }
    assert!((1..BOUND).contains(&taken), "{taken} octets were taken");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_stalls_stops_the_page() {
    let (_running, mut page, _tcp) = greeted(|config| config.limits.sent = u64::MAX).await;
    let piece = vec![b'x'; 64 * 1024];
    let mut taken = 0;
    while taken < OFFERED && timeout(PATIENCE, page.send(&piece)).await.is_ok() {
        taken += piece.len();
    }
    assert!((1..BOUND).contains(&taken), "{taken} octets were taken");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_greet_stops_a_page_that_keeps_talking() {
    let target = crate::support::Target::new().await;
    let running = crate::support::relay_for(&target).await;
    let (mut page, _) = crate::support::Page::connected(&running, &target).await;
    let _tcp = target.accept().await;
    let piece = vec![b'x'; 64 * 1024];
    let mut taken = 0;
    while taken < OFFERED && timeout(PATIENCE, page.send(&piece)).await.is_ok() {
        taken += piece.len();
    }
    assert!((1..BOUND).contains(&taken), "{taken} octets were taken");
}
