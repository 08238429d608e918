//! What comes in: the relay's messages, the server's octets, the end.

use super::input::{Closed, SocketContext};
use super::timers::Asked;
use super::transaction::{Answer, queue_id};
use super::{How, Link, Output, ReplyRecord, Session};
use crate::session::rules::Phase;
use crate::transcript::event::{Event, NoRelay};
use crate::tunnel::{Closer, Code, FromRelay, ToRelay};
use crate::wire::command::Verb;
use crate::wire::ehlo::{Capabilities, host_name};
use crate::wire::oddity::Oddity;
use crate::wire::reply::{ReadLine, Reply, ReplyReader};

impl Session {
    pub(super) fn relay_says(&mut self, message: FromRelay) {
        if self.link == Link::Over {
            return;
        }
        match message {
            FromRelay::Resolved { name, addresses, ms } => {
                self.record(Event::Resolved { name, addresses, ms });
            }
            FromRelay::Attempt { address, error, ms } => {
                self.attempts += 1;
                self.record(Event::Attempt { address, error, ms });
            }
            FromRelay::Connected(connected) => {
                self.record(Event::Connected {
                    address: connected.address.clone(),
                    port: connected.port,
                    local: connected.local.map(|local| local.to_string()),
                    local_name: connected.local_name.clone(),
                    ms: connected.ms,
                });
                self.connected = Some(connected);
                self.compose();
                self.up();
            }
            FromRelay::Error(refusal) => {
                let (code, message, guess) = (refusal.code, refusal.message.clone(), refusal.guess);
                self.record(Event::Refused { code, message, guess });
                self.refusal = Some(refusal);
                self.finish(How::Refused(code), true);
            }
            FromRelay::Eof {} => {
                self.record(Event::Eof);
                let how = self.how_the_server_left();
                self.finish(how, true);
            }
            FromRelay::Closed { by, code, .. } => {
                self.record(Event::Closed { by, code });
                let how = match (by, code) {
                    (Closer::Target, Code::Reset) => How::Reset,
                    (Closer::Target, _) => self.how_the_server_left(),
                    (Closer::Client, _) => How::HungUp,
                    (Closer::Relay, code) => How::Cut(code),
                };
                self.finish(how, true);
            }
            FromRelay::Answer(_) | FromRelay::About(_) => {}
        }
    }

    /// Closing after QUIT and 221 is the end in order; every other is the server's own decision.
    fn how_the_server_left(&self) -> How {
        match self.link {
            Link::Closing => How::Quit,
            _ if self.closing => How::ServerClosing,
            _ => How::ServerClosed,
        }
    }

    pub(super) fn closed(&mut self, closed: Closed) {
        if self.link == Link::Over {
            return;
        }
        match closed {
            Closed::Practice => {
                self.record(Event::Eof);
                let how = self.how_the_server_left();
                self.finish(how, false);
            }
            Closed::Socket { code, context } if self.link == Link::Calling && !context.reached => {
                let why = no_relay(&context);
                self.record(Event::NoRelay { why, relay: context.relay });
                let _ = code;
                self.finish(How::NoRelay(why), false);
            }
            Closed::Socket { code, .. } => {
                self.record(Event::RelayLost { code });
                self.finish(How::RelayLost(code), false);
            }
        }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if self.link == Link::Over {
            return;
        }
        self.transcript.received += bytes.len() as u64;
        if self.transcript.is_full() {
            self.transcript.dropped += bytes.len() as u64;
            self.record(Event::Flood);
            return self.finish(How::Flood, true);
        }
        let mut reader = std::mem::take(&mut self.reader);
        reader.feed(bytes, |read| self.line(&read));
        self.keep(reader);
    }

    /// Nothing more will come: what is left in the reader becomes entries.
    pub(super) fn flush_reader(&mut self) {
        let mut reader = std::mem::take(&mut self.reader);
        reader.finish(|read| self.line(&read));
        self.keep(reader);
    }

    fn keep(&mut self, reader: ReplyReader) {
        let now = self.elapsed();
        self.partial_since = (!reader.pending().is_empty()).then(|| self.partial_since.unwrap_or(now));
        self.reader = reader;
    }

    fn line(&mut self, read: &ReadLine<'_>) {
        let at = self.elapsed();
        let started = self.partial_since.take().unwrap_or(at);
        if !read.line.raw.is_empty() {
            if self.transcript.is_full() {
                self.transcript.dropped += read.line.raw.len() as u64;
            } else {
                let entry = self.transcript.server_line(started, at, read.line.raw, read.oddities.clone());
                if read.in_reply {
                    self.transcript.belongs(entry, self.replies.len());
                    self.receiving.push(entry);
                } else {
                    self.surprise("The server sent a line without a reply code.");
                }
            }
        }
        if let Some(reply) = &read.reply {
            self.reply(reply);
        }
    }

