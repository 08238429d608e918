//! What goes out: the person's actions, and the plan's.

use super::input::{Action, Risk, TypedEnd};
use super::timers::Asked;
use super::{Link, Output, Session};
use crate::plan::{self, What};
use crate::record::event::Event;
use crate::record::transaction::{Recipient, Transaction};
use crate::record::{Piece, masked};
use crate::setup::Mistake;
use crate::tunnel::{MESSAGE_MAX, ToRelay};
use crate::wire::body::with_crlf;
use crate::wire::command::{Command, Verb};
use crate::wire::rules::Phase;

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
                self.setup.plan.change(*change)?;
                if signs_in {
                    self.renew_sign_in();
                }
                let finished = self.transactions.last().is_some_and(Transaction::is_finished);
                self.wants_mail |= finished;
                if finished {
                    self.sending.served.clear();
                }
                self.compose();
            }
            Action::Allow(Risk::Credentials) => self.allowed.credentials = true,
            Action::Allow(Risk::Recipes) => self.allowed.recipes = true,
            Action::Recipe { id } => {
                self.leave_recipe();
                self.begin_recipe(&id)?;
            }
            Action::Pause {} => {
                self.leave_recipe();
                self.runner.running = false;
            }
            Action::Run {} => {
                self.must_be_alive()?;
                self.leave_recipe();
                self.runner.running = true;
                self.runner.paused = None;
            }
            Action::Hangup {} => {
                self.must_be_alive()?;
                let how = self.how_this_side_left();
                self.end(Event::HungUp, how, true);
            }
            Action::Eof {} => {
                self.must_be_up()?;
                self.out.push_back(Output::Control(ToRelay::Eof {}));
            }
            Action::Send { line, end } => {
                self.must_be_up()?;
                self.leave_recipe();
                self.runner.paused = None;
                self.send_text(&line, end);
            }
            Action::Message { text } => {
                self.must_want_message()?;
                self.leave_recipe();
                self.runner.paused = None;
                let given = text.map(|text| with_crlf(text.as_bytes()).into_owned());
                self.send_message(given);
            }
            Action::MessageBytes { bytes } => {
                self.must_want_message()?;
                self.leave_recipe();
                self.runner.paused = None;
                self.send_message(Some(bytes));
            }
            Action::Next {} => {
                self.must_be_up()?;
                self.leave_recipe();
                self.runner.paused = None;
                self.step()?;
            }
        }
        Ok(())
    }

    fn must_be_alive(&self) -> Result<(), Mistake> {
        match self.link {
            Link::Over => Err(Mistake::new("do", "this conversation has ended: begin a new one")),
            _ => Ok(()),
        }
    }

    fn must_be_up(&self) -> Result<(), Mistake> {
        self.must_be_alive()?;
        match self.link {
            Link::Up | Link::Closing => Ok(()),
            _ => Err(Mistake::new("do", "the connection does not stand yet: wait for the greeting")),
        }
    }

    fn must_want_message(&self) -> Result<(), Mistake> {
        self.must_be_up()?;
        if self.expects_message() || self.chunk_left() > 0 {
            return Ok(());
        }
        Err(Mistake::new("do", "the server does not expect a message now: send DATA and wait for 354"))
    }

    /// Runs while there is something to run and the turn is ours.
    pub(super) fn advance(&mut self) {
        self.advance_recipe();
        while self.runner.running && self.proposal().is_some() {
            if !self.setup.attended && self.setup.plan.until == crate::setup::Until::Connect && self.hello.greeting == 0
            {
                break;
            }
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
                let how = self.how_this_side_left();
                self.end(Event::HungUp, how, true);
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
        for piece in whole.split_inclusive('\n') {
            let raw = self.chunk_left().min(piece.len());
            if raw > 0 {
                let (now, later) = piece.as_bytes().split_at(raw);
                self.send_chunk_piece(now);
                // The end of the typed line is none of the octets that were announced, and no command either.
                if !later.is_empty() && later != b"\r\n" {
                    self.send_piece(&String::from_utf8_lossy(later));
                }
            } else if self.expects_message() {
                self.send_body_piece(piece.as_bytes());
            } else {
                self.send_piece(piece);
            }
        }
    }

    /// Sends a line of command, or a part of one that its line end does not close yet.
    fn send_piece(&mut self, piece: &str) {
        let text = piece.trim_end_matches(['\r', '\n']);
        let opened = self.open_line.take();
        let so_far = opened.as_deref().unwrap_or_default();
        let whole = [so_far, text].concat();
        let command = Command::of(&whole);
        let answers_auth = self.answers_auth(&command);
        // Where AUTH itself is in this piece, only what stands behind its mechanism is secret.
        let begun = opened.is_some() && command.verb == Verb::Auth && Command::of(text).verb != Verb::Auth;
        let secret = answers_auth && text != "*" || begun;
        let shown = [&masked(text, secret), &piece[text.len()..]].concat();
        let entry = self.transcript.client(self.elapsed(), Piece::Line, shown.clone().into_bytes(), piece.len());
        self.send(piece.as_bytes());
        if answers_auth || command.verb == Verb::Auth {
            self.decode_sent(entry, &command, text, answers_auth);
        }
        if !piece.ends_with('\n') {
            // Without a line end the server sees no command yet, so no reply is due.
            self.open_line = Some([so_far, &shown].concat());
            return;
        }
        if answers_auth {
            return self.await_reply(Asked::AuthAnswer, Some(entry));
        }
        self.begin_step(&command);
        if command.verb == Verb::Bdat && self.begin_chunk(&command, entry) {
            return;
        }
        self.await_reply(Asked::Command(command.verb), Some(entry));
        if let (Verb::Rcpt, Some(pending)) = (command.verb, self.pending.back_mut()) {
            pending.recipient = self.transactions.last().map(|mail| mail.recipients.len() - 1);
        }
    }

    /// Whether a line answers a 334, or is typed ahead of one: then it is a secret.
    fn answers_auth(&self, command: &Command<'_>) -> bool {
        let asks = |asked| matches!(asked, Asked::AuthAnswer | Asked::Command(Verb::Auth));
        let ahead = self.pending.iter().any(|pending| asks(pending.asked)) && command.verb == Verb::Other;
        self.in_auth && self.pending.is_empty() || ahead
    }

    /// Hands octets out in pieces that the relay takes.
    pub(super) fn send(&mut self, octets: &[u8]) {
        for piece in octets.chunks(MESSAGE_MAX / 2) {
            self.out.push_back(Output::Send(piece.to_vec()));
        }
    }

    /// Notes in the transaction what was asked.
    fn begin_step(&mut self, command: &Command<'_>) {
        let address = || command.path().map_or_else(|| command.rest.to_owned(), |path| path.address.to_owned());
        match command.verb {
            Verb::Mail if self.phase <= Phase::Idle => {
                let of_recipe = self.runs_recipe();
                self.transactions.push(Transaction { reverse_path: address(), of_recipe, ..Transaction::default() });
            }
            Verb::Rcpt => {
                let recipient = Recipient { address: address(), ..Recipient::default() };
                // After a refused MAIL or DATA the recipients still belong to that attempt.
                let open = self.transactions.last().is_some_and(|mail| !mail.aborted && !mail.dot_sent);
                if !open {
                    self.transactions.push(Transaction { aborted: true, ..Transaction::default() });
                }
                if let Some(mail) = self.transactions.last_mut() {
                    mail.recipients.push(recipient);
                }
            }
            Verb::Data => {
                if let Some(mail) = self.transactions.last_mut() {
                    mail.data_sent = true;
                }
            }
            Verb::Etrn => self.sending.etrn = command.rest.to_owned(),
            Verb::Other if command.word.eq_ignore_ascii_case("XCLIENT") => {
                self.sending.xclient = Some((command.rest.to_owned(), 0));
            }
            _ => {}
        }
    }

    fn send_body_piece(&mut self, octets: &[u8]) {
        let entry = self.transcript.client(self.elapsed(), Piece::Line, octets.to_vec(), octets.len());
        self.send(octets);
        self.body_sent(entry, octets);
    }

    /// Whether `octets` end the message: a dot alone between two CR LF (RFC 5321 §4.1.1.4).
    pub(super) fn ends_message(&self, octets: &[u8]) -> bool {
        match octets.len() {
            0..5 => {
                let line = [&self.body_line, octets].concat();
                line == b".\r\n" || line.ends_with(b"\r\n.\r\n")
            }
            _ => octets.ends_with(b"\r\n.\r\n"),
        }
    }

    /// Notes octets of the message that went out as `entry`.
    pub(super) fn body_sent(&mut self, entry: usize, octets: &[u8]) {
        if !self.ends_message(octets) {
            self.body_line.extend_from_slice(octets);
            let last = self.body_line.windows(2).rposition(|pair| pair == b"\r\n");
            self.body_line.drain(..last.map_or(0, |at| at + 2));
            return;
        }
        self.body_ended(entry);
    }
}
