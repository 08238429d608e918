//! A reverse proxy in front of a relay, as an intranet's web server is one: it has a name of its own, and tells the
//! relay the relay's. It can also hold back what the page asks for.

use std::net::{Ipv4Addr, SocketAddr};

use ehlo_tests::TestResult;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running proxy; it ends when dropped.
pub(crate) struct Proxy {
    addr: SocketAddr,
    task: JoinHandle<()>,
    gate: watch::Sender<Gate>,
}

/// What the proxy holds back.
#[derive(Clone, Default)]
struct Gate {
    /// Requests whose path holds this.
    held: Option<&'static str>,
    /// The same, from the next WebSocket on.
    at_dial: Option<&'static str>,
    /// Paths that were held back.
    missed: Vec<String>,
}

impl Proxy {
    /// Passes everything on to the relay at `to`, except requests whose path holds `held`: these wait.
    pub(crate) async fn start(to: SocketAddr, held: Option<&'static str>) -> TestResult<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let gate = watch::Sender::new(Gate { held, ..Gate::default() });
        let shared = gate.clone();
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // A browser that goes away in the middle ends only its own connection.
                tokio::spawn(pass(browser, to, shared.clone()));
            }
        });
        Ok(Self { addr, task, gate })
    }

    /// Its address by this host name.
    pub(crate) fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.addr.port())
    }

    /// Lets pass what was held back.
    pub(crate) fn release(&self) {
        self.gate.send_modify(|gate| gate.held = None);
    }

    /// From now on it holds back every request whose path holds `held`.
    pub(crate) fn hold(&self, held: &'static str) {
        self.gate.send_modify(|gate| gate.held = Some(held));
    }

    /// From the next WebSocket on it holds back every request whose path holds `held`.
    pub(crate) fn hold_at_next_dial(&self, held: &'static str) {
        self.gate.send_modify(|gate| *gate = Gate { at_dial: Some(held), ..Gate::default() });
    }

    /// Whether a WebSocket has come since [`Self::hold_at_next_dial`].
    pub(crate) fn holds(&self) -> bool {
        self.gate.borrow().held.is_some()
    }

    /// The paths that were asked for and held back.
    pub(crate) fn missed(&self) -> Vec<String> {
        self.gate.borrow().missed.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(browser: TcpStream, to: SocketAddr, gate: watch::Sender<Gate>) -> TestResult {
    let relay = TcpStream::connect(to).await?;
    relay.set_nodelay(true)?;
    browser.set_nodelay(true)?;
    let (mut from_browser, mut to_browser) = browser.into_split();
    let (mut from_relay, mut to_relay) = relay.into_split();
    let back = tokio::spawn(async move { copy(&mut from_relay, &mut to_browser).await });
    let mut heads = Vec::new();
    while from_browser.read_buf(&mut heads).await? > 0 {
        // Requests for pages have no body: whatever comes is heads, up to the one that asks for a WebSocket.
        while let Some(end) = heads.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&heads[..end + 4]).into_owned();
            heads.drain(..end + 4);
            let path = head.split(' ').nth(1).unwrap_or_default();
            let dials = head.to_ascii_lowercase().contains("upgrade: websocket");
            gate.send_modify(|gate| {
                if dials && gate.at_dial.is_some() {
                    gate.held = gate.at_dial.take();
                }
                if gate.held.is_some_and(|held| path.contains(held)) {
                    gate.missed.push(path.to_owned());
                }
            });
            gate.subscribe().wait_for(|gate| gate.held.is_none_or(|held| !path.contains(held))).await?;
            to_relay.write_all(with_host(&head, to).as_bytes()).await?;
            if dials {
                to_relay.write_all(&heads).await?;
                copy(&mut from_browser, &mut to_relay).await?;
                to_relay.shutdown().await?;
                back.await??;
                return Ok(());
            }
        }
    }
    to_relay.shutdown().await?;
    Ok(())
}

/// The head of a request with the relay's own name as `Host`.
fn with_host(head: &str, to: SocketAddr) -> String {
    let lines = head.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, _)) if name.eq_ignore_ascii_case("host") => format!("Host: {to}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\r\n")
}
