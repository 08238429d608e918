//! Counts of 24 hours.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Reached;

/// How long a daily count runs from its first use.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most keys that one table of a day holds.
pub(super) const KEYS_MAX: usize = 200_000;

/// The seconds after which a full table may have room again.
const SWEEP_AFTER: u64 = 60;

/// Counts of 24 hours, which begin with the first use: what is used late in one such day and early in the next may be
/// twice the limit within minutes, and never more within 24 hours. Where there is no limit, nothing is kept.
pub(super) struct Daily<K> {
    most: Option<u64>,
    pub(super) used: Mutex<HashMap<K, (Instant, u64)>>,
}

impl<K: Eq + Hash + Clone> Daily<K> {
    pub(super) fn new(most: Option<u64>) -> Self {
        Self { most, used: Mutex::default() }
    }

    /// Uses so many of each key, if each has as many left, and else of none; with nothing it is only asked whether there is any
    /// left. A key's limit is so many times a client's. Who is `known` by a token goes on where the table is full.
    pub(super) fn take(&self, keys: &[(K, u32)], amount: u64, known: bool) -> Result<(), Reached> {
        let Some(most) = self.most else { return Ok(()) };
        let now = Instant::now();
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, share) in keys {
            match table.get(key).filter(|(since, _)| now.duration_since(*since) < DAY) {
                Some((since, used)) if used + amount.max(1) > most.saturating_mul((*share).into()) => {
                    return Err(Reached { retry_after: (DAY - now.duration_since(*since)).as_secs() + 1 });
                }
                // Whoever has very many addresses must not fill the memory: those who are counted go on.
                None if !known && table.len() >= KEYS_MAX && !table.contains_key(key) => {
                    return Err(Reached { retry_after: SWEEP_AFTER });
                }
                Some(_) | None => {}
            }
        }
        if amount > 0 {
            keys.iter().for_each(|(key, _)| count(&mut table, key, amount, now));
        }
        Ok(())
    }

    /// So many have been used of each key.
    pub(super) fn add(&self, keys: impl Iterator<Item = K>, amount: u64) {
        if self.most.is_none() || amount == 0 {
            return;
        }
        let now = Instant::now();
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        keys.for_each(|key| count(&mut table, &key, amount, now));
    }

    /// How many are left of this key, whose limit is so many times a client's.
    pub(super) fn left(&self, key: &K, share: u32) -> u64 {
        let Some(most) = self.most else { return u64::MAX };
        let table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = table.get(key).filter(|(since, _)| since.elapsed() < DAY).map_or(0, |(_, used)| *used);
        most.saturating_mul(share.into()).saturating_sub(used)
    }

    pub(super) fn forget_the_old(&self) {
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        table.retain(|_, (since, _)| since.elapsed() < DAY);
        table.shrink_to_fit();
    }
}

/// Counts so many of this key, in a day that begins anew where the last one is over; not where the table is full.
fn count<K: Eq + Hash + Clone>(table: &mut HashMap<K, (Instant, u64)>, key: &K, amount: u64, now: Instant) {
    if table.len() >= KEYS_MAX && !table.contains_key(key) {
        return;
    }
    let count = table.entry(key.clone()).or_insert((now, 0));
    if now.duration_since(count.0) >= DAY {
        *count = (now, 0);
    }
    count.1 = count.1.saturating_add(amount);
}
