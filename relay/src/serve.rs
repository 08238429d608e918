//! Listens, and speaks HTTP with whoever comes.
//!
//! The accept loop is our own, since the time limit for a request's head needs a timer that must be installed.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ehlo_core::tunnel::PATH;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, sleep, timeout};

use crate::config::{Config, ConfigError, DEFAULT_PORT, default_listen};
use crate::front::acme;
use crate::front::connection::{connection, turn_away};
use crate::front::listen::{self, Listener};
use crate::front::tls::{Https, TlsError};
use crate::http::assets::Assets;
use crate::http::site::Site;
use crate::practice::{self, PracticeTarget};
use crate::watch::metrics::Broken;
use crate::watch::operator;
use crate::watch::status::LastReload;

/// How often the tables of rates are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// How often it is looked whether the certificate has changed.
const LOOK_AT_CERTIFICATE: Duration = Duration::from_secs(2);

/// The relay. See [`Relay::start`].
#[derive(Debug)]
pub struct Relay;

/// A relay that runs; dropping it stops it too, without waiting for the end.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    metrics: Option<SocketAddr>,
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
    reload: LastReload,
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
    /// A Unix socket cannot be listened on.
    Socket {
        /// Its file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// Certificate or key cannot be used.
    Tls(TlsError),
    /// What is needed for a certificate by ACME cannot be used: which, and why.
    Acme(String),
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
            Self::Socket { path, error } => write!(
                f,
                "cannot listen on the Unix socket {} ({error}); name a file that there is not yet, in a folder that this user \
                 may write to",
                path.display()
            ),
            Self::Tls(error) => write!(f, "HTTPS: {error}"),
            Self::Acme(error) => write!(f, "ACME: {error}"),
            Self::Dns(error) => write!(f, "cannot set up DNS ({error}); name a server: --dns ADDR:PORT"),
            Self::Practice(error) => write!(f, "cannot start the practice server ({error}); start without --practice"),
        }
    }
}

impl std::error::Error for StartError {}

impl Relay {
    /// Opens the listeners of `config`, and serves `page` and the tunnel until [`Running::stop`].
    ///
    /// # Errors
    /// The configuration is not allowed, or an address cannot be listened on.
    pub async fn start(config: Config, page: &'static Assets) -> Result<Running, StartError> {
        config.check().map_err(StartError::Config)?;
        let listeners = listen::addresses(&config.listen).await?;
        Self::start_on(config, page, listeners).await
    }

    /// Serves on listeners that are open already; `config.listen` only says how the address is shown.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub async fn start_on(
        config: Config,
        page: &'static Assets,
        listeners: Vec<TcpListener>,
    ) -> Result<Running, StartError> {
        let mut addresses = Vec::new();
        for (listener, &address) in listeners.iter().zip(&config.listen) {
            addresses.push(listener.local_addr().map_err(|error| StartError::Listen { address, error })?);
        }
        config.check().map_err(StartError::Config)?;
        let checked = Config { listen: addresses.clone(), ..config.clone() };
        checked.check().map_err(StartError::Config)?;

        let mut listeners: Vec<_> = listeners.into_iter().map(Listener::Tcp).collect();
        listeners.extend(listen::sockets(&config.listen_sockets)?);
        let (stop, stopping) = watch::channel(false);
        let (drain, draining) = watch::channel(false);
        let (open, opened) = watch::channel(0);
        let practice = match config.practice {
            true => practice::start(&stopping).await.map_err(StartError::Practice)?,
            false => Vec::new(),
        };
        let watching = match config.metrics_listen {
            Some(address) => {
                Some(operator::listen(address).await.map_err(|error| StartError::Listen { address, error })?)
            }
            None => None,
        };
        let metrics = watching.as_ref().map(|(_, address)| *address);
        let url = url(&config, &addresses);
        let (site, sites) = watch::channel(Arc::new(Site::new(&config, page, &addresses, &practice, None)?));
        let (working, at_work) = mpsc::channel(1);
        let reload = LastReload::default();
        if let Some((listener, address)) = watching {
            let (sites, drain) = (sites.clone(), draining.clone());
            let watched = operator::Watched {
                sites,
                open: opened.clone(),
                drain,
                stop: stopping.clone(),
                started: SystemTime::now(),
                reload: reload.clone(),
                at_home: address.ip().to_canonical().is_loopback(),
            };
            tracing::info!(%address, "metrics are at /metrics, and a page for the operator at /");
            tokio::spawn(operator::serve(listener, watched));
        }
        let life = Life { stop: stopping.clone(), drain: draining, open: Arc::new(open), working };
        for listener in listeners {
            tokio::spawn(accept(listener, sites.clone(), life.clone()));
        }
        tokio::spawn(acme::keep(sites.clone(), stopping.clone()));
        tokio::spawn(look_at_certificate(sites.clone(), stopping.clone()));
        tokio::spawn(sweep(sites, stopping));
        Ok(Running {
            addresses,
            metrics,
            url,
            practice,
            started: config,
            site,
            drain,
            open: opened,
            stop,
            at_work,
            reload,
        })
    }
}

