//! Every number and time that bounds what one session, one client and all together may take.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use crate::address::reached;
use crate::config::Profile;

/// The bounds of a relay; [`Limits::default`] is the personal profile's.
///
/// Rates there are wide, since the only client is the person at this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time for the head of an HTTP request.
    pub http_head: Duration,
    /// The time from the upgrade to the page's first message.
    pub first_message: Duration,
    /// The time for the DNS to answer.
    pub resolve: Duration,
    /// The time to connect to one address.
    pub connect_each: Duration,
    /// The time to connect to any of them.
    pub connect_all: Duration,
    /// The most addresses of one name that are tried.
    pub connect_addresses: usize,
    /// The most that a connection that stands waits for the name of the relay's own address.
    pub local_name: Duration,
    /// The time without a byte either way; RFC 5321 §4.5.3.2.6 gives the final dot 10 minutes.
    pub idle: Duration,
    /// The time without a byte once the target has closed its side.
    pub half_closed: Duration,
    /// The time between two look-ups on one WebSocket.
    pub next_lookup: Duration,
    /// The age at which a session ends.
    pub lifetime: Duration,
    /// The time between two pings to the page.
    pub ping: Duration,
    /// So many pings may go unanswered.
    pub pings_unanswered: u32,
    /// The octets from page to target.
    pub sent: u64,
    /// The octets from target to page.
    pub received: u64,
    /// Connections that are still HTTP, all together.
    pub connections: usize,
    /// Connections that are still HTTP, of one client; a trusted proxy is none.
    pub connections_per_client: usize,
    /// The time that a connection may be HTTP: whoever does not read must not hold its place for ever.
    pub http: Duration,
    /// Sessions, all together.
    pub sessions: usize,
    /// Sessions at once of one client: an IPv4 address or an IPv6 /64.
    pub sessions_per_client: usize,
    /// Sessions a minute of one client.
    pub sessions_per_minute: u32,
    /// Sessions of one client that may come in a row.
    pub sessions_burst: u32,
    /// Look-ups a minute of one client.
    pub lookups_per_minute: u32,
    /// Connections at once to one target address.
    pub at_once_per_target: usize,
    /// Connections a minute to one target address.
    pub per_minute_per_target: u32,
    /// Sessions of one client in 24 hours.
    pub sessions_per_day: Option<u32>,
    /// Octets to targets of one client in 24 hours.
    pub octets_per_day: Option<u64>,
    /// Connections of one client to one target address in 24 hours.
    pub per_day_to_target: Option<u32>,
    /// The time that sessions have to end by themselves when the relay is stopped.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const fn minutes(n: u64) -> Duration {
            Duration::from_secs(60 * n)
        }
        Self {
            http_head: Duration::from_secs(10),
            first_message: Duration::from_secs(10),
            resolve: Duration::from_secs(5),
            connect_each: Duration::from_secs(10),
            connect_all: Duration::from_secs(30),
            connect_addresses: 4,
            local_name: Duration::from_millis(500),
            idle: minutes(11),
            half_closed: Duration::from_secs(30),
            next_lookup: minutes(1),
            lifetime: minutes(60),
            ping: Duration::from_secs(25),
            pings_unanswered: 2,
            sent: 64 << 20,
            received: 64 << 20,
            connections: 256,
            connections_per_client: 256,
            http: minutes(2),
            sessions: 1000,
            sessions_per_client: 200,
            sessions_per_minute: 600,
            sessions_burst: 300,
            lookups_per_minute: 600,
            at_once_per_target: 16,
            per_minute_per_target: 600,
            sessions_per_day: None,
            octets_per_day: None,
            per_day_to_target: None,
            grace: Duration::from_secs(1),
        }
    }
}

impl Limits {
    /// The bounds of a profile: where others than the person at this machine come, a client has few sessions, since a
    /// person who tests needs few, and a scanner or a spammer many.
    pub fn of(profile: Profile) -> Self {
        let others = Self {
            received: 4 << 20,
            connections_per_client: 32,
            sessions_per_client: 8,
            sessions_per_minute: 30,
            sessions_burst: 10,
            lookups_per_minute: 60,
            per_minute_per_target: 60,
            grace: Duration::from_secs(30),
            ..Self::default()
        };
        match profile {
            Profile::Personal => Self::default(),
            Profile::Intranet => others,
            Profile::Public => Self {
                sent: 1 << 20,
                sessions_per_day: Some(100),
                octets_per_day: Some(16 << 20),
                per_day_to_target: Some(20),
                ..others
            },
        }
    }
}

