//! Counts by word for the operator's page: since the start, and in the last hour.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// How many minutes the last hour has.
const HOUR: u64 = 60;

/// Counts of some words, which are fixed, so that there are few.
#[derive(Debug)]
pub(crate) struct Tally {
    start: Instant,
    words: Mutex<BTreeMap<&'static str, Word>>,
}

#[derive(Debug, Default)]
struct Word {
    total: u64,
    /// Minutes since the start, each with its count; only those of the last hour.
    minutes: VecDeque<(u64, u64)>,
}

/// One word's counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) word: &'static str,
    pub(crate) last_hour: u64,
    pub(crate) total: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { start: Instant::now(), words: Mutex::default() }
    }
}

impl Tally {
    /// Counts one more.
    pub(crate) fn count(&self, word: &'static str) {
        let now = self.minute();
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let word = words.entry(word).or_default();
        word.total += 1;
        match word.minutes.back_mut() {
            Some((minute, count)) if *minute == now => *count += 1,
            _ => word.minutes.push_back((now, 1)),
        }
        word.forget(now);
    }

    /// All words that have been counted, the most frequent first.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let now = self.minute();
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |(&name, word): (&&'static str, &mut Word)| {
            word.forget(now);
            let last_hour = word.minutes.iter().map(|(_, count)| count).sum();
            Count { word: name, last_hour, total: word.total }
        };
        let mut counts: Vec<_> = words.iter_mut().map(count).collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.total));
        counts
    }

    fn minute(&self) -> u64 {
        self.start.elapsed().as_secs() / 60
    }
}

impl Word {
    fn forget(&mut self, now: u64) {
        while self.minutes.front().is_some_and(|(minute, _)| minute + HOUR <= now) {
            self.minutes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_an_hour_counts_in_the_total_alone() {
        let tally = Tally::default();
        tally.count("reset");
        for _ in 0..3 {
            advance(Duration::from_secs(30 * 60)).await;
            tally.count("done");
        }
        let done = Count { word: "done", last_hour: 2, total: 3 };
        assert_eq!(tally.counts(), [done, Count { word: "reset", last_hour: 0, total: 1 }]);
        let words = tally.words.lock().unwrap();
        assert!(words.values().all(|word| word.minutes.len() <= 2), "{words:?}");
    }
}
