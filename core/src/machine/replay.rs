//! What only a replay of a saved talk needs: things that happened, without anybody to do them.

use super::timers::Asked;
use super::{How, Link, Session};
use crate::record::Piece;
use crate::record::event::{Event, NoRelay};
use crate::time::Now;
use crate::wire::rules::Phase;

impl Session {
    /// A replay does only what the talk says: the plan sends nothing by itself.
    pub(crate) fn without_running(mut self) -> Self {
        self.runner.running = false;
        self.replays = true;
        self
    }

    /// Whether what is sent next is part of a message.
    pub(crate) fn expects_message(&self) -> bool {
        self.phase == Phase::Data && self.pending.is_empty() && !self.is_sending()
    }

    /// Whether `octets` are a message to its final dot.
    pub(crate) fn ends_body(&self, octets: &[u8]) -> bool {
        self.ends_message(octets)
    }

    /// Whether no connection has been told of yet.
    pub(crate) fn is_before_connection(&self) -> bool {
        matches!(self.link, Link::Calling | Link::Dialing)
    }

    /// A message goes out as it went out then, its dots doubled already.
    pub(crate) fn replay_message(&mut self, now: Now, octets: &[u8]) {
        self.now = self.now.max(now);
        let entry = match std::mem::take(&mut self.sending.resumes) {
            true => self.transcript.resume(octets),
            false => self.transcript.client(self.elapsed(), Piece::Message, octets.to_vec(), octets.len()),
        };
        match self.chunk_left() {
            0 => self.body_sent(entry, octets),
            _ => self.chunk_sent(octets.len()),
        }
    }

    /// Octets of a message that were sent, and that the talk does not hold.
    pub(crate) fn replay_omitted(&mut self, octets: u64) {
        if (self.expects_message() || self.chunk_left() > 0) && self.transcript.omit(octets) {
            self.sending.resumes = true;
            self.chunk_sent(usize::try_from(octets).unwrap_or(usize::MAX).min(self.chunk_left().saturating_sub(1)));
        }
    }

    pub(crate) fn replay_hangup(&mut self, now: Now) {
        self.now = self.now.max(now);
        let how = self.how_this_side_left();
        self.end(Event::HungUp, how, false);
    }

    pub(crate) fn replay_no_relay(&mut self, now: Now, why: NoRelay, relay: String) {
        self.now = self.now.max(now);
        self.end(Event::NoRelay { why, relay }, How::NoRelay(why), false);
    }

    pub(crate) fn replay_overdue(&mut self, now: Now) {
        self.now = self.now.max(now);
        if !self.setup.attended
            || matches!(self.awaiting(), Some(Asked::Relay | Asked::Connection | Asked::TlsPart | Asked::Handshake))
        {
            return self.end(Event::Overdue, How::TimedOut, false);
        }
        if self.link != Link::Over {
            self.overdue = true;
            self.record(Event::Overdue);
        }
    }

    pub(crate) fn replay_flood(&mut self, now: Now) {
        self.now = self.now.max(now);
        self.end(Event::Flood, How::Flood, false);
    }
}
