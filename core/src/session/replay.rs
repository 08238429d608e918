//! What only a replay of a saved talk needs: things that happened, without anybody to do them.

use super::timers::Asked;
use super::{How, Link, Session};
use crate::session::rules::Phase;
use crate::time::Now;
use crate::transcript::Piece;
use crate::transcript::event::{Event, NoRelay};

impl Session {
    /// Whether what is sent next is part of a message.
    pub(crate) fn expects_message(&self) -> bool {
        self.phase == Phase::Data && self.pending.is_empty()
    }

    /// Whether no connection has been told of yet.
    pub(crate) fn is_before_connection(&self) -> bool {
        matches!(self.link, Link::Calling | Link::Dialing)
    }

    /// A message goes out as it went out then, its dots doubled already.
    pub(crate) fn replay_message(&mut self, now: Now, octets: &[u8]) {
        self.now = self.now.max(now);
        let entry = self.transcript.client(self.elapsed(), Piece::Message, octets.to_vec(), octets.len());
        if octets == b".\r\n" || octets.ends_with(b"\r\n.\r\n") {
            self.message_sent(entry);
        }
    }

    pub(crate) fn replay_hangup(&mut self, now: Now) {
        self.now = self.now.max(now);
        self.record(Event::HungUp);
        let how = if self.closing { How::ServerClosing } else { How::HungUp };
        self.finish(how, false);
    }

    pub(crate) fn replay_no_relay(&mut self, now: Now, why: NoRelay, relay: String) {
        self.now = self.now.max(now);
        self.record(Event::NoRelay { why, relay });
        self.finish(How::NoRelay(why), false);
    }

    pub(crate) fn replay_overdue(&mut self, now: Now) {
        self.now = self.now.max(now);
        self.overdue = true;
        self.record(Event::Overdue);
        if !self.setup.attended || matches!(self.awaiting(), Some(Asked::Relay | Asked::Connection)) {
            self.finish(How::TimedOut, false);
        }
    }

    pub(crate) fn replay_flood(&mut self, now: Now) {
        self.now = self.now.max(now);
        self.record(Event::Flood);
        self.finish(How::Flood, false);
    }
}
