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

use serde::Serialize;

use crate::case::Case;
use crate::record::ReplyRecord;

/// Something that stands out, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable word, as in a talk's `!` line.
    pub id: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What was found, in one line.
    pub title: String,
    /// What it means.
    pub detail: String,
    /// What to do.
    pub advice: String,
    /// The entries that show it.
    pub evidence: Vec<usize>,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Mail does not get through.
    Problem,
    /// Mail gets through, but something is wrong.
    Warning,
    /// Worth knowing.
    Note,
}

/// One rule: looks at a case and adds what it finds.
type Rule = fn(&Case, &mut Vec<Finding>);

const RULES: &[Rule] =
    &[ending::rule, tls::rule, refusal::rule, sign_in::rule, exposure::rule, banner::rule, timing::rule, syntax::rule];

/// A finding about what a test did on purpose is the test's own affair.
fn is_on_purpose(case: &Case, finding: &Finding) -> bool {
    !finding.evidence.is_empty() && finding.evidence.iter().all(|&entry| case.record.probes().include(entry))
}

/// Everything that stands out, the gravest first, each kind once.
pub fn findings(case: &Case) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(case, &mut found);
    }
    found.retain(|finding| !is_on_purpose(case, finding));
    recipe::rule(case, &mut found);
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
