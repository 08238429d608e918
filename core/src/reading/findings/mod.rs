//! What stands out in a conversation, each finding with its evidence and what to do.
//!
//! A finding never changes the conversation; it only looks at the transcript and the replies.

mod banner;
mod ending;
mod exposure;
mod recipe;
mod refusal;
mod sign_in;
mod syntax;
mod timing;
mod tls;

pub(crate) use refusal::may_say_more;

pub use crate::machine::view::{Finding, Severity};

use crate::machine::{ReplyRecord, Session};

/// One rule: looks at a session and adds what it finds.
type Rule = fn(&Session, &mut Vec<Finding>);

const RULES: &[Rule] =
    &[ending::rule, tls::rule, refusal::rule, sign_in::rule, exposure::rule, banner::rule, timing::rule, syntax::rule];

/// A finding about what a test did on purpose is the test's own affair.
fn is_on_purpose(session: &Session, finding: &Finding) -> bool {
    !finding.evidence.is_empty() && finding.evidence.iter().all(|&entry| session.is_of_recipe(entry))
}

/// Everything that stands out, the gravest first, each kind once.
pub fn findings(session: &Session) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(session, &mut found);
    }
    found.retain(|finding| !is_on_purpose(session, finding));
    recipe::rule(session, &mut found);
    let mut merged: Vec<Finding> = Vec::with_capacity(found.len());
    for finding in found {
        match merged.iter_mut().find(|known| known.id == finding.id) {
            Some(known) => known.evidence.extend(finding.evidence),
            None => merged.push(finding),
        }
    }
    let gravest_first = [Severity::Problem, Severity::Warning, Severity::Note];
    gravest_first
        .iter()
        .flat_map(|&severity| merged.iter().filter(move |one| one.severity == severity).cloned())
        .collect()
}

/// A finding about a reply.
fn about(
    reply: &ReplyRecord,
    id: &'static str,
    severity: Severity,
    title: &str,
    detail: &str,
    advice: &str,
) -> Finding {
    Finding {
        id,
        severity,
        title: title.to_owned(),
        detail: detail.to_owned(),
        advice: advice.to_owned(),
        evidence: reply.entries.clone(),
    }
}

/// `text` with a capital at its start.
fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
