//! The conversation as it leaves: plain data for scripts, a talk, Markdown.
//!
//! Everything here is made from the transcript, in which secrets are masked already.

use serde::Serialize;

use super::Session;
use super::timers::Asked;
use super::view::{EndingView, EnvelopeView, Finding, Outcome, RecipeView};
use crate::printable;
use crate::record::talk::{Item, Talk};
use crate::record::{Entry, Piece, Side};
use crate::time::spoken;

/// What a script gets of a conversation.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The outcome in one word.
    pub outcome: Outcome,
    /// The outcome in one sentence.
    pub sentence: String,
    /// How the connection ended; none while it stands.
    pub ending: Option<EndingView>,
    /// The name that the server gave to the message.
    pub queue_id: Option<String>,
    /// Wall-clock time at the start, in milliseconds since 1970.
    pub started: Option<u64>,
    /// The host that was named.
    pub host: String,
    /// The port that was named.
    pub port: u16,
    /// Everything that was said and what happened, line by line.
    pub transcript: Vec<Said>,
    /// The replies.
    pub replies: Vec<ReplyReport>,
    /// The mail transaction.
    pub envelope: EnvelopeView,
    /// What the server offered.
    pub extensions: Vec<String>,
    /// What came of the tests that break rules on purpose.
    pub recipes: Vec<RecipeView>,
    /// What stands out.
    pub findings: Vec<Finding>,
    /// The conversation as a talk.
    pub talk: String,
}

/// One line of a report's transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Milliseconds since the beginning.
    pub at: u64,
    /// Who said it.
    pub side: Side,
    /// What; line ends left out, what cannot be seen written out.
    pub text: String,
}

/// One reply of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplyReport {
    /// Its place among the replies.
    pub id: usize,
    /// Its code.
    pub code: u16,
    /// Its enhanced status code.
    pub enhanced: Option<String>,
    /// Its text.
    pub text: String,
    /// What it answers: `greeting`, a verb such as `RCPT TO`, `the end of the message`.
    pub step: Option<&'static str>,
    /// Milliseconds since the beginning.
    pub at: u64,
    /// Milliseconds since the question.
    pub took: Option<u64>,
    /// What is odd about it, in words.
    pub oddities: Vec<String>,
}

impl Session {
    /// The whole conversation as plain data.
    pub fn report(&self) -> Report {
        let summary = self.summary();
        let view = self.view();
        Report {
            outcome: summary.outcome,
            sentence: summary.sentence,
            ending: view.ending,
            queue_id: summary.queue_id,
            started: self.setup.started,
            host: self.host().to_owned(),
            port: self.setup.port,
            transcript: self.said(),
            replies: self.reply_reports(),
            envelope: view.envelope,
            extensions: view
                .server
                .extensions
                .iter()
                .map(|one| format!("{} {}", one.keyword, one.params).trim().to_owned())
                .collect(),
            recipes: view.recipes,
            findings: view.findings,
            talk: self.talk().to_string(),
        }
    }

    fn said(&self) -> Vec<Said> {
        let entries = self.transcript.entries().iter();
        entries
            .flat_map(|entry| lines(entry).into_iter().map(|text| Said { at: entry.at, side: entry.side, text }))
            .collect()
    }

    fn reply_reports(&self) -> Vec<ReplyReport> {
        let replies = self.replies.iter().enumerate();
        replies
            .map(|(id, reply)| ReplyReport {
                id,
                code: reply.code,
                enhanced: reply.enhanced.map(|code| code.to_string()),
                text: reply.text.clone(),
                step: reply.asked.map(Asked::step),
                at: reply.at,
                took: reply.took,
                oddities: self.oddities_of(id),
            })
            .collect()
    }

    /// What is odd about a reply and its lines, in words.
    pub(crate) fn oddities_of(&self, reply: usize) -> Vec<String> {
        let Some(record) = self.replies.get(reply) else { return Vec::new() };
        let of_lines = record.entries.iter().flat_map(|&id| &self.transcript.entries()[id].oddities);
        let mut words: Vec<String> = of_lines.chain(&record.oddities).map(crate::wire::oddity::Oddity::words).collect();
        words.dedup();
        words
    }

    fn title(&self) -> String {
        match self.host() {
            "" => "A conversation.".into(),
            host if self.setup.practice.is_some() || self.setup.target.is_some() => {
                format!("A conversation with {host}.")
            }
            host => format!("A conversation with {host}, port {}.", self.setup.port),
        }
    }

