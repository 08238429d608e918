//! What comes out of a session.

use crate::time::Now;
use crate::tunnel::ToRelay;

/// Something for whoever drives the session to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these octets to the mail server.
    Send(Vec<u8>),
    /// Send this control message to the relay.
    Control(ToRelay),
    /// Close the way to the mail server.
    Hangup,
    /// What is seen has changed: draw again.
    Changed,
    /// Nothing more for now; come back with [`Input::Tick`](super::Input::Tick) at this moment, if there is one.
    Idle(Option<Now>),
}
