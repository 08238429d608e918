//! What goes out: the person's actions, and the plan's.

use super::input::{Action, Risk, TypedEnd};
use super::{Mistake, Output, Session};
use crate::plan::{self, What};
use crate::record::event::Event;
use crate::record::{Happened, Link};
use crate::tunnel::{MESSAGE_MAX, ToRelay};
use crate::wire::body::with_crlf;
use crate::wire::command::Verb;

impl Session {
    pub(super) fn act(&mut self, action: Action) -> Result<(), Mistake> {
        let speaks = !matches!(
            action,
            Action::Plan(_) | Action::Allow(_) | Action::Pause {} | Action::Run {} | Action::Hangup {}
        );
        if speaks && self.is_sending() {
            return Err(Mistake::new("do", "the message is still on its way: wait until it is out, or hang up"));
        }
        match action {
            Action::Plan(change) => {
                let signs_in = change.sign_in.is_some();
                self.case.setup.plan.change(*change)?;
                if signs_in {
                    self.renew_sign_in();
                }
                if self.has_finished_mail() {
                    self.wants_mail = true;
                    self.served.clear();
                }
                self.compose();
            }
            Action::Allow(Risk::Credentials) => self.allowed.credentials = true,
            Action::Allow(Risk::Recipes) => self.allowed.recipes = true,
            Action::Recipe { id } => {
                self.leave_probe();
                self.begin_probe(&id)?;
            }
            Action::Pause {} => {
                self.leave_probe();
                self.runner.running = false;
            }
            Action::Run {} => {
                self.must_be_alive()?;
                self.leave_probe();
                self.runner.running = true;
                self.runner.paused = None;
            }
            Action::Hangup {} => {
                self.must_be_alive()?;
                self.end(Event::HungUp);
            }
            Action::Eof {} => {
                self.must_be_up()?;
                self.out.push_back(Output::Control(ToRelay::Eof {}));
            }
            Action::Send { line, end } => {
                self.must_be_up()?;
                self.leave_probe();
                self.runner.paused = None;
                self.send_text(&line, end);
            }
            Action::Message { text } => {
                self.must_want_message()?;
                self.leave_probe();
                self.runner.paused = None;
                let given = text.map(|text| with_crlf(text.as_bytes()).into_owned());
                self.send_message(given);
            }
            Action::MessageBytes { bytes } => {
                self.must_want_message()?;
                self.leave_probe();
                self.runner.paused = None;
                self.send_message(Some(bytes));
            }
            Action::Next {} => {
                self.must_be_up()?;
                self.leave_probe();
                self.runner.paused = None;
                self.step()?;
            }
        }
        Ok(())
    }

    fn must_be_alive(&self) -> Result<(), Mistake> {
        match self.record().link() {
            Link::Over => Err(Mistake::new("do", "this conversation has ended: begin a new one")),
            _ => Ok(()),
        }
    }

    fn must_be_up(&self) -> Result<(), Mistake> {
        self.must_be_alive()?;
        match self.record().link() {
            Link::Up | Link::Closing => Ok(()),
            _ => Err(Mistake::new("do", "the connection does not stand yet: wait for the greeting")),
        }
    }

    fn must_want_message(&self) -> Result<(), Mistake> {
        self.must_be_up()?;
        if self.record().expects_message() || self.record().chunk_left() > 0 {
            return Ok(());
        }
        Err(Mistake::new("do", "the server does not expect a message now: send DATA and wait for 354"))
    }

    /// Runs while there is something to run and the turn is ours.
    pub(super) fn advance(&mut self) {
        self.advance_probe();
        while self.runner.running && self.proposal().is_some() {
            // What is missing for a sign-in is told by the plan's next step.
            let _ = self.step();
        }
    }

    /// Takes the proposed step.
    ///
    /// # Errors
    /// Credentials that the mechanism cannot do with.
    fn step(&mut self) -> Result<(), Mistake> {
        let Some(step) = self.proposal() else { return Ok(()) };
        match step.what {
            What::Hangup => {
                self.end(Event::HungUp);
            }
            What::Message => self.send_message(None),
            What::SignIn(mechanism, _) => self.begin_sign_in(mechanism)?,
            What::Answer(_) => self.answer_challenge(),
            What::Command(verb, text) => {
                self.send_text(&text, TypedEnd::CrLf);
                if verb == Verb::Mail && self.runner.running {
                    self.pipeline();
                }
            }
        }
        Ok(())
    }

    /// RFC 2920: all recipients and DATA behind MAIL, without waiting.
    fn pipeline(&mut self) {
        for line in self.with_facts(plan::pipelined) {
            self.send_text(&line, TypedEnd::CrLf);
        }
    }

    /// Sends what was typed, line by line: what holds a line end is two lines to the server.
    pub(super) fn send_text(&mut self, line: &str, end: TypedEnd) {
        let whole = [line, end.text()].concat();
        let mut rest = whole.as_bytes();
        while !rest.is_empty() {
            let (piece, later) = self.record().first_piece(rest);
            self.apply(Happened::Sent(piece));
            // The relay takes no larger messages.
            for part in piece.chunks(MESSAGE_MAX / 2) {
                self.out.push_back(Output::Send(part.to_vec()));
            }
            rest = later;
        }
    }
}
