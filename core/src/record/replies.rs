//! What the server said: its lines, the replies that they make, and what each reply answers and changes.

use super::transaction::{Answer, queue_id};
use super::{Asked, Link, Pending, Record};
use crate::wire::command::Verb;
use crate::wire::ehlo::{Capabilities, host_name};
use crate::wire::enhanced::Enhanced;
use crate::wire::oddity::Oddity;
use crate::wire::reply::{ReadLine, Reply, ReplyReader};
use crate::wire::rules::Phase;

/// One reply, as it stands in the transcript.
#[derive(Clone, Debug)]
pub struct ReplyRecord {
    /// Its code; 0 if it has none.
    pub code: u16,
    /// Its enhanced status code.
    pub enhanced: Option<Enhanced>,
    /// Its text, all lines.
    pub text: String,
    /// What it answers.
    pub asked: Option<Asked>,
    /// The entry of the question.
    pub question: Option<usize>,
    /// Its own entries.
    pub entries: Vec<usize>,
    /// When it was whole, in milliseconds since the beginning.
    pub at: u64,
    /// Milliseconds since the question.
    pub took: Option<u64>,
    /// The phase of the mail transaction in which it came.
    pub phase: Phase,
    /// Whether the connection ended before it was known to be whole: such a reply answers nothing.
    pub cut: bool,
    /// What is odd about it as a whole.
    pub oddities: Vec<Oddity>,
    /// For an accepted EHLO: what it offered.
    pub capabilities: Option<Capabilities>,
}

const QUIT: Asked = Asked::Command(Verb::Quit);

