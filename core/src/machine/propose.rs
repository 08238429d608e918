//! What the plan is told of the conversation, and what it makes of that.

use super::{Session, Stage};
use crate::plan::{self, Facts, Step};

impl Session {
    /// The step that the plan proposes; none where it is not the person's turn for one.
    pub fn proposal(&self) -> Option<Step> {
        let free = self.pending.is_empty() && !self.is_sending() && !self.is_working() && !self.runs_recipe();
        (self.is_up() && free).then(|| self.with_facts(plan::next))
    }

    pub(super) fn own_name(&self) -> String {
        let connected = self.connected.as_ref();
        let local = connected.and_then(|connected| connected.local.clone());
        let local_name = connected.and_then(|connected| connected.local_name.as_deref());
        plan::own_name(local_name, &self.setup.host, self.hello.greeting_name.as_deref(), local.as_deref())
    }

    pub(super) fn with_facts<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let own_name = self.own_name();
        look(&Facts {
            settings: &self.setup.plan,
            attended: self.setup.attended,
            phase: self.phase,
            greeting: self.hello.greeting,
            ehlo: self.hello.ehlo,
            helo: self.hello.helo,
            quit_refused: self.quit_refused,
            capabilities: &self.hello.capabilities,
            transaction: self.transactions.last(),
            wants_mail: self.wants_mail,
            closing: self.closing,
            sign_in: self.sign_in_facts(),
            security: self.setup.security,
            secured: self.tls.stage == Stage::Secured,
            starttls_refused: self.tls.refused,
            in_auth: self.in_auth,
            own_name: &own_name,
            lmtp: self.setup.lmtp,
            chunk_left: self.chunk_left(),
            cut_short: self.sending.cut_short,
            served: &self.sending.served,
            etrn: &self.sending.etrn,
            xclient: self.sending.xclient.as_ref().map(|(said, code)| (said.as_str(), *code)),
            mails: self.transactions.iter().filter_map(|mail| mail.mail).filter(|answer| answer.is_positive()).count(),
            message_octets: self.message.len(),
            message_is_8bit: !self.message.is_ascii(),
        })
    }

    /// Makes the planned message anew: the plan has changed, or the own name has become known.
    pub(super) fn compose(&mut self) {
        let own_name = self.setup.plan.hello.clone().unwrap_or_else(|| self.own_name());
        self.message = plan::message::octets(&self.setup, &self.setup.plan, &own_name);
    }
}
