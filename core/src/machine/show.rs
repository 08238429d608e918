//! The session as a page draws it.

use super::ending::Circumstances;
use super::view::{
    ConnectionView, EntryView, EnvelopeView, ExtensionView, LineView, Proposal, ProposalKind, RecipientView,
    ServerView, Traffic, Turn, View, Waiting,
};
use super::{Link, Session};
use crate::plan::{self, What};
use crate::printable::{Segment, segments};
use crate::record::{Entry, Piece, Side};
use crate::wire::body::measure;
use crate::wire::line::{Line, LineEnd};
use crate::wire::rules::Phase;

/// How many lines of a long message are shown.
const MESSAGE_LINES_SHOWN: usize = 400;

/// The largest message that is shown for editing, in octets.
const SHOWN_MAX: usize = 256 * 1024;

impl Session {
    /// What a page draws now.
    pub fn view(&self) -> View {
        let step = self.proposal();
        let upcoming = step.as_ref().map_or_else(Vec::new, |step| self.with_facts(|facts| plan::upcoming(facts, step)));
        let entries = self.transcript.entries().len();
        View {
            turn: self.turn(),
            waiting: self.waiting(),
            proposal: step.map(|step| self.show_step(step)),
            upcoming,
            running: self.runner.running,
            paused: self.runner.paused.clone(),
            connection: self.connected.as_ref().map(|connected| ConnectionView {
                host: self.host().to_owned(),
                address: connected.address.clone(),
                port: connected.port,
                local: connected.local.clone(),
                local_name: connected.local_name.clone(),
            }),
            server: ServerView {
                name: self.hello.capabilities.name.clone().or_else(|| self.hello.greeting_name.clone()),
                hello: self.hello.accepted.map(|verb| verb.word().to_owned()),
                extensions: self.extensions(),
            },
            tls: self.tls_view(),
            protection: self.protection(),
            sign_in: self.sign_in_view(),
            recipes: self.recipe_views(),
            envelope: self.envelope(),
            summary: self.summary(),
            ending: self.ending.as_ref().map(|ending| ending.view(&self.circumstances())),
            findings: crate::reading::findings::findings(self),
            entries: entries + usize::from(self.has_partial()),
            settled: self.growing().or(self.receiving.first().copied()).unwrap_or(entries),
            progress: self.progress(),
            traffic: Traffic {
                sent: self.transcript.sent,
                received: self.transcript.received,
                dropped: self.transcript.dropped,
            },
        }
    }

    fn turn(&self) -> Turn {
        match self.link {
            Link::Over => Turn::Over,
            Link::Calling | Link::Dialing => Turn::Connecting,
            _ if !self.pending.is_empty() || self.runs_recipe() || self.is_sending() => Turn::Server,
            _ if self.phase == Phase::Data || self.chunk_left() > 0 => Turn::Message,
            _ => Turn::You,
        }
    }

    fn waiting(&self) -> Option<Waiting> {
        if let Some(quiet) = self.waits_for_quiet() {
            return Some(quiet);
        }
        let first = self.pending.front().filter(|_| self.link != Link::Over)?;
        let wait = first.asked.wait();
        Some(Waiting {
            what: first.asked.spoken(),
            since: self.wait_begin(first).0,
            limit: wait.limit,
            section: wait.section,
            hint: wait.hint,
            overdue: self.overdue,
        })
    }

    fn show_step(&self, step: plan::Step) -> Proposal {
        let caution = match step.what {
            What::SignIn(mechanism, _) => self.credentials_risk(mechanism),
            _ => None,
        };
        let (kind, text) = match step.what {
            What::Command(_, text) => (ProposalKind::Command, text),
            What::SignIn(_, text) | What::Answer(text) => (ProposalKind::SignIn, text),
            What::Hangup => (ProposalKind::Hangup, String::new()),
            What::Message => return self.show_message(step.why),
        };
        Proposal { kind, text, why: step.why, dots: 0, octets: 0, caution, opaque: false }
    }

    fn show_message(&self, why: String) -> Proposal {
        let left = self.chunk_left();
        // A big message is not copied only to be looked at, and a piece of one is sent as it is.
        let opaque = left > 0 || self.message.len() > SHOWN_MAX || !plan::message::is_text(&self.setup.plan.message);
        let text = if opaque { String::new() } else { String::from_utf8_lossy(&self.message).replace("\r\n", "\n") };
        let (dots, octets) = if left > 0 { (0, left) } else { measure(&self.message) };
        Proposal { kind: ProposalKind::Message, text, why, dots, octets, caution: None, opaque }
    }

