//! Tests that break rules on purpose (see [`crate::probe`]), step by step within a conversation.

use super::input::TypedEnd;
use super::secure::Stage as TlsStage;
use super::view::{RecipeView, Waiting};
use super::{Link, Output, Session};
use crate::plan::{self, What};
use crate::probe::{Judged, Needs, Recipe, Seen, Step, Verdict};
use crate::record::event::Event;
use crate::setup::Mistake;
use crate::time::Now;
use crate::wire::command::Verb;
use crate::wire::rules::Phase;

/// After so long without a word, silence is the answer.
const QUIET: u64 = 2_000;
/// How long a reply may take.
const PATIENCE: u64 = 60_000;
/// How long it may take while all is put in order again.
const TIDYING: u64 = 10_000;

const NO_ANSWER: &str = "No answer came.";
const BY_HAND: &str = "You went on before it was done.";

/// The tests of a conversation.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    run: Option<Run>,
    done: Vec<Tested>,
}

/// The test that goes on.
#[derive(Debug)]
struct Run {
    recipe: &'static Recipe,
    stage: Stage,
    /// Its first entry.
    start: usize,
    /// The first reply that counts.
    from: usize,
    /// When something was last done.
    since: Now,
    /// The phase from which the step before the test was taken, so that none is taken twice.
    tried: Option<Phase>,
    /// Whether a mail of before has to be ended first.
    resets: bool,
    /// Whether the true end of the message was sent.
    ended: bool,
    /// Whether the plan's mail was still to be sent.
    wanted_mail: bool,
    verdict: Option<(Verdict, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The steps to where it begins.
    Preparing,
    /// The test itself: the number of its step.
    Testing(usize),
    /// What was left open is ended.
    Tidying { sent: bool },
}

/// What came of a test.
#[derive(Debug)]
pub struct Tested {
    /// Which it was.
    pub recipe: &'static Recipe,
    /// Its verdict.
    pub verdict: Verdict,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Its entries, from its beginning to its verdict.
    pub entries: std::ops::Range<usize>,
}

impl Session {
    /// What came of the tests so far.
    pub fn tested(&self) -> &[Tested] {
        &self.recipes.done
    }

    /// Whether an entry is part of a test.
    pub fn is_of_recipe(&self, entry: usize) -> bool {
        let runs = self.recipes.run.as_ref().is_some_and(|run| run.start <= entry);
        runs || self.recipes.done.iter().any(|done| done.entries.contains(&entry))
    }

    pub(super) fn runs_recipe(&self) -> bool {
        self.recipes.run.is_some()
    }

    /// Begins a test.
    ///
    /// # Errors
    /// The question that the person has to answer first, or why it cannot begin now.
    pub(super) fn begin_recipe(&mut self, id: &str) -> Result<(), Mistake> {
        let recipe = Recipe::of(id).ok_or_else(|| Mistake::new("id", "there is no such test"))?;
        if !self.allowed.recipes {
            return Err(Mistake::new(
                "recipes",
                "This breaks the rules of SMTP on purpose. Is the server yours, or has its owner agreed?",
            ));
        }
        let free = self.pending.is_empty() && self.open_line.is_none() && !self.in_auth && self.phase != Phase::Data;
        if self.link != Link::Up || self.closing || !free {
            return Err(Mistake::new("do", "the server has to wait for a command: end what is going on first"));
        }
        if recipe.needs == Needs::ClearText && self.tls.stage != TlsStage::Clear {
            return Err(Mistake::new("do", "this conversation is encrypted already: begin one without TLS"));
        }
        if recipe.needs == Needs::Data && self.setup.plan.to.is_empty() {
            return Err(Mistake::new("to", "name a recipient first: this test sends a small message"));
        }
        self.runner.running = false;
        self.runner.paused = None;
        self.start_recipe(recipe);
        Ok(())
    }

    fn start_recipe(&mut self, recipe: &'static Recipe) {
        let start = self.record(Event::Recipe { id: recipe.id() });
        self.recipes.run = Some(Run {
            recipe,
            stage: Stage::Preparing,
            start,
            from: self.replies.len(),
            since: self.now,
            tried: None,
            resets: self.phase > Phase::Idle,
            ended: false,
            wanted_mail: self.wants_mail,
            verdict: None,
        });
    }

    /// A saved talk tells where a test began, and what came of it.
    pub(crate) fn replay_recipe(&mut self, now: Now, event: Event) {
        self.now = self.now.max(now);
        match event {
            Event::Recipe { id } => {
                if let Some(recipe) = Recipe::of(id) {
                    self.start_recipe(recipe);
                }
            }
            Event::Verdict { verdict, sentence } => self.end_recipe(verdict, sentence),
            _ => {}
        }
    }

    /// The person goes on by hand.
    pub(super) fn leave_recipe(&mut self) {
        if !self.replays {
            self.end_recipe(Verdict::Unclear, BY_HAND.into());
        }
    }