    fn reply(&mut self, reply: &Reply) {
        let at = self.elapsed();
        let pending = self.pending.front().cloned().filter(|pending| answers(pending.asked));
        let mut record = ReplyRecord {
            code: reply.code,
            enhanced: reply.enhanced(),
            text: reply.text(),
            asked: pending.as_ref().map(|pending| pending.asked),
            question: pending.as_ref().and_then(|pending| pending.entry),
            entries: std::mem::take(&mut self.receiving),
            at,
            took: pending.as_ref().map(|pending| self.now.since(self.wait_begin(pending))),
            oddities: reply.oddities.clone(),
            capabilities: None,
        };
        let id = self.replies.len();
        if pending.is_none() {
            record.oddities.push(Oddity::Unasked);
            if let Some(&first) = record.entries.first() {
                self.transcript.odd(first, Oddity::Unasked);
            }
        }
        let is_421 = reply.code == 421;
        self.replies.push(record);
        self.closing |= is_421;
        let Some(pending) = pending else {
            return self.surprise("The server sent a reply that nobody had asked for.");
        };
        self.overdue = false;
        self.pending.pop_front();
        let answer = Answer { reply: id, code: reply.code };
        match pending.asked {
            Asked::Greeting => self.greeted(reply),
            Asked::Command(verb) => self.answered(verb, answer, pending.recipient, reply),
            Asked::AuthAnswer => self.in_auth = reply.code == 334,
            Asked::Message => self.message_answered(answer, reply),
            Asked::Relay | Asked::Connection | Asked::Close => {}
        }
        self.judge(pending.asked, answer);
    }

    fn greeted(&mut self, reply: &Reply) {
        self.hello.greeting = reply.code;
        let first = reply.texts().next().map(crate::printable::text);
        self.hello.greeting_name = first.and_then(|text| host_name(&text)).filter(|name| name.contains('.'));
        self.compose();
    }

    fn answered(&mut self, verb: Verb, answer: Answer, recipient: Option<usize>, reply: &Reply) {
        let good = answer.is_positive();
        match verb {
            Verb::Ehlo | Verb::Lhlo | Verb::Helo => self.hello_answered(verb, answer, reply),
            Verb::Mail => {
                if let Some(mail) = self.transactions.last_mut() {
                    mail.mail = Some(answer);
                }
                if good {
                    self.phase = Phase::Mail;
                }
            }
            Verb::Rcpt => {
                let mail = self.transactions.last_mut().zip(recipient);
                if let Some(one) = mail.and_then(|(mail, at)| mail.recipients.get_mut(at)) {
                    one.answer = Some(answer);
                }
                if good && self.phase == Phase::Mail {
                    self.phase = Phase::Rcpt;
                }
            }
            Verb::Data => {
                if let Some(mail) = self.transactions.last_mut() {
                    mail.data = Some(answer);
                }
                if answer.code == 354 {
                    self.phase = Phase::Data;
                }
            }
            Verb::Rset if good => self.abort(),
            Verb::StartTls if answer.code == 220 => {
                self.awaits_tls = true;
                self.runner.running = false;
            }
            Verb::Auth => self.in_auth = answer.code == 334,
            Verb::Quit if good => {
                self.link = Link::Closing;
                self.await_reply(Asked::Close, None);
                self.out.push_back(Output::Control(ToRelay::Eof {}));
            }
            _ => {}
        }
    }

    fn hello_answered(&mut self, verb: Verb, answer: Answer, reply: &Reply) {
        match verb {
            Verb::Helo => self.hello.helo = Some(answer.code),
            _ => self.hello.ehlo = Some(answer.code),
        }
        if !answer.is_positive() {
            return;
        }
        self.abort();
        self.phase = Phase::Idle;
        self.hello.accepted = Some(verb);
        let capabilities = Capabilities::of(reply);
        self.hello.capabilities = if verb == Verb::Helo {
            Capabilities { name: capabilities.name, extensions: Vec::new() }
        } else {
            capabilities
        };
        if let Some(record) = self.replies.last_mut() {
            record.capabilities = Some(self.hello.capabilities.clone());
        }
    }

    /// RSET or EHLO: an open transaction is gone (RFC 5321 §4.1.1.5, §4.1.4).
    fn abort(&mut self) {
        if self.phase > Phase::Idle {
            self.phase = Phase::Idle;
        }
        if let Some(mail) = self.transactions.last_mut() {
            if !mail.is_accepted() {
                self.wants_mail = true;
            }
            mail.aborted |= !mail.is_finished();
        }
    }

    fn message_answered(&mut self, answer: Answer, reply: &Reply) {
        self.phase = Phase::Idle;
        self.wants_mail = false;
        if let Some(mail) = self.transactions.last_mut() {
            mail.dot = Some(answer);
            mail.queue_id = answer.is_positive().then(|| queue_id(&reply.text())).flatten();
        }
    }

    /// What a reply means for the plan, and for "run the rest".
    fn judge(&mut self, asked: Asked, answer: Answer) {
        let refused = answer.code >= 400 || answer.code < 200;
        if !refused {
            return;
        }
        if matches!(asked, Asked::Command(Verb::Mail | Verb::Data)) {
            self.wants_mail = false;
            if self.phase > Phase::Idle && asked == Asked::Command(Verb::Data) {
                self.phase = Phase::Idle;
            }
        }
        // A server that does not know EHLO is greeted with HELO, as the article has it; no reason to stop.
        let old_server = asked == Asked::Command(Verb::Ehlo) && matches!(answer.code, 500..=502 | 504 | 550);
        if !old_server {
            self.surprise(&format!("The server answered {} to {}.", answer.code, spoken(asked)));
        }
    }

    /// Something unexpected: "run the rest" waits for the person, where there is one.
    fn surprise(&mut self, what: &str) {
        if self.runner.running && self.setup.attended {
            self.runner.running = false;
            self.runner.paused = Some(what.to_owned());
        }
    }
}

fn spoken(asked: Asked) -> String {
    match asked {
        Asked::Greeting => "the new connection".into(),
        Asked::Message => "the message".into(),
        other => other.step().into(),
    }
}

fn answers(asked: Asked) -> bool {
    !matches!(asked, Asked::Relay | Asked::Connection | Asked::Close)
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
