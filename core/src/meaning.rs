//! What a reply means: its codes, its step, its words and its lines, all in one place for the page.

use serde::Serialize;

use crate::explain::{self, Explanation, Step};
use crate::session::Session;
use crate::session::rules::{Answers, GREETING, MESSAGE, answers};
use crate::session::timers::Asked;

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
    pub step: String,
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
pub fn of(session: &Session, id: usize) -> Option<Meaning> {
    let reply = session.replies().get(id)?;
    let step = step_of(session.asked_by(id));
    let enhanced = reply.enhanced.map(|code| explain::enhanced(code.class, code.subject, code.detail, step));
    let offered = reply.capabilities.iter().flat_map(|capabilities| &capabilities.extensions);
    let command = match reply.asked {
        Some(Asked::Command(verb)) if !verb.word().is_empty() => Some(explain::command(verb.word())),
        _ => None,
    };
    Some(Meaning {
        code: reply.code,
        class_word: class_word(reply.code),
        enhanced_code: reply.enhanced.map(|code| code.to_string()),
        step: match reply.asked {
            Some(asked) => asked.step().to_owned(),
            None => "no question".into(),
        },
        text: reply.text.clone(),
        took: reply.took,
        basic: explain::reply_code(reply.code, step),
        enhanced,
        phrase: (reply.code >= 400).then(|| explain::words(&reply.text)).flatten(),
        keywords: offered.map(|one| explain::keyword(&one.keyword, &one.params)).collect(),
        command,
        oddities: session.oddities_of(id),
        allowed: reply.asked.and_then(|asked| allowed(asked, reply.code)),
        entries: reply.entries.clone(),
    })
}

fn step_of(asked: Option<Asked>) -> Step {
    match asked {
        None => Step::Unasked,
        Some(Asked::Greeting) => Step::Greeting,
        Some(Asked::Message) => Step::Body,
        Some(Asked::AuthAnswer) => Step::Auth,
        Some(Asked::Command(verb)) => Step::of_verb(verb.word()),
        Some(Asked::Relay | Asked::Connection | Asked::Close) => Step::Unknown,
    }
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
