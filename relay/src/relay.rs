//! The relay as a whole: it is started, takes another configuration, and is stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ehlo_core::tunnel::PATH;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::interval;

use crate::accept::accept;
use crate::config::{Config, default_listen};
use crate::front::entrance::Entrance;
use crate::front::listen::{self, Listener};
use crate::front::renewal;
use crate::http::assets::Assets;
use crate::http::site::Site;
use crate::life::{Life, Reins, stopped};
use crate::practice::{self, PracticeTarget};
use crate::start_error::StartError;
use crate::watch::operator;
use crate::watch::status::LastReload;

/// How often the tables of rates are swept.
const SWEEP: Duration = Duration::from_secs(60);

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
    /// The same, for what keeps the certificate.
    entrance: watch::Sender<Arc<Entrance>>,
    reins: Reins,
    reload: LastReload,
}

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
        let (life, reins) = Life::new();
        let practice = match config.practice {
            true => practice::start(&life.stop).await.map_err(StartError::Practice)?,
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
        let first = Site::new(&config, page, &addresses, &practice, None)?;
        let (entrance, entrances) = watch::channel(Arc::clone(&first.entrance));
        let (site, sites) = watch::channel(Arc::new(first));
        let reload = LastReload::default();
        if let Some((listener, address)) = watching {
            let (sites, drain) = (sites.clone(), life.drain.clone());
            let watched = operator::Watched {
                sites,
                open: life.sessions(),
                drain,
                stop: life.stop.clone(),
                started: SystemTime::now(),
                reload: reload.clone(),
                at_home: address.ip().to_canonical().is_loopback(),
            };
            tracing::info!(%address, "metrics are at /metrics, and a page for the operator at /");
            tokio::spawn(operator::serve(listener, watched));
        }
        for listener in listeners {
            tokio::spawn(accept(listener, sites.clone(), life.clone()));
        }
        tokio::spawn(renewal::keep_ordered(entrances.clone(), life.stop.clone()));
        tokio::spawn(renewal::look_at_files(entrances, life.stop.clone()));
        tokio::spawn(sweep(sites, life.stop));
        Ok(Running { addresses, metrics, url, practice, started: config, site, entrance, reins, reload })
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
        let site = Site::new(config, old.page, &self.addresses, &self.practice, Some(&old))?;
        self.entrance.send_replace(Arc::clone(&site.entrance));
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
    pub async fn stop(self) {
        let grace = self.site.borrow().context.limits.grace;
        self.reins.stop(grace).await;
    }
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

async fn sweep(sites: watch::Receiver<Arc<Site>>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(SWEEP);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let site = Arc::clone(&sites.borrow());
        site.context.quotas.tidy();
        site.entrance.warnings.tidy();
    }
}
