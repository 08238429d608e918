//! What a test says when it fails: a text for a person, and the line of the test that it comes from.

use std::error::Error;
use std::fmt;
use std::panic::Location;

/// Why a step of a test could not be done. It is no [`Error`] itself, so that `?` turns every error into one.
pub struct Failure {
    text: String,
    at: &'static Location<'static>,
}

/// What the harness's functions and the tests give back.
pub type TestResult<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure that says `text`, and the line where it was made.
    #[track_caller]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), at: Location::caller() }
    }

    /// The text alone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same failure with `more` below it, such as a server's log.
    #[must_use]
    pub fn with(mut self, more: impl fmt::Display) -> Self {
        self.text = format!("{}\n{more}", self.text);
        self
    }
}

// The test runner prints `Debug`: it must read as text, not as a struct.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  at {}", self.text, self.at)
    }
}

impl<E: Error> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        Self { text, at: Location::caller() }
    }
}