impl Running {
    /// The first address that is listened on.
    ///
    /// # Panics
    /// Where there is none, since the relay listens on Unix sockets alone.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that are listened on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where metrics are told, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// What to open in a browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the tunnel.
    pub fn tunnel_url(&self) -> String {
        let scheme = if self.started.serves_https() { "wss" } else { "ws" };
        format!("{scheme}://{}{PATH}", self.address())
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
        let outcome = self.take(config);
        self.reload.was(outcome.as_ref().map(Clone::clone).map_err(ToString::to_string));
        outcome
    }

    /// Notes for the operator's page that a configuration could not even be read; the old one is kept.
    pub fn reload_failed(&self, why: &str) {
        self.reload.was(Err(why.to_owned()));
    }

    fn take(&self, config: &Config) -> Result<Vec<&'static str>, StartError> {
        let listening = Config { listen: self.addresses.clone(), ..config.clone() };
        config.check().and_then(|()| listening.check()).map_err(StartError::Config)?;
        let old = Arc::clone(&self.site.borrow());
        let site = Site::new(config, old.context.page, &self.addresses, &self.practice, Some(&old))?;
        self.site.send_replace(Arc::new(site));
        let mut kept = Vec::new();
        let started = &self.started;
        if (&config.listen, &config.listen_sockets) != (&started.listen, &started.listen_sockets) {
            kept.push("listeners stay as they are until a restart");
        }
        if config.metrics_listen != started.metrics_listen {
            kept.push("the listener for metrics stays as it is until a restart");
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

/// What a person opens; a certificate is for a name, and a Unix socket has none of its own.
fn url(config: &Config, addresses: &[SocketAddr]) -> String {
    let secure = config.serves_https();
    let scheme = if secure { "https" } else { "http" };
    match (config.public_names.first(), addresses.first()) {
        (Some(name), None) => format!("{scheme}://{name}/"),
        (Some(name), _) if secure => format!("{scheme}://{name}/"),
        (_, Some(address)) if config.listen == default_listen() => format!("{scheme}://localhost:{}/", address.port()),
        (_, Some(address)) => format!("{scheme}://{address}/"),
        (None, None) => String::new(),
    }
}

/// How a relay's end is told and waited for.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) stop: watch::Receiver<bool>,
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
    /// Whether that is no address, since it came over a Unix socket.
    pub(crate) local: bool,
    pub(crate) life: Life,
}

async fn accept(listener: Listener, sites: watch::Receiver<Arc<Site>>, life: Life) {
    let mut stop = life.stop.clone();
    let mut back_off = Duration::from_millis(10);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((wire, peer)) => {
                back_off = Duration::from_millis(10);
                let place = sites.borrow().place(peer);
                match place {
                    Some(place) => drop(tokio::spawn(connection(wire, peer, sites.clone(), life.clone(), place))),
                    None => {
                        turn_away(&wire);
                        sites.borrow().context.metrics.connection_refused(Broken::Busy);
                    }
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

/// Takes a new certificate as soon as it is there; one that cannot be used changes nothing.
async fn look_at_certificate(sites: watch::Receiver<Arc<Site>>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(LOOK_AT_CERTIFICATE);
    let mut fault = String::new();
    let mut told = false;
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(Https::Files(tls)) = sites.borrow().tls.clone() else { continue };
        let why = match tokio::task::spawn_blocking(move || tls.refresh()).await {
            Ok(Err(error)) => error.to_string(),
            Ok(Ok(true)) => {
                tracing::warn!("the certificate has changed; the new one is shown");
                String::new()
            }
            Ok(Ok(false)) | Err(_) => String::new(),
        };
        // Seen twice, it is not just that one of the files has been written and the other not yet.
        told = told && why == fault;
        if !told && !why.is_empty() && why == fault {
            tracing::error!(why, "the new certificate cannot be used; the old one is still shown");
            told = true;
        }
        fault = why;
    }
}

async fn sweep(sites: watch::Receiver<Arc<Site>>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(SWEEP);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        sites.borrow().context.quotas.tidy();
    }
}
