//! TLS within a conversation: what a handshake gave, and what it did to the rest (RFC 3207 §4).

use super::event::Event;
use super::{Asked, How, Link, Record};
use crate::tls::{Failure, Legacy, Report};
use crate::wire::ehlo::Capabilities;
use crate::wire::oddity::Oddity;
use crate::wire::rules::Phase;

/// What is known of a conversation's TLS session.
#[derive(Debug, Default)]
pub struct Tls {
    /// How far it is.
    pub stage: Stage,
    pub(super) report: Option<Box<Report>>,
    pub(super) failure: Option<Box<Failure>>,
    /// What was offered before the handshake.
    pub before: Option<Capabilities>,
    /// Entries of what the server sent in clear text behind its 220 to STARTTLS: evidence, and never read as replies.
    pub behind: Vec<usize>,
    /// Entries of commands that were sent in clear text behind STARTTLS.
    pub pipelined: Vec<usize>,
    /// Bytes of the conversation that crossed in clear text before the handshake: sent and received.
    pub(super) clear: (u64, u64),
    /// Bytes of ciphertext since the handshake began: sent and received.
    pub(super) carried: (u64, u64),
    since: usize,
    /// Whether the server announced the end of the TLS session, as it should (RFC 8446 §6.1).
    pub close_notify: bool,
    /// The code of a refused STARTTLS.
    pub refused: Option<u16>,
}

/// How far TLS is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Clear text.
    #[default]
    Clear,
    /// A handshake is due, and nothing of it has been sent.
    Due,
    /// The handshake is going on.
    Handshaking,
    /// What crosses is encrypted.
    Secured,
    /// The handshake failed.
    Failed,
}

impl Stage {
    /// The word for a view.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Due => "due",
            Self::Handshaking => "handshaking",
            Self::Secured => "secured",
            Self::Failed => "failed",
        }
    }
}

impl Tls {
    /// What is known of the TLS session, once its handshake is done.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_deref()
    }

    /// Why the handshake failed, or the TLS session broke.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// How many entries stood in the transcript when the handshake was done; none without one.
    pub fn since(&self) -> Option<usize> {
        self.report.as_ref().map(|_| self.since)
    }
}

impl Record {
    /// The server waits for a handshake.
    pub(super) fn tls_is_due(&mut self) {
        self.tls.stage = Stage::Due;
        // A sound server throws away what was sent behind STARTTLS: nobody will answer it.
        let unanswered = std::mem::take(&mut self.pending);
        self.tls.pipelined.extend(unanswered.into_iter().filter_map(|pending| pending.entry));
        self.await_reply(Asked::TlsPart, None);
    }

    pub(super) fn handshaking(&mut self) {
        if self.tls.stage != Stage::Due || self.is_over() {
            return;
        }
        self.tls.stage = Stage::Handshaking;
        self.tls.clear = (self.transcript.sent, self.transcript.received);
        self.stop_awaiting(Asked::TlsPart);
        self.await_reply(Asked::Handshake, None);
    }

    pub(super) fn secured(&mut self, report: Box<Report>) {
        if !self.awaits_tls() {
            return;
        }
        self.handshaking();
        self.pending.clear();
        self.overdue = false;
        self.tls.stage = Stage::Secured;
        self.tls.report = Some(report.clone());
        self.note(Event::Secured(report));
        self.tls.since = self.entries().len();
        self.forget_clear_text();
        if self.terms.tls_at_once && self.hello.greeting == 0 {
            self.await_reply(Asked::Greeting, None);
        }
    }

    /// What was learnt in clear text may have been somebody else's words (RFC 3207 §4.2).
    fn forget_clear_text(&mut self) {
        let before = self.hello.forget();
        self.tls.before = before.ehlo.map(|_| before.capabilities);
        self.phase = Phase::Start;
        self.sign_in.forget();
        self.open_line = None;
        if let Some(mail) = self.transactions.last_mut() {
            mail.aborted |= !mail.is_finished();
        }
    }

    pub(super) fn tls_failed(&mut self, failure: Box<Failure>) {
        if self.tls.stage == Stage::Clear {
            return;
        }
        // After QUIT and 221 nobody cares how the TLS session ended.
        let in_order = self.tls.stage == Stage::Secured && self.link == Link::Closing;
        self.tls.stage = Stage::Failed;
        self.tls.failure = Some(failure.clone());
        self.end(Event::TlsFailed(failure), if in_order { How::Quit } else { How::TlsFailed });
    }

    /// What an old client's words found out about a server with which the handshake had failed.
    pub(super) fn probed(&mut self, legacy: Box<Legacy>) {
        if let Some(failure) = &mut self.tls.failure {
            failure.legacy = Some((*legacy).clone());
            self.note(Event::Probed(legacy));
        }
    }

    /// Bytes in clear text where only TLS may come: kept, shown, and never read as replies.
    pub(super) fn keep_behind_starttls(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            if self.transcript.is_full() {
                self.transcript.dropped += line.len() as u64;
                continue;
            }
            if self.tls.behind.last().is_some_and(|&last| self.transcript.lengthen(last, self.at, line)) {
                continue;
            }
            let entry = self.transcript.server_line(self.at, self.at, line, vec![Oddity::BehindStarttls]);
            self.tls.behind.push(entry);
        }
    }
}
