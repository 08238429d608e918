//! The one form in which every code, keyword and command is kept, and sentences that many of them share.

use super::source::Ref;
use super::{Explanation, ReplyStep};

/// One reply code, enhanced status code, EHLO keyword or command, with all that is known of it.
#[derive(Clone, Copy)]
pub(super) struct Record {
    /// `550`, `7.1`, `PIPELINING`, `RCPT`.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) meaning: &'static str,
    /// Usual causes, most common first.
    pub(super) causes: &'static [&'static str],
    /// What to do next.
    pub(super) advice: &'static [&'static str],
    /// What differs at certain steps; the first entry that has the step counts.
    pub(super) at: &'static [At],
    /// Title and meaning when the class is 2; only for enhanced status codes that servers do send so.
    pub(super) success: Option<(&'static str, &'static str)>,
    /// How a command is written; only for commands.
    pub(super) usage: &'static str,
    pub(super) refs: &'static [Ref],
}

/// What differs at certain steps. Empty fields leave the record's own text.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) steps: &'static [ReplyStep],
    pub(super) title: &'static str,
    pub(super) meaning: &'static str,
    pub(super) causes: &'static [&'static str],
    pub(super) advice: &'static [&'static str],
}

/// The record that others fill in.
pub(super) const RECORD: Record =
    Record { name: "", title: "", meaning: "", causes: &[], advice: &[], at: &[], success: None, usage: "", refs: &[] };

/// The step entry that others fill in.
pub(super) const AT: At = At { steps: &[], title: "", meaning: "", causes: &[], advice: &[] };

/// Said with every temporary refusal.
pub(super) const RETRY: &str =
    "Temporary: a sending mail server keeps the message and tries again for days. Act only if it goes on.";
/// Said where only the other side can know more.
pub(super) const ASK: &str = "Give the receiving side's administrator the time, your IP address, both mail addresses \
                              and this line: their log has the reason.";
/// Said where the address may be wrong.
pub(super) const SPELLING: &str = "Check the address letter by letter, if need be with the recipient by telephone.";
/// Said where the sending IP address is judged.
pub(super) const REPUTATION: &str =
    "Look the sending IP address up in the common block lists, and check that its PTR name leads back to it.";
/// Said where SPF, DKIM and DMARC are judged.
pub(super) const AUTHENTICATE: &str =
    "Check the SPF, DKIM and DMARC records of the sender's domain against the server that really sends.";
/// Said where a login is missing.
pub(super) const LOGIN: &str =
    "To send as a user, take the submission port 587 (STARTTLS) or 465 (TLS) and log in with AUTH.";
/// Said where the test itself may be the reason.
pub(super) const SOURCE_IP: &str =
    "Remember that the server judges the address you test from, which may not be that of the real mail server.";

impl Record {
    /// The explanation at `step`, under the name `key`.
    pub(super) fn explain(&self, key: String, step: ReplyStep) -> Explanation {
        // The end of BDAT is the end of the message, as the final dot is.
        let has = |at: &&At, step: ReplyStep| at.steps.contains(&step);
        let at = self.at.iter().find(|at| has(at, step));
        let at =
            at.or_else(|| self.at.iter().find(|at| step == ReplyStep::Bdat && has(at, ReplyStep::Body))).unwrap_or(&AT);
        let text = |own: &'static str, here: &'static str| if here.is_empty() { own } else { here };
        let list = |own: &'static [&'static str], here: &'static [&'static str]| {
            if here.is_empty() { own.to_vec() } else { here.to_vec() }
        };
        Explanation {
            key,
            title: text(self.title, at.title).into(),
            meaning: text(self.meaning, at.meaning).into(),
            details: Vec::new(),
            causes: list(self.causes, at.causes),
            advice: list(self.advice, at.advice),
            sources: self.refs.iter().map(|r| r.source()).collect(),
            known: true,
        }
    }
}

/// The record of that name, in any case.
pub(super) fn find(records: &'static [Record], name: &str) -> Option<&'static Record> {
    records.iter().find(|record| record.name.eq_ignore_ascii_case(name))
}