    /// The connection has ended.
    pub(super) fn close_recipe(&mut self) {
        if self.replays {
            return;
        }
        if let Some((verdict, sentence)) = self.judged() {
            self.end_recipe(verdict, sentence);
        }
    }

    /// Goes as far as can be gone now.
    pub(super) fn advance_recipe(&mut self) {
        while self.link == Link::Up && !self.replays && !self.awaits_tls() && self.step_recipe() {}
    }

    /// When a silence has been long enough; none where no test waits.
    pub(super) fn recipe_deadline(&self) -> Option<Now> {
        let run = self.recipes.run.as_ref().filter(|_| !self.replays && !self.awaits_tls())?;
        let limit = match run.stage {
            Stage::Testing(at) if run.recipe.script.get(at) == Some(&Step::Quiet) => QUIET,
            Stage::Tidying { .. } => TIDYING,
            _ => PATIENCE,
        };
        Some(self.last_word(run).plus(limit))
    }

    fn last_word(&self, run: &Run) -> Now {
        let reply = self.replies.last().map_or(self.zero, |reply| self.zero.plus(reply.at));
        run.since.max(reply)
    }

    /// Takes one step; false where there is something to wait for.
    fn step_recipe(&mut self) -> bool {
        let late = self.recipe_deadline().is_some_and(|deadline| deadline <= self.now);
        let Some((stage, recipe)) = self.recipes.run.as_ref().map(|run| (run.stage, run.recipe)) else { return false };
        let answered = self.pending.is_empty();
        match stage {
            Stage::Preparing if answered => self.prepare_recipe(),
            Stage::Preparing if late => self.conclude(Verdict::Unclear, NO_ANSWER.into()),
            Stage::Testing(at) => match recipe.script.get(at) {
                Some(step) => return self.test(*step, at, late),
                None => self.conclude_by_judging(),
            },
            Stage::Tidying { sent: false } if answered => self.tidy(),
            // A server that does not answer is not asked to forget anything.
            Stage::Tidying { sent: false } => self.finish_recipe(),
            Stage::Tidying { sent: true } if answered || late => self.finish_recipe(),
            _ => return false,
        }
        true
    }

    /// The next step towards where the test begins.
    fn prepare_recipe(&mut self) {
        let phase = self.phase;
        let Some(run) = &mut self.recipes.run else { return };
        let wanted = match run.recipe.needs {
            Needs::ClearText | Needs::Hello => Phase::Idle,
            Needs::Mail => Phase::Mail,
            Needs::Data => Phase::Data,
        };
        if phase == wanted && !run.resets {
            run.stage = Stage::Testing(0);
            run.from = self.replies.len();
            run.since = self.now;
            return;
        }
        if run.tried == Some(phase) {
            let code = self.replies.last().map_or(0, |reply| reply.code);
            let sentence = ["It could not begin: the server answered ", &code.to_string(), " to what comes first."];
            return self.conclude(Verdict::Unclear, sentence.concat());
        }
        run.tried = Some(phase);
        run.since = self.now;
        let plan = &self.setup.plan;
        let line = match phase {
            _ if std::mem::take(&mut run.resets) => "RSET".to_owned(),
            Phase::Start => match self.with_facts(plan::next).what {
                What::Command(Verb::Ehlo | Verb::Helo | Verb::Lhlo, hello) => hello,
                _ => ["EHLO ", &self.own_name()].concat(),
            },
            Phase::Idle => ["MAIL FROM:<", &plan.from, ">"].concat(),
            Phase::Mail => ["RCPT TO:<", plan.to.first().map_or("", String::as_str), ">"].concat(),
            Phase::Rcpt | Phase::Data => "DATA".to_owned(),
        };
        self.send_text(&line, TypedEnd::CrLf);
    }

    fn test(&mut self, step: Step, at: usize, late: bool) -> bool {
        let Some(run) = &self.recipes.run else { return false };
        let said = self.replies.len() > run.from;
        let answered = self.pending.is_empty();
        let last = self.replies.last().map_or(0, |reply| reply.code);
        let ready = match step {
            Step::Replies | Step::Handshake => answered,
            Step::Answer => said,
            Step::Quiet => late,
            _ => true,
        };
        if !ready {
            if late {
                self.conclude_by_judging();
            }
            return late;
        }
        match step {
            Step::Send(text) => self.send_at_once(text),
            Step::On(code, text) if code == last => self.send_at_once(text),
            Step::EndUnlessAnswered if !said => {
                self.send_at_once(".\r\n");
                self.recipes.run.iter_mut().for_each(|run| run.ended = true);
            }
            _ => {}
        }
        let handshaken = step == Step::Handshake;
        if let Some(run) = &mut self.recipes.run {
            run.stage = Stage::Testing(at + 1);
            if handshaken {
                run.since = self.now;
            }
        }
        true
    }

