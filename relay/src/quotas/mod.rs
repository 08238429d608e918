//! What clients and targets have used, and whether there is more for them.
//!
//! Quotas live behind [`Quotas`]: here they are kept by one relay for itself ([`Gauges`]); several relays may keep them
//! together elsewhere. Times are those of a clock that only goes forward, so that a change of the date changes nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use crate::config::Limits;
use crate::out::address::reached;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// One more session of this client.
    Session(IpAddr),
    /// One more look-up of this client.
    Lookup(IpAddr),
    /// A connection of this client to this target, as its day has it.
    Today(IpAddr, IpAddr),
    /// A connection to this target, whoever asks for it.
    Target(IpAddr),
}

/// What is held for as long as the use lasts, and given back when dropped.
pub(crate) type Lease = Box<dyn Send + Sync>;

/// A limit is reached; try again after so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) retry_after: u64,
}

/// An answer that may have to come from elsewhere.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The one place that knows what clients and targets have used.
pub(crate) trait Quotas: Send + Sync {
    /// Uses one of it, if there is one left.
    ///
    /// # Errors
    /// The limit is [`Reached`].
    fn take(&self, what: Use) -> Answer<'_, Result<Lease, Reached>>;

    /// So many octets of this client have gone to a target.
    fn sent(&self, client: IpAddr, octets: u64) -> Answer<'_, ()>;

    /// How many octets this client may still send today.
    fn octets_left(&self, client: IpAddr) -> Answer<'_, u64>;

    /// Forgets what has been quiet; it is called every minute.
    fn tidy(&self) {}
}

/// How many times as much as one IPv6 /64 the /48 around it may use: a /64 is a network, a /48 a site of 65,536 of them
/// (RFC 6177), and one visitor may have it.
const SITE: u32 = 4;

/// Whom a client counts as: an IPv4 address or an IPv6 /64; and where it has one, the site, an IPv6 /48.
fn parties(client: IpAddr) -> impl Iterator<Item = Party> {
    let first = |v6: Ipv6Addr, bits: u32| IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << (128 - bits))));
    let (own, site) = match client.to_canonical() {
        IpAddr::V6(v6) => (first(v6, 64), Some(first(v6, 48))),
        v4 => (v4, None),
    };
    // The smaller first: who is over its own limit takes nothing of its neighbours'.
    [Some(Party { address: own, site: false }), site.map(|address| Party { address, site: true })].into_iter().flatten()
}

/// One that uses: a client, or the site that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Party {
    address: IpAddr,
    site: bool,
}

impl Party {
    /// How many times a client's limit is its own.
    const fn share(self) -> u32 {
        if self.site { SITE } else { 1 }
    }
}

/// Connections that are still HTTP, by client. They protect this process, and are nobody else's matter.
pub(crate) struct Connections {
    open: Counts<Party>,
    per_client: usize,
}

impl Connections {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { open: Counts::default(), per_client: limits.connections_per_client }
    }

    /// One more of this client, for as long as what is returned lives.
    pub(crate) fn take(&self, client: IpAddr) -> Option<Vec<Held<Party>>> {
        self.open.take_all(client, self.per_client)
    }
}

/// Counts and rates as they stand, for one relay.
pub(crate) struct Gauges {
    clock: DefaultClock,
    sessions: PerMinute,
    lookups: PerMinute,
    targets: DefaultKeyedRateLimiter<IpAddr>,
    open_by_client: Counts<Party>,
    open_by_target: Counts<IpAddr>,
    sessions_per_client: usize,
    at_once_per_target: usize,
    sessions_today: Daily<Party>,
    octets_today: Daily<Party>,
    targets_today: Daily<(Party, IpAddr)>,
}

impl Quotas for Gauges {
    fn take(&self, what: Use) -> Answer<'_, Result<Lease, Reached>> {
        let taken = match what {
            Use::Session(client) => self.session(client).map(|held| Box::new(held) as Lease),
            Use::Lookup(client) => self.rate(&self.lookups, client).map(|()| Box::new(()) as Lease),
            Use::Today(client, target) => self.today(client, target).map(|()| Box::new(()) as Lease),
            Use::Target(target) => self.target(target).map(|held| Box::new(held) as Lease),
        };
        Box::pin(std::future::ready(taken))
    }

    fn sent(&self, client: IpAddr, octets: u64) -> Answer<'_, ()> {
        for party in parties(client) {
            self.octets_today.add(party, octets);
        }
        Box::pin(std::future::ready(()))
    }

    fn octets_left(&self, client: IpAddr) -> Answer<'_, u64> {
        let left = parties(client).map(|party| self.octets_today.left(party, party.share())).min();
        Box::pin(std::future::ready(left.unwrap_or(0)))
    }

    fn tidy(&self) {
        for table in [&self.sessions, &self.lookups] {
            table.tidy();
        }
        self.targets.retain_recent();
        self.targets.shrink_to_fit();
        self.sessions_today.forget_the_old();
        self.octets_today.forget_the_old();
        self.targets_today.forget_the_old();
    }
}

