//! TLS within a conversation: when a handshake is due, what it gave, and what it does to the rest (RFC 3207 §4).

use super::input::Secured;
use super::timers::Asked;
use super::{Hello, How, Link, Output, Session};
use crate::record::event::Event;
use crate::setup::Security;
use crate::tls::{Binding, Failure, Legacy, Report, Settings};
use crate::wire::command::Verb;
use crate::wire::ehlo::Capabilities;
use crate::wire::oddity::Oddity;
use crate::wire::rules::Phase;

/// What a conversation knows of its TLS session.
#[derive(Debug, Default)]
pub(super) struct Tls {
    pub(super) stage: Stage,
    pub(super) report: Option<Box<Report>>,
    pub(super) failure: Option<Box<Failure>>,
    /// Values that bind a sign-in to this TLS session.
    pub(super) binding: Option<Binding>,
    /// What was offered before the handshake.
    pub(super) before: Option<Capabilities>,
    /// Entries of what came behind the 220 of STARTTLS in clear text.
    pub(super) behind: Vec<usize>,
    /// Entries of commands that were sent behind STARTTLS in clear text.
    pub(super) pipelined: Vec<usize>,
    /// Octets of the conversation that crossed in clear text before the handshake: sent and received.
    pub(super) clear: (u64, u64),
    /// Octets of ciphertext since the handshake began: sent and received.
    pub(super) carried: (u64, u64),
    /// The number of entries that stood in the transcript when the handshake was done.
    pub(super) since: usize,
    /// Whether the server announced the end of the TLS session (RFC 8446 §6.1).
    pub(super) close_notify: bool,
    /// The code of a refused STARTTLS.
    pub(super) refused: Option<u16>,
}

/// How far TLS is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Clear text.
    #[default]
    Clear,
    /// A handshake is due: the driver makes ready for it.
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
            Self::Due => "loading",
            Self::Handshaking => "handshaking",
            Self::Secured => "secured",
            Self::Failed => "failed",
        }
    }
}

impl Session {
    /// How far TLS is.
    pub fn tls_stage(&self) -> Stage {
        self.tls.stage
    }

    /// What is known of the TLS session, once its handshake is done.
    pub fn tls_report(&self) -> Option<&Report> {
        self.tls.report.as_deref()
    }

    /// Why the handshake failed, or the TLS session broke.
    pub fn tls_failure(&self) -> Option<&Failure> {
        self.tls.failure.as_deref()
    }

    /// Entries of what the server sent in clear text behind its 220 to STARTTLS: evidence, and never read as replies.
    pub fn behind_starttls(&self) -> &[usize] {
        &self.tls.behind
    }

    /// Entries of commands that were sent in clear text behind STARTTLS.
    pub fn pipelined_behind_starttls(&self) -> &[usize] {
        &self.tls.pipelined
    }

    /// How many entries stood in the transcript when the handshake was done; none without one.
    pub fn secured_since(&self) -> Option<usize> {
        self.tls.report.as_ref().map(|_| self.tls.since)
    }

    /// Whether the server announced the end of its TLS session, as it should (RFC 8446 §6.1).
    pub fn is_tls_closed_in_order(&self) -> bool {
        self.tls.close_notify
    }

    /// What was offered before the handshake.
    pub fn capabilities_before_tls(&self) -> Option<&Capabilities> {
        self.tls.before.as_ref()
    }

    /// Octets that crossed in clear text, and as ciphertext: each sent and received.
    pub fn carried(&self) -> ((u64, u64), (u64, u64)) {
        let clear = match self.tls.stage {
            Stage::Clear | Stage::Due => (self.transcript.sent, self.transcript.received),
            _ => self.tls.clear,
        };
        (clear, self.tls.carried)
    }

    /// The server waits for a handshake: asks the driver for it.
    pub(super) fn begin_tls(&mut self) {
        let settings = self.tls_settings();
        self.tls.stage = Stage::Due;
        self.runner.paused = None;
        // A sound server throws away what was sent behind STARTTLS: nobody will answer it.
        let unanswered = std::mem::take(&mut self.pending);
        self.tls.pipelined.extend(unanswered.into_iter().filter_map(|pending| pending.entry));
        self.await_reply(Asked::TlsPart, None);
        self.out.push_back(Output::Handshake(Box::new(settings)));
    }

