//! What the plan proposes: the envelope, the message, and how far to go.

use std::sync::Arc;

use super::SignIn;
use super::envelope::{Options, OptionsChange};
use super::field::one_line;
use crate::json::{Mistake, Object, Value};

/// The verb of the greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HelloVerb {
    /// RFC 5321 §4.1.1.1
    #[default]
    Ehlo,
    /// For servers that know nothing else.
    Helo,
}

/// Where the plan ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// After the server's greeting.
    Connect,
    /// After EHLO.
    Hello,
    /// After the TLS handshake.
    Starttls,
    /// After signing in.
    Auth,
    /// After MAIL.
    Mail,
    /// After the last RCPT.
    Rcpt,
    /// After DATA: no message is sent.
    Data,
    /// After the final dot: the message is sent.
    #[default]
    Dot,
}

impl Until {
    const WORDS: [(&str, Self); 8] = [
        ("connect", Self::Connect),
        ("hello", Self::Hello),
        ("starttls", Self::Starttls),
        ("auth", Self::Auth),
        ("mail", Self::Mail),
        ("rcpt", Self::Rcpt),
        ("data", Self::Data),
        ("dot", Self::Dot),
    ];

    /// The word for talks and options.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, until)| *until == self).map_or("dot", |(word, _)| word)
    }
}

/// What is to be sent after DATA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A whole message as text; line ends become CR LF.
    Text(String),
    /// Headers are made, the body is given.
    Composed(Composed),
    /// A whole message byte for byte.
    Bytes(Arc<Vec<u8>>),
}

/// A message of which only the essentials are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// The Subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// More headers; From, To, Date and the like given here replace those that are made.
    pub headers: Vec<(String, String)>,
}

impl Default for Message {
    fn default() -> Self {
        let body = "This is a test of the mail server, sent by hand with Ehlo.\n".to_owned();
        Self::Composed(Composed { subject: "Test".into(), body, headers: Vec::new() })
    }
}

/// What the plan proposes.
#[derive(Clone, Debug, Default)]
pub struct PlanSettings {
    /// The name to greet with; none: one is proposed.
    pub hello: Option<String>,
    /// EHLO or HELO.
    pub hello_verb: HelloVerb,
    /// The reverse-path without angle brackets; empty for the null reverse-path.
    pub from: String,
    /// The forward-paths without angle brackets.
    pub to: Vec<String>,
    /// The message.
    pub message: Message,
    /// Where it ends.
    pub until: Until,
    /// Whether MAIL states the message's size, where SIZE is offered (RFC 1870).
    pub size: bool,
    /// Whether MAIL says BODY=8BITMIME, where it is offered (RFC 6152); a message with octets above 127 says it anyway.
    pub eight_bit: bool,
    /// Whether MAIL says SMTPUTF8, where it is offered (RFC 6531); an address beyond ASCII says it anyway.
    pub smtputf8: bool,
    /// Whether "run the rest" sends commands in groups, where PIPELINING is offered (RFC 2920).
    pub pipelining: bool,
    /// What to sign in with; none: not at all.
    pub sign_in: Option<SignIn>,
    /// Parameters of MAIL and RCPT, and how the message is handed over.
    pub options: Options,
}

/// A change of some settings; the others stay.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the same fields as in `PlanSettings`
pub struct PlanChange {
    pub hello: Option<String>,
    pub hello_verb: Option<HelloVerb>,
    pub from: Option<String>,
    pub to: Option<Vec<String>>,
    pub message: Option<Message>,
    pub until: Option<Until>,
    pub size: Option<bool>,
    pub eight_bit: Option<bool>,
    pub smtputf8: Option<bool>,
    pub pipelining: Option<bool>,
    pub sign_in: Option<Option<SignIn>>,
    pub options: OptionsChange,
}

