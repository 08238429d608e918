//! What stalls or floods does not make the program grow.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{conversing, echoes, memory, program};
use crate::support::{PING, Page, Target, frame, read};

/// Far more than the systems' socket buffers hold on the way.
const OFFERED: usize = 256 << 20;

/// What a relay may grow by while a side stalls, in KiB.
const GROWTH_MAX: u64 = 512;

/// The program's memory, while what is offered waits in the systems' buffers: first the page stalls, then the target.
#[tokio::test]
async fn a_stall_of_either_side_does_not_make_the_process_grow() {
    let target = Target::new().await;
    let port = target.address.port().to_string();
    let (ehlo, relay) =
        program(&["--allow-port", &port, "--limits-sent", "1000000000", "--limits-received", "1000000000"]).await;
    let mut pages = Vec::new();
    for _ in 0..3 {
        let mut page = Page::open_at(relay).await;
        page.connect(target.address).await;
        let mut tcp = target.accept().await;
        tcp.write_all(b"220 mx.example\r\n").await.unwrap();
        page.hear().await;
        page.hear().await;
        page.bytes(16).await;
        page.send(b"EHLO x\r\n").await;
        read(&mut tcp, 8).await;
        pages.push((page, tcp));
    }
    let piece = vec![b'x'; 64 * 1024];
    // The first shows what buffers a busy session takes, and what code is touched by it.
    let mut before = 0;
    for (at, (page, tcp)) in pages.iter_mut().enumerate() {
        let down = at % 2 == 0;
        let offer = async {
            for _ in 0..OFFERED / piece.len() {
                match down {
                    true => tcp.write_all(&piece).await.unwrap(),
                    false => page.send(&piece).await,
                }
            }
        };
        assert!(timeout(Duration::from_secs(1), offer).await.is_err(), "all was taken");
        let now = memory(&ehlo, "RssAnon");
        assert!(at == 0 || now - before.min(now) < GROWTH_MAX, "{before} KiB before, {now} KiB now");
        before = now;
    }
}

/// What is sent as pings: far more than the systems' buffers hold of answers that nobody reads.
const FLOOD: usize = 12 << 20;

/// Floods the relay with pings, and reads the answers or leaves them; the connection is kept.
async fn flood(mut tcp: TcpStream, reads: bool) -> TcpStream {
    SockRef::from(&tcp).set_recv_buffer_size(64 * 1024).unwrap();
    let pings = frame(PING, true, &[b'x'; 125]).repeat(500);
    let (mut heard, mut said) = tcp.split();
    let sending = async {
        for _ in 0..FLOOD / pings.len() {
            said.write_all(&pings).await.unwrap();
        }
    };
    let reading = async {
        let mut scrap = [0; 64 * 1024];
        while heard.read(&mut scrap).await.unwrap() > 0 {}
    };
    tokio::select! {
        () = sending => {}
        () = reading, if reads => panic!("it was let go"),
    }
    tcp
}

/// The program's memory and an honest conversation, while others ping as fast as they can: before they have asked for
/// anything, and in mid-conversation; reading the answers, and not.
#[tokio::test]
async fn a_flood_of_pings_neither_makes_the_process_grow_nor_holds_up_a_conversation() {
    let target = Target::new().await;
    let port = target.address.port().to_string();
    // The relay must wait for the flood to end, whatever the machine is busy with.
    let times = ["--limits-first-message", "600", "--limits-ping", "600"];
    let (ehlo, relay) = program(&[&["--allow-port", &port][..], &times].concat()).await;
    let (mut page, mut tcp) = conversing(relay, &target).await;
    let mut kept = Vec::new();
    // The first round shows what buffers such a session takes, and what code is touched by it.
    let mut before = 0;
    for at in 0..8 {
        let reads = at % 4 < 2;
        let (hostile, held) = match at % 2 {
            0 => (Page::open_at(relay).await, None),
            _ => {
                let (hostile, held) = conversing(relay, &target).await;
                (hostile, Some(held))
            }
        };
        let flooding = tokio::spawn(flood(hostile.ws.into_inner(), reads));
        while !flooding.is_finished() {
            echoes(&mut page, &mut tcp, b"NOOP\r\n").await;
        }
        kept.push((flooding.await.unwrap(), held));
        let now = memory(&ehlo, "RssAnon");
        assert!(at < 4 || now - before.min(now) < GROWTH_MAX, "{before} KiB before, {now} KiB now");
        before = now;
    }
}
