//! The course of the connection: what the driver tells of it, what is waited for, and until when.

use super::input::{Closed, Direct, Input, SocketContext};
use super::{Output, Session, timers};
use crate::record::event::{Event, NoRelay};
use crate::record::{Asked, Happened, Link};
use crate::time::Now;
use crate::tunnel::{Closer, Code, Connect, Connected, FromRelay, ToRelay};

impl Session {
    pub(super) fn happened(&mut self, input: Input<'_>) {
        match input {
            Input::Reached => self.reached(),
            Input::Direct(direct) => self.dials(direct),
            Input::Opened => match self.setup().practice.clone() {
                Some(name) => self.note(Event::Practice { name }),
                None => self.apply(Happened::Opened),
            },
            Input::Relay(message) => self.relay_says(message),
            Input::Bytes(bytes) => self.receive(bytes),
            Input::Closed(closed) => self.closed(closed),
            Input::Handshaking => self.apply(Happened::Handshaking),
            Input::Secured(secured) => self.secured(secured),
            Input::TlsFailed(failure) => self.end(Event::TlsFailed(failure)),
            Input::Probed(legacy) => self.note(Event::Probed(legacy)),
            Input::CloseNotify => self.note(Event::CloseNotify),
            Input::Carried { sent, received } => self.apply(Happened::Carried(sent, received)),
            Input::Written(bytes) => self.written(bytes),
            Input::Tick => self.tick(),
            Input::Do(_) => {}
        }
    }

    /// Writes an event into the record.
    pub(super) fn note(&mut self, event: Event) {
        self.apply(Happened::Event(event));
    }

    /// Writes an event into the record that ends the conversation, and closes the way to the server.
    pub(super) fn end(&mut self, event: Event) {
        let stood = !self.record().is_over();
        self.note(event);
        if stood && self.record().is_over() {
            self.out.push_back(Output::Hangup);
        }
    }

    fn reached(&mut self) {
        if self.record().link() != Link::Calling {
            return;
        }
        let setup = self.setup();
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
        let header = setup.proxy_header;
        self.note(Event::Calling { host, port: connect.port });
        if let Some(header) = header {
            self.note(Event::Proxy(header));
        }
        self.out.push_back(Output::Control(ToRelay::Connect(connect)));
    }

    fn dials(&mut self, direct: Direct) {
        match direct {
            Direct::Dialing => {
                let (host, port) = (word(&self.setup().host), self.setup().port);
                self.note(Event::Dialing { host, port });
            }
            Direct::Resolved { name, addresses, ms } => self.resolved(&name, &addresses, ms),
            Direct::Attempt { address, error, ms } => self.note(Event::Attempt { address: word(&address), error, ms }),
            Direct::Connected(connected) => self.connected(connected),
            Direct::NotConnected(code) => self.end(Event::NotConnected { code }),
        }
    }

    fn relay_says(&mut self, message: FromRelay) {
        match message {
            FromRelay::Resolved { name, addresses, ms } => self.resolved(&name, &addresses, ms),
            FromRelay::Attempt { address, error, ms } => {
                self.note(Event::Attempt { address: word(&address), error, ms });
            }
            FromRelay::Connected(connected) => self.connected(connected),
            FromRelay::Error(refusal) => {
                let message = crate::printable::text(refusal.message.trim().as_bytes());
                let (code, guess, retry_after) = (refusal.code, refusal.guess, refusal.retry_after);
                self.end(Event::Refused { code, message, guess, retry_after });
            }
            FromRelay::Eof {} => self.end(Event::Eof),
            FromRelay::Closed { by, code, .. } => self.end(Event::Closed { by, code }),
            FromRelay::Answer(_) | FromRelay::MtaSts(_) | FromRelay::About(_) => {}
        }
    }

    fn resolved(&mut self, name: &str, addresses: &[String], ms: u64) {
        let addresses = addresses.iter().map(|address| word(address)).collect();
        self.note(Event::Resolved { name: word(name), addresses, ms });
    }

    fn connected(&mut self, connected: Connected) {
        let Connected { address, port, local, local_name, ms, .. } = connected;
        self.note(Event::Connected {
            address: word(&address),
            port,
            local: local.as_deref().map(word),
            local_name: local_name.as_deref().map(word),
            ms,
        });
        self.compose();
    }

    fn closed(&mut self, closed: Closed) {
        match closed {
            Closed::Practice => self.note(Event::Eof),
            Closed::Tcp { reset: false } => self.end(Event::Eof),
            Closed::Tcp { reset: true } => self.end(Event::Closed { by: Closer::Target, code: Code::Reset }),
            Closed::Socket { context, .. } if self.record().link() == Link::Calling && !context.reached => {
                // A page from a file has no origin that a relay could be told.
                let page = context.page_origin.starts_with("http").then(|| word(&context.page_origin));
                self.note(Event::NoRelay { why: no_relay(&context), relay: word(&context.relay), page });
            }
            Closed::Socket { code, .. } => self.note(Event::RelayLost { code }),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.apply(Happened::Received(bytes));
        if self.record().transcript().is_full() {
            self.end(Event::Flood);
        }
    }

    pub(super) fn deadline(&self) -> Option<Now> {
        if self.is_working() {
            return Some(self.now);
        }
        if let Some(deadline) = self.probe_deadline() {
            return Some(deadline);
        }
        let record = self.record();
        let (asked, since) = record.waiting().filter(|_| !record.is_over() && !record.is_overdue())?;
        Some(self.moment(since).plus(timers::wait(asked, record.via()).limit))
    }

    fn tick(&mut self) {
        if self.is_working() {
            return self.work();
        }
        // What a test does with a silence is its own affair.
        if self.deadline().is_none_or(|deadline| self.now < deadline) || self.probe_deadline().is_some() {
            return;
        }
        match self.record().awaiting() {
            Some(Asked::Close) => self.end(Event::Closed { by: Closer::Client, code: Code::Done }),
            _ => self.end(Event::Overdue),
        }
    }
}

/// `text` as one word of a talk's `@` line, whatever the relay put into it.
fn word(text: &str) -> String {
    let word: String = crate::printable::text(text.as_bytes()).split_whitespace().collect::<Vec<_>>().join("_");
    if word.is_empty() { "-".into() } else { word }
}

fn no_relay(context: &SocketContext) -> NoRelay {
    if context.page_secure && context.relay.starts_with("ws:") && !is_loopback(&context.relay) {
        NoRelay::HttpsPage
    } else if context.local_network == Some(true) {
        NoRelay::LocalNetwork
    } else {
        NoRelay::Silent
    }
}

/// Browsers take loopback for secure, so that an https page may reach a relay there.
fn is_loopback(relay: &str) -> bool {
    let host = relay.trim_start_matches("ws://");
    ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start))
}
