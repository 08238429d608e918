//! Counts and rates of one relay, kept by itself.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::counts::{Counts, Held};
use super::day::Daily;
use super::party::{Party, SEVERAL, parties};
use super::{Answer, Lease, Quotas, Reached, Use, Who};
use crate::config::Limits;
use crate::out::address::reached;

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
    pub(super) sessions_today: Daily<Party>,
    pub(super) octets_today: Daily<Party>,
    targets_today: Daily<(Party, IpAddr)>,
}

impl Quotas for Gauges {
    fn take(&self, what: Use) -> Answer<'_, Result<Lease, Reached>> {
        let taken = match what {
            Use::Session(client) => self.session(client).map(|held| Box::new(held) as Lease),
            Use::Conversation(who) => self.conversation(who).map(|()| Box::new(()) as Lease),
            Use::Lookup(client) => self.rate(&self.lookups, client).map(|()| Box::new(()) as Lease),
            Use::Today(who, target) => self.today(who, target).map(|()| Box::new(()) as Lease),
            Use::Target(target) => self.target(target).map(|held| Box::new(held) as Lease),
        };
        Box::pin(std::future::ready(taken))
    }

    fn sent(&self, who: Who, octets: u64) -> Answer<'_, ()> {
        self.octets_today.add(who.parties(), octets);
        Box::pin(std::future::ready(()))
    }

    fn octets_left(&self, who: Who) -> Answer<'_, u64> {
        let left = who.parties().map(|party| self.octets_today.left(&party, party.share())).min();
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
        self.open_by_client.take_all(client, self.sessions_per_client).ok_or(Reached { retry_after: 30 })
    }

    fn conversation(&self, who: Who) -> Result<(), Reached> {
        self.sessions_today.take(&keys(who, |party| party), 1, who.token.is_some())
    }

    /// Whether they may connect today at all, and to this target once more.
    fn today(&self, who: Who, target: IpAddr) -> Result<(), Reached> {
        let target = reached(target);
        self.octets_today.take(&keys(who, |party| party), 0, who.token.is_some())?;
        self.targets_today.take(&keys(who, |party| (party, target)), 1, who.token.is_some())
    }

    fn target(&self, target: IpAddr) -> Result<Held<IpAddr>, Reached> {
        let target = reached(target);
        let held = self.open_by_target.take(target, self.at_once_per_target).ok_or(Reached { retry_after: 30 })?;
        self.checked(&self.targets, target)?;
        Ok(held)
    }

    fn rate(&self, table: &PerMinute, client: IpAddr) -> Result<(), Reached> {
        parties(client).try_for_each(|party| match party {
            Party::Client(address) => self.checked(&table.clients, address),
            Party::Site(address) => self.checked(&table.sites, address),
            Party::Token(_) => Ok(()),
        })
    }

    fn checked(&self, table: &DefaultKeyedRateLimiter<IpAddr>, key: IpAddr) -> Result<(), Reached> {
        table.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Reached { retry_after: wait.as_secs() + 1 }
        })
    }
}

/// Whom somebody counts as, each as a key of a table, and how many times a client's limit is theirs.
fn keys<K>(who: Who, key: impl Fn(Party) -> K) -> Vec<(K, u32)> {
    who.parties().map(|party| (key(party), party.share())).collect()
}

/// A rate for clients, and the wider one for their sites.
struct PerMinute {
    clients: DefaultKeyedRateLimiter<IpAddr>,
    sites: DefaultKeyedRateLimiter<IpAddr>,
}

impl PerMinute {
    fn new(rate: u32, burst: u32) -> Self {
        let sites = per_minute(rate.saturating_mul(SEVERAL), burst.saturating_mul(SEVERAL));
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