impl PlanSettings {
    /// Takes over what `change` gives, or nothing of it.
    ///
    /// # Errors
    /// Which field is wrong: a name or an address that would break the line it goes into.
    pub fn change(&mut self, change: PlanChange) -> Result<(), Mistake> {
        let mut new = self.clone();
        if let Some(hello) = change.hello {
            let hello = one_line("hello", &hello)?;
            if hello.contains(' ') {
                return Err(Mistake::new("hello", "the EHLO name is one word, without spaces"));
            }
            new.hello = (!hello.is_empty()).then_some(hello);
        }
        if let Some(from) = change.from {
            new.from = address("from", &from)?;
        }
        if let Some(to) = change.to {
            let all: Result<Vec<_>, _> = to.iter().map(|one| address("to", one)).collect();
            new.to = all?.into_iter().filter(|one| !one.is_empty()).collect();
        }
        new.message = change.message.unwrap_or(new.message);
        if let Message::Composed(composed) = &new.message {
            one_line("subject", &composed.subject)?;
            for (name, value) in &composed.headers {
                header(name, value)?;
            }
        }
        new.options.change(change.options)?;
        new.hello_verb = change.hello_verb.unwrap_or(new.hello_verb);
        new.until = change.until.unwrap_or(new.until);
        new.size = change.size.unwrap_or(new.size);
        new.eight_bit = change.eight_bit.unwrap_or(new.eight_bit);
        new.smtputf8 = change.smtputf8.unwrap_or(new.smtputf8);
        new.pipelining = change.pipelining.unwrap_or(new.pipelining);
        new.sign_in = change.sign_in.unwrap_or(new.sign_in);
        *self = new;
        Ok(())
    }
}

impl PlanChange {
    /// Reads a change from JSON.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = Object::parse(json)?;
        let change = Self::take(&mut object)?;
        object.done()?;
        Ok(change)
    }

    pub(crate) fn take(object: &mut Object) -> Result<Self, Mistake> {
        Ok(Self {
            hello: object.text("hello")?,
            hello_verb: object.word("hello_verb", &[("EHLO", HelloVerb::Ehlo), ("HELO", HelloVerb::Helo)])?,
            from: object.text("from")?,
            to: object.texts("to")?,
            message: object.take("message").map(Message::of).transpose()?,
            options: OptionsChange::take(object),
            until: object.word("until", &Until::WORDS)?,
            size: object.flag("size")?,
            eight_bit: object.flag("eight_bit")?,
            smtputf8: object.flag("smtputf8")?,
            pipelining: object.flag("pipelining")?,
            // `null` takes the credentials back.
            sign_in: match object.given("sign_in") {
                Some(Value::Null) => Some(None),
                Some(value) => Some(Some(SignIn::of(value)?)),
                None => None,
            },
        })
    }
}

impl Message {
    fn of(value: Value) -> Result<Self, Mistake> {
        if let Value::String(text) = value {
            return Ok(Self::Text(text));
        }
        let mut object =
            Object::of(value).map_err(|_| Mistake::new("message", "must be text, or {subject, body, headers}"))?;
        let mut headers = Vec::new();
        for pair in object.list("headers")?.unwrap_or_default() {
            match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(name), Value::String(value)]) => headers.push((name.clone(), value.clone())),
                _ => return Err(Mistake::new("headers", "must be a list of pairs: name and value")),
            }
        }
        let subject = object.text("subject")?.unwrap_or_default();
        let body = object.text("body")?.unwrap_or_default();
        object.done()?;
        Ok(Self::Composed(Composed { subject, body, headers }))
    }
}

/// An address as a person writes it into a field: angle brackets are taken off, since the command has its own.
fn address(field: &str, text: &str) -> Result<String, Mistake> {
    let text = one_line(field, text)?;
    let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(&text);
    Ok(bare.to_owned())
}

fn header(name: &str, value: &str) -> Result<(), Mistake> {
    let sound = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    if !sound {
        return Err(Mistake::new(
            "headers",
            format!("\"{name}\" is no header name: letters, digits and hyphens, no colon"),
        ));
    }
    one_line("headers", value).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_has_a_mistake_changes_nothing() {
        let mut plan = PlanSettings::default();
        let change = PlanChange { from: Some("a@b".into()), hello: Some("a b".into()), ..PlanChange::default() };
        assert!(plan.change(change).is_err());
        assert_eq!(plan.from, "");
    }
}
