//! What lies between client and target, as a process of its own.

use std::io::{self, BufRead as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use ehlo_core::tunnel::{Connected, FromRelay, SUBPROTOCOL};
use ehlo_relay::{Assets, Config, Limits, Relay};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{Fallible, println_to_parent};

/// What lies between client and target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hop {
    Direct,
    Copy,
    Bare,
    Relay,
}

impl Hop {
    pub(crate) const ALL: [Self; 4] = [Self::Direct, Self::Copy, Self::Bare, Self::Relay];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Copy => "copy",
            Self::Bare => "bare",
            Self::Relay => "relay",
        }
    }
}

/// The limits of the bench: each is there, and none is reached.
pub(crate) fn raised() -> Limits {
    let many = 1_000_000;
    Limits {
        connections: many,
        connections_per_client: many,
        sessions: many,
        sessions_per_client: many,
        sessions_per_minute: u32::MAX,
        sessions_burst: u32::MAX,
        at_once_per_target: many,
        per_minute_per_target: u32::MAX,
        sent: u64::MAX,
        received: u64::MAX,
        ..Limits::default()
    }
}

/// The process under test: prints its address, and works until its standard input ends.
pub(crate) async fn hop(word: &str, target: SocketAddr) -> Fallible<()> {
    let mut kept = None;
    let address = if word == Hop::Relay.word() {
        let listen = vec!["127.0.0.1:0".parse()?];
        let config = Config { listen, allow_ports: vec![target.port()], limits: raised(), ..Config::default() };
        kept.insert(Relay::start(config, Assets::none()).await?).address()
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        match word == Hop::Bare.word() {
            true => drop(tokio::spawn(bare(listener, target))),
            false => drop(tokio::spawn(copy(listener, target))),
        }
        address
    };
    println_to_parent(address)?;
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    drop(kept);
    Ok(())
}

pub(crate) async fn copy(listener: TcpListener, target: SocketAddr) -> io::Result<()> {
    loop {
        let (mut near, _) = listener.accept().await?;
        tokio::spawn(async move {
            near.set_nodelay(true)?;
            let mut far = TcpStream::connect(target).await?;
            far.set_nodelay(true)?;
            tokio::io::copy_bidirectional_with_sizes(&mut near, &mut far, 8192, 8192).await
        });
    }
}

/// What anybody would write first: no guard, no limits, no timers.
pub(crate) async fn bare(listener: TcpListener, target: SocketAddr) -> io::Result<()> {
    loop {
        let (near, _) = listener.accept().await?;
        tokio::spawn(async move {
            near.set_nodelay(true)?;
            let buffers = WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(0);
            #[expect(clippy::result_large_err, reason = "the library's own type")]
            let echo = |_: &Request, mut response: Response| {
                response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().expect("a value"));
                Ok(response)
            };
            let ws = accept_hdr_async_with_config(near, echo, Some(buffers)).await?;
            let (mut out, mut page) = ws.split();
            page.next().await.ok_or("gone")??;
            let far = TcpStream::connect(target).await?;
            far.set_nodelay(true)?;
            let connected = Connected {
                session: String::new(),
                address: target.ip().to_string(),
                port: target.port(),
                local: None,
                local_name: None,
                ms: 0,
            };
            out.send(Message::text(FromRelay::Connected(connected).to_json())).await?;
            let (mut from_target, mut to_target) = far.into_split();
            let up = async {
                while let Some(Ok(message)) = page.next().await {
                    to_target.write_all(&message.into_data()).await?;
                }
                Fallible::Ok(())
            };
            let down = async {
                let mut buffer = vec![0; 8 * 1024];
                loop {
                    match from_target.read(&mut buffer).await? {
                        0 => return Fallible::Ok(()),
                        n => out.send(Message::binary(Bytes::copy_from_slice(&buffer[..n]))).await?,
                    }
                }
            };
            tokio::select! {
                ended = up => ended,
                ended = down => ended,
            }
        });
    }
}

/// The process under test, ended with this value.
pub(crate) struct Started(Child);

impl Started {
    pub(crate) fn new(hop: Hop, target: SocketAddr) -> Fallible<(Self, SocketAddr)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["hop", hop.word(), &target.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        io::BufReader::new(child.stdout.take().ok_or("stdout")?).read_line(&mut line)?;
        Ok((Self(child), line.trim().parse()?))
    }

    /// Proportional memory in KiB.
    pub(crate) fn memory(&self) -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id())).ok()?;
        text.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.parse().ok()
    }

    /// CPU time of all threads in milliseconds.
    pub(crate) fn cpu(&self) -> Option<f64> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).ok()?;
        let nanos = |text: String| text.split(' ').next()?.parse::<f64>().ok();
        let each =
            threads.map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok().and_then(nanos));
        Some(each.sum::<Option<f64>>()? / 1e6)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
