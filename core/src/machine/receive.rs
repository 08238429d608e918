//! What comes in: the relay's messages, the server's octets, the end.

use super::input::{Closed, SocketContext};
use super::timers::Asked;
use super::{Hello, How, Link, Output, Pending, ReplyRecord, Session};
use crate::plan;
use crate::record::event::{Event, NoRelay};
use crate::record::transaction::{Answer, queue_id};
use crate::secret::MASK;
use crate::tunnel::{Closer, Code, FromRelay, ToRelay};
use crate::wire::command::Verb;
use crate::wire::ehlo::{Capabilities, host_name};
use crate::wire::oddity::Oddity;
use crate::wire::reply::{ReadLine, Reply, ReplyReader};
use crate::wire::rules::Phase;

impl Session {
    pub(super) fn relay_says(&mut self, message: FromRelay) {
        if self.link == Link::Over {
            return;
        }
        match message {
            FromRelay::Resolved { name, addresses, ms } => {
                let (name, addresses) = (word(&name), addresses.iter().map(|address| word(address)).collect());
                self.record(Event::Resolved { name, addresses, ms });
            }
            FromRelay::Attempt { address, error, ms } => {
                self.attempts += 1;
                let address = word(&address);
                self.record(Event::Attempt { address, error, ms });
            }
            FromRelay::Connected(connected) => {
                self.record(Event::Connected {
                    address: word(&connected.address),
                    port: connected.port,
                    local: connected.local.clone(),
                    local_name: connected.local_name.as_deref().map(word),
                    ms: connected.ms,
                });
                self.connected = Some(connected);
                self.compose();
                self.up();
            }
            FromRelay::Error(mut refusal) => {
                let (code, guess) = (refusal.code, refusal.guess);
                refusal.message = crate::printable::text(refusal.message.trim().as_bytes());
                let message = refusal.message.clone();
                self.refusal = Some(refusal);
                self.end(Event::Refused { code, message, guess }, How::Refused(code), true);
            }
            FromRelay::Eof {} => {
                let how = self.how_the_server_left();
                self.end(Event::Eof, how, true);
            }
            FromRelay::Closed { by, code, .. } => {
                let how = match (by, code) {
                    // After QUIT and 221 it does not matter how.
                    _ if self.link == Link::Closing => How::Quit,
                    (Closer::Target, Code::Reset) => How::Reset,
                    (Closer::Target, _) => self.how_the_server_left(),
                    (Closer::Client, _) => How::HungUp,
                    (Closer::Relay, code) => How::Cut(code),
                };
                self.end(Event::Closed { by, code }, how, true);
            }
            FromRelay::Answer(_) | FromRelay::MtaSts(_) | FromRelay::About(_) => {}
        }
    }

