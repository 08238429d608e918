//! The practice server over real TCP: one free loopback port for each personality.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use ehlo_core::time::Now;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use crate::config::NamedTarget;
use crate::elapsed::millis;
use crate::life::stopped;

/// Clients at once of one personality.
const CLIENTS: usize = 32;

/// One personality of the practice server, listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeTarget {
    /// The name of the target: `practice/` and the personality.
    pub name: String,
    /// Where it listens; anything that speaks SMTP may connect.
    pub address: SocketAddr,
    /// What it does.
    pub title: &'static str,
}

/// The names by which a page may ask for them: each its own, and `practice` for the first.
pub(crate) fn named(targets: &[PracticeTarget]) -> BTreeMap<String, NamedTarget> {
    let place = |target: &PracticeTarget| NamedTarget {
        host: target.address.ip().to_string(),
        port: target.address.port(),
        implicit_tls: false,
        allow_proxy_header: false,
    };
    let first = targets.first().map(|first| ("practice".to_owned(), place(first)));
    targets.iter().map(|target| (target.name.clone(), place(target))).chain(first).collect()
}

/// Starts every personality; they end with `stop`.
///
/// # Errors
/// No free port, or no IPv4 loopback.
pub(crate) async fn start(stop: &watch::Receiver<bool>) -> std::io::Result<Vec<PracticeTarget>> {
    let zero = Instant::now();
    let mut targets = Vec::new();
    for personality in Personality::ALL {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        targets.push(PracticeTarget {
            name: format!("practice/{}", personality.name()),
            address: listener.local_addr()?,
            title: personality.title(),
        });
        tokio::spawn(listen(listener, personality, zero, stop.clone()));
    }
    Ok(targets)
}

async fn listen(listener: TcpListener, personality: Personality, zero: Instant, mut stop: watch::Receiver<bool>) {
    let memory = Arc::new(Mutex::new(Memory::default()));
    let places = Arc::new(Semaphore::new(CLIENTS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        let Ok((tcp, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let memory = Arc::clone(&memory);
        let mut stop = stop.clone();
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                _ = converse(tcp, personality, zero, &memory) => {}
                () = stopped(&mut stop) => {}
            }
        });
    }
}

/// One conversation: bytes and time go in, bytes come out.
async fn converse(
    mut tcp: TcpStream,
    personality: Personality,
    zero: Instant,
    memory: &Mutex<Memory>,
) -> std::io::Result<()> {
    let now = || Now(millis(zero.elapsed()));
    let known = memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut server = Practice::new(personality, known);
    let mut buffer = vec![0; 8 * 1024];
    tcp.set_nodelay(true)?;
    server.handle(now(), Input::Opened);
    loop {
        let due = loop {
            match server.poll() {
                Output::Send(bytes) => tcp.write_all(&bytes).await?,
                Output::Hangup => return hang_up(tcp).await,
                Output::Idle(due) => break due,
            }
        };
        *memory.lock().unwrap_or_else(PoisonError::into_inner) = server.memory().clone();
        let tick = async {
            match due {
                Some(at) => sleep_until(zero + Duration::from_millis(at.0)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = tcp.read(&mut buffer) => match read? {
                0 => return Ok(()),
                n => server.handle(now(), Input::Bytes(&buffer[..n])),
            },
            () = tick => server.handle(now(), Input::Tick),
        }
    }
}

/// Closes such that the last reply is not lost to a reset.
async fn hang_up(mut tcp: TcpStream) -> std::io::Result<()> {
    tcp.shutdown().await?;
    let mut scrap = [0; 1024];
    let rest = async { while matches!(tcp.read(&mut scrap).await, Ok(1..)) {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
    Ok(())
}