/// Counts and rates as they stand, for one relay.
pub(crate) struct Gauges {
    clock: DefaultClock,
    sessions: DefaultKeyedRateLimiter<IpAddr>,
    lookups: DefaultKeyedRateLimiter<IpAddr>,
    targets: DefaultKeyedRateLimiter<IpAddr>,
    connections: Counts<IpAddr>,
    connections_per_client: usize,
    open_by_client: Counts<IpAddr>,
    open_by_target: Counts<IpAddr>,
    sessions_per_client: usize,
    at_once_per_target: usize,
    sessions_today: Daily<IpAddr>,
    octets_today: Daily<IpAddr>,
    targets_today: Daily<(IpAddr, IpAddr)>,
}

/// A limit is reached; try again after so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) retry_after: u64,
}

impl Gauges {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            clock: DefaultClock::default(),
            sessions: per_minute(limits.sessions_per_minute, limits.sessions_burst),
            lookups: per_minute(limits.lookups_per_minute, limits.lookups_per_minute),
            targets: per_minute(limits.per_minute_per_target, limits.per_minute_per_target),
            connections: Counts::default(),
            connections_per_client: limits.connections_per_client,
            open_by_client: Counts::default(),
            open_by_target: Counts::default(),
            sessions_per_client: limits.sessions_per_client,
            at_once_per_target: limits.at_once_per_target,
            sessions_today: Daily::new(limits.sessions_per_day.map(u64::from)),
            octets_today: Daily::new(limits.octets_per_day),
            targets_today: Daily::new(limits.per_day_to_target.map(u64::from)),
        }
    }

    /// One more connection of this client that is still HTTP, for as long as the [`Held`] lives.
    pub(crate) fn connection(&self, client: IpAddr) -> Option<Held<IpAddr>> {
        self.connections.take(network(client), self.connections_per_client)
    }

    /// One more session of this client, for as long as the [`Held`] lives.
    pub(crate) fn session(&self, client: IpAddr) -> Result<Held<IpAddr>, Reached> {
        let client = network(client);
        self.rate(&self.sessions, client)?;
        self.sessions_today.take(client, 1)?;
        self.open_by_client.take(client, self.sessions_per_client).ok_or(Reached { retry_after: 30 })
    }

    /// One more look-up of this client.
    pub(crate) fn lookup(&self, client: IpAddr) -> Result<(), Reached> {
        self.rate(&self.lookups, network(client))
    }

    /// Whether this client may connect today at all, and to this target once more.
    pub(crate) fn today(&self, client: IpAddr, target: IpAddr) -> Result<(), Reached> {
        let client = network(client);
        self.octets_today.take(client, 0)?;
        self.targets_today.take((client, reached(target)), 1)
    }

    /// So many octets of this client have gone to a target.
    pub(crate) fn sent(&self, client: IpAddr, octets: u64) {
        self.octets_today.add(network(client), octets);
    }

    /// How many octets this client may still send today.
    pub(crate) fn octets_left(&self, client: IpAddr) -> u64 {
        self.octets_today.left(network(client))
    }

    /// One more connection to this target, for as long as the [`Held`] lives.
    pub(crate) fn target(&self, target: IpAddr) -> Result<Held<IpAddr>, Reached> {
        let target = reached(target);
        let held = self.open_by_target.take(target, self.at_once_per_target).ok_or(Reached { retry_after: 30 })?;
        self.rate(&self.targets, target)?;
        Ok(held)
    }

    /// Forgets clients and targets that have been quiet, so that the tables stay small.
    pub(crate) fn forget_the_quiet(&self) {
        for table in [&self.sessions, &self.lookups, &self.targets] {
            table.retain_recent();
            table.shrink_to_fit();
        }
        self.sessions_today.forget_the_old();
        self.octets_today.forget_the_old();
        self.targets_today.forget_the_old();
    }

    fn rate(&self, table: &DefaultKeyedRateLimiter<IpAddr>, key: IpAddr) -> Result<(), Reached> {
        table.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Reached { retry_after: wait.as_secs() + 1 }
        })
    }
}

