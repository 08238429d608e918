//! The mail transactions of a conversation (RFC 5321 §3.3): what was said, and what became of it.

/// One mail transaction, from MAIL on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The reverse-path without angle brackets.
    pub reverse_path: String,
    /// The reply to MAIL.
    pub mail: Option<Answer>,
    /// The recipients in order.
    pub recipients: Vec<Recipient>,
    /// Whether DATA was sent.
    pub data_sent: bool,
    /// The reply to DATA.
    pub data: Option<Answer>,
    /// Octets of the message that were sent by BDAT.
    pub chunked: usize,
    /// Whether the message was sent to its final dot, or its last piece.
    pub dot_sent: bool,
    /// The reply to the final dot.
    pub dot: Option<Answer>,
    /// The name that the server gave to the message.
    pub queue_id: Option<String>,
    /// Whether RSET or EHLO ended it.
    pub aborted: bool,
    /// Whether it is part of a test that breaks rules, and none of the plan's.
    pub of_recipe: bool,
}

/// One recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// The forward-path without angle brackets.
    pub address: String,
    /// The reply.
    pub answer: Option<Answer>,
    /// With LMTP: the reply to the message for this recipient (RFC 2033 §4.2).
    pub last: Option<Answer>,
}

/// A reply, as far as a transaction needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its place among the replies.
    pub reply: usize,
    /// Its code.
    pub code: u16,
}

impl Answer {
    /// Whether the server agreed.
    pub fn is_positive(self) -> bool {
        (200..300).contains(&self.code)
    }
}

impl Transaction {
    /// Whether nothing more can come of it.
    pub fn is_finished(&self) -> bool {
        self.aborted
            || self.dot.is_some()
            || self.mail.is_some_and(|mail| !mail.is_positive())
            || self.data.is_some_and(|data| data.code != 354)
    }

    /// Whether the message was sent and nobody knows what became of it: no reply to the final dot, and no refusal
    /// before it.
    pub fn is_in_doubt(&self) -> bool {
        self.dot_sent && self.dot.is_none() && self.data.is_none_or(|data| data.code < 400)
    }

    /// Recipients that the server took.
    pub fn accepted(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|one| one.answer.is_some_and(Answer::is_positive))
    }

    /// Recipients that the server refused, with LMTP at the end of the message also.
    pub fn refused(&self) -> impl Iterator<Item = &Recipient> {
        let no = |answer: Option<Answer>| answer.is_some_and(|answer| !answer.is_positive());
        self.recipients.iter().filter(move |one| no(one.answer) || no(one.last))
    }

    /// Whether the server took the message for somebody.
    pub fn is_accepted(&self) -> bool {
        let nobody = !self.recipients.is_empty() && self.accepted().next().is_none();
        self.dot.is_some_and(Answer::is_positive) && !nobody
    }

    /// The refusal that ended it, or kept it from going on.
    pub fn refusal(&self) -> Option<Answer> {
        let no = |answer: Option<Answer>| answer.filter(|answer| answer.code >= 400);
        let all_refused = !self.recipients.is_empty() && self.accepted().next().is_none();
        // What followed a refused MAIL or the last refused recipient is only its consequence.
        no(self.mail)
            .or_else(|| self.refused().last().filter(|_| all_refused).and_then(|one| one.answer))
            .or_else(|| no(self.dot))
            .or_else(|| no(self.data))
    }
}

/// The name that a server gave to the message, read from the reply to the final dot.
///
/// There is no standard for it: `queued as X` (Postfix), `id=X` (Exim, OpenSMTPD), `X Message accepted for delivery`
/// (Sendmail), `[InternalId=X` (Exchange), `OK X - gsmtp` (Gmail), `Message queued as X`, `ok X qp Y` (qmail).
pub fn queue_id(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let clean = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        (word.len() >= 4 && word.chars().any(|c| c.is_ascii_digit())).then(|| word.to_owned())
    };
    for mark in ["queued as ", "queued (", "internalid=", "id=", "queued mail id ", "message-id: ", "qp "] {
        if let Some(at) = lower.find(mark) {
            let rest = &text[at + mark.len()..];
            if let Some(id) = clean(rest.split([' ', ',', ';', ')', ']']).next().unwrap_or_default()) {
                return Some(id);
            }
        }
    }
    if let Some(at) = lower.find(" message accepted for delivery") {
        return text[..at].rsplit(' ').next().and_then(clean);
    }
    let before = text.strip_suffix(" - gsmtp")?;
    before.rsplit(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_ids_of_common_servers_are_found() {
        for (text, id) in [
            ("2.0.0 Ok: queued as 4Xy1Zz2abc", Some("4Xy1Zz2abc")),
            ("OK id=1tEqhX-000abc-2D", Some("1tEqhX-000abc-2D")),
            ("2.0.0 4AN1x2Yz012345 Message accepted for delivery", Some("4AN1x2Yz012345")),
            ("2.6.0 <a@b> [InternalId=8529, Hostname=x.example] Queued mail for delivery", Some("8529")),
            ("2.0.0 OK  1732380000 d9443c01a7336-21287ec1f2si - gsmtp", Some("d9443c01a7336-21287ec1f2si")),
            ("ok 1732380000 qp 12345", Some("12345")),
            ("2.0.0 Ok", None),
            ("thank you", None),
        ] {
            assert_eq!(queue_id(text).as_deref(), id, "{text}");
        }
    }

    #[test]
    fn when_all_recipients_are_refused_that_is_the_refusal() {
        let answer = |code| Some(Answer { reply: usize::from(code), code });
        let mut mail = Transaction { mail: answer(250), data: answer(503), ..Transaction::default() };
        mail.recipients.push(Recipient { address: "a@b".into(), answer: answer(550), last: None });
        assert_eq!(mail.refusal().map(|no| no.code), Some(550));
    }
}
