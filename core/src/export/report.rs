//! The conversation as plain data for scripts.
//!
//! Everything here is made from the transcript, in which secrets are masked already.

use serde::Serialize;

use super::plain::lines;
use super::view::{EnvelopeView, RecipeView};
use crate::case::Case;
use crate::reading::ending::{EndingView, ending};
use crate::reading::findings::{Finding, findings};
use crate::reading::summary::Outcome;
use crate::record::{Asked, Side};

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

impl Case {
    /// The whole conversation as plain data.
    pub fn report(&self) -> Report {
        let summary = self.summary();
        let extensions = self.record.capabilities().extensions.iter();
        Report {
            outcome: summary.outcome,
            sentence: summary.sentence,
            ending: ending(self),
            queue_id: summary.queue_id,
            started: self.setup.started,
            host: self.host().to_owned(),
            port: self.setup.port,
            transcript: self.said(),
            replies: self.reply_reports(),
            envelope: self.record.envelope(),
            extensions: extensions.map(|one| format!("{} {}", one.keyword, one.params).trim().to_owned()).collect(),
            recipes: self.record.recipe_views(),
            findings: findings(self),
            talk: self.talk().to_string(),
        }
    }

    fn said(&self) -> Vec<Said> {
        let entries = self.record.entries().iter();
        entries
            .flat_map(|entry| lines(entry).into_iter().map(|text| Said { at: entry.at, side: entry.side, text }))
            .collect()
    }

    fn reply_reports(&self) -> Vec<ReplyReport> {
        let replies = self.record.replies().iter().enumerate();
        replies
            .map(|(id, reply)| ReplyReport {
                id,
                code: reply.code,
                enhanced: reply.enhanced.map(|code| code.to_string()),
                text: reply.text.clone(),
                step: reply.asked.map(Asked::step),
                at: reply.at,
                took: reply.took,
                oddities: self.record.oddities_of(id),
            })
            .collect()
    }

    /// The report as JSON, in one line: a second, prettier writer would weigh more in the page than the rest of this file.
    pub fn json(&self) -> String {
        crate::json::to_string(&self.report())
    }
}
