//! The door through which everything that happens enters a record.

use super::event::Event;
use super::{Asked, How, Link, Record, Stage, Via};
use crate::tunnel::{Connected, Refusal};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Happened<'a> {
    /// The connection stands, and nothing more is known of it.
    Opened,
    /// Bytes came from the server.
    Received(&'a [u8]),
    /// Bytes went to the server: what [`Record::first_piece`] gives, and no more. Secrets in them are masked before
    /// they are kept.
    Sent(&'a [u8]),
    /// As [`Self::Sent`], as it stands in a talk: masked already, and what its base64 says is told beside it.
    Kept(&'a [u8]),
    /// Bytes of a message went to the server, as they stand in a talk: dots doubled, final dot included.
    Body(&'a [u8]),
    /// Bytes of a composed message went to the server.
    Message {
        /// The bytes, dots doubled.
        bytes: &'a [u8],
        /// Whether the transcript keeps all of the message, and not only both its ends.
        whole: bool,
        /// Whether they are the last.
        ends: bool,
    },
    /// So many bytes of the message went to the server that a talk does not hold.
    Omitted(u64),
    /// A talk says what stands in the base64 of the last line that was sent.
    Decoded(&'a str),
    /// The first bytes of the TLS handshake went to the server.
    Handshaking,
    /// So many bytes of ciphertext have crossed since the handshake began: sent and received.
    Carried(u64, u64),
    /// Anything else: what the network, the relay or this side did.
    Event(Event),
}

impl Record {
    /// Writes down what happened, `at` so many milliseconds after the beginning.
    ///
    /// What cannot happen any more, such as bytes after the end, leaves no trace.
    pub fn apply(&mut self, at: u64, what: Happened<'_>) {
        self.at = self.at.max(at);
        self.sign_in.said.clear();
        match what {
            Happened::Opened if self.is_before_connection() => self.up(),
            Happened::Opened => {}
            Happened::Received(bytes) => self.receive(bytes),
            Happened::Sent(bytes) => self.sent(bytes, true),
            Happened::Kept(bytes) => self.sent(bytes, false),
            Happened::Body(bytes) => self.body(bytes),
            Happened::Message { bytes, whole, ends } => self.message(bytes, whole, ends),
            Happened::Omitted(bytes) => self.omitted(bytes),
            Happened::Decoded(line) => self.transcript.decode_last(line.to_owned()),
            Happened::Handshaking => self.handshaking(),
            Happened::Carried(sent, received) => self.tls.carried = (sent, received),
            Happened::Event(event) => self.event(event),
        }
    }

    /// Whether no connection has been told of yet.
    pub fn is_before_connection(&self) -> bool {
        matches!(self.link, Link::Calling | Link::Dialing)
    }

    fn event(&mut self, event: Event) {
        match event {
            // What came of something may be told after the end.
            Event::Probed(legacy) => return self.probed(legacy),
            Event::Recipe { id } => return self.probe_begins(id),
            Event::Verdict { verdict, sentence } => return self.probe_ends(verdict, sentence),
            Event::ServerProof(outcome) => self.sign_in.outcome = Some(outcome),
            Event::Withheld { ref why } => self.sign_in.withheld = Some(why.clone()),
            _ if self.is_over() => return,
            Event::Calling { .. } | Event::Dialing { .. } => return self.dialing(event),
            Event::Connected { .. } | Event::Practice { .. } => return self.connects(event),
            Event::Secured(report) => return self.secured(report),
            Event::TlsFailed(failure) => return self.tls_failed(failure),
            Event::CloseNotify if self.tls.close_notify => return,
            Event::CloseNotify => self.tls.close_notify = true,
            Event::Overdue if !self.gives_up() => self.overdue = true,
            Event::Proxy(_) | Event::Resolved { .. } | Event::Attempt { .. } => {}
            _ => return self.ends(event),
        }
        self.note(event);
    }

    fn ends(&mut self, event: Event) {
        let how = match &event {
            Event::Eof => self.how_the_server_left(),
            Event::Closed { by, code } => self.how_it_closed(*by, *code),
            Event::Refused { code, message, guess, retry_after } => {
                let (code, message, session) = (*code, message.clone(), String::new());
                self.refusal = Some(Refusal { code, message, session, retry_after: *retry_after, guess: *guess });
                How::Refused(code)
            }
            Event::NotConnected { code } => How::NotConnected(*code),
            Event::RelayLost { .. } if self.link == Link::Closing => How::Quit,
            Event::RelayLost { code } => How::RelayLost(*code),
            Event::NoRelay { why, .. } => How::NoRelay(*why),
            Event::HungUp => self.how_this_side_left(),
            Event::Overdue => How::TimedOut,
            Event::Flood => How::Flood,
            _ => return,
        };
        self.end(event, how);
    }

    /// Whether a wait that is overdue ends the conversation: nobody watches, or the server cannot say anything yet.
    fn gives_up(&self) -> bool {
        !self.terms.attended || self.awaiting().is_some_and(Asked::is_before_the_server)
    }

    fn dialing(&mut self, event: Event) {
        if self.link != Link::Calling {
            return;
        }
        self.stop_awaiting(Asked::Relay);
        self.link = Link::Dialing;
        if matches!(event, Event::Dialing { .. }) {
            self.via = Via::Direct;
        }
        self.note(event);
        self.await_reply(Asked::Connection, None);
    }

    fn connects(&mut self, event: Event) {
        if !self.is_before_connection() {
            return;
        }
        if let Event::Connected { address, port, local, local_name, ms } = event.clone() {
            self.connected = Some(Connected { session: String::new(), address, port, local, local_name, ms });
        } else {
            self.via = Via::Practice;
        }
        self.note(event);
        self.up();
    }

    fn up(&mut self) {
        self.pending.clear();
        self.link = Link::Up;
        match self.terms.tls_at_once {
            true => self.tls_is_due(),
            false => self.await_reply(Asked::Greeting, None),
        }
    }

    /// Whether bytes from the server are of no conversation: a handshake is due, or going on.
    pub(super) fn awaits_tls(&self) -> bool {
        matches!(self.tls.stage, Stage::Due | Stage::Handshaking)
    }
}
