//! What clients and targets have used, and whether there is more for them.
//!
//! Quotas live behind [`Quotas`]: here they are kept by one relay for itself ([`Gauges`]); several relays may keep them
//! together elsewhere. Times are those of a clock that only goes forward, so that a change of the date changes nothing.
//! It does not know what a place is used for.

mod counts;
mod day;
mod gauges;
mod party;

use std::net::IpAddr;
use std::pin::Pin;

pub(crate) use counts::{Connections, Held};
pub(crate) use gauges::Gauges;
pub(crate) use party::{Party, TokenId, Who};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// One more session of this client, whatever it will ask for.
    Session(IpAddr),
    /// One more conversation, by somebody who may have one: it counts for the day.
    Conversation(Who),
    /// One more look-up of this client.
    Lookup(IpAddr),
    /// A connection of theirs to this target, as their day has it.
    Today(Who, IpAddr),
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

    /// So many octets of theirs have gone to a target.
    fn sent(&self, who: Who, octets: u64) -> Answer<'_, ()>;

    /// How many octets they may still send today.
    fn octets_left(&self, who: Who) -> Answer<'_, u64>;

    /// Forgets what has been quiet; it is called every minute.
    fn tidy(&self) {}
}

#[cfg(test)]
mod tests;
