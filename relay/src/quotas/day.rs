//! Counts of 24 hours.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Reached;

/// How long a daily count runs from its first use.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most clients that one table of a day holds.
const KEYS_MAX: usize = 200_000;

/// The seconds after which a full table may have room again.
const SWEEP_AFTER: u64 = 60;

/// Counts of 24 hours, which begin with the first use: what is used late in one such day and early in the next may be
/// twice the limit within minutes, and never more within 24 hours. Where there is no limit, nothing is kept.
pub(super) struct Daily<K> {
    most: Option<u64>,
    pub(super) used: Mutex<HashMap<K, (Instant, u64)>>,
}

impl<K: Eq + Hash> Daily<K> {
    pub(super) fn new(most: Option<u64>) -> Self {
        Self { most, used: Mutex::default() }
    }

    /// Uses so many, if there are as many left; nothing is only asked whether there is any left. The key's limit is `share`
    /// times a client's.
    pub(super) fn take(&self, key: K, amount: u64, share: u32) -> Result<(), Reached> {
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

    pub(super) fn add(&self, key: K, amount: u64) {
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

    pub(super) fn left(&self, key: K, share: u32) -> u64 {
        let Some(most) = self.most(share) else { return u64::MAX };
        let mut table = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, used) = current(&mut table, key, Instant::now());
        most.saturating_sub(*used)
    }

    pub(super) fn forget_the_old(&self) {
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