    pub(super) fn tls_settings(&self) -> Settings {
        let (setup, choice) = (&self.setup, &self.setup.tls);
        let connected = self.connected.as_ref();
        // A named target has no name of its own for certificates but the server's.
        let host = match setup.target {
            Some(_) => self.hello.greeting_name.clone().unwrap_or_default(),
            None => setup.host.trim_end_matches('.').to_owned(),
        };
        Settings {
            server_name: choice.server_name.clone().unwrap_or_else(|| host.clone()),
            check_name: choice.check_name.clone().unwrap_or(host),
            versions: choice.versions,
            authorities: choice.authorities.clone(),
            client: choice.client.clone(),
            now: setup.started.unwrap_or_default() + self.elapsed(),
            probe: choice.probe,
            starttls: setup.security != Security::Tls,
            host: self.host().to_owned(),
            port: connected.map_or(setup.port, |connected| connected.port),
        }
    }

    /// The driver has sent the first words of the handshake.
    pub(super) fn handshaking(&mut self) {
        if self.tls.stage != Stage::Due || self.link == Link::Over {
            return;
        }
        self.tls.stage = Stage::Handshaking;
        self.tls.clear = (self.transcript.sent, self.transcript.received);
        self.stop_awaiting(Asked::TlsPart);
        self.await_reply(Asked::Handshake, None);
    }

    pub(super) fn secured(&mut self, secured: Secured) {
        if !matches!(self.tls.stage, Stage::Due | Stage::Handshaking) || self.link == Link::Over {
            return;
        }
        if self.tls.stage == Stage::Due {
            self.handshaking();
        }
        self.pending.clear();
        self.overdue = false;
        self.tls.stage = Stage::Secured;
        self.tls.binding = secured.binding;
        self.tls.report = Some(secured.report.clone());
        self.record(Event::Secured(secured.report));
        self.tls.since = self.transcript.entries().len();
        self.forget_clear_text();
        if self.setup.security == Security::Tls && self.hello.greeting == 0 {
            self.await_reply(Asked::Greeting, None);
        }
    }

    /// What was learnt in clear text may have been somebody else's words (RFC 3207 §4.2).
    fn forget_clear_text(&mut self) {
        let before = std::mem::take(&mut self.hello);
        self.hello = Hello { greeting: before.greeting, greeting_name: before.greeting_name, ..Hello::default() };
        self.tls.before = before.ehlo.map(|_| before.capabilities);
        self.phase = Phase::Start;
        self.in_auth = false;
        self.forget_sign_in();
        self.open_line = None;
        if let Some(mail) = self.transactions.last_mut() {
            mail.aborted |= !mail.is_finished();
        }
    }

    pub(super) fn tls_failed(&mut self, failure: Box<Failure>) {
        if self.link == Link::Over || self.tls.stage == Stage::Clear {
            return;
        }
        let after = self.tls.stage == Stage::Secured;
        self.tls.stage = Stage::Failed;
        self.tls.failure = Some(failure.clone());
        // After QUIT and 221 nobody cares how the TLS session ended.
        let how = if after && self.link == Link::Closing { How::Quit } else { How::TlsFailed };
        self.end(Event::TlsFailed(failure), how, true);
    }

    pub(super) fn closed_in_order(&mut self) {
        if self.link != Link::Over && !std::mem::replace(&mut self.tls.close_notify, true) {
            self.record(Event::CloseNotify);
        }
    }

    /// What an old client's words found out about a server with which the handshake had failed.
    pub(super) fn probed(&mut self, legacy: Box<Legacy>) {
        if let Some(failure) = &mut self.tls.failure {
            failure.legacy = Some((*legacy).clone());
            self.record(Event::Probed(legacy));
        }
    }

    /// Octets in clear text where only TLS may come: kept, shown, and never read as replies.
    pub(super) fn keep_behind_starttls(&mut self, bytes: &[u8]) {
        let at = self.elapsed();
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            if self.transcript.is_full() {
                self.transcript.dropped += line.len() as u64;
                continue;
            }
            if self.tls.behind.last().is_some_and(|&last| self.transcript.lengthen(last, at, line)) {
                continue;
            }
            let entry = self.transcript.server_line(at, at, line, vec![Oddity::BehindStarttls]);
            self.tls.behind.push(entry);
        }
    }

    /// Whether octets from the server are of no conversation: a handshake is due, or going on.
    pub(super) fn awaits_tls(&self) -> bool {
        matches!(self.tls.stage, Stage::Due | Stage::Handshaking)
    }

    /// Whether the next reply may be the 220 behind which only TLS may come.
    pub(super) fn awaits_starttls_reply(&self) -> bool {
        self.pending.iter().any(|pending| pending.asked == Asked::Command(Verb::StartTls))
    }

    /// Whether what is sent now can be read on the way only by the server that proved its name.
    pub fn is_protected(&self) -> bool {
        self.tls.stage == Stage::Secured && self.tls.report.as_ref().is_some_and(|report| report.verdict.trusted)
    }
}
