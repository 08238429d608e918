//! Secrets are a type of their own, so that no log line, view or export can hold one by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands in a transcript, a view or an export where a secret was.
pub const MASK: &str = "••••••";

/// A password, a token or any other text that must not be shown.
///
/// `Debug` prints [`MASK`] in every build. There is no `Display`; [`Secret::reveal`] is the one way out,
/// so that every use of the plain text can be found by its name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The plain text, for the one place that must send or compare it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_secret() {
        let shown = format!("{:?} {:#?}", Secret::new("hunter2"), Some(Secret::new("hunter2")));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
