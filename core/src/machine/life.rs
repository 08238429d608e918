//! The course of the connection: called, dialled, up, over; what is waited for, and until when.

use super::ending::{Ending, How};
use super::output::Output;
use super::timers::Asked;
use super::{Link, Pending, Session};
use crate::record::event::Event;
use crate::setup;
use crate::time::Now;
use crate::tunnel::{Closer, Code, Connect, ToRelay};

impl Session {
    /// Whether octets can be sent.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.link, Link::Up)
    }

    pub(super) fn elapsed(&self) -> u64 {
        self.now.since(self.zero)
    }

    pub(super) fn record(&mut self, event: Event) -> usize {
        self.transcript.event(self.elapsed(), event)
    }

    pub(super) fn await_reply(&mut self, asked: Asked, entry: Option<usize>) {
        self.overdue = false;
        let mail = self.transactions.len().checked_sub(1);
        self.pending.push_back(Pending { asked, entry, since: self.now, mail, recipient: None });
    }

    pub(super) fn stop_awaiting(&mut self, asked: Asked) {
        self.pending.retain(|pending| pending.asked != asked);
    }

    pub(super) fn reached(&mut self) {
        if self.link != Link::Calling {
            return;
        }
        self.stop_awaiting(Asked::Relay);
        let setup = &self.setup;
        let named = setup.target.is_some();
        let connect = Connect {
            host: (!named).then(|| setup.host.clone()),
            port: (!named).then_some(setup.port),
            target: setup.target.clone(),
            family: setup.family,
            proxy_header: setup.proxy_header,
            token: setup.token.clone(),
        };
        let host = setup.target.clone().unwrap_or_else(|| setup.host.clone());
        let port = connect.port;
        self.link = Link::Dialing;
        self.record(Event::Calling { host, port });
        if let Some(header) = self.setup.proxy_header {
            self.record(Event::Proxy(header));
        }
        self.await_reply(Asked::Connection, None);
        self.out.push_back(Output::Control(ToRelay::Connect(connect)));
    }

    pub(super) fn opened_here(&mut self) {
        if self.link == Link::Over || self.is_up() {
            return;
        }
        if let Some(name) = self.setup.practice.clone() {
            self.record(Event::Practice { name });
        }
        self.up();
    }

    pub(super) fn up(&mut self) {
        self.pending.clear();
        self.link = Link::Up;
        match self.setup.security {
            setup::Security::Tls => self.begin_tls(),
            _ => self.await_reply(Asked::Greeting, None),
        }
    }

    pub(super) fn deadline(&self) -> Option<Now> {
        if self.is_working() {
            return Some(self.now);
        }
        if let Some(deadline) = self.recipe_deadline() {
            return Some(deadline);
        }
        let waits_for_bytes = self.link != Link::Over && !self.overdue;
        let first = self.pending.front().filter(|_| waits_for_bytes)?;
        Some(self.wait_begin(first).plus(first.asked.wait().limit))
    }

    /// A wait begins when its question was asked, or when the reply before it came: replies come one by one.
    pub(super) fn wait_begin(&self, pending: &Pending) -> Now {
        let last_reply = self.replies.last().map_or(self.zero, |reply| self.zero.plus(reply.at));
        pending.since.max(last_reply)
    }

    pub(super) fn tick(&mut self) {
        if self.is_working() {
            return self.work();
        }
        // What a test does with a silence is its own affair.
        if self.deadline().is_none_or(|deadline| self.now < deadline) || self.recipe_deadline().is_some() {
            return;
        }
        let asked = self.pending.front().map(|pending| pending.asked);
        match asked {
            Some(Asked::Close) => self.end(Event::Closed { by: Closer::Client, code: Code::Done }, How::Quit, true),
            Some(Asked::Relay | Asked::Connection | Asked::TlsPart | Asked::Handshake) => {
                self.end(Event::Overdue, How::TimedOut, true);
            }
            _ if self.setup.attended => {
                self.overdue = true;
                self.record(Event::Overdue);
            }
            _ => self.end(Event::Overdue, How::TimedOut, true),
        }
    }

    /// Ends the conversation with `event`, behind what came before it.
    pub(super) fn end(&mut self, event: Event, how: How, hangup: bool) {
        if self.link == Link::Over {
            return;
        }
        self.flush_reader();
        self.record(event);
        self.finish(how, hangup);
    }

    /// This side closes: in order after QUIT, because the server announced its end, or just so.
    pub(super) fn how_this_side_left(&self) -> How {
        match self.link {
            Link::Closing => How::Quit,
            _ if self.closing => How::ServerClosing,
            _ => How::HungUp,
        }
    }

    /// Ends the conversation; `hangup` where this side has to close.
    pub(super) fn finish(&mut self, how: How, hangup: bool) {
        if self.link == Link::Over {
            return;
        }
        self.flush_reader();
        let awaited = self.pending.front().cloned();
        let waited = awaited.as_ref().map_or(0, |pending| self.now.since(self.wait_begin(pending)));
        self.link = Link::Over;
        self.stop_sending();
        self.runner.running = false;
        self.ending = Some(Ending {
            how,
            awaited: awaited.map(|pending| pending.asked),
            waited,
            phase: self.phase,
            at: self.elapsed(),
        });
        self.close_recipe();
        if hangup {
            self.out.push_back(Output::Hangup);
        }
    }
}
