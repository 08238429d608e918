//! What greylisting remembers between connections.

use std::sync::Arc;

use crate::time::Now;

/// Milliseconds for which a new pair of sender and recipient is put off.
pub(super) const GREYLIST_DELAY: u64 = 60_000;

/// Pairs that are remembered at most; the oldest is forgotten first.
const CAPACITY: usize = 256;

/// Which senders and recipients greylisting has met, and when first.
///
/// Hand the [`Practice::memory`](super::Practice::memory) of one connection to the next one, whose clock must be the
/// same. A clone is one counted reference. At most 256 pairs are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    seen: Arc<Vec<Seen>>,
}

/// Real greylisting adds the client's address; the practice server is not told one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    reverse_path: String,
    forward_path: String,
    first: Now,
}

impl Memory {
    /// Milliseconds that this pair must still wait: 0 when it may pass. A pair never met before is remembered.
    pub(super) fn wait(&mut self, now: Now, reverse_path: &str, forward_path: &str) -> u64 {
        let known = self.seen.iter().find(|seen| {
            seen.reverse_path.eq_ignore_ascii_case(reverse_path) && seen.forward_path.eq_ignore_ascii_case(forward_path)
        });
        if let Some(seen) = known {
            return GREYLIST_DELAY.saturating_sub(now.since(seen.first));
        }
        let seen = Arc::make_mut(&mut self.seen);
        if seen.len() == CAPACITY {
            seen.remove(0);
        }
        seen.push(Seen { reverse_path: reverse_path.into(), forward_path: forward_path.into(), first: now });
        GREYLIST_DELAY
    }
}
