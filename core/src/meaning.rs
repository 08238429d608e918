//! What a reply means: its codes, its step, its words and its lines, all in one place for the page.

use serde::Serialize;
use serde_json::Value;

use crate::explain::{self, Explanation, Step};
use crate::json::{Mistake, Object};
use crate::session::Session;
use crate::session::rules::{Answers, GREETING, MESSAGE, answers};
use crate::session::timers::Asked;
use crate::wire::command::Verb;
use crate::wire::enhanced::Enhanced;

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

/// What a conversation knows of one reply: all that its meaning is made from.
///
/// The page's explanations are a module of their own, which is loaded when the first one is wanted; the facts cross over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The code; 0 if there is none.
    pub code: u16,
    /// The enhanced status code.
    pub enhanced: Option<String>,
    /// The verb of the command that it answers, `GREETING`, `MESSAGE`, or empty where nobody had asked.
    pub asked: String,
    /// At which step it came, in words.
    pub step: String,
    /// Its text, all lines.
    pub text: String,
    /// Milliseconds since the question.
    pub took: Option<u64>,
    /// For an accepted EHLO: every extension that it offered, keyword and parameters.
    pub extensions: Vec<(String, String)>,
    /// What is odd about it.
    pub oddities: Vec<String>,
    /// Whether the standard lists this code for this step, in a sentence.
    pub allowed: Option<String>,
    /// The entries of the transcript that it is made of.
    pub entries: Vec<usize>,
}

impl Facts {
    /// Reads facts that came as JSON.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = Object::parse(json)?;
        let numbers = |list: Vec<Value>| list.iter().filter_map(Value::as_u64).map(|number| number as usize).collect();
        let pair = |value: &Value| Some((value.get(0)?.as_str()?.to_owned(), value.get(1)?.as_str()?.to_owned()));
        Ok(Self {
            code: object.number("code")?.unwrap_or_default(),
            enhanced: object.text("enhanced")?,
            asked: object.some_text("asked")?,
            step: object.some_text("step")?,
            text: object.some_text("text")?,
            took: object.number("took")?,
            extensions: object.list("extensions")?.unwrap_or_default().iter().filter_map(pair).collect(),
            oddities: object.texts("oddities")?.unwrap_or_default(),
            allowed: object.text("allowed")?,
            entries: object.list("entries")?.map(numbers).unwrap_or_default(),
        })
    }
}

/// The facts of reply number `id`; none if there is no such reply.
pub fn facts(session: &Session, id: usize) -> Option<Facts> {
    let reply = session.replies().get(id)?;
    let offered = reply.capabilities.iter().flat_map(|capabilities| &capabilities.extensions);
    Some(Facts {
        code: reply.code,
        enhanced: reply.enhanced.map(|code| code.to_string()),
        asked: reply.asked.map_or("", asked_word).to_owned(),
        step: reply.asked.map_or("no question", Asked::step).to_owned(),
        text: reply.text.clone(),
        took: reply.took,
        extensions: offered.map(|one| (one.keyword.clone(), one.params.clone())).collect(),
        oddities: session.oddities_of(id),
        allowed: reply.asked.and_then(|asked| allowed(asked, reply.code)),
        entries: reply.entries.clone(),
    })
}

const fn asked_word(asked: Asked) -> &'static str {
    match asked {
        Asked::Greeting => "GREETING",
        Asked::Message => "MESSAGE",
        Asked::AuthAnswer => "AUTH",
        Asked::Command(Verb::Other) => "OTHER",
        Asked::Command(verb) => verb.word(),
        Asked::Relay | Asked::Connection | Asked::TlsPart | Asked::Handshake | Asked::Close => "",
    }
}

/// What a reply with these facts means.
pub fn explain(facts: &Facts) -> Meaning {
    let step = match facts.asked.as_str() {
        "" => Step::Unasked,
        "GREETING" => Step::Greeting,
        "MESSAGE" => Step::Body,
        verb => Step::of_verb(verb),
    };
    let is_command = !matches!(facts.asked.as_str(), "" | "GREETING" | "MESSAGE" | "OTHER");
    let enhanced = facts.enhanced.as_ref().and_then(|code| Enhanced::parse(code.as_bytes()));
    Meaning {
        code: facts.code,
        class_word: class_word(facts.code),
        enhanced_code: facts.enhanced.clone(),
        step: facts.step.clone(),
        text: facts.text.clone(),
        took: facts.took,
        basic: explain::reply_code(facts.code, step),
        enhanced: enhanced.map(|code| explain::enhanced(code.class, code.subject, code.detail, step)),
        phrase: (facts.code >= 400).then(|| explain::words(&facts.text)).flatten(),
        keywords: facts.extensions.iter().map(|(keyword, params)| explain::keyword(keyword, params)).collect(),
        command: is_command.then(|| explain::command(&facts.asked)),
        oddities: facts.oddities.clone(),
        allowed: facts.allowed.clone(),
        entries: facts.entries.clone(),
    }
}

/// What reply number `id` means; none if there is no such reply.
pub fn of(session: &Session, id: usize) -> Option<Meaning> {
    facts(session, id).map(|facts| explain(&facts))
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
