//! What happened in a conversation, and what follows from it.

pub mod entries;
pub mod event;
pub mod play;
pub mod talk;
pub mod transaction;

pub use entries::{ENTRIES_MAX, Entry, OCTETS_MAX, Piece, Side, Transcript, masked};
