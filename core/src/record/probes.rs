//! The tests of a conversation that break rules on purpose: where each began, and what came of it.

use std::ops::Range;

use super::event::{Event, Soundness};
use super::{Record, SignInState};
use crate::wire::rules::Phase;

/// The tests of a conversation.
#[derive(Debug, Default)]
pub struct Probes {
    running: Option<Running>,
    done: Vec<Tested>,
}

/// The test that goes on.
#[derive(Debug)]
struct Running {
    id: String,
    /// Its first entry.
    start: usize,
    /// How signing in stood before it.
    sign_in: SignInState,
}

/// What came of a test.
#[derive(Debug)]
pub struct Tested {
    /// Its id.
    pub id: String,
    /// Its verdict.
    pub verdict: Soundness,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Its entries, from its beginning to its verdict.
    pub entries: Range<usize>,
}

impl Probes {
    /// What came of the tests so far.
    pub fn done(&self) -> &[Tested] {
        &self.done
    }

    /// The id and the first entry of the test that goes on.
    pub fn running(&self) -> Option<(&str, usize)> {
        self.running.as_ref().map(|run| (run.id.as_str(), run.start))
    }

    /// Whether an entry is part of a test.
    pub fn include(&self, entry: usize) -> bool {
        let runs = self.running.as_ref().is_some_and(|run| run.start <= entry);
        runs || self.done.iter().any(|done| done.entries.contains(&entry))
    }
}

impl Record {
    pub(super) fn probe_begins(&mut self, id: String) {
        let start = self.note(Event::Recipe { id: id.clone() });
        self.probes.running = Some(Running { id, start, sign_in: self.sign_in.state });
    }

    /// Notes what came of the test, and forgets what it left behind.
    pub(super) fn probe_ends(&mut self, verdict: Soundness, sentence: String) {
        let Some(run) = self.probes.running.take() else { return };
        let last = self.note(Event::Verdict { verdict, sentence: sentence.clone() });
        self.probes.done.push(Tested { id: run.id, verdict, sentence, entries: run.start..last + 1 });
        // Where nothing can be told, what is awaited is awaited still.
        if !self.is_up() || self.awaits_tls() || verdict == Soundness::Unclear {
            return;
        }
        self.pending.clear();
        self.overdue = false;
        self.open_line = None;
        self.body_line.clear();
        if self.sign_in.is_asked() || self.sign_in.state != run.sign_in {
            self.sign_in.forget();
        }
        if self.phase > Phase::Idle {
            self.phase = Phase::Idle;
            self.transactions.iter_mut().rev().take(1).for_each(|mail| mail.aborted |= !mail.is_finished());
        }
    }
}
