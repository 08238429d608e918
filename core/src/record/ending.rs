//! How a connection ended, and while what was waited for.

use super::{Asked, Link, Record};
use crate::record::event::{Event, NoRelay};
use crate::tunnel::{Closer, Code};
use crate::wire::command::Verb;
use crate::wire::rules::Phase;

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What happened.
    pub how: How,
    /// What was being waited for.
    pub awaited: Option<Asked>,
    /// For how long, in milliseconds.
    pub waited: u64,
    /// Where in the mail transaction it was.
    pub phase: Phase,
    /// When, in milliseconds since the beginning.
    pub at: u64,
}

/// What ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// QUIT, 221, and the server closed.
    Quit,
    /// The server closed on its own.
    ServerClosed,
    /// The server had announced it with 421, or with 221 without QUIT.
    ServerClosing,
    /// TCP reset.
    Reset,
    /// The person hung up.
    HungUp,
    /// The TLS handshake failed, or the TLS session broke.
    TlsFailed,
    /// The time for the wait was up.
    TimedOut,
    /// The server sent more than is kept.
    Flood,
    /// The connection that was begun from here, without a relay, did not come about.
    NotConnected(Code),
    /// The relay said no.
    Refused(Code),
    /// The relay cut a connection that stood.
    Cut(Code),
    /// The WebSocket broke.
    RelayLost(u16),
    /// There was no WebSocket.
    NoRelay(NoRelay),
}

impl How {
    /// The stable word, as in a talk's `= ended …` line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::ServerClosed => "server-closed",
            Self::ServerClosing => "server-closing",
            Self::Reset => "reset",
            Self::HungUp => "hung-up",
            Self::TlsFailed => "tls-failed",
            Self::TimedOut => "timed-out",
            Self::Flood => "flood",
            Self::NotConnected(_) => "not-connected",
            Self::Refused(_) => "relay-refused",
            Self::Cut(_) => "relay-cut",
            Self::RelayLost(_) => "relay-lost",
            Self::NoRelay(_) => "no-relay",
        }
    }

    /// Who ended it: `you`, `server`, `relay`, `network` or `ehlo`.
    pub const fn by(self) -> &'static str {
        match self {
            Self::Quit | Self::HungUp => "you",
            Self::ServerClosed | Self::ServerClosing | Self::Reset | Self::TlsFailed => "server",
            Self::TimedOut | Self::Flood => "ehlo",
            Self::Refused(Code::ConnectRefused | Code::Unreachable | Code::ConnectTimeout | Code::Reset) => "network",
            Self::Refused(_) | Self::Cut(_) => "relay",
            Self::NotConnected(_) | Self::RelayLost(_) | Self::NoRelay(_) => "network",
        }
    }

    /// Whether no conversation came about at all.
    pub const fn is_unreachable(self) -> bool {
        matches!(self, Self::NoRelay(_) | Self::NotConnected(_))
            || matches!(self, Self::Refused(code) if !matches!(code, Code::NotSmtp))
    }
}

impl Record {
    /// Ends the conversation with `event`, behind what came before it.
    pub(super) fn end(&mut self, event: Event, how: How) {
        self.flush_reader();
        self.note(event);
        let awaited = self.pending.front().cloned();
        let waited = awaited.as_ref().map_or(0, |pending| self.at.saturating_sub(self.wait_begin(pending)));
        self.link = Link::Over;
        self.growing = None;
        let awaited = awaited.map(|pending| pending.asked);
        self.ending = Some(Ending { how, awaited, waited, phase: self.phase, at: self.at });
    }

    /// This side closes: in order after QUIT, because the server announced its end, or just so.
    pub(super) fn how_this_side_left(&self) -> How {
        match self.link {
            Link::Closing => How::Quit,
            _ if self.closing => How::ServerClosing,
            _ => How::HungUp,
        }
    }

    /// Closing after QUIT is the end in order, if without a goodbye; every other is the server's own decision.
    pub(super) fn how_the_server_left(&self) -> How {
        match self.link {
            Link::Closing => How::Quit,
            _ if self.awaiting() == Some(Asked::Command(Verb::Quit)) => How::Quit,
            _ if self.closing => How::ServerClosing,
            _ => How::ServerClosed,
        }
    }

    /// What the last word on a connection that stood says of its end.
    pub(super) fn how_it_closed(&self, by: Closer, code: Code) -> How {
        match (by, code) {
            // After QUIT and 221 it does not matter how.
            _ if self.link == Link::Closing => How::Quit,
            (Closer::Target, Code::Reset) => How::Reset,
            (Closer::Target, _) => self.how_the_server_left(),
            (Closer::Client, _) => How::HungUp,
            (Closer::Relay, code) => How::Cut(code),
        }
    }
}
