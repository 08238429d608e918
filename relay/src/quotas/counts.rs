//! What is held at once: sessions, and connections that are still HTTP.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::party::{Party, parties};
use crate::config::Limits;

/// Connections that are still HTTP, by client. They protect this process, and are nobody else's matter.
pub(crate) struct Connections {
    pub(super) open: Counts<Party>,
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

/// How many of each key are held; a key that nobody holds takes no room.
pub(super) struct Counts<K>(pub(super) Arc<Mutex<HashMap<K, usize>>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Counts<K> {
    pub(super) fn take(&self, key: K, most: usize) -> Option<Held<K>> {
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
    pub(super) fn take_all(&self, client: IpAddr, most: usize) -> Option<Vec<Held<Party>>> {
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
