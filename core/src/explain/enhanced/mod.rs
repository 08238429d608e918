//! Enhanced status codes: class, subject and detail (RFC 3463), by IANA's registry of 2024-12-06.

mod address;
mod content;
mod mailbox;
mod network;
mod other;
mod policy;
mod protocol;
mod security;
mod system;
mod vendor;

use std::borrow::Cow;

use super::record::{ASK, RETRY, Record, find};
use super::source::Ref;
use super::{Explanation, ReplyStep};

/// Every record of the registry, by subject; security is long and has two lists.
pub(super) const REGISTERED: &[&[Record]] = &[
    other::OTHER,
    address::ADDRESS,
    mailbox::MAILBOX,
    system::SYSTEM,
    network::NETWORK,
    protocol::PROTOCOL,
    content::CONTENT,
    security::SECURITY,
    policy::POLICY,
];

/// Codes that providers use and IANA does not list.
#[cfg(test)]
pub(super) const UNREGISTERED: &[Record] = vendor::VENDOR;

/// What the second number says, by itself.
const SUBJECTS: [(&str, &str); 8] = [
    ("no subject", "3.1"),
    ("an address", "3.2"),
    ("the mailbox", "3.3"),
    ("the receiving mail system", "3.4"),
    ("network or routing", "3.5"),
    ("the commands of the conversation", "3.6"),
    ("the content of the message", "3.7"),
    ("security or policy", "3.8"),
];

/// What an enhanced status code means at `step`.
pub(super) fn explain(class: u16, subject: u16, detail: u16, step: ReplyStep) -> Explanation {
    let key = format!("{class}.{subject}.{detail}");
    if !matches!(class, 2 | 4 | 5) {
        return no_code(key);
    }
    let name = format!("{subject}.{detail}");
    let found = REGISTERED.iter().find_map(|list| find(list, &name)).or_else(|| find(vendor::VENDOR, &name));
    let mut explanation = match (found, subject, detail) {
        (Some(record), ..) if class == 2 => return success(record, key),
        (Some(record), ..) => record.explain(key, step),
        (None, 7, 606..=649) if class != 2 => vendor::BANNED.explain(key, step),
        (None, 7, 500..=899) if class != 2 => Explanation { known: false, ..vendor::RANGE.explain(key, step) },
        _ => return unknown(key, class, subject),
    };
    if class == 4 {
        explanation.advice.insert(0, RETRY);
    }
    explanation
}

/// A record under class 2, where most of what it says of failures does not hold.
fn success(record: &'static Record, key: String) -> Explanation {
    let (title, meaning) = record.success.unwrap_or((
        "Accepted",
        "A success. The rest of the number belongs to a refusal and says nothing more here: go by the text.",
    ));
    Explanation {
        title: title.into(),
        meaning: meaning.into(),
        causes: Vec::new(),
        advice: vec!["Take the next step."],
        ..record.explain(key, ReplyStep::Unknown)
    }
}

/// A number that nobody has registered: what its parts say.
fn unknown(key: String, class: u16, subject: u16) -> Explanation {
    let class_says = match class {
        2 => "a success",
        4 => "a temporary refusal",
        _ => "a permanent refusal",
    };
    let (about, section) =
        SUBJECTS.get(usize::from(subject)).copied().unwrap_or(("a subject that is not registered", "2"));
    Explanation {
        key,
        title: Cow::Owned(format!("Unknown code: {class_says}, about {about}")),
        meaning: Cow::Owned(format!(
            "This number is unknown: it is not in the public registry. Its parts say that it is {class_says} and \
             about {about}."
        )),
        details: Vec::new(),
        causes: Vec::new(),
        advice: match class {
            2 => vec!["Take the next step."],
            4 => vec![RETRY, "Go by the text and the three-digit code."],
            _ => vec!["Go by the text and the three-digit code.", ASK],
        },
        sources: vec![Ref::Rfc(3463, section).source(), Ref::Codes.source()],
        known: false,
    }
}

/// The first number must be 2, 4 or 5.
fn no_code(key: String) -> Explanation {
    Explanation {
        key,
        title: Cow::Borrowed("Not an enhanced status code"),
        meaning: Cow::Borrowed(
            "An enhanced status code begins with 2, 4 or 5; this is unknown, and perhaps part of the text.",
        ),
        details: Vec::new(),
        causes: Vec::new(),
        advice: vec!["Go by the text and the three-digit code."],
        sources: vec![Ref::Rfc(3463, "2").source()],
        known: false,
    }
}
