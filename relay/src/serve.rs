//! Listens, and speaks HTTP with whoever comes.
//!
//! The accept loop is our own, since the time limit for a request's head needs a timer that must be installed.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ehlo_core::tunnel::PATH;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, sleep, timeout};

use crate::config::{Config, ConfigError, DEFAULT_PORT, default_listen};
use crate::dial::prompt;
use crate::practice::{self, PracticeTarget};
use crate::site::{Place, Site};

/// How often the tables of rates are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// The relay. See [`Relay::start`].
#[derive(Debug)]
pub struct Relay;

/// A relay that runs; dropping it stops it too, without waiting for the end.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    url: String,
    practice: Vec<PracticeTarget>,
    stop: watch::Sender<bool>,
    /// Closed when the last session and connection has ended.
    at_work: mpsc::Receiver<Infallible>,
    grace: Duration,
}

/// Why a relay did not start, and what to do.
#[derive(Debug)]
pub enum StartError {
    /// The configuration is not allowed.
    Config(ConfigError),
    /// An address cannot be listened on.
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The DNS resolver cannot be set up.
    Dns(String),
    /// The practice server cannot be started.
    Practice(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "port {} of {} is in use, perhaps by another Ehlo; stop that one, or take another port: \
                 --listen 127.0.0.1:{}",
                address.port(),
                address.ip(),
                if address.port() == DEFAULT_PORT { DEFAULT_PORT + 1 } else { 0 }
            ),
            Self::Listen { address, error } => {
                write!(f, "cannot listen on {address} ({error}); take another address: --listen 127.0.0.1:0")
            }
            Self::Dns(error) => write!(f, "cannot set up DNS ({error}); name a server: --dns ADDR:PORT"),
            Self::Practice(error) => write!(f, "cannot start the practice server ({error}); start without --practice"),
        }
    }
}

impl std::error::Error for StartError {}

impl Relay {
    /// Opens the listeners of `config`, and serves until [`Running::stop`].
    ///
    /// # Errors
    /// The configuration is not allowed, or an address cannot be listened on.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        config.check().map_err(StartError::Config)?;
        let listeners = listen(&config.listen).await?;
        Self::start_on(config, listeners).await
    }

    /// Serves on listeners that are open already; `config.listen` only says how the address is shown.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub async fn start_on(config: Config, listeners: Vec<TcpListener>) -> Result<Running, StartError> {
        let mut addresses = Vec::new();
        for listener in &listeners {
            let address = listener.local_addr();
            addresses.push(address.map_err(|error| StartError::Listen { address: config.listen[0], error })?);
        }
        config.check().map_err(StartError::Config)?;
        let checked = Config { listen: addresses.clone(), ..config.clone() };
        checked.check().map_err(StartError::Config)?;

        let (stop, stopping) = watch::channel(false);
        let practice = match config.practice {
            true => practice::start(&stopping).await.map_err(StartError::Practice)?,
            false => Vec::new(),
        };
        let url = url(&config, &addresses);
        let grace = config.limits.grace;
        let site = Arc::new(Site::new(&config, &addresses, &practice)?);
        let (working, at_work) = mpsc::channel(1);
        for listener in listeners {
            tokio::spawn(accept(listener, Arc::clone(&site), stopping.clone(), working.clone()));
        }
        tokio::spawn(sweep(Arc::downgrade(&site), stopping));
        Ok(Running { addresses, url, practice, stop, at_work, grace })
    }
}

impl Running {
    /// The first address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that are listened on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What to open in a browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the tunnel.
    pub fn tunnel_url(&self) -> String {
        format!("ws://{}{PATH}", self.address())
    }

    /// The practice servers that this relay offers.
    pub fn practice(&self) -> &[PracticeTarget] {
        &self.practice
    }

    /// Stops: nothing new is taken, sessions have their grace and are then told, and all have ended on return.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = timeout(self.grace + Duration::from_secs(10), self.at_work.recv()).await;
    }
}

/// Waits until the relay is being stopped.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the `Running` is gone, which stops as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Listens on all addresses; IPv6 may be missing where IPv4 is there.
async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for &address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if address.is_ipv6() && !listeners.is_empty() && error.kind() != io::ErrorKind::AddrInUse => {
                tracing::debug!(%address, %error, "no IPv6 here");
            }
            Err(error) => return Err(StartError::Listen { address, error }),
        }
    }
    Ok(listeners)
}

fn url(config: &Config, addresses: &[SocketAddr]) -> String {
    if config.listen == default_listen() {
        format!("http://localhost:{}/", addresses[0].port())
    } else {
        format!("http://{}/", addresses[0])
    }
}

/// Who is at the other end, and what tells the end of the relay.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) client: SocketAddr,
    pub(crate) stop: watch::Receiver<bool>,
    /// Held for as long as there is work to do.
    pub(crate) working: mpsc::Sender<Infallible>,
}

async fn accept(
    listener: TcpListener,
    site: Arc<Site>,
    mut stop: watch::Receiver<bool>,
    working: mpsc::Sender<Infallible>,
) {
    let mut back_off = Duration::from_millis(10);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((tcp, client)) => {
                back_off = Duration::from_millis(10);
                let caller = Caller { client, stop: stop.clone(), working: working.clone() };
                match site.place(client) {
                    Some(place) => drop(tokio::spawn(connection(tcp, Arc::clone(&site), caller, place))),
                    None => turn_away(tcp),
                }
            }
            // Descriptors may be used up: wait for some to come back instead of spinning.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::select! {
                    () = sleep(back_off) => {}
                    () = stopped(&mut stop) => return,
                }
                back_off = (back_off * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// Too many connections: a word without a task, in the socket's own buffer.
fn turn_away(tcp: TcpStream) {
    let Ok(mut tcp) = tcp.into_std() else { return };
    let _ = tcp.write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

async fn connection(tcp: TcpStream, site: Arc<Site>, caller: Caller, _place: Place) {
    prompt(&tcp);
    let mut stop = caller.stop.clone();
    let head = site.context.limits.http_head;
    let service = service_fn(|request| {
        let response = site.respond(request, &caller);
        async move { Ok::<_, Infallible>(response) }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    let mut http = std::pin::pin!(http);
    let served = tokio::select! {
        served = http.as_mut() => served,
        // A browser opens another when it has more to ask.
        () = sleep(site.context.limits.http) => {
            http.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), http).await.unwrap_or(Ok(()))
        }
        () = stopped(&mut stop) => {
            http.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), http).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended badly");
    }
}

async fn sweep(site: Weak<Site>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(SWEEP);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(site) = site.upgrade() else { return };
        site.context.gauges.forget_the_quiet();
    }
}