fn per_minute(rate: u32, burst: u32) -> DefaultKeyedRateLimiter<IpAddr> {
    let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(at_least_one(rate)).allow_burst(at_least_one(burst)))
}

/// Whom a client counts as: an IPv4 address, or an IPv6 /64, since one household has all of it.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 => v4,
    }
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

/// Counts of 24 hours. Where there is no limit, nothing is kept.
struct Daily<K> {
    most: Option<u64>,
    used: Mutex<HashMap<K, (Instant, u64)>>,
}

impl<K: Eq + Hash> Daily<K> {
    fn new(most: Option<u64>) -> Self {
        Self { most, used: Mutex::default() }
    }

    /// Uses so many, if there are as many left; nothing is only asked whether there is any left.
    fn take(&self, key: K, amount: u64) -> Result<(), Reached> {
        let Some(most) = self.most else { return Ok(()) };
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

    fn left(&self, key: K) -> u64 {
        let Some(most) = self.most else { return u64::MAX };
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
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ipv6_clients_count_by_their_64_bit_network() {
        assert_eq!(network(ip("2001:db8::1")), network(ip("2001:db8::ffff:2")));
        assert_ne!(network(ip("2001:db8::1")), network(ip("2001:db8:0:1::1")));
        assert_eq!(network(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }

    #[test]
    fn a_count_is_given_back_and_leaves_no_trace() {
        let counts = Counts::default();
        let one = counts.take(1, 2).unwrap();
        let two = counts.take(1, 2).unwrap();
        assert!(counts.take(1, 2).is_none());
        assert!(counts.take(2, 2).is_some());
        drop(one);
        assert!(counts.take(1, 2).is_some());
        drop(two);
        assert!(counts.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_client_over_its_rate_is_told_when_to_come_again() {
        let limits = Limits { sessions_per_minute: 2, sessions_burst: 2, ..Limits::default() };
        let gauges = Gauges::new(&limits);
        assert!(gauges.session(ip("192.0.2.1")).is_ok());
        assert!(gauges.session(ip("192.0.2.1")).is_ok());
        let reached = gauges.session(ip("192.0.2.1")).err().unwrap();
        assert!((1..=31).contains(&reached.retry_after), "{reached:?}");
        assert!(gauges.session(ip("192.0.2.2")).is_ok());
    }

    #[test]
    fn one_target_address_is_reached_so_often_at_once_in_every_spelling() {
        let limits = Limits { at_once_per_target: 1, ..Limits::default() };
        let gauges = Gauges::new(&limits);
        let held = gauges.target(ip("192.0.2.1")).ok().unwrap();
        assert!(gauges.target(ip("::ffff:192.0.2.1")).is_err());
        assert!(gauges.target(ip("64:ff9b::c000:201")).is_err());
        drop(held);
        assert!(gauges.target(ip("192.0.2.1")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_of_a_public_relay_has_a_day_of_sessions_octets_and_targets() {
        let limits = Limits {
            sessions_per_day: Some(2),
            octets_per_day: Some(10),
            per_day_to_target: Some(1),
            ..Limits::default()
        };
        let gauges = Gauges::new(&limits);
        let (client, target) = (ip("192.0.2.1"), ip("198.51.100.1"));
        assert!(gauges.session(client).is_ok() && gauges.session(client).is_ok());
        let reached = gauges.session(client).err().unwrap();
        assert_eq!(reached.retry_after, 24 * 60 * 60 + 1);
        assert!(gauges.session(ip("192.0.2.2")).is_ok());
        assert_eq!(gauges.today(client, target), Ok(()));
        assert!(gauges.today(client, ip("::ffff:198.51.100.1")).is_err());
        assert_eq!(gauges.octets_left(client), 10);
        gauges.sent(client, 11);
        assert_eq!(gauges.octets_left(client), 0);
        assert!(gauges.today(client, ip("198.51.100.2")).is_err());
        tokio::time::advance(DAY).await;
        assert!(gauges.session(client).is_ok());
        assert_eq!(gauges.today(client, target), Ok(()));
        tokio::time::advance(DAY).await;
        gauges.forget_the_quiet();
        assert!(gauges.sessions_today.used.lock().unwrap().is_empty());
    }
}
