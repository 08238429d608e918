//! What follows from what the record has taken in: for the plan, for "run the rest", for the exchange of a sign-in.

use super::{Output, Session};
use crate::plan;
use crate::record::transaction::Transaction;
use crate::record::{Asked, Happened, ReplyRecord, Side, SignInState, Stage};
use crate::tunnel::ToRelay;
use crate::wire::command::Verb;
use crate::wire::oddity::Oddity;
use crate::wire::rules::Phase;

impl Session {
    /// Writes into the record what happened, and does what follows from it.
    pub(super) fn apply(&mut self, what: Happened<'_>) {
        let at = self.elapsed();
        let (seen, stood) = (self.record().entries().len(), !self.record().is_over());
        self.case.record.apply(at, what);
        for entry in seen..self.record().entries().len() {
            self.reads(entry);
        }
        self.follow_tls();
        self.follow_sign_in();
        // The connection ended, or the server does not want the rest.
        if !self.record().is_sending() {
            self.outgoing = None;
        }
        if stood && self.record().is_over() {
            self.runner.running = false;
            self.close_probe();
        }
    }

    /// Looks at one new entry.
    fn reads(&mut self, entry: usize) {
        let record = self.record();
        let Some(line) = record.entries().get(entry).filter(|one| one.side == Side::Server) else { return };
        let Some(id) = line.reply else {
            if !line.oddities.contains(&Oddity::BehindStarttls) {
                self.surprise("The server sent a line without a reply code.");
            }
            return;
        };
        let whole = |reply: &&ReplyRecord| !reply.cut && reply.entries.last() == Some(&entry);
        if let Some(reply) = record.replies().get(id).filter(whole).cloned() {
            self.answered(id, &reply);
        }
    }

    fn answered(&mut self, id: usize, reply: &ReplyRecord) {
        let Some(asked) = reply.asked else {
            return self.surprise("The server sent a reply that nobody had asked for.");
        };
        match asked {
            Asked::Greeting => self.compose(),
            Asked::Message => self.message_answered(),
            Asked::AuthAnswer | Asked::Command(Verb::Auth) => self.auth_answered(id, reply.code),
            Asked::Command(verb) if is_positive(reply.code) => self.agreed(verb, reply),
            _ => {}
        }
        self.judge(asked, reply);
    }

    fn agreed(&mut self, verb: Verb, reply: &ReplyRecord) {
        let renews = match verb {
            Verb::Ehlo | Verb::Lhlo | Verb::Helo | Verb::Rset => true,
            Verb::Other => reply.question.is_some_and(|entry| self.record().is_xclient(entry)),
            _ => false,
        };
        if verb == Verb::Quit {
            self.out.push_back(Output::Control(ToRelay::Eof {}));
        }
        // An open mail is gone with it, and still to be sent.
        if renews && self.record().transactions().last().is_some_and(|mail| !mail.is_accepted()) {
            self.wants_mail = true;
        }
    }

    fn message_answered(&mut self) {
        self.wants_mail = false;
        if self.record().awaiting().is_none() && self.with_facts(plan::leaves_recipients) {
            let asked = self.record().transactions().last().into_iter().flat_map(|mail| &mail.recipients);
            let addresses: Vec<String> = asked.map(|one| one.address.clone()).collect();
            self.served.extend(addresses);
            self.wants_mail = true;
        }
    }

    /// What a reply means for the plan, and for "run the rest".
    fn judge(&mut self, asked: Asked, reply: &ReplyRecord) {
        if is_expected(asked, reply.code) {
            return;
        }
        match asked {
            Asked::Command(Verb::Mail) if reply.phase <= Phase::Idle => self.wants_mail = false,
            Asked::Command(Verb::Data | Verb::Bdat) if reply.phase == Phase::Rcpt => self.wants_mail = false,
            _ => {}
        }
        // A server that does not know EHLO is greeted with HELO, as the article has it; no reason to stop.
        let old_server = asked == Asked::Command(Verb::Ehlo) && matches!(reply.code, 500..=502 | 504 | 550);
        if !old_server {
            self.surprise(&format!("The server answered {} to {}.", reply.code, spoken(asked)));
        }
    }

    /// Something unexpected: "run the rest" waits for the person, where there is one.
    fn surprise(&mut self, what: &str) {
        if self.runner.running && self.setup().attended {
            self.runner.running = false;
            self.runner.paused = Some(what.to_owned());
        }
    }

    /// The server waits for a handshake: asks the driver for it, once.
    fn follow_tls(&mut self) {
        if self.record().tls().stage == Stage::Due && !self.handshake_asked {
            self.handshake_asked = true;
            self.runner.paused = None;
            self.out.push_back(Output::Handshake(Box::new(self.case.tls_settings())));
        }
    }

    /// What an exchange has agreed on counts only while the record says that it goes on.
    fn follow_sign_in(&mut self) {
        match self.record().sign_in().state {
            SignInState::Running => self.auth.goes_on(),
            SignInState::None => self.auth.forget(),
            _ => self.auth.stop(),
        }
    }

    /// Whether the last mail of the plan is done with.
    pub(super) fn has_finished_mail(&self) -> bool {
        self.record().transactions().last().is_some_and(Transaction::is_finished)
    }
}

const fn is_positive(code: u16) -> bool {
    matches!(code, 200..300)
}

/// Whether an answer lets the plan go on.
fn is_expected(asked: Asked, code: u16) -> bool {
    match asked {
        Asked::Command(Verb::Data) => code == 354,
        Asked::Command(Verb::Auth) | Asked::AuthAnswer => is_positive(code) || code == 334,
        _ => is_positive(code),
    }
}

fn spoken(asked: Asked) -> String {
    match asked {
        Asked::Greeting => "the new connection".into(),
        Asked::Message => "the message".into(),
        other => other.step().into(),
    }
}