    fn extensions(&self) -> Vec<ExtensionView> {
        let offered = self.hello.capabilities.extensions.iter();
        offered.map(|one| ExtensionView { keyword: one.keyword.clone(), params: one.params.clone() }).collect()
    }

    fn envelope(&self) -> EnvelopeView {
        let Some(mail) = self.transactions.last() else { return EnvelopeView::default() };
        let recipients = mail.recipients.iter().map(|one| RecipientView {
            address: one.address.clone(),
            reply: one.answer.map(|answer| answer.reply),
            code: one.answer.map(|answer| answer.code),
            accepted: one.last.or(one.answer).map(crate::record::transaction::Answer::is_positive),
            final_reply: one.last.map(|answer| answer.reply),
            final_code: one.last.map(|answer| answer.code),
        });
        EnvelopeView { reverse_path: Some(mail.reverse_path.clone()), recipients: recipients.collect() }
    }

    pub(super) fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            host: self.host(),
            port: self.setup.port,
            guess: self.refusal.as_ref().and_then(|refusal| refusal.guess),
            refusal: self.refusal.as_ref().map(|refusal| refusal.message.as_str()),
            retry_after: self.refusal.as_ref().and_then(|refusal| refusal.retry_after),
            greeted: self.hello.greeting != 0,
            last_code: self.replies.last().map(|reply| reply.code),
            tls: self.tls.failure.as_deref(),
            page_origin: &self.page_origin,
        }
    }

    fn has_partial(&self) -> bool {
        !self.reader.pending().is_empty()
    }

    /// The entries from `from` on, ready to show; the last may be a line that is not whole yet.
    pub fn entries(&self, from: usize) -> Vec<EntryView> {
        let all = self.transcript.entries();
        let from = from.min(all.len());
        let mut before = from.checked_sub(1).map_or(0, |at| all[at].at);
        let mut out = Vec::with_capacity(all.len() - from + 1);
        for (id, entry) in all.iter().enumerate().skip(from) {
            out.push(show_entry(id, entry, before));
            before = entry.at;
        }
        if self.has_partial() {
            let at = self.partial_since.unwrap_or_else(|| self.elapsed());
            out.push(EntryView {
                id: all.len(),
                at,
                pause: at.saturating_sub(before),
                side: Side::Server,
                piece: Piece::Line,
                lines: vec![LineView { segments: segments(self.reader.pending()) }],
                omitted: 0,
                omitted_octets: 0,
                reply: None,
                oddities: Vec::new(),
                decoded: Vec::new(),
                open: true,
            });
        }
        out
    }

    /// Whether what is typed now would be the answer to a question of AUTH, or AUTH with an answer in it.
    pub fn is_secret(&self, line: &str) -> bool {
        self.in_auth || crate::record::masked(line, false) != line
    }

    /// The name that the plan would greet with.
    pub fn proposed_name(&self) -> String {
        self.own_name()
    }
}

fn show_entry(id: usize, entry: &Entry, before: u64) -> EntryView {
    let (lines, omitted) = match &entry.event {
        Some(event) => (vec![LineView { segments: vec![Segment { text: event.words(), special: None }] }], 0),
        None => show_lines(&entry.bytes),
    };
    EntryView {
        id,
        at: entry.at,
        pause: entry.at.saturating_sub(before),
        side: entry.side,
        piece: entry.piece,
        lines,
        omitted,
        omitted_octets: entry.omitted.map_or(0, |(_, octets)| octets),
        reply: entry.reply,
        oddities: entry.oddities.iter().map(crate::wire::oddity::Oddity::words).collect(),
        decoded: entry.decoded.clone(),
        open: false,
    }
}

fn show_lines(bytes: &[u8]) -> (Vec<LineView>, usize) {
    let all: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    let shown = if all.len() > MESSAGE_LINES_SHOWN { MESSAGE_LINES_SHOWN - 1 } else { all.len() };
    let omitted = all.len() - shown - usize::from(shown < all.len());
    let last = (shown < all.len()).then(|| all[all.len() - 1]);
    let lines = all[..shown].iter().copied().chain(last).map(|raw| LineView { segments: show_line(raw) }).collect();
    (lines, omitted)
}

fn show_line(raw: &[u8]) -> Vec<Segment> {
    let line = Line::of(raw);
    let mut out = segments(line.content());
    match line.end {
        LineEnd::CrLf => {}
        LineEnd::Lf => out.push(Segment { text: "␊".into(), special: Some("the line ends with LF alone") }),
        LineEnd::None => out.push(Segment { text: "⌁".into(), special: Some("the line has no end") }),
    }
    out
}
