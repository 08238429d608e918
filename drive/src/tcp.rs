//! Plain TCP from this machine: the name looked up, the addresses tried in turn, and the connection.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ehlo_core::machine::Direct;
use ehlo_core::tunnel::{Code, Connected, Family};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// How long one address may take to answer.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How long the server has to close its side when this side has.
const GOODBYE: Duration = Duration::from_secs(2);

/// What happens on the way to a connection, in the order in which it does.
#[derive(Debug)]
pub(crate) enum Dialed {
    /// On the way.
    On(Direct),
    /// The connection is up.
    Up(TcpStream, Connected),
}

/// A connection that is being made; it is given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Dial {
    happened: mpsc::Receiver<Dialed>,
    task: JoinHandle<()>,
}

impl Dial {
    /// Begins to connect to `host`, a name or an address.
    pub(crate) fn start(host: String, port: u16, family: Option<Family>) -> Self {
        let (tell, happened) = mpsc::channel(8);
        let task = tokio::spawn(async move {
            let last = match dial(&host, port, family, &tell).await {
                Ok((stream, connected)) => Dialed::Up(stream, connected),
                Err(code) => Dialed::On(Direct::NotConnected(code)),
            };
            let _ = tell.send(last).await;
        });
        Self { happened, task }
    }

    /// What happens next. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self) -> Dialed {
        self.happened.recv().await.unwrap_or(Dialed::On(Direct::NotConnected(Code::Unreachable)))
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn dial(
    host: &str,
    port: u16,
    family: Option<Family>,
    tell: &mpsc::Sender<Dialed>,
) -> Result<(TcpStream, Connected), Code> {
    let addresses = resolve(host, port, family, tell).await?;
    let mut last = Code::NoSuchHost;
    for address in addresses {
        let began = Instant::now();
        match timeout(ATTEMPT, TcpStream::connect(address)).await.unwrap_or(Err(ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                // A keystroke is a small message, and must not wait for more to send.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().ok().map(|local| local.ip().to_string());
                let connected = Connected {
                    session: String::new(),
                    address: address.ip().to_string(),
                    port,
                    local,
                    local_name: None,
                    ms: millis(began),
                };
                return Ok((stream, connected));
            }
            Err(error) => {
                last = code_of(&error);
                let address = address.ip().to_string();
                let _ = tell.send(Dialed::On(Direct::Attempt { address, error: last, ms: millis(began) })).await;
            }
        }
    }
    Err(last)
}

async fn resolve(
    host: &str,
    port: u16,
    family: Option<Family>,
    tell: &mpsc::Sender<Dialed>,
) -> Result<Vec<SocketAddr>, Code> {
    let began = Instant::now();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => lookup_host((host, port)).await.map_err(|error| name_fault(&error))?.collect(),
    };
    let wanted = |address: &SocketAddr| family.is_none_or(|family| address.is_ipv4() == (family == Family::V4));
    let found: Vec<SocketAddr> = found.into_iter().filter(wanted).collect();
    if found.is_empty() {
        return Err(Code::NoSuchHost);
    }
    let addresses = found.iter().map(|address| address.ip().to_string()).collect();
    let resolved = Direct::Resolved { name: host.to_owned(), addresses, ms: millis(began) };
    let _ = tell.send(Dialed::On(resolved)).await;
    Ok(found)
}

/// The system's resolver says why in words alone: "Temporary failure in name resolution" is EAI_AGAIN (RFC 3493 §6.1).
fn name_fault(error: &io::Error) -> Code {
    if error.to_string().contains("emporary failure") { Code::DnsFailed } else { Code::NoSuchHost }
}

fn code_of(error: &io::Error) -> Code {
    match error.kind() {
        ErrorKind::ConnectionRefused => Code::ConnectRefused,
        ErrorKind::TimedOut => Code::ConnectTimeout,
        ErrorKind::ConnectionReset => Code::Reset,
        _ => Code::Unreachable,
    }
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What comes over a connection.
#[derive(Debug)]
pub(crate) enum Came {
    Bytes(Vec<u8>),
    End { reset: bool },
}

/// The next bytes. May be dropped while it waits: nothing is lost.
pub(crate) async fn read(stream: &mut TcpStream) -> Came {
    let mut buffer = vec![0; 16 * 1024];
    match stream.read(&mut buffer).await {
        Ok(0) => Came::End { reset: false },
        Ok(length) => {
            buffer.truncate(length);
            Came::Bytes(buffer)
        }
        Err(_) => Came::End { reset: true },
    }
}

/// Closes this side, and waits a while for the other, so that nothing that was sent before is lost to a reset.
pub(crate) async fn close(mut stream: TcpStream) {
    let goodbye = async {
        let _ = stream.shutdown().await;
        let mut buffer = [0; 4096];
        while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
    };
    let _ = timeout(GOODBYE, goodbye).await;
}
