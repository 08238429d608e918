//! The meaning of everything that an SMTP server says: reply codes, enhanced status codes, EHLO keywords,
//! commands, and the well-known words of real servers.
//!
//! Every code, keyword and command has one record, which holds all that is known of it; the functions here look
//! the record up and fit it to the step at which the reply came. What is unknown is explained by its class and
//! [said to be unknown](Explanation::known).
//!
//! ```
//! use ehlo_core::explain::{ReplyStep, reply_code};
//! let at_connect = reply_code(550, ReplyStep::Greeting);
//! let at_recipient = reply_code(550, ReplyStep::Rcpt);
//! assert_ne!(at_connect.causes, at_recipient.causes);
//! ```

mod command;
mod enhanced;
mod keyword;
mod keyword_params;
mod keyword_unregistered;
mod phrase;
mod record;
mod refusal;
mod source;
mod step;
mod success;
mod syntax;
mod temporary;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Serialize;

pub use phrase::{Phrase, known_phrases, words};
pub use source::Source;
pub use step::ReplyStep;

use record::{ASK, RETRY, Record, find};
use source::Ref;

/// What a code, keyword or command means, for a person. All text is plain, without markup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What is explained: `550`, `5.7.1`, `PIPELINING`, `RCPT`.
    pub key: String,
    /// A few words.
    pub title: Cow<'static, str>,
    /// One to three sentences.
    pub meaning: Cow<'static, str>,
    /// What a keyword's parameters say, or how a command is written; empty elsewhere.
    pub details: Vec<String>,
    /// Usual causes at this step, most common first.
    pub causes: Vec<&'static str>,
    /// What to do next, and whom to ask.
    pub advice: Vec<&'static str>,
    /// Where to check it.
    pub sources: Vec<Source>,
    /// False: nobody has registered it, and it is explained by its class only.
    pub known: bool,
}

const REPLIES: [&[Record]; 4] = [success::SUCCESS, temporary::TEMPORARY, syntax::SYNTAX, refusal::REFUSAL];

/// What a reply code means at `step` (RFC 5321 §4.2.3, and the codes of extensions).
///
/// A code that nobody has registered is explained by its digits (RFC 5321 §4.2.1); below 200 and above 599 it is
/// no SMTP reply code at all.
pub fn reply_code(code: u16, step: ReplyStep) -> Explanation {
    let name = code.to_string();
    match REPLIES.iter().find_map(|list| find(list, &name)) {
        Some(record) => record.explain(name, step),
        None => unknown_reply(code, name),
    }
}

/// A reply code without a record: what its digits say.
fn unknown_reply(code: u16, key: String) -> Explanation {
    let (says, advice) = match code / 100 {
        2 => ("success", vec!["Take the next step."]),
        3 => ("the server waits for more", vec!["Go by the text: it says what the server waits for."]),
        4 => ("temporary refusal", vec![RETRY, ASK]),
        5 => ("permanent refusal", vec!["Go by the text: trying again unchanged will not help.", ASK]),
        _ => ("", vec!["Check host and port: another service may answer there, or the reply is damaged."]),
    };
    let about = match code / 10 % 10 {
        0 => "syntax",
        1 => "information",
        2 => "the connection",
        5 => "the mail system",
        _ => "a matter that the standard leaves open",
    };
    let (title, meaning) = if says.is_empty() {
        (
            Cow::Borrowed("Not an SMTP reply code"),
            Cow::Borrowed(
                "This code is unknown: SMTP reply codes lie between 200 and 599. The server does not speak SMTP \
                 properly.",
            ),
        )
    } else {
        (
            Cow::Owned(format!("Unknown reply code: {says}")),
            Cow::Owned(format!(
                "This code is unknown: no standard lists it. Its first digit says {says}, its second that it is about \
                 {about}. A program goes by the first digit alone."
            )),
        )
    };
    let sources = vec![Ref::Rfc(5321, "4.2.1").source()];
    Explanation { key, title, meaning, details: Vec::new(), causes: Vec::new(), advice, sources, known: false }
}

/// What an enhanced status code `class.subject.detail` means at `step` (RFC 3463).
///
/// A number outside IANA's registry is explained by its class and subject, or as a provider's own.
pub fn enhanced(class: u16, subject: u16, detail: u16, step: ReplyStep) -> Explanation {
    enhanced::explain(class, subject, detail, step)
}

