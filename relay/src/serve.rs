//! Listens, and speaks HTTP with whoever comes.
//!
//! The accept loop is our own, since the time limit for a request's head needs a timer that must be installed.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
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
    /// What the relay was started with, for what cannot change.
    started: Config,
    /// What new connections and requests see.
    site: watch::Sender<Arc<Site>>,
    /// Said first: nothing new is taken.
    drain: watch::Sender<bool>,
    /// How many sessions are open.
    open: watch::Receiver<usize>,
    /// Said last: listeners are closed.
    stop: watch::Sender<bool>,
    /// Closed when the last session and connection has ended.
    at_work: mpsc::Receiver<Infallible>,
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
        let (drain, draining) = watch::channel(false);
        let (open, opened) = watch::channel(0);
        let practice = match config.practice {
            true => practice::start(&stopping).await.map_err(StartError::Practice)?,
            false => Vec::new(),
        };
        let url = url(&config, &addresses);
        let (site, sites) = watch::channel(Arc::new(Site::new(&config, &addresses, &practice, None)?));
        let (working, at_work) = mpsc::channel(1);
        let life = Life { stop: stopping.clone(), drain: draining, open: Arc::new(open), working };
        for listener in listeners {
            tokio::spawn(accept(listener, sites.clone(), life.clone()));
        }
        tokio::spawn(sweep(sites, stopping));
        Ok(Running { addresses, url, practice, started: config, site, drain, open: opened, stop, at_work })
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

    /// Takes a new configuration for all that is new; what is open goes on under the old one. Tells, a sentence each, what
    /// cannot change before a restart.
    ///
    /// # Errors
    /// The configuration is not allowed; then the old one is kept.
    pub fn reload(&self, config: &Config) -> Result<Vec<&'static str>, StartError> {
        let listening = Config { listen: self.addresses.clone(), ..config.clone() };
        config.check().and_then(|()| listening.check()).map_err(StartError::Config)?;
        let old = Arc::clone(&self.site.borrow());
        let site = Site::new(config, &self.addresses, &self.practice, Some(&old))?;
        self.site.send_replace(Arc::new(site));
        let mut kept = Vec::new();
        if config.listen != self.started.listen {
            kept.push("listeners stay as they are until a restart");
        }
        if config.practice != self.started.practice {
            kept.push("practice servers stay as they are until a restart");
        }
        if (&config.log, config.log_format) != (&self.started.log, self.started.log_format) {
            kept.push("the log stays as it is until a restart");
        }
        Ok(kept)
    }

    /// Stops: nothing new is taken, which is said with status 503; sessions have their grace and are then told. All have
    /// ended on return.
    pub async fn stop(mut self) {
        let grace = self.site.borrow().context.limits.grace;
        self.drain.send_replace(true);
        let open = *self.open.borrow();
        tracing::warn!(open, "told to end; nothing new is taken");
        // The last word takes its time too.
        let _ = timeout(grace + Duration::from_secs(10), self.open.wait_for(|open| *open == 0)).await;
        self.stop.send_replace(true);
        let _ = timeout(Duration::from_secs(10), self.at_work.recv()).await;
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

/// How a relay's end is told and waited for.
#[derive(Clone)]
pub(crate) struct Life {
    stop: watch::Receiver<bool>,
    /// Whether nothing new is taken any more.
    pub(crate) drain: watch::Receiver<bool>,
    open: Arc<watch::Sender<usize>>,
    /// Held for as long as there is work to do.
    working: mpsc::Sender<Infallible>,
}

/// One open session; it is counted until it is dropped.
pub(crate) struct Open {
    open: Arc<watch::Sender<usize>>,
    _working: mpsc::Sender<Infallible>,
}

impl Life {
    /// Counts one more session.
    pub(crate) fn opened(&self) -> Open {
        self.open.send_modify(|open| *open += 1);
        Open { open: Arc::clone(&self.open), _working: self.working.clone() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open -= 1);
    }
}

/// Who is at the other end, and what tells the end of the relay.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) client: SocketAddr,
    pub(crate) life: Life,
}

async fn accept(listener: TcpListener, sites: watch::Receiver<Arc<Site>>, life: Life) {
    let mut stop = life.stop.clone();
    let mut back_off = Duration::from_millis(10);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((tcp, client)) => {
                back_off = Duration::from_millis(10);
                let caller = Caller { client, life: life.clone() };
                let place = sites.borrow().place(client);
                match place {
                    Some(place) => drop(tokio::spawn(connection(tcp, sites.clone(), caller, place))),
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

async fn connection(tcp: TcpStream, sites: watch::Receiver<Arc<Site>>, caller: Caller, _place: Place) {
    prompt(&tcp);
    let mut stop = caller.life.stop.clone();
    let (head, longest) = {
        let limits = &sites.borrow().context.limits;
        (limits.http_head, limits.http)
    };
    let service = service_fn(|request| {
        // The configuration may have changed since the connection was made.
        let site = Arc::clone(&sites.borrow());
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
        () = sleep(longest) => {
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

async fn sweep(sites: watch::Receiver<Arc<Site>>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(SWEEP);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        sites.borrow().context.gauges.forget_the_quiet();
    }
}