    /// Closing after QUIT is the end in order, if without a goodbye; every other is the server's own decision.
    fn how_the_server_left(&self) -> How {
        match self.link {
            Link::Closing => How::Quit,
            _ if self.awaiting() == Some(QUIT) => How::Quit,
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
                let how = self.how_the_server_left();
                self.end(Event::Eof, how, false);
            }
            Closed::Socket { context, .. } if self.link == Link::Calling && !context.reached => {
                let why = no_relay(&context);
                // A page from a file has no origin that a relay could be told.
                if context.page_origin.starts_with("http") {
                    self.page_origin = word(&context.page_origin);
                }
                self.end(Event::NoRelay { why, relay: word(&context.relay) }, How::NoRelay(why), false);
            }
            Closed::Socket { code, .. } => {
                let how = if self.link == Link::Closing { How::Quit } else { How::RelayLost(code) };
                self.end(Event::RelayLost { code }, how, false);
            }
        }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if self.link == Link::Over {
            return;
        }
        self.transcript.received += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.awaits_tls() {
                self.keep_behind_starttls(rest);
                break;
            }
            // Behind the 220 of STARTTLS nothing in clear text may be read: it is looked for line by line.
            let upto = match self.awaits_starttls_reply() {
                true => memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
                false => rest.len(),
            };
            let (now, later) = rest.split_at(upto);
            let mut reader = std::mem::take(&mut self.reader);
            reader.feed(now, |read| self.line(&read, false));
            self.keep(reader);
            rest = later;
        }
        if self.transcript.is_full() {
            self.end(Event::Flood, How::Flood, true);
        }
    }

    /// Nothing more will come: what is left in the reader becomes entries.
    pub(super) fn flush_reader(&mut self) {
        let mut reader = std::mem::take(&mut self.reader);
        reader.finish(|read| self.line(&read, true));
        self.keep(reader);
    }

    fn keep(&mut self, reader: ReplyReader) {
        let now = self.elapsed();
        self.partial_since = (!reader.pending().is_empty()).then(|| self.partial_since.unwrap_or(now));
        self.reader = reader;
    }

    /// `cut`: the connection ended here, so the reply is not whole, or nobody knows whether it is.
    fn line(&mut self, read: &ReadLine<'_>, cut: bool) {
        let at = self.elapsed();
        let started = self.partial_since.take().unwrap_or(at);
        if !read.line.raw.is_empty() {
            if self.transcript.is_full() {
                self.transcript.dropped += read.line.raw.len() as u64;
                return;
            }
            let mut oddities = read.oddities.clone();
            // A mask in a saved talk is ours, not the server's.
            if self.replays && read.line.raw.windows(MASK.len()).any(|part| part == MASK.as_bytes()) {
                oddities.retain(|oddity| *oddity != Oddity::NotAscii);
            }
            let entry = self.transcript.server_line(started, at, read.line.raw, oddities);
            if read.in_reply {
                self.transcript.belongs(entry, self.replies.len());
                self.receiving.push(entry);
            } else {
                self.surprise("The server sent a line without a reply code.");
            }
        }
        if let Some(reply) = read.reply
            && !self.receiving.is_empty()
        {
            self.reply(reply, cut);
        }
    }

    fn reply(&mut self, reply: &Reply, cut: bool) {
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
        self.replies.push(record);
        if cut {
            // A reply that may go on answers nothing yet (RFC 5321 §4.2.1).
            return;
        }
        let goodbye = reply.code == 221 && pending.as_ref().is_none_or(|pending| pending.asked != QUIT);
        self.closing |= reply.code == 421 || goodbye;
        let Some(pending) = pending else {
            self.answered_early(id, reply.code);
            return self.surprise("The server sent a reply that nobody had asked for.");
        };
        self.overdue = false;
        self.pending.pop_front();
        let answer = Answer { reply: id, code: reply.code };
        match pending.asked {
            Asked::Greeting => self.greeted(reply),
            Asked::Command(verb) => self.answered(verb, answer, &pending, reply),
            Asked::AuthAnswer => {}
            Asked::Message => self.message_answered(answer, &pending, reply),
            Asked::Relay | Asked::Connection | Asked::TlsPart | Asked::Handshake | Asked::Close => {}
        }
        if matches!(pending.asked, Asked::AuthAnswer | Asked::Command(Verb::Auth)) {
            let record = self.replies[id].clone();
            self.auth_answered(reply, &record);
        }
        self.judge(pending.asked, answer);
    }

    /// A refusal between 354 and the final dot: the server does not want to read on.
    fn answered_early(&mut self, reply: usize, code: u16) {
        let on_the_way = self.is_sending() || self.chunk_left() > 0;
        if code < 400 || !on_the_way && !self.expects_message() {
            return;
        }
        // Half a message cannot be taken back: what is left of it is not sent, and the plan hangs up.
        self.sending.cut_short |= on_the_way;
        self.stop_sending();
        if let Some(mail) = self.transactions.last_mut() {
            mail.data = Some(Answer { reply, code });
        }
    }

    fn greeted(&mut self, reply: &Reply) {
        self.hello.greeting = reply.code;
        let first = reply.texts().next().map(crate::printable::text);
        self.hello.greeting_name = first.and_then(|text| host_name(&text)).filter(|name| name.contains('.'));
        self.compose();
    }

    fn answered(&mut self, verb: Verb, answer: Answer, pending: &Pending, reply: &Reply) {
        let good = answer.is_positive();
        let mail = pending.mail.and_then(|at| self.transactions.get_mut(at));
        match verb {
            Verb::Ehlo | Verb::Lhlo | Verb::Helo => self.hello_answered(verb, answer, reply),
            Verb::Mail => {
                // A second MAIL is refused, and the first stands (RFC 5321 §4.1.4).
                if let Some(mail) = mail.filter(|mail| mail.mail.is_none()) {
                    mail.mail = Some(answer);
                }
                if good && self.phase == Phase::Idle {
                    self.phase = Phase::Mail;
                }
            }
            Verb::Rcpt => {
                if let Some(one) = mail.zip(pending.recipient).and_then(|(mail, at)| mail.recipients.get_mut(at)) {
                    one.answer = Some(answer);
                }
                if good && self.phase == Phase::Mail {
                    self.phase = Phase::Rcpt;
                }
            }
            Verb::Data => {
                if let Some(mail) = mail {
                    mail.data = Some(answer);
                }
                if answer.code == 354 {
                    self.body_line.clear();
                    self.phase = Phase::Data;
                }
            }
            Verb::Bdat => {
                if let Some(mail) = mail.filter(|_| !good) {
                    mail.data = Some(answer);
                }
            }
            Verb::Rset if good => self.abort(),
            Verb::StartTls if answer.code == 220 => {
                self.begin_tls();
            }
            Verb::StartTls => self.tls.refused = Some(answer.code),
            Verb::Quit if good => {
                self.link = Link::Closing;
                self.await_reply(Asked::Close, None);
                self.out.push_back(Output::Control(ToRelay::Eof {}));
            }
            Verb::Quit => self.quit_refused = true,
            Verb::Other => {
                let said = pending.entry.and_then(|entry| self.transcript.entries()[entry].bytes.get(..8));
                if said.is_some_and(|word| word.eq_ignore_ascii_case(b"XCLIENT ")) {
                    self.xclient_answered(answer);
                }
            }
            _ => {}
        }
    }

    /// After XCLIENT the server takes us for somebody else: all begins anew, with EHLO.
    fn xclient_answered(&mut self, answer: Answer) {
        if let Some(xclient) = &mut self.sending.xclient {
            xclient.1 = answer.code;
        }
        if answer.is_positive() {
            self.abort();
            let before = std::mem::take(&mut self.hello);
            self.hello = Hello { greeting: before.greeting, greeting_name: before.greeting_name, ..Hello::default() };
            self.phase = Phase::Start;
            self.forget_sign_in();
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
        self.sending.cut_short = false;
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

    fn message_answered(&mut self, answer: Answer, pending: &Pending, reply: &Reply) {
        self.phase = Phase::Idle;
        self.wants_mail = false;
        if let Some(mail) = pending.mail.and_then(|at| self.transactions.get_mut(at)) {
            if let Some(one) = pending.recipient.and_then(|at| mail.recipients.get_mut(at)) {
                one.last = Some(answer);
            }
            // With LMTP several answers come: one yes is a yes.
            if mail.dot.is_none_or(|dot| !dot.is_positive()) {
                mail.dot = Some(answer);
                mail.queue_id = answer.is_positive().then(|| queue_id(&reply.text())).flatten();
            }
        }
        if self.pending.is_empty() && self.with_facts(plan::leaves_recipients) {
            let asked = self.transactions.last().into_iter().flat_map(|mail| &mail.recipients);
            self.sending.served.extend(asked.map(|one| one.address.clone()));
            self.wants_mail = true;
        }
    }

    /// What a reply means for the plan, and for "run the rest".
    fn judge(&mut self, asked: Asked, answer: Answer) {
        if is_expected(asked, answer) {
            return;
        }
        match asked {
            Asked::Command(Verb::Mail) if self.phase <= Phase::Idle => self.wants_mail = false,
            // Without a recipient DATA ends nothing: the mail is still open.
            Asked::Command(Verb::Data | Verb::Bdat) if self.phase == Phase::Rcpt => {
                self.wants_mail = false;
                self.phase = Phase::Idle;
            }
            _ => {}
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

const QUIT: Asked = Asked::Command(Verb::Quit);

/// Whether an answer lets the plan go on.
fn is_expected(asked: Asked, answer: Answer) -> bool {
    match asked {
        Asked::Command(Verb::Data) => answer.code == 354,
        Asked::Command(Verb::Auth) | Asked::AuthAnswer => answer.is_positive() || answer.code == 334,
        _ => answer.is_positive(),
    }
}

/// `text` as one word of a talk's `@` line, whatever the relay put into it.
fn word(text: &str) -> String {
    let word: String = crate::printable::text(text.as_bytes()).split_whitespace().collect::<Vec<_>>().join("_");
    if word.is_empty() { "-".into() } else { word }
}

fn spoken(asked: Asked) -> String {
    match asked {
        Asked::Greeting => "the new connection".into(),
        Asked::Message => "the message".into(),
        other => other.step().into(),
    }
}

fn answers(asked: Asked) -> bool {
    !matches!(asked, Asked::Relay | Asked::Connection | Asked::TlsPart | Asked::Handshake | Asked::Close)
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
