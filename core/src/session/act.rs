//! What goes out: the person's actions, and the plan's.

use super::input::{Action, TypedEnd};
use super::setup::Mistake;
use super::timers::Asked;
use super::transaction::{Recipient, Transaction};
use super::{How, Link, Output, Session};
use crate::plan::What;
use crate::session::rules::Phase;
use crate::transcript::event::Event;
use crate::transcript::{Piece, masked};
use crate::tunnel::{MESSAGE_MAX, ToRelay};
use crate::wire::body::{WireMessage, with_crlf};
use crate::wire::command::{Command, Verb};

impl Session {
    pub(super) fn act(&mut self, action: Action) -> Result<(), Mistake> {
        match action {
            Action::Plan(change) => {
                self.setup.plan.change(change)?;
                let finished = self.transactions.last().is_some_and(Transaction::is_finished);
                self.wants_mail |= finished;
                self.compose();
            }
            Action::Pause {} => self.runner.running = false,
            Action::Run {} => {
                self.must_be_alive()?;
                self.runner.running = true;
                self.runner.paused = None;
            }
            Action::Hangup {} => {
                self.must_be_alive()?;
                self.record(Event::HungUp);
                self.finish(How::HungUp, true);
            }
            Action::Eof {} => {
                self.must_be_up()?;
                self.out.push_back(Output::Control(ToRelay::Eof {}));
            }
            Action::Send { line, end } => {
                self.must_be_up()?;
                self.runner.paused = None;
                self.send_typed(&line, end);
            }
            Action::Message { text } => {
                self.must_be_up()?;
                self.runner.paused = None;
                let given = text.map(|text| with_crlf(text.as_bytes()).into_owned());
                self.send_message(given);
            }
            Action::MessageBytes { bytes } => {
                self.must_be_up()?;
                self.runner.paused = None;
                self.send_message(Some(bytes));
            }
            Action::Next {} => {
                self.must_be_up()?;
                self.runner.paused = None;
                self.step();
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

    /// Runs while there is something to run and the turn is ours.
    pub(super) fn advance(&mut self) {
        while self.runner.running && self.proposal().is_some() {
            if !self.setup.attended && self.setup.plan.until == super::setup::Until::Connect && self.hello.greeting == 0
            {
                break;
            }
            self.step();
        }
    }

    /// Takes the proposed step.
    fn step(&mut self) {
        let Some(step) = self.proposal() else { return };
        match step.what {
            What::Hangup => {
                self.record(Event::HungUp);
                let how = if self.closing { How::ServerClosing } else { How::HungUp };
                self.finish(how, true);
            }
            What::Message => self.send_message(None),
            What::Command(verb, text) => {
                self.send_typed(&text, TypedEnd::CrLf);
                if verb == Verb::Mail && self.runner.running {
                    self.pipeline();
                }
            }
        }
    }

    /// RFC 2920: all recipients and DATA behind MAIL, without waiting.
    fn pipeline(&mut self) {
        use super::setup::Until;
        let plan = self.setup.plan.clone();
        if !plan.pipelining || !self.hello.capabilities.has("PIPELINING") || plan.until < Until::Rcpt {
            return;
        }
        for to in &plan.to {
            self.send_typed(&format!("RCPT TO:<{to}>"), TypedEnd::CrLf);
        }
        if plan.until >= Until::Data && !plan.to.is_empty() {
            self.send_typed("DATA", TypedEnd::CrLf);
        }
    }

    /// Sends a line as it was typed; between 354 and the final dot it is a line of the message.
    fn send_typed(&mut self, line: &str, end: TypedEnd) {
        let mut octets = line.as_bytes().to_vec();
        octets.extend_from_slice(end.octets());
        if self.phase == Phase::Data && self.pending.is_empty() {
            return self.send_body_line(&octets, line == "." && end == TypedEnd::CrLf);
        }
        let answers_auth = self.in_auth && self.pending.is_empty();
        let mut shown = masked(line, answers_auth && line != "*").into_bytes();
        shown.extend_from_slice(end.octets());
        let entry = self.transcript.client(self.elapsed(), Piece::Line, shown, octets.len());
        self.send(&octets);
        if !matches!(end, TypedEnd::CrLf | TypedEnd::Lf) {
            // Without a line end the server sees no command yet, so no reply is due.
            return;
        }
        if answers_auth {
            return self.await_reply(Asked::AuthAnswer, Some(entry));
        }
        let command = Command::of(line);
        self.begin_step(&command);
        self.await_reply(Asked::Command(command.verb), Some(entry));
        if command.verb == Verb::Rcpt {
            let at = self.transactions.last().map_or(0, |mail| mail.recipients.len() - 1);
            if let Some(pending) = self.pending.back_mut() {
                pending.recipient = Some(at);
            }
        }
    }

    /// Hands octets out in pieces that the relay takes.
    fn send(&mut self, octets: &[u8]) {
        for piece in octets.chunks(MESSAGE_MAX / 2) {
            self.out.push_back(Output::Send(piece.to_vec()));
        }
    }

    /// Notes in the transaction what was asked.
    fn begin_step(&mut self, command: &Command<'_>) {
        let address = || command.path().map_or_else(|| command.rest.to_owned(), |path| path.address.to_owned());
        match command.verb {
            Verb::Mail if self.phase <= Phase::Idle => {
                self.transactions.push(Transaction { reverse_path: address(), ..Transaction::default() });
            }
            Verb::Rcpt => {
                let recipient = Recipient { address: address(), answer: None };
                let open = self.transactions.last().is_some_and(|mail| !mail.is_finished());
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
            _ => {}
        }
    }

    fn send_body_line(&mut self, octets: &[u8], is_final: bool) {
        let entry = self.transcript.client(self.elapsed(), Piece::Line, octets.to_vec(), octets.len());
        self.send(octets);
        if is_final {
            self.message_sent(entry);
        }
    }

    fn send_message(&mut self, given: Option<Vec<u8>>) {
        // After DATA with no recipient some servers still say 354: then an empty message ends it (RFC 2920 §3.1).
        let nobody = self.transactions.last().is_some_and(|mail| mail.accepted().next().is_none());
        let wire = match given {
            Some(given) => WireMessage::of(&given),
            None if nobody && self.runner.running => WireMessage::of(b""),
            None => WireMessage::of(&self.message),
        };
        let entry = self.transcript.client(self.elapsed(), Piece::Message, wire.octets.clone(), wire.octets.len());
        self.send(&wire.octets);
        self.message_sent(entry);
    }

    pub(super) fn message_sent(&mut self, entry: usize) {
        if let Some(mail) = self.transactions.last_mut() {
            mail.dot_sent = true;
        }
        self.await_reply(Asked::Message, Some(entry));
    }
}
