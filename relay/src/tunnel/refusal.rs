//! The relay's no, and how a session ends.

use ehlo_core::tunnel::{Closer, Code, Guess, Refusal};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

/// A no, before the session's name is put to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deny {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) guess: Option<Guess>,
}

impl Deny {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, guess: None }
    }

    /// The request itself is wrong.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// A limit is reached.
    pub(crate) fn busy(retry_after: u64, message: impl Into<String>) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::Busy, message) }
    }

    pub(super) fn into_refusal(self, session: &str) -> Refusal {
        Refusal {
            code: self.code,
            message: self.message,
            session: session.to_owned(),
            retry_after: self.retry_after,
            guess: self.guess,
        }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// No connection came about, or what was reached is not a mail server.
    Denied(Deny),
    /// A connection that stood has ended, or look-ups are done.
    Closed { by: Closer, code: Code },
    /// The page does not speak as a WebSocket does (RFC 6455), so it is told by a close frame alone.
    Violated(Violation),
    /// The page has gone; there is nobody to tell.
    Gone,
}

/// What was wrong with a WebSocket frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// The frame itself: not masked, reserved bits, a control frame that is too long, a continuation of nothing.
    Protocol,
    /// A text that is no UTF-8.
    Utf8,
}

impl Violation {
    /// The close code (RFC 6455 §7.4.1), with its word.
    pub(super) const fn close(self) -> (u16, &'static str) {
        match self {
            Self::Protocol => (1002, "protocol_error"),
            Self::Utf8 => (1007, "not_utf8"),
        }
    }
}

/// What the end of a WebSocket by an error is: the page's fault, or that it has gone.
pub(crate) fn broken(error: &Error) -> End {
    match error {
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake
            | ProtocolError::ReceivedAfterClosing
            | ProtocolError::SendAfterClosing,
        ) => End::Gone,
        Error::Protocol(_) => End::Violated(Violation::Protocol),
        Error::Utf8(_) => End::Violated(Violation::Utf8),
        _ => End::Gone,
    }
}

impl End {
    /// The word for the log.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Denied(deny) => deny.code.word(),
            Self::Closed { code, .. } => code.word(),
            Self::Violated(violation) => violation.close().1,
            Self::Gone => Code::Done.word(),
        }
    }

    /// Who ended it, for the log.
    pub(crate) fn by(&self) -> &'static str {
        match self {
            Self::Denied(_) | Self::Violated(_) | Self::Closed { by: Closer::Relay, .. } => "relay",
            Self::Closed { by: Closer::Target, .. } => "target",
            Self::Closed { by: Closer::Client, .. } | Self::Gone => "client",
        }
    }
}
