//! What all sessions of one relay share.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::config::{Config, Limits, Prefer, Profile, Token};
use crate::dns::lookup::Dns;
use crate::dns::mta_sts::MtaSts;
use crate::dns::servers::Servers;
use crate::out::outbound::Outbound;
use crate::out::resolve::Resolver;
use crate::out::target::Policy;
use crate::practice::{PracticeTarget, named};
use crate::quotas::{Gauges, Quotas};
use crate::start_error::StartError;
use crate::watch::metrics::Metrics;

/// What all sessions of one relay share.
pub(crate) struct Context {
    /// The hash of the page that this relay serves, if it serves one.
    pub(crate) page_hash: Option<&'static str>,
    pub(crate) profile: Profile,
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
    pub(crate) quotas: Arc<dyn Quotas>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) resolver: Resolver,
    pub(crate) dns: Dns,
    pub(crate) mta_sts: MtaSts,
    pub(crate) names: Names,
    /// The way out.
    pub(crate) outbound: Outbound,
    pub(crate) prefer: Prefer,
    pub(crate) tokens: Vec<Token>,
}

impl Context {
    /// From a configuration; counts go on from the context `before` where the limits are the same.
    ///
    /// # Errors
    /// The DNS cannot be set up.
    pub(crate) fn new(
        config: &Config,
        own: &[SocketAddr],
        practice: &[PracticeTarget],
        servers: &Servers,
        metrics: Arc<Metrics>,
        page_hash: Option<&'static str>,
        before: Option<&Self>,
    ) -> Result<Self, StartError> {
        let dns_error = |error: hickory_resolver::net::NetError| StartError::Dns(error.to_string());
        let limits = config.limits.clone();
        let quotas: Arc<dyn Quotas> = match before.filter(|before| before.limits == limits) {
            Some(before) => Arc::clone(&before.quotas),
            None => Arc::new(Gauges::new(&limits)),
        };
        let search = config.profile.uses_search_domains();
        Ok(Self {
            page_hash,
            profile: config.profile,
            policy: Policy::of(config, own, named(practice)),
            quotas,
            metrics,
            resolver: Resolver::new(servers, search, limits.resolve).map_err(dns_error)?,
            dns: Dns::new(servers, limits.resolve).map_err(dns_error)?,
            mta_sts: MtaSts::new().map_err(StartError::Dns)?,
            names: Names::new(),
            outbound: Outbound::of(config),
            prefer: config.prefer,
            tokens: config.tokens.clone(),
            limits,
        })
    }
}

/// Gives each session a name that finds its log line.
pub(crate) struct Names {
    relay: u32,
    next: AtomicU64,
}

impl Names {
    pub(crate) fn new() -> Self {
        // The hasher's seed is random for each start of the relay.
        let seed = RandomState::new().hash_one("relay");
        Self { relay: (seed >> 32) as u32, next: AtomicU64::new(1) }
    }

    pub(super) fn next(&self) -> String {
        format!("{:08x}-{}", self.relay, self.next.fetch_add(1, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sessions_have_the_same_name() {
        let names = Names::new();
        assert_ne!(names.next(), names.next());
    }
}
