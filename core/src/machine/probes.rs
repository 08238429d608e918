//! Tests that break rules on purpose (see [`crate::probe`]), step by step within a conversation.

use super::input::TypedEnd;
use super::{Mistake, Output, Session};
use crate::plan::{self, What};
use crate::probe::{Judged, Needs, Recipe, ScriptStep, Seen, Soundness};
use crate::record::Stage as TlsStage;
use crate::record::event::Event;
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

/// The test that goes on.
#[derive(Debug)]
pub(super) struct Run {
    recipe: &'static Recipe,
    stage: Stage,
    /// The first reply that counts.
    from: usize,
    /// When something was last done, in milliseconds since the beginning.
    since: u64,
    /// The phase from which the step before the test was taken, so that none is taken twice.
    tried: Option<Phase>,
    /// Whether a mail of before has to be ended first.
    resets: bool,
    /// Whether the true end of the message was sent.
    ended: bool,
    /// Whether the plan's mail was still to be sent.
    wanted_mail: bool,
    verdict: Option<(Soundness, String)>,
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

impl Session {
    pub(super) fn runs_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Begins a test.
    ///
    /// # Errors
    /// The question that the person has to answer first, or why it cannot begin now.
    pub(super) fn begin_probe(&mut self, id: &str) -> Result<(), Mistake> {
        let recipe = Recipe::of(id).ok_or_else(|| Mistake::new("id", "there is no such test"))?;
        if !self.allowed.recipes {
            return Err(Mistake::new(
                "recipes",
                "This breaks the rules of SMTP on purpose. Is the server yours, or has its owner agreed?",
            ));
        }
        let record = self.record();
        let silent = record.awaiting().is_none() && !record.has_open_line();
        let free = silent && !record.sign_in().is_asked() && record.phase() != Phase::Data;
        if !record.is_up() || record.is_closing() || !free {
            return Err(Mistake::new("do", "the server has to wait for a command: end what is going on first"));
        }
        if recipe.needs == Needs::ClearText && record.tls().stage != TlsStage::Clear {
            return Err(Mistake::new("do", "this conversation is encrypted already: begin one without TLS"));
        }
        if recipe.needs == Needs::Data && self.setup().plan.to.is_empty() {
            return Err(Mistake::new("to", "name a recipient first: this test sends a small message"));
        }
        self.runner.running = false;
        self.runner.paused = None;
        self.start_probe(recipe);
        Ok(())
    }

    fn start_probe(&mut self, recipe: &'static Recipe) {
        self.note(Event::Recipe { id: recipe.id().to_owned() });
        self.probe = Some(Run {
            recipe,
            stage: Stage::Preparing,
            from: self.record().replies().len(),
            since: self.elapsed(),
            tried: None,
            resets: self.record().phase() > Phase::Idle,
            ended: false,
            wanted_mail: self.wants_mail,
            verdict: None,
        });
    }

    /// The person goes on by hand.
    pub(super) fn leave_probe(&mut self) {
        self.end_probe(Soundness::Unclear, BY_HAND.into());
    }

    /// The connection has ended.
    pub(super) fn close_probe(&mut self) {
        if let Some((verdict, sentence)) = self.judged() {
            self.end_probe(verdict, sentence);
        }
    }

    /// Goes as far as can be gone now.
    pub(super) fn advance_probe(&mut self) {
        while self.record().is_up() && !self.awaits_tls() && self.step_probe() {}
    }

    /// When a silence has been long enough; none where no test waits.
    pub(super) fn probe_deadline(&self) -> Option<Now> {
        let run = self.probe.as_ref().filter(|_| !self.awaits_tls())?;
        let limit = match run.stage {
            Stage::Testing(at) if run.recipe.script.get(at) == Some(&ScriptStep::Quiet) => QUIET,
            Stage::Tidying { .. } => TIDYING,
            _ => PATIENCE,
        };
        Some(self.moment(self.last_word(run)).plus(limit))
    }

