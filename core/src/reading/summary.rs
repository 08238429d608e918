//! How it went, in one word and one sentence.

use serde::Serialize;

use crate::case::Case;
use crate::record::transaction::{Answer, Transaction};
use crate::record::{Asked, How, Link, SignInState, Via};
use crate::setup::Until;

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The outcome in one word.
    pub outcome: Outcome,
    /// The outcome in one sentence.
    pub sentence: String,
    /// The name that the server gave to the accepted message.
    pub queue_id: Option<String>,
    /// The reply that decided it.
    pub reply: Option<usize>,
}

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The server took the message for every recipient.
    Accepted,
    /// The server took the message, but refused some recipients.
    Partly,
    /// The server said no, for now or for good.
    Refused,
    /// The plan ended before the message, as it was meant to.
    Stopped,
    /// The person ended it before the message was sent.
    NotSent,
    /// No connection to a mail server came about.
    Unreachable,
    /// There was a connection, and it broke or spoke something else.
    Failed,
    /// The message was sent, and no answer came to its final dot.
    Unknown,
}

impl Outcome {
    /// The word, as in a talk's `= outcome …` line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partly => "partly",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
            Self::NotSent => "not-sent",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl Case {
    /// How it went, or how it stands.
    pub fn summary(&self) -> Summary {
        let mail = self.told_transaction();
        let outcome = self.outcome(mail);
        let refusal = self.refusal_of(mail);
        let sentence = self.sentence(outcome, mail, refusal);
        let dot = mail.and_then(|mail| mail.dot);
        Summary {
            outcome,
            sentence,
            queue_id: mail.and_then(|mail| mail.queue_id.clone()),
            reply: refusal.or(dot).map(|answer| answer.reply),
        }
    }

    /// The transaction that the summary tells of: the last that came anywhere.
    fn told_transaction(&self) -> Option<&Transaction> {
        // Of a test only what it left in a mailbox is told.
        let mails = || self.record.transactions().iter().filter(|mail| !mail.of_recipe || mail.is_accepted());
        let told = |mail: &&Transaction| mail.dot_sent || mail.refusal().is_some() || !mail.aborted;
        mails().rfind(told).or_else(|| mails().next_back())
    }

    /// The refusal that decided it.
    fn refusal_of(&self, mail: Option<&Transaction>) -> Option<Answer> {
        if let Some(mail) = mail {
            return if mail.is_accepted() { None } else { mail.refusal() };
        }
        let greeting = |asked: Option<Asked>| {
            matches!(asked, Some(Asked::Greeting)) || matches!(asked, Some(Asked::Command(verb)) if is_hello(verb))
        };
        let greeted = self.record.hello().accepted.is_some();
        let last = self
            .record
            .replies()
            .iter()
            .enumerate()
            .rfind(|(_, reply)| greeting(reply.asked) && reply.code >= 400 && !greeted);
        last.or_else(|| {
            self.record.replies().iter().enumerate().rfind(|(_, reply)| self.record.is_closing() && reply.code == 421)
        })
        .map(|(id, reply)| Answer { reply: id, code: reply.code })
    }

    fn outcome(&self, mail: Option<&Transaction>) -> Outcome {
        if let Some(mail) = mail {
            if mail.is_accepted() {
                return if mail.refused().next().is_some() { Outcome::Partly } else { Outcome::Accepted };
            }
            if mail.is_in_doubt() {
                return Outcome::Unknown;
            }
        }
        if self.refusal_of(mail).is_some() {
            return Outcome::Refused;
        }
        let Some(ending) = self.record.ending() else { return Outcome::NotSent };
        match ending.how {
            how if how.is_unreachable() => Outcome::Unreachable,
            How::TimedOut if self.record.hello().greeting == 0 && !self.has_been_up() => Outcome::Unreachable,
            How::Quit | How::HungUp if self.came_as_far_as_planned(mail) => Outcome::Stopped,
            How::Quit | How::HungUp => Outcome::NotSent,
            _ => Outcome::Failed,
        }
    }

    pub(super) fn has_been_up(&self) -> bool {
        self.record.connected().is_some() || self.setup.practice.is_some()
    }

    fn came_as_far_as_planned(&self, mail: Option<&Transaction>) -> bool {
        let greeted = self.record.hello().accepted.is_some();
        match self.setup.plan.until {
            Until::Connect => (200..300).contains(&self.record.hello().greeting),
            Until::Hello => greeted,
            Until::Starttls => self.record.tls().report().is_some(),
            Until::Auth => self.record.sign_in().state == SignInState::Done,
            Until::Dot => false,
            Until::Mail => mail.and_then(|mail| mail.mail).is_some_and(Answer::is_positive),
            Until::Rcpt => mail.is_some_and(|mail| mail.accepted().next().is_some()),
            Until::Data => mail.and_then(|mail| mail.data).is_some_and(|data| data.code == 354),
        }
    }

    fn sentence(&self, outcome: Outcome, mail: Option<&Transaction>, refusal: Option<Answer>) -> String {
        let named = mail.and_then(|mail| mail.queue_id.as_deref()).map_or(String::new(), |id| format!(" as {id}"));
        let mails = self.record.transactions().iter().filter(|mail| mail.is_accepted()).count();
        let more = if mails > 1 {
            format!(" It is the last of {mails} messages taken in this connection.")
        } else {
            String::new()
        };
        match outcome {
            Outcome::Accepted => format!("Accepted: the server took the message{named}{}.{more}", for_whom(mail)),
            Outcome::Partly => {
                let no = mail.map_or(0, |mail| mail.refused().count());
                let all = mail.map_or(0, |mail| mail.recipients.len());
                format!(
                    "Accepted in part: the server took the message{named}, but refused {no} of {all} recipients.{more}"
                )
            }
            Outcome::Refused => self.refused_sentence(refusal),
            Outcome::Stopped => {
                format!("Stopped as planned, {}: nothing was sent.{}", self.where_stopped(), some_refused(mail))
            }
            Outcome::Unknown => {
                "Unknown: the message was sent, and no answer came to its final dot; the server may have taken it."
                    .into()
            }
            Outcome::NotSent if self.record.ending().is_none() => self.standing(),
            Outcome::NotSent => "Not sent: the conversation was ended before the message.".into(),
            Outcome::Unreachable => "Not reached: no conversation with the mail server came about.".into(),
            Outcome::Failed => "Failed: the conversation broke off before the message was sent.".into(),
        }
    }

    fn refused_sentence(&self, refusal: Option<Answer>) -> String {
        let Some(reply) = refusal.and_then(|answer| self.record.replies().get(answer.reply)) else {
            return "Refused.".into();
        };
        let step = reply.asked.map_or("no question", Asked::step);
        let when = if reply.code < 500 { "for now " } else { "" };
        let enhanced = reply.enhanced.map(|code| format!(" {code}")).unwrap_or_default();
        let text = reply.enhanced.map_or(reply.text.as_str(), |code| {
            reply.text.strip_prefix(&code.to_string()).unwrap_or(&reply.text).trim_start()
        });
        format!("Refused {when}at {step} with {}{enhanced}: \u{201C}{}\u{201D}", reply.code, shortened(text))
    }

    fn where_stopped(&self) -> &'static str {
        match self.setup.plan.until {
            Until::Connect => "after the server's greeting",
            Until::Hello => "after EHLO",
            Until::Starttls => "after the TLS handshake",
            Until::Auth => "after signing in",
            Until::Mail => "after MAIL FROM",
            Until::Rcpt => "after RCPT TO",
            Until::Data | Until::Dot => "after DATA",
        }
    }

    fn standing(&self) -> String {
        match self.record.link() {
            Link::Calling => "Calling the relay.".into(),
            Link::Dialing if self.record.via() == Via::Direct => format!("Connecting to {}.", self.host()),
            Link::Dialing => format!("The relay is connecting to {}.", self.host()),
            _ if self.record.hello().greeting == 0 => "Connected; the server has not greeted yet.".into(),
            _ => "The conversation is under way.".into(),
        }
    }
}

fn is_hello(verb: crate::wire::command::Verb) -> bool {
    use crate::wire::command::Verb;
    matches!(verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo)
}

fn for_whom(mail: Option<&Transaction>) -> String {
    match mail.map_or(0, |mail| mail.accepted().count()) {
        0 | 1 => String::new(),
        many => format!(" for all {many} recipients"),
    }
}

fn some_refused(mail: Option<&Transaction>) -> String {
    match mail.map_or(0, |mail| mail.refused().count()) {
        0 => String::new(),
        refused => {
            let all = mail.map_or(0, |mail| mail.recipients.len());
            format!(" The server refused {refused} of {all} recipients.")
        }
    }
}

/// The first of a long text's characters.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}