impl Record {
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if self.is_over() {
            return;
        }
        self.transcript.received += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.awaits_tls() {
                return self.keep_behind_starttls(rest);
            }
            // Behind the 220 of STARTTLS nothing in clear text may be read: it is looked for line by line.
            let upto = match self.pending.iter().any(|pending| pending.asked == Asked::Command(Verb::StartTls)) {
                true => memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
                false => rest.len(),
            };
            let (now, later) = rest.split_at(upto);
            let mut reader = std::mem::take(&mut self.reader);
            reader.feed(now, |read| self.line(&read, false));
            self.keep(reader);
            rest = later;
        }
    }

    /// Nothing more will come: what is left in the reader becomes entries.
    pub(super) fn flush_reader(&mut self) {
        let mut reader = std::mem::take(&mut self.reader);
        reader.finish(|read| self.line(&read, true));
        self.keep(reader);
    }

    fn keep(&mut self, reader: ReplyReader) {
        let now = self.at;
        self.partial_since = (!reader.pending().is_empty()).then(|| self.partial_since.unwrap_or(now));
        self.reader = reader;
    }

    /// `cut`: the connection ended here, so the reply is not whole, or nobody knows whether it is.
    fn line(&mut self, read: &ReadLine<'_>, cut: bool) {
        let started = self.partial_since.take().unwrap_or(self.at);
        if !read.line.raw.is_empty() {
            if self.transcript.is_full() {
                self.transcript.dropped += read.line.raw.len() as u64;
                return;
            }
            let entry = self.transcript.server_line(started, self.at, read.line.raw, read.oddities.clone());
            if read.in_reply {
                self.transcript.belongs(entry, self.replies.len());
                self.receiving.push(entry);
            }
        }
        if let Some(reply) = read.reply
            && !self.receiving.is_empty()
        {
            self.reply(reply, cut);
        }
    }

    fn reply(&mut self, reply: &Reply, cut: bool) {
        let pending = self.pending.front().cloned().filter(|pending| pending.asked.is_answered_by_a_reply());
        let mut record = ReplyRecord {
            code: reply.code,
            enhanced: reply.enhanced(),
            text: reply.text(),
            asked: pending.as_ref().map(|pending| pending.asked),
            question: pending.as_ref().and_then(|pending| pending.entry),
            entries: std::mem::take(&mut self.receiving),
            at: self.at,
            took: pending.as_ref().map(|pending| self.at.saturating_sub(self.wait_begin(pending))),
            phase: self.phase,
            cut,
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
        let Some(pending) = pending else { return self.answered_early(id, reply.code) };
        self.overdue = false;
        self.pending.pop_front();
        let answer = Answer { reply: id, code: reply.code };
        match pending.asked {
            Asked::Greeting => self.greeted(reply),
            Asked::Command(verb) => self.answered(verb, answer, &pending, reply),
            Asked::Message => self.message_answered(answer, &pending, reply),
            _ => {}
        }
        if matches!(pending.asked, Asked::AuthAnswer | Asked::Command(Verb::Auth)) {
            self.auth_answered(id, reply);
        }
    }

    /// A refusal between 354 and the final dot: the server does not want to read on.
    fn answered_early(&mut self, reply: usize, code: u16) {
        let on_the_way = self.is_sending() || self.chunk_left() > 0;
        if code < 400 || !on_the_way && !self.expects_message() {
            return;
        }
        // Half a message cannot be taken back: what is left of it is not sent.
        self.cut_short |= on_the_way;
        self.growing = None;
        if let Some(mail) = self.transactions.last_mut() {
            mail.data = Some(Answer { reply, code });
        }
    }

    fn greeted(&mut self, reply: &Reply) {
        self.hello.greeting = reply.code;
        let first = reply.texts().next().map(crate::printable::text);
        self.hello.greeting_name = first.and_then(|text| host_name(&text)).filter(|name| name.contains('.'));
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
                } else {
                    self.message_refused();
                }
            }
            Verb::Bdat if good => {}
            Verb::Bdat => {
                if let Some(mail) = mail {
                    mail.data = Some(answer);
                }
                self.message_refused();
            }
            Verb::Rset if good => self.abort(),
            Verb::StartTls if answer.code == 220 => self.tls_is_due(),
            Verb::StartTls => self.tls.refused = Some(answer.code),
            Verb::Quit if good => {
                self.link = Link::Closing;
                self.await_reply(Asked::Close, None);
            }
            Verb::Quit => self.quit_refused = true,
            Verb::Other if pending.entry.is_some_and(|entry| self.is_xclient(entry)) => self.xclient_answered(answer),
            _ => {}
        }
    }

    /// With recipients this ends the mail; without one DATA ends nothing, and the mail is still open.
    fn message_refused(&mut self) {
        if self.phase == Phase::Rcpt {
            self.phase = Phase::Idle;
        }
    }

    /// Whether an entry is XCLIENT with something behind it.
    pub fn is_xclient(&self, entry: usize) -> bool {
        let said = self.entries().get(entry).and_then(|entry| entry.bytes.get(..8));
        said.is_some_and(|word| word.eq_ignore_ascii_case(b"XCLIENT "))
    }

    /// After XCLIENT the server takes us for somebody else: all begins anew, with EHLO.
    fn xclient_answered(&mut self, answer: Answer) {
        if let Some(xclient) = &mut self.xclient {
            xclient.1 = answer.code;
        }
        if answer.is_positive() {
            self.abort();
            self.hello.forget();
            self.phase = Phase::Start;
            self.sign_in.forget();
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
        self.cut_short = false;
        if self.phase > Phase::Idle {
            self.phase = Phase::Idle;
        }
        if let Some(mail) = self.transactions.last_mut() {
            mail.aborted |= !mail.is_finished();
        }
    }

    fn message_answered(&mut self, answer: Answer, pending: &Pending, reply: &Reply) {
        self.phase = Phase::Idle;
        let Some(mail) = pending.mail.and_then(|at| self.transactions.get_mut(at)) else { return };
        if let Some(one) = pending.recipient.and_then(|at| mail.recipients.get_mut(at)) {
            one.last = Some(answer);
        }
        // With LMTP several answers come: one yes is a yes.
        if mail.dot.is_none_or(|dot| !dot.is_positive()) {
            mail.dot = Some(answer);
            mail.queue_id = answer.is_positive().then(|| queue_id(&reply.text())).flatten();
        }
    }

    /// What is odd about a reply and its lines, in words.
    pub fn oddities_of(&self, reply: usize) -> Vec<String> {
        let Some(record) = self.replies.get(reply) else { return Vec::new() };
        let of_lines = record.entries.iter().flat_map(|&id| &self.entries()[id].oddities);
        let mut words: Vec<String> = of_lines.chain(&record.oddities).map(Oddity::words).collect();
        words.dedup();
        words
    }
}
