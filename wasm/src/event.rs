//! What a way to the mail server reports.

use std::rc::Rc;

use ehlo_core::machine::{Action, Closed};
use ehlo_core::tls::Legacy;
use ehlo_core::tunnel::FromRelay;

/// Something that happened; as [`Arrived`](ehlo_core::machine::connection::Arrived), with bytes of its own.
pub(crate) enum Event {
    Reached,
    Opened,
    Relay(FromRelay),
    Bytes(Vec<u8>),
    Closed(Closed),
    Left(u64),
    Probed(Option<Box<Legacy>>),
    Tick,
    Act(Action),
}

/// By which a way tells what happens on it.
pub(crate) type Report = Rc<dyn Fn(Event)>;