    /// Sends in one piece, so that the server finds it together in its buffer.
    fn send_at_once(&mut self, text: &'static str) {
        let Some(run) = &mut self.recipes.run else { return };
        run.since = self.now;
        let plan = &self.setup.plan;
        let text = run.recipe.octets(text, &plan.from, plan.to.first().map_or("", String::as_str));
        let queued = self.out.len();
        self.send_text(&text, TypedEnd::None);
        let mut piece = Vec::new();
        for output in self.out.split_off(queued) {
            match output {
                Output::Send(octets) => piece.extend(octets),
                other => self.out.push_back(other),
            }
        }
        self.out.push_back(Output::Send(piece));
    }

    /// What the server did, judged; none where no test goes on.
    fn judged(&self) -> Option<(Verdict, String)> {
        let run = self.recipes.run.as_ref()?;
        if let Some(verdict) = &run.verdict {
            return Some(verdict.clone());
        }
        let Stage::Testing(_) = run.stage else {
            return Some((Verdict::Unclear, "It could not begin: the connection ended.".into()));
        };
        let keyword = if run.recipe.judged == Judged::EightBit { "8BITMIME" } else { "STARTTLS" };
        let offers = self.tls.before.as_ref().unwrap_or(&self.hello.capabilities);
        Some(run.recipe.judge(&Seen {
            codes: self.replies[run.from..].iter().map(|reply| reply.code).collect(),
            ended: run.ended,
            closed: self.link == Link::Over,
            secured: self.tls.stage == TlsStage::Secured,
            behind: !self.tls.behind.is_empty(),
            offered: offers.has(keyword),
        }))
    }

    fn conclude_by_judging(&mut self) {
        if let Some((verdict, sentence)) = self.judged() {
            self.conclude(verdict, sentence);
        }
    }

    fn conclude(&mut self, verdict: Verdict, sentence: String) {
        if let Some(run) = &mut self.recipes.run {
            run.verdict = Some((verdict, sentence));
            run.stage = Stage::Tidying { sent: false };
        }
    }

    /// Ends what the test has left open.
    fn tidy(&mut self) {
        let Some(run) = &mut self.recipes.run else { return };
        let sound = matches!(run.verdict, Some((Verdict::Sound, _)));
        let line = match self.phase {
            _ if self.in_auth => "*",
            // Refused in the middle of the message: perhaps it still waits for the end.
            Phase::Data if sound => ".",
            Phase::Mail | Phase::Rcpt => "RSET",
            _ => return self.finish_recipe(),
        };
        run.stage = Stage::Tidying { sent: true };
        run.since = self.now;
        if self.closing {
            return self.finish_recipe();
        }
        self.send_text(line, TypedEnd::CrLf);
    }

    fn finish_recipe(&mut self) {
        if let Some((verdict, sentence)) = self.judged() {
            self.end_recipe(verdict, sentence);
        }
    }

    /// Notes what came of the test, and forgets what it left behind: here and in a replay alike.
    fn end_recipe(&mut self, verdict: Verdict, sentence: String) {
        let Some(run) = self.recipes.run.take() else { return };
        let last = self.record(Event::Verdict { verdict, sentence: sentence.clone() });
        self.recipes.done.push(Tested { recipe: run.recipe, verdict, sentence, entries: run.start..last + 1 });
        self.wants_mail = run.wanted_mail;
        // Where nothing can be told, what is awaited is awaited still.
        if self.link != Link::Up || self.awaits_tls() || verdict == Verdict::Unclear {
            return;
        }
        self.pending.clear();
        self.overdue = false;
        self.open_line = None;
        self.body_line.clear();
        if self.in_auth || run.recipe.needs == Needs::ClearText {
            self.in_auth = false;
            self.forget_sign_in();
        }
        if self.phase > Phase::Idle {
            self.phase = Phase::Idle;
            self.transactions.iter_mut().rev().take(1).for_each(|mail| mail.aborted |= !mail.is_finished());
        }
    }

    /// The tests as a page shows them, the one that goes on last.
    pub(super) fn recipe_views(&self) -> Vec<RecipeView> {
        let done = self.recipes.done.iter().map(|done| RecipeView {
            id: done.recipe.id(),
            title: done.recipe.title,
            state: "done",
            verdict: Some(done.verdict.word()),
            sentence: done.sentence.clone(),
            entries: (done.entries.start, done.entries.end),
        });
        let runs = self.recipes.run.iter().map(|run| RecipeView {
            id: run.recipe.id(),
            title: run.recipe.title,
            state: "running",
            verdict: None,
            sentence: String::new(),
            entries: (run.start, self.transcript.entries().len()),
        });
        done.chain(runs).collect()
    }

    /// A test that waits for a silence.
    pub(super) fn waits_for_quiet(&self) -> Option<Waiting> {
        let run = self.recipes.run.as_ref()?;
        let until = self.recipe_deadline()?;
        let since = self.last_word(run);
        Some(Waiting {
            what: "what else the server may say".into(),
            since: since.0,
            limit: until.since(since),
            section: "Ehlo's own limit",
            hint: "",
            overdue: false,
        })
    }
}
