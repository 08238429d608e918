//! A reverse proxy in front of a relay, as an intranet's web server is one: it has a name of its own, and tells the
//! relay the relay's. It can also hold back what the page asks for.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ehlo_tests::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running proxy; it ends when dropped.
pub(crate) struct Proxy {
    addr: SocketAddr,
    task: JoinHandle<()>,
    held: watch::Sender<Option<&'static str>>,
}

impl Proxy {
    /// Passes everything on to the relay at `to`, except requests whose path holds `held`: these wait.
    pub(crate) async fn start(to: SocketAddr, held: Option<&'static str>) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let held = watch::Sender::new(held);
        let gate = Arc::new(held.subscribe());
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                // A browser that goes away in the middle ends only its own connection.
                tokio::spawn(pass(browser, to, gate.as_ref().clone()));
            }
        });
        Ok(Self { addr, task, held })
    }

    /// Its address by this host name.
    pub(crate) fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.addr.port())
    }

    /// Lets pass what was held back.
    pub(crate) fn release(&self) {
        self.held.send_replace(None);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(browser: TcpStream, to: SocketAddr, mut gate: watch::Receiver<Option<&'static str>>) -> Outcome {
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
            gate.wait_for(|held| held.is_none_or(|held| !path.contains(held))).await?;
            to_relay.write_all(with_host(&head, to).as_bytes()).await?;
            if head.to_ascii_lowercase().contains("upgrade: websocket") {
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