    /// When something was last said or done, in milliseconds since the beginning.
    fn last_word(&self, run: &Run) -> u64 {
        run.since.max(self.record().replies().last().map_or(0, |reply| reply.at))
    }

    fn awaits_tls(&self) -> bool {
        matches!(self.record().tls().stage, TlsStage::Due | TlsStage::Handshaking)
    }

    /// Takes one step; false where there is something to wait for.
    fn step_probe(&mut self) -> bool {
        let late = self.probe_deadline().is_some_and(|deadline| deadline <= self.now);
        let Some((stage, recipe)) = self.probe.as_ref().map(|run| (run.stage, run.recipe)) else { return false };
        let answered = self.record().awaiting().is_none();
        match stage {
            Stage::Preparing if answered => self.prepare_probe(),
            Stage::Preparing if late => self.conclude(Soundness::Unclear, NO_ANSWER.into()),
            Stage::Testing(at) => match recipe.script.get(at) {
                Some(step) => return self.test(*step, at, late),
                None => self.conclude_by_judging(),
            },
            Stage::Tidying { sent: false } if answered => self.tidy(),
            // A server that does not answer is not asked to forget anything.
            Stage::Tidying { sent: false } => self.finish_probe(),
            Stage::Tidying { sent: true } if answered || late => self.finish_probe(),
            _ => return false,
        }
        true
    }

    /// The next step towards where the test begins.
    fn prepare_probe(&mut self) {
        let (phase, now, replies) = (self.record().phase(), self.elapsed(), self.record().replies().len());
        let Some(run) = &mut self.probe else { return };
        let wanted = match run.recipe.needs {
            Needs::ClearText | Needs::Hello => Phase::Idle,
            Needs::Mail => Phase::Mail,
            Needs::Data => Phase::Data,
        };
        if phase == wanted && !run.resets {
            run.stage = Stage::Testing(0);
            run.from = replies;
            run.since = now;
            return;
        }
        if run.tried == Some(phase) {
            let code = self.record().replies().last().map_or(0, |reply| reply.code);
            let sentence = ["It could not begin: the server answered ", &code.to_string(), " to what comes first."];
            return self.conclude(Soundness::Unclear, sentence.concat());
        }
        run.tried = Some(phase);
        run.since = now;
        let line = match std::mem::take(&mut run.resets) {
            true => "RSET".to_owned(),
            false => self.step_before_probe(phase),
        };
        self.send_text(&line, TypedEnd::CrLf);
    }

    /// The command that leads on from a phase.
    fn step_before_probe(&self, phase: Phase) -> String {
        let plan = &self.setup().plan;
        match phase {
            Phase::Start => match self.with_facts(plan::next).what {
                What::Command(Verb::Ehlo | Verb::Helo | Verb::Lhlo, hello) => hello,
                _ => ["EHLO ", &self.case.own_name()].concat(),
            },
            Phase::Idle => ["MAIL FROM:<", &plan.from, ">"].concat(),
            Phase::Mail => ["RCPT TO:<", plan.to.first().map_or("", String::as_str), ">"].concat(),
            Phase::Rcpt | Phase::Data => "DATA".to_owned(),
        }
    }

    fn test(&mut self, step: ScriptStep, at: usize, late: bool) -> bool {
        let Some(run) = &self.probe else { return false };
        let said = self.record().replies().len() > run.from;
        let answered = self.record().awaiting().is_none();
        let last = self.record().replies().last().map_or(0, |reply| reply.code);
        let ready = match step {
            ScriptStep::Replies | ScriptStep::Handshake => answered,
            ScriptStep::Answer => said,
            ScriptStep::Quiet => late,
            _ => true,
        };
        if !ready {
            if late {
                self.conclude_by_judging();
            }
            return late;
        }
        match step {
            ScriptStep::Send(text) => self.send_at_once(text),
            ScriptStep::On(code, text) if code == last => self.send_at_once(text),
            ScriptStep::EndUnlessAnswered if !said => {
                self.send_at_once(".\r\n");
                self.probe.iter_mut().for_each(|run| run.ended = true);
            }
            _ => {}
        }
        let (handshaken, now) = (step == ScriptStep::Handshake, self.elapsed());
        if let Some(run) = &mut self.probe {
            run.stage = Stage::Testing(at + 1);
            if handshaken {
                run.since = now;
            }
        }
        true
    }

