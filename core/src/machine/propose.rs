//! What the plan is told of the conversation, and what it makes of that.

use super::Session;
use crate::plan::{self, Facts, Step};
use crate::record::Stage;

impl Session {
    /// The step that the plan proposes; none where it is not the person's turn for one.
    pub fn proposal(&self) -> Option<Step> {
        let waits = self.record().awaiting().is_some();
        let free = !waits && !self.is_sending() && !self.is_working() && !self.runs_probe();
        (self.record().is_up() && free).then(|| self.with_facts(plan::next))
    }

    /// The commands that are likely to follow a step.
    pub fn upcoming(&self, step: &Step) -> Vec<String> {
        self.with_facts(|facts| plan::upcoming(facts, step))
    }

    pub(super) fn with_facts<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let own_name = self.case.own_name();
        let (setup, record) = (self.setup(), self.record());
        let hello = record.hello();
        let taken = record.transactions().iter().filter_map(|mail| mail.mail).filter(|answer| answer.is_positive());
        look(&Facts {
            settings: &setup.plan,
            attended: setup.attended,
            phase: record.phase(),
            greeting: hello.greeting,
            ehlo: hello.ehlo,
            helo: hello.helo,
            quit_refused: record.is_quit_refused(),
            capabilities: &hello.capabilities,
            transaction: record.transactions().last(),
            wants_mail: self.wants_mail,
            closing: record.is_closing(),
            sign_in: self.sign_in_facts(),
            security: setup.security,
            secured: record.tls().stage == Stage::Secured,
            starttls_refused: record.tls().refused,
            in_auth: record.sign_in().is_asked(),
            own_name: &own_name,
            lmtp: setup.lmtp,
            chunk_left: record.chunk_left(),
            cut_short: record.is_cut_short(),
            served: &self.served,
            etrn: record.etrn(),
            xclient: record.xclient(),
            mails: taken.count(),
            message_octets: self.message.len(),
            message_is_8bit: self.message_is_8bit,
        })
    }

    /// Makes the planned message anew: the plan has changed, or the own name has become known.
    pub(super) fn compose(&mut self) {
        let setup = self.setup();
        let own_name = setup.plan.hello.clone().unwrap_or_else(|| self.case.own_name());
        self.message = plan::message::octets(setup, &setup.plan, &own_name);
        self.message_is_8bit = !self.message.is_ascii();
    }
}
