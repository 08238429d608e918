//! Data checks of the records, and what the look-ups make of them.

mod lookup;
mod phrases;
mod registry;
mod texts;

use super::{Explanation, ReplyStep};

/// The steps at which a server can refuse a mail.
const MAIN_STEPS: [ReplyStep; 6] =
    [ReplyStep::Greeting, ReplyStep::Hello, ReplyStep::Mail, ReplyStep::Rcpt, ReplyStep::Data, ReplyStep::Body];

const ALL_STEPS: [ReplyStep; 18] = [
    ReplyStep::Greeting,
    ReplyStep::Hello,
    ReplyStep::Mail,
    ReplyStep::Rcpt,
    ReplyStep::Data,
    ReplyStep::Body,
    ReplyStep::Rset,
    ReplyStep::Noop,
    ReplyStep::Vrfy,
    ReplyStep::Expn,
    ReplyStep::Help,
    ReplyStep::Quit,
    ReplyStep::StartTls,
    ReplyStep::Auth,
    ReplyStep::Etrn,
    ReplyStep::Bdat,
    ReplyStep::Unknown,
    ReplyStep::Unasked,
];

/// Everything that explains a refusal: 4yz, 5yz, 4.x.y, 5.x.y, known and unknown, at every step.
fn refusals() -> Vec<(ReplyStep, Explanation)> {
    let mut all = Vec::new();
    for step in ALL_STEPS {
        all.extend(
            super::known_reply_codes().filter(|code| *code >= 400).map(|code| (step, super::reply_code(code, step))),
        );
        all.extend([499, 599].map(|code| (step, super::reply_code(code, step))));
        for class in [4, 5] {
            let known = super::known_enhanced().chain([(7, 57), (7, 620), (7, 777), (7, 999), (9, 9)]);
            all.extend(known.map(|(subject, detail)| (step, super::enhanced(class, subject, detail, step))));
        }
    }
    all
}

/// Everything that can be explained, at every step.
fn everything() -> Vec<Explanation> {
    let mut all: Vec<_> = refusals().into_iter().map(|(_, explanation)| explanation).collect();
    for step in ALL_STEPS {
        all.extend(super::known_reply_codes().chain([0, 199, 299, 600]).map(|code| super::reply_code(code, step)));
    }
    let numbers = super::known_enhanced().chain([(7, 999)]);
    all.extend(numbers.map(|(subject, detail)| super::enhanced(2, subject, detail, ReplyStep::Rcpt)));
    all.extend(
        super::enhanced::UNREGISTERED
            .iter()
            .map(|record| record.explain(format!("5.{}", record.name), ReplyStep::Rcpt)),
    );
    all.push(super::enhanced(3, 0, 0, ReplyStep::Rcpt));
    let keywords = super::known_keywords().chain(["FROB", "X-FROB", "XXXXXXXA", "RCPT"]);
    all.extend(keywords.map(|name| super::keyword(name, "10240000")));
    all.extend(super::known_commands().chain(["FROB"]).map(super::command));
    all
}
