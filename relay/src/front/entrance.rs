//! The way in, as one configuration has it: how many may come, which proxies are believed, what TLS is served with.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{Config, Limits};
use crate::dns::servers::Servers;
use crate::front::forwarded::Proxies;
use crate::front::https::Https;
use crate::front::listen::Peer;
use crate::front::warnings::Warnings;
use crate::quotas::{Connections, Held, Party};
use crate::start_error::StartError;
use crate::watch::metrics::Metrics;

/// What all connections share until they speak HTTP.
pub(crate) struct Entrance {
    pub(crate) proxies: Proxies,
    /// Whether each connection begins with a PROXY header.
    pub(crate) proxy_protocol: bool,
    pub(crate) https: Option<Https>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) warnings: Arc<Warnings>,
    connections: Arc<Semaphore>,
    connections_by_client: Arc<Connections>,
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").field("https", &self.https).finish_non_exhaustive()
    }
}

/// What a connection holds for as long as it is HTTP.
pub(crate) struct Place {
    _all: OwnedSemaphorePermit,
    own: Vec<Held<Party>>,
}

impl Entrance {
    /// From a configuration; counts go on from the one `before` where the limits are the same.
    ///
    /// # Errors
    /// What HTTPS needs cannot be used.
    pub(crate) fn new(config: &Config, servers: &Servers, before: Option<&Self>) -> Result<Self, StartError> {
        let limits = config.limits.clone();
        let https = Https::of(config, servers, before.and_then(|before| before.https.as_ref()))?;
        let metrics = before.map(|before| Arc::clone(&before.metrics)).unwrap_or_default();
        let warnings = before.map(|before| Arc::clone(&before.warnings)).unwrap_or_default();
        let (connections, connections_by_client) = match before.filter(|before| before.limits == limits) {
            Some(before) => (Arc::clone(&before.connections), Arc::clone(&before.connections_by_client)),
            None => (Arc::new(Semaphore::new(limits.connections)), Arc::new(Connections::new(&limits))),
        };
        let (proxies, proxy_protocol) = (Proxies::of(config), config.proxy_protocol);
        Ok(Self { proxies, proxy_protocol, https, limits, metrics, warnings, connections, connections_by_client })
    }

    /// A place for one more connection, if there is one: in all, and of this client.
    pub(crate) fn place(&self, peer: Peer) -> Option<Place> {
        let all = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let mut place = Place { _all: all, own: Vec::new() };
        if !peer.local {
            self.count(&mut place, peer.address.ip())?;
        }
        Some(place)
    }

    /// Counts the place as this client's, unless that is a proxy; none where the client has too many.
    pub(crate) fn count(&self, place: &mut Place, client: IpAddr) -> Option<()> {
        place.own = match self.proxies.trusts(client) {
            true => Vec::new(),
            false => self.connections_by_client.take(client)?,
        };
        Some(())
    }

    /// Whether there is a certificate, where one is needed.
    pub(crate) fn may_shake_hands(&self) -> bool {
        match &self.https {
            Some(Https::Acme(acme)) => acme.facts().is_some(),
            Some(Https::Files(_)) | None => true,
        }
    }

    /// When the certificate ends that is shown, if there is one.
    pub(crate) fn certificate_ends(&self) -> Option<SystemTime> {
        Some(self.https.as_ref()?.facts()?.not_after)
    }

    /// How many connections are still HTTP.
    pub(crate) fn connections_open(&self) -> usize {
        self.limits.connections.saturating_sub(self.connections.available_permits())
    }
}
