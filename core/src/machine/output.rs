//! What comes out of a session.

use std::fmt;

use crate::time::Now;
use crate::tls::Settings;
use crate::tunnel::ToRelay;

/// Something for whoever drives the session to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these octets to the mail server.
    Send(Vec<u8>),
    /// Send this control message to the relay.
    Control(ToRelay),
    /// Begin a TLS handshake with these settings; see [`Input::Handshaking`](super::Input::Handshaking).
    Handshake(Box<Settings>),
    /// Close the way to the mail server.
    Hangup,
    /// What is seen has changed: draw again.
    Changed,
    /// Nothing more for now; come back with [`Input::Tick`](super::Input::Tick) at this moment, if there is one.
    Idle(Option<Now>),
}

/// What is sent may be a password: only its length is told.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(octets) => write!(f, "Send({} octets)", octets.len()),
            Self::Control(message) => f.debug_tuple("Control").field(message).finish(),
            Self::Handshake(settings) => f.debug_tuple("Handshake").field(settings).finish(),
            Self::Hangup => f.write_str("Hangup"),
            Self::Changed => f.write_str("Changed"),
            Self::Idle(until) => f.debug_tuple("Idle").field(until).finish(),
        }
    }
}
