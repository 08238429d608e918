//! What can go wrong in a driver, beside what the conversation itself tells.

use std::fmt;

use ehlo_core::setup::Mistake;

/// Why a step could not be done.
#[derive(Debug)]
pub enum Error {
    /// The caller asked for something that makes no sense now; the conversation goes on.
    Mistake(Mistake),
    /// The operating system gave no random numbers.
    NoRandomness(getrandom::Error),
    /// The relay's address cannot be used, or nobody answers there.
    Relay(tokio_tungstenite::tungstenite::Error),
    /// Everything has ended, and what was waited for has not happened.
    Over,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistake(mistake) => mistake.fmt(f),
            Self::NoRandomness(_) => f.write_str("the operating system gives no random numbers"),
            Self::Relay(_) => f.write_str("the relay cannot be reached"),
            Self::Over => f.write_str("the conversation has ended without what was waited for"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Mistake(_) | Self::Over => None,
            Self::NoRandomness(error) => Some(error),
            Self::Relay(error) => Some(error),
        }
    }
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}