    /// The conversation as a talk.
    pub fn talk(&self) -> Talk {
        let mut talk = Talk::default();
        talk.push(Item::Prose(self.title()));
        if let Some(started) = self.setup.started {
            talk.push(Item::Stage(format!("started {started}")));
        }
        if self.setup.security != crate::setup::Security::None {
            talk.push(Item::Stage(format!("security {}", self.setup.security.word())));
        }
        if self.setup.lmtp {
            talk.push(Item::Stage("protocol lmtp".into()));
        }
        if !self.setup.attended {
            talk.push(Item::Stage("unattended".into()));
        }
        if self.setup.plan.until != crate::setup::Until::Dot {
            talk.push(Item::Stage(format!("until {}", self.setup.plan.until.word())));
        }
        let mut clock = 0;
        for entry in self.transcript.entries() {
            if entry.at != clock {
                clock = entry.at;
                talk.push(Item::Stage(format!("at {clock}")));
            }
            match (&entry.event, entry.side) {
                (Some(event), _) => talk.push(Item::Stage(event.to_talk())),
                (None, Side::Server) => talk.push(Item::Server(entry.bytes.clone())),
                (None, _) => {
                    let (head, tail) = entry.bytes.split_at(entry.omitted.map_or(entry.bytes.len(), |(at, _)| at));
                    for line in head.split_inclusive(|&b| b == b'\n') {
                        talk.push(Item::Client(line.to_vec()));
                    }
                    if let Some((_, octets)) = entry.omitted {
                        talk.push(Item::Stage(["omitted ", &octets.to_string()].concat()));
                    }
                    for line in tail.split_inclusive(|&b| b == b'\n') {
                        talk.push(Item::Client(line.to_vec()));
                    }
                    // What a server said is decoded again; what was sent is masked.
                    for line in &entry.decoded {
                        talk.push(Item::Stage(["decoded ", line].concat()));
                    }
                }
            }
        }
        let summary = self.summary();
        talk.push(Item::Fact(format!("outcome {}", summary.outcome.word())));
        if let Some(ending) = &self.ending {
            talk.push(Item::Fact(format!("ended {}", ending.how.word())));
        }
        if let Some(id) = summary.queue_id {
            talk.push(Item::Fact(format!("queue-id {id}")));
        }
        for finding in crate::reading::findings::findings(self) {
            talk.push(Item::Finding(finding.id.into()));
        }
        talk
    }

    /// The conversation as Markdown, for a ticket.
    pub fn markdown(&self) -> String {
        let summary = self.summary();
        let mut out = format!("**{}**\n\n", quoted(&summary.sentence));
        if let Some(ending) = &self.ending {
            out.push_str(&format!("{}\n\n", quoted(&ending.view(&self.circumstances()).sentence)));
        }
        // Longer than any run of backticks that a server may send.
        let text = self.plain();
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        out.push_str(&format!("{fence}text\n{text}{fence}\n"));
        let findings = crate::reading::findings::findings(self);
        if !findings.is_empty() {
            out.push('\n');
        }
        for finding in findings {
            out.push_str(&format!(
                "- **{}.** {} {}\n",
                quoted(&finding.title),
                quoted(&finding.detail),
                quoted(&finding.advice)
            ));
        }
        out
    }

    /// The transcript as aligned text.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for entry in self.transcript.entries() {
            let mark = match entry.side {
                Side::Client => "->",
                Side::Server => "<-",
                Side::Relay => "==",
            };
            for line in lines(entry) {
                out.push_str(&format!("{:>8} {mark} {line}\n", spoken(entry.at)));
            }
            for line in &entry.decoded {
                out.push_str(&format!("{:>8} .. {line}\n", ""));
            }
        }
        out
    }

    /// The report as JSON, in one line: a second, prettier writer would weigh more in the page than the rest of this file.
    pub fn json(&self) -> String {
        crate::json::to_string(&self.report())
    }
}

/// The lines of an entry, visible and without line ends.
fn lines(entry: &Entry) -> Vec<String> {
    if let Some(event) = &entry.event {
        return vec![event.words()];
    }
    let one = |raw: &[u8]| {
        let line = crate::wire::line::Line::of(raw);
        let mut text = printable::text(line.content());
        if line.end == crate::wire::line::LineEnd::Lf {
            text.push('␊');
        }
        text
    };
    match entry.piece {
        Piece::Message => {
            let (head, tail) = entry.bytes.split_at(entry.omitted.map_or(entry.bytes.len(), |(at, _)| at));
            let gap =
                entry.omitted.map(|(_, octets)| ["[", &octets.to_string(), " octets are left out here]"].concat());
            let lines = |part: &[u8]| part.split_inclusive(|&b| b == b'\n').map(one).collect::<Vec<_>>();
            lines(head).into_iter().chain(gap).chain(lines(tail)).collect()
        }
        _ => vec![one(&entry.bytes)],
    }
}

/// Text that may hold a server's words, so that it stays text in Markdown.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
