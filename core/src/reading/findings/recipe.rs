//! What came of the tests that break rules on purpose.

use super::{Finding, Severity};
use crate::machine::Session;
use crate::probe::Verdict;
use crate::record::Side;

pub(super) fn rule(session: &Session, found: &mut Vec<Finding>) {
    let entries = session.transcript().entries();
    for done in session.tested() {
        let (severity, advice) = match done.verdict {
            Verdict::Sound => (Severity::Note, "Nothing needs to be done."),
            Verdict::Unsound if done.recipe.grave => (
                Severity::Problem,
                "Update the server or change its settings; the list of tests says what is at stake.",
            ),
            Verdict::Unsound => (Severity::Warning, "The list of tests says what this means."),
            Verdict::Unclear => (Severity::Note, "Run it again, or look into the server's log."),
        };
        found.push(Finding {
            id: done.recipe.finding,
            severity,
            title: [done.recipe.title, ": ", done.verdict.word()].concat(),
            detail: done.sentence.clone(),
            advice: advice.to_owned(),
            evidence: done.entries.clone().filter(|&id| entries[id].side != Side::Relay).collect(),
        });
    }
}