/// Of `AUTH=LOGIN`.
const OLD_SPELLING: &str = "Written with = for mail programs of the nineties.";

/// What a keyword in an EHLO reply offers, and what its parameters `params` say (RFC 5321 §2.2).
///
/// The name is taken in any case. `AUTH=LOGIN`, an old spelling, is read as `AUTH`.
pub fn keyword(name: &str, params: &str) -> Explanation {
    if let Some((before, after)) = name.split_once('=')
        && before.eq_ignore_ascii_case("AUTH")
    {
        let mut explanation = keyword(before, &format!("{after} {params}"));
        explanation.details.push(OLD_SPELLING.to_owned());
        return explanation;
    }
    let key = name.to_ascii_uppercase();
    let record = find(keyword::KEYWORDS, &key).or_else(|| find(keyword_unregistered::UNREGISTERED, &key));
    if let Some(record) = record {
        return Explanation { details: keyword_params::decode(&key, params), ..record.explain(key, ReplyStep::Hello) };
    }
    if is_masked(&key) {
        return keyword_unregistered::MASKED.explain(key, ReplyStep::Hello);
    }
    unknown_keyword(key)
}

/// `XXXXXXXA` and the like: what a firewall leaves of a keyword.
fn is_masked(key: &str) -> bool {
    key.len() >= 4
        && key.trim_end_matches(|c| matches!(c, 'A'..='D')).bytes().all(|b| b == b'X')
        && key.starts_with("XXXX")
}

/// A keyword without a record.
fn unknown_keyword(key: String) -> Explanation {
    let (title, meaning) = if find(command::COMMANDS, &key).is_some() {
        (
            "A command, listed as a keyword",
            "The keyword is unknown, but it is the name of a command: the server lists what it understands.",
        )
    } else if key.starts_with('X') {
        (
            "Private extension",
            "This keyword is unknown. The X says that it is private to one product, and of use only to who knows it.",
        )
    } else {
        (
            "Unknown extension",
            "This keyword is unknown: no standard lists it. A client that does not know it can ignore it.",
        )
    };
    Explanation {
        key,
        title: title.into(),
        meaning: meaning.into(),
        details: Vec::new(),
        causes: Vec::new(),
        advice: vec!["Ignore it, or look into the server product's manual."],
        sources: vec![Ref::Rfc(5321, "2.2.2").source(), Ref::Extensions.source()],
        known: false,
    }
}

/// What a command does and how it is written. The verb is taken in any case.
pub fn command(verb: &str) -> Explanation {
    let key = verb.to_ascii_uppercase();
    if let Some(record) = find(command::COMMANDS, &key) {
        return Explanation { details: vec![record.usage.to_owned()], ..record.explain(key, ReplyStep::Unknown) };
    }
    Explanation {
        key,
        title: "Unknown command".into(),
        meaning: "This command is unknown to Ehlo. A server that does not know it answers 500.".into(),
        details: Vec::new(),
        causes: vec!["A typing mistake.", "A private command of one product."],
        advice: vec!["Send it all the same if you mean it: the answer shows whether the server knows it."],
        sources: vec![Ref::Rfc(5321, "4.1").source()],
        known: false,
    }
}

/// Every reply code that has its own explanation.
pub fn known_reply_codes() -> impl Iterator<Item = u16> {
    REPLIES.iter().copied().flatten().filter_map(|record| record.name.parse().ok())
}

/// Subject and detail of every enhanced status code of IANA's registry.
pub fn known_enhanced() -> impl Iterator<Item = (u16, u16)> {
    enhanced::REGISTERED.iter().copied().flatten().filter_map(subject_and_detail)
}

fn subject_and_detail(record: &Record) -> Option<(u16, u16)> {
    let (subject, detail) = record.name.split_once('.')?;
    Some((subject.parse().ok()?, detail.parse().ok()?))
}

/// Every EHLO keyword that has its own explanation, the registered ones first.
pub fn known_keywords() -> impl Iterator<Item = &'static str> {
    keyword::KEYWORDS.iter().chain(keyword_unregistered::UNREGISTERED).map(|record| record.name)
}

/// Every command that has its own explanation, in the order of a conversation.
pub fn known_commands() -> impl Iterator<Item = &'static str> {
    command::COMMANDS.iter().map(|record| record.name)
}
