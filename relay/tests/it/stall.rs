//! When one side stalls the other is stopped, so that nothing grows.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

/// A message of 10 MB as the page sends it, and how far the page may be ahead of a target that reads slowly.
const MESSAGE: usize = 14 << 20;
const AHEAD: usize = 4 << 20;

#[tokio::test]
async fn a_large_message_reaches_a_slow_target_whole_and_the_page_is_held_back_meanwhile() {
    let (_running, mut page, mut tcp) = greeted(|_| {}).await;
    // What a system buffers by itself differs; here it is little, so that what is held back is held back by the relay.
    SockRef::from(page.ws.get_ref()).set_send_buffer_size(64 * 1024).unwrap();
    let sent = AtomicUsize::new(0);
    let octet = |at: usize| (at % 251) as u8;
    let sending = async {
        for start in (0..MESSAGE).step_by(64 * 1024) {
            page.send(&(start..start + 64 * 1024).map(octet).collect::<Vec<_>>()).await;
            sent.store(start + 64 * 1024, Relaxed);
        }
    };
    let reading = async {
        let (mut got, mut most) = (0, 0);
        let mut piece = vec![0; 4 * 1024];
        while got < MESSAGE {
            // The page goes on until it has to wait; only then is a little read.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            most = most.max(sent.load(Relaxed) - got);
            let length = tcp.read(&mut piece).await.unwrap();
            assert!(length > 0 && piece[..length].iter().enumerate().all(|(at, &found)| found == octet(got + at)));
            got += length;
        }
        most
    };
    let (most, ()) = tokio::join!(reading, sending);
    assert!((64 * 1024..AHEAD).contains(&most), "the page was {most} octets ahead");
}
