//! Warnings about whoever comes: one line of the log for each client, kind and minute, and how many were left out.
//!
//! Without that, one connection could fill a disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::quotas::Party;

/// How long a line speaks for those that follow it.
const EVERY: Duration = Duration::from_secs(60);

/// The most clients and kinds that are told apart; whoever comes beyond them shares one line for each kind.
const KEYS_MAX: usize = 1_000;

/// What is warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Warning {
    /// The `Host` is none of the relay's names.
    Host,
    /// The `Origin` is none that may use the tunnel.
    Origin,
    /// There are as many sessions as there may be.
    Busy,
    /// A connection did not begin as it should.
    Begin,
}

impl Warning {
    const fn words(self) -> &'static str {
        match self {
            Self::Host => "a request for another host was refused; see public_names",
            Self::Origin => "a page of another origin was refused; see allow_origins",
            Self::Busy => "too many sessions; see limits.sessions",
            Self::Begin => "a connection was refused",
        }
    }
}

/// What a line stands for: a kind, and a client, or all that are not told apart.
type Key = (Warning, Option<Party>);

/// What has been written, and what was left out since.
#[derive(Default)]
pub(crate) struct Warnings {
    lines: Mutex<HashMap<Key, (Instant, u64)>>,
}

impl Warnings {
    /// Writes a line, unless there is one that stands for it.
    pub(crate) fn warn(&self, what: Warning, client: IpAddr, why: &str) {
        if self.is_new(what, client) {
            tracing::warn!(%client, why, "{}", what.words());
        }
    }

    fn is_new(&self, what: Warning, client: IpAddr) -> bool {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let own = (what, Some(Party::of(client)));
        let key = if lines.len() < KEYS_MAX || lines.contains_key(&own) { own } else { (what, None) };
        let mut new = false;
        let line = lines.entry(key).or_insert_with(|| {
            new = true;
            (Instant::now(), 0)
        });
        line.1 += u64::from(!new);
        new
    }

    /// Says how many were left out; it is called every minute.
    pub(crate) fn tidy(&self) {
        for ((what, client), left_out) in self.over() {
            let client = client.map_or_else(|| "others".to_owned(), |client| client.to_string());
            tracing::warn!(client, left_out, "{}, more of them", what.words());
        }
    }

    /// The lines whose time is over and that stood for others, and for how many.
    fn over(&self) -> Vec<(Key, u64)> {
        let mut over = Vec::new();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|key, (since, left_out)| {
            let stays = since.elapsed() < EVERY;
            if !stays && *left_out > 0 {
                over.push((*key, *left_out));
            }
            stays
        });
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_client_and_kind_has_a_line_a_minute_and_what_was_left_out_is_counted() {
        let warnings = Warnings::default();
        let ip = |n: u32| IpAddr::V4(n.into());
        assert!(warnings.is_new(Warning::Host, ip(1)));
        for _ in 0..72_000 {
            assert!(!warnings.is_new(Warning::Host, ip(1)));
        }
        assert!(warnings.is_new(Warning::Origin, ip(1)) && warnings.is_new(Warning::Host, ip(2)));
        assert!(warnings.over().is_empty());
        tokio::time::advance(EVERY).await;
        assert_eq!(warnings.over(), [((Warning::Host, Some(Party::of(ip(1)))), 72_000)]);
        assert!(warnings.is_new(Warning::Host, ip(1)), "a new minute");
    }

    #[tokio::test(start_paused = true)]
    async fn very_many_clients_have_a_bounded_number_of_lines() {
        let warnings = Warnings::default();
        let lines = (0..100_000_u32).filter(|n| warnings.is_new(Warning::Host, IpAddr::V4((*n).into()))).count();
        assert_eq!(lines, KEYS_MAX + 1);
        tokio::time::advance(EVERY).await;
        assert_eq!(warnings.over(), [((Warning::Host, None), 100_000 - KEYS_MAX as u64 - 1)]);
        assert!(warnings.lines.lock().unwrap().is_empty());
    }
}
