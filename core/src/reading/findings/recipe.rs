//! What came of the tests that break rules on purpose.

use super::{Finding, Severity};
use crate::case::Case;
use crate::probe::{Recipe, Soundness};
use crate::record::Side;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    let entries = case.record.entries();
    for done in case.record.probes().done() {
        // A test that is not known any more has nothing to say.
        let Some(recipe) = Recipe::of(&done.id) else { continue };
        let (severity, advice) = match done.verdict {
            Soundness::Sound => (Severity::Note, "Nothing needs to be done."),
            Soundness::Unsound if recipe.grave => (
                Severity::Problem,
                "Update the server or change its settings; the list of tests says what is at stake.",
            ),
            Soundness::Unsound => (Severity::Warning, "The list of tests says what this means."),
            Soundness::Unclear => (Severity::Note, "Run it again, or look into the server's log."),
        };
        found.push(Finding {
            id: recipe.finding,
            severity,
            title: [recipe.title, ": ", done.verdict.word()].concat(),
            detail: done.sentence.clone(),
            advice: advice.to_owned(),
            evidence: done.entries.clone().filter(|&id| entries[id].side != Side::Relay).collect(),
        });
    }
}
