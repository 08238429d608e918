//! The well-known words of servers, which come as a file of their own when a server first refuses something.

use std::cell::Cell;

use ehlo_core::explain::Phrases;

thread_local! {
    static KNOWN: Cell<Phrases> = const { Cell::new(Phrases::NONE) };
}

/// What has been learnt so far.
pub(crate) fn known() -> Phrases {
    KNOWN.get()
}

/// Reads the file, once; what is no such file leaves all as it was.
pub(crate) fn learn(text: &str) -> Phrases {
    if known().is_none()
        && let Some(phrases) = Phrases::learn(text)
    {
        KNOWN.set(phrases);
    }
    known()
}