    /// Sends in one piece, so that the server finds it together in its buffer.
    fn send_at_once(&mut self, text: &'static str) {
        let now = self.elapsed();
        let Some(run) = &mut self.probe else { return };
        run.since = now;
        let plan = &self.case.setup.plan;
        let text = run.recipe.octets(text, &plan.from, plan.to.first().map_or("", String::as_str));
        let queued = self.out.len();
        self.send_text(&text, TypedEnd::None);
        let mut piece = Vec::new();
        for output in self.out.split_off(queued) {
            match output {
                Output::Send(bytes) => piece.extend(bytes),
                other => self.out.push_back(other),
            }
        }
        self.out.push_back(Output::Send(piece));
    }

    /// What the server did, judged; none where no test goes on.
    fn judged(&self) -> Option<(Soundness, String)> {
        let run = self.probe.as_ref()?;
        if let Some(verdict) = &run.verdict {
            return Some(verdict.clone());
        }
        let Stage::Testing(_) = run.stage else {
            return Some((Soundness::Unclear, "It could not begin: the connection ended.".into()));
        };
        let keyword = if run.recipe.judged == Judged::EightBit { "8BITMIME" } else { "STARTTLS" };
        let (record, tls) = (self.record(), self.record().tls());
        let offers = tls.before.as_ref().unwrap_or(record.capabilities());
        Some(run.recipe.judge(&Seen {
            codes: record.replies()[run.from..].iter().map(|reply| reply.code).collect(),
            ended: run.ended,
            closed: record.is_over(),
            secured: tls.stage == TlsStage::Secured,
            behind: !tls.behind.is_empty(),
            offered: offers.has(keyword),
        }))
    }

    fn conclude_by_judging(&mut self) {
        if let Some((verdict, sentence)) = self.judged() {
            self.conclude(verdict, sentence);
        }
    }

    fn conclude(&mut self, verdict: Soundness, sentence: String) {
        if let Some(run) = &mut self.probe {
            run.verdict = Some((verdict, sentence));
            run.stage = Stage::Tidying { sent: false };
        }
    }

    /// Ends what the test has left open.
    fn tidy(&mut self) {
        let (now, record) = (self.elapsed(), &self.case.record);
        let Some(run) = &mut self.probe else { return };
        let sound = matches!(run.verdict, Some((Soundness::Sound, _)));
        let line = match record.phase() {
            _ if record.sign_in().is_asked() => "*",
            // Refused in the middle of the message: perhaps it still waits for the end.
            Phase::Data if sound => ".",
            Phase::Mail | Phase::Rcpt => "RSET",
            _ => return self.finish_probe(),
        };
        run.stage = Stage::Tidying { sent: true };
        run.since = now;
        if record.is_closing() {
            return self.finish_probe();
        }
        self.send_text(line, TypedEnd::CrLf);
    }

    fn finish_probe(&mut self) {
        if let Some((verdict, sentence)) = self.judged() {
            self.end_probe(verdict, sentence);
        }
    }

    /// Notes what came of the test.
    fn end_probe(&mut self, verdict: Soundness, sentence: String) {
        let Some(run) = self.probe.take() else { return };
        self.note(Event::Verdict { verdict, sentence });
        self.wants_mail = run.wanted_mail;
    }

    /// While a test waits for a silence: since when, in milliseconds since the beginning, and until when.
    pub fn waits_for_quiet(&self) -> Option<(u64, Now)> {
        let run = self.probe.as_ref()?;
        Some((self.last_word(run), self.probe_deadline()?))
    }
}