impl Gauges {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            clock: DefaultClock::default(),
            sessions: PerMinute::new(limits.sessions_per_minute, limits.sessions_burst),
            lookups: PerMinute::new(limits.lookups_per_minute, limits.lookups_per_minute),
            targets: per_minute(limits.per_minute_per_target, limits.per_minute_per_target),
            open_by_client: Counts::default(),
            open_by_target: Counts::default(),
            sessions_per_client: limits.sessions_per_client,
            at_once_per_target: limits.at_once_per_target,
            sessions_today: Daily::new(limits.sessions_per_day.map(u64::from)),
            octets_today: Daily::new(limits.octets_per_day),
            targets_today: Daily::new(limits.per_day_to_target.map(u64::from)),
        }
    }

    fn session(&self, client: IpAddr) -> Result<Vec<Held<Party>>, Reached> {
        self.rate(&self.sessions, client)?;
        for party in parties(client) {
            self.sessions_today.take(party, 1, party.share())?;
        }
        self.open_by_client.take_all(client, self.sessions_per_client).ok_or(Reached { retry_after: 30 })
    }

    /// Whether this client may connect today at all, and to this target once more.
    fn today(&self, client: IpAddr, target: IpAddr) -> Result<(), Reached> {
        for party in parties(client) {
            self.octets_today.take(party, 0, party.share())?;
            self.targets_today.take((party, reached(target)), 1, party.share())?;
        }
        Ok(())
    }

    fn target(&self, target: IpAddr) -> Result<Held<IpAddr>, Reached> {
        let target = reached(target);
        let held = self.open_by_target.take(target, self.at_once_per_target).ok_or(Reached { retry_after: 30 })?;
        self.checked(&self.targets, target)?;
        Ok(held)
    }

    fn rate(&self, table: &PerMinute, client: IpAddr) -> Result<(), Reached> {
        parties(client)
            .try_for_each(|party| self.checked(if party.site { &table.sites } else { &table.clients }, party.address))
    }

    fn checked(&self, table: &DefaultKeyedRateLimiter<IpAddr>, key: IpAddr) -> Result<(), Reached> {
        table.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Reached { retry_after: wait.as_secs() + 1 }
        })
    }
}

/// A rate for clients, and the wider one for their sites.
struct PerMinute {
    clients: DefaultKeyedRateLimiter<IpAddr>,
    sites: DefaultKeyedRateLimiter<IpAddr>,
}

impl PerMinute {
    fn new(rate: u32, burst: u32) -> Self {
        let sites = per_minute(rate.saturating_mul(SITE), burst.saturating_mul(SITE));
        Self { clients: per_minute(rate, burst), sites }
    }

    fn tidy(&self) {
        for table in [&self.clients, &self.sites] {
            table.retain_recent();
            table.shrink_to_fit();
        }
    }
}

fn per_minute(rate: u32, burst: u32) -> DefaultKeyedRateLimiter<IpAddr> {
    let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(at_least_one(rate)).allow_burst(at_least_one(burst)))
}

/// How many of each key are held; a key that nobody holds takes no room.
struct Counts<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Counts<K> {
    fn take(&self, key: K, most: usize) -> Option<Held<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key.clone()).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Held { counts: Arc::clone(&self.0), key })
    }
}

impl Counts<Party> {
    /// A place of the client, and of its site.
    fn take_all(&self, client: IpAddr, most: usize) -> Option<Vec<Held<Party>>> {
        parties(client).map(|party| self.take(party, most.saturating_mul(party.share() as usize))).collect()
    }
}

/// One place in a count; given back when dropped.
pub(crate) struct Held<K: Eq + Hash> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// How long a daily count runs from its first use.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most clients that one table of a day holds.
const KEYS_MAX: usize = 200_000;

/// The seconds after which a full table may have room again.
const SWEEP_AFTER: u64 = 60;

/// Counts of 24 hours, which begin with the first use: what is used late in one such day and early in the next may be
/// twice the limit within minutes, and never more within 24 hours. Where there is no limit, nothing is kept.
struct Daily<K> {
    most: Option<u64>,
    used: Mutex<HashMap<K, (Instant, u64)>>,
}

impl<K: Eq + Hash> Daily<K> {
    fn new(most: Option<u64>) -> Self {
        Self { most, used: Mutex::default() }
    }

    /// Uses so many, if there are as many left; nothing is only asked whether there is any left. The key's limit is `share`
    /// times a client's.
    fn take(&self, key: K, amount: u64, share: u32) -> Result<(), Reached> {
        let Some(most) = self.most(share) else { return Ok(()) };
        let now = Instant::now();
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has very many addresses must not fill the memory: those who are known go on.
        if table.len() >= KEYS_MAX && !table.contains_key(&key) {
            return Err(Reached { retry_after: SWEEP_AFTER });
        }
        let (since, used) = current(&mut table, key, now);
        if *used + amount.max(1) > most {
            return Err(Reached { retry_after: (DAY - now.duration_since(*since)).as_secs() + 1 });
        }
        *used += amount;
        Ok(())
    }

    fn add(&self, key: K, amount: u64) {
        if self.most.is_none() {
            return;
        }
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, used) = current(&mut table, key, Instant::now());
        *used = used.saturating_add(amount);
    }

    fn most(&self, share: u32) -> Option<u64> {
        Some(self.most?.saturating_mul(u64::from(share)))
    }

    fn left(&self, key: K, share: u32) -> u64 {
        let Some(most) = self.most(share) else { return u64::MAX };
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, used) = current(&mut table, key, Instant::now());
        most.saturating_sub(*used)
    }

    fn forget_the_old(&self) {
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        table.retain(|_, (since, _)| since.elapsed() < DAY);
        table.shrink_to_fit();
    }
}

/// The count of this key, begun anew where the last one is a day old.
fn current<K: Eq + Hash>(table: &mut HashMap<K, (Instant, u64)>, key: K, now: Instant) -> &mut (Instant, u64) {
    let count = table.entry(key).or_insert((now, 0));
    if now.duration_since(count.0) >= DAY {
        *count = (now, 0);
    }
    count
}

#[cfg(test)]
mod tests;
