//! What a reply means: its codes, its step, its words and its lines, all in one place for the page.

use serde::Serialize;

use crate::case::Case;
use crate::explain::{self, Explanation, ReplyStep};
use crate::record::Asked;
use crate::record::ReplyRecord;
use crate::wire::rules::{Answers, GREETING, MESSAGE, answers};

/// Everything that is to be said about one reply.
#[derive(Clone, Debug, Serialize)]
pub struct Meaning {
    /// The code; 0 if there is none.
    pub code: u16,
    /// What the first digit says.
    pub class_word: &'static str,
    /// The enhanced status code.
    pub enhanced_code: Option<String>,
    /// At which step it came, in words.
    pub step: &'static str,
    /// Its text, all lines.
    pub text: String,
    /// Milliseconds since the question.
    pub took: Option<u64>,
    /// The basic code.
    pub basic: Explanation,
    /// The enhanced status code.
    pub enhanced: Option<Explanation>,
    /// Well-known words in the text that say more than the codes.
    pub phrase: Option<explain::Phrase>,
    /// For an accepted EHLO: every extension that it offered.
    pub keywords: Vec<Explanation>,
    /// For the reply to a typed command: what the command is for.
    pub command: Option<Explanation>,
    /// What is odd about it.
    pub oddities: Vec<String>,
    /// Whether the standard lists this code for this step, in a sentence.
    pub allowed: Option<String>,
    /// The entries of the transcript that it is made of.
    pub entries: Vec<usize>,
}

/// What reply number `id` means; none if there is no such reply.
pub fn of(case: &Case, id: usize) -> Option<Meaning> {
    let reply = case.record.replies().get(id)?;
    let step = step_of(reply);
    Some(Meaning {
        code: reply.code,
        class_word: class_word(reply.code),
        enhanced_code: reply.enhanced.map(|code| code.to_string()),
        step: reply.asked.map_or("no question", Asked::step),
        text: reply.text.clone(),
        took: reply.took,
        basic: explain::reply_code(reply.code, step),
        enhanced: reply.enhanced.map(|code| explain::enhanced(code.class, code.subject, code.detail, step)),
        phrase: phrase(reply),
        keywords: offered(reply).map(|(keyword, params)| explain::keyword(keyword, params)).collect(),
        command: command_of(reply).filter(|verb| !verb.is_empty()).map(explain::command),
        oddities: case.record.oddities_of(id),
        allowed: reply.asked.and_then(|asked| allowed(asked, reply.code)),
        entries: reply.entries.clone(),
    })
}

fn step_of(reply: &ReplyRecord) -> ReplyStep {
    match reply.asked {
        Some(Asked::Greeting) => ReplyStep::Greeting,
        Some(Asked::Message) => ReplyStep::Body,
        _ => command_of(reply).map_or(ReplyStep::Unasked, ReplyStep::of_verb),
    }
}

/// The command that it answers; empty for one that has no name of its own.
fn command_of(reply: &ReplyRecord) -> Option<&'static str> {
    match reply.asked? {
        Asked::AuthAnswer => Some("AUTH"),
        Asked::Command(verb) => Some(verb.word()),
        _ => None,
    }
}

fn phrase(reply: &ReplyRecord) -> Option<explain::Phrase> {
    explain::words(&reply.text).filter(|_| reply.code >= 400)
}

fn offered(reply: &ReplyRecord) -> impl Iterator<Item = (&str, &str)> {
    let extensions = reply.capabilities.iter().flat_map(|capabilities| &capabilities.extensions);
    extensions.map(|one| (one.keyword.as_str(), one.params.as_str()))
}

const fn class_word(code: u16) -> &'static str {
    match code / 100 {
        2 => "done",
        3 => "go on",
        4 => "not now",
        5 => "no",
        _ => "not a reply code",
    }
}

fn allowed(asked: Asked, code: u16) -> Option<String> {
    let Answers { good, bad, source } = match asked {
        Asked::Greeting => GREETING,
        Asked::Message => MESSAGE,
        Asked::Command(verb) => answers(verb),
        _ => return None,
    };
    if good.is_empty() && bad.is_empty() {
        return None;
    }
    let listed = good.contains(&code) || bad.contains(&code) || matches!(code, 421 | 500 | 501);
    let list = |codes: &[u16]| codes.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let both = [list(good), list(bad)].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    let verdict = if listed {
        "is listed here"
    } else {
        "is not listed here, which is common and allowed: clients go by the first digit"
    };
    Some(format!(
        "{code} {verdict} (RFC {} \u{a7}{} lists {both}; 421, 500 and 501 may always come).",
        source.0, source.1
    ))
}
