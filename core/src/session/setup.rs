//! What a conversation is set up with: whom to call, and what the plan proposes.

use serde_json::Value;

pub use crate::json::Mistake;
use crate::json::Object;
use crate::secret::Secret;
use crate::tunnel::Family;

/// Everything that is decided before a conversation; every field has a default.
#[derive(Clone, Debug)]
pub struct Setup {
    /// A host name in A-label form, or an IP address.
    pub host: String,
    /// The TCP port; 25 if none is given.
    pub port: u16,
    /// A target that the relay's operator has named, in place of host and port.
    pub target: Option<String>,
    /// Only addresses of this family.
    pub family: Option<Family>,
    /// The relay's token.
    pub token: Option<Secret>,
    /// The practice server in the page, by its personality's name, in place of a relay.
    pub practice: Option<String>,
    /// How the connection is to be secured.
    pub security: Security,
    /// What the plan proposes.
    pub plan: PlanSettings,
    /// Whether a person watches: then "run the rest" pauses at surprises, and nothing hangs up by itself.
    pub attended: bool,
    /// Wall-clock time at the start, in milliseconds since 1970.
    pub started: Option<u64>,
    /// Minutes east of UTC, for the message's Date.
    pub offset: i32,
    /// Any text that makes the Message-ID unlike others.
    pub seed: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 25,
            target: None,
            family: None,
            token: None,
            practice: None,
            security: Security::None,
            plan: PlanSettings::default(),
            attended: true,
            started: None,
            offset: 0,
            seed: String::new(),
        }
    }
}

impl Setup {
    /// Reads a setup from JSON, one flat object of its fields and those of [`PlanSettings`], and checks it.
    ///
    /// # Errors
    /// Which field is wrong, and what to write instead.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = Object::parse(json)?;
        let default = Self::default();
        let mut setup = Self {
            host: object.text("host")?.unwrap_or_default(),
            port: port(&mut object)?.unwrap_or(default.port),
            target: object.text("target")?,
            family: object.word("family", &[("4", Family::V4), ("6", Family::V6)])?,
            token: object.text("token")?.map(Secret::new),
            practice: object.text("practice")?,
            security: object.word("security", &Security::WORDS)?.unwrap_or_default(),
            attended: object.flag("attended")?.unwrap_or(default.attended),
            started: object.number("started")?,
            offset: object.number("offset")?.unwrap_or_default(),
            seed: object.text("seed")?.unwrap_or_default(),
            plan: default.plan,
        };
        let change = PlanChange::take(&mut object)?;
        object.done()?;
        setup.plan.change(change)?;
        setup.check()?;
        Ok(setup)
    }

    /// Whether a conversation can begin with it.
    ///
    /// # Errors
    /// Which field is wrong, and what to write instead.
    pub fn check(&self) -> Result<(), Mistake> {
        if self.security != Security::None {
            return Err(Mistake::new("security", "this version speaks plain text only: choose \"none\""));
        }
        if self.target.is_some() || self.practice.is_some() {
            return Ok(());
        }
        let host = self.host.as_str();
        if host.is_empty() {
            return Err(Mistake::new(
                "host",
                "name the mail server: a host name such as mx.example.org, or an IP address",
            ));
        }
        if host.contains("://") || host.contains('/') {
            return Err(Mistake::new("host", "write the host name alone, without http:// and without a path"));
        }
        if host.contains('@') {
            return Err(Mistake::new(
                "host",
                "this is a mail address: name its server, or look up the MX of its domain",
            ));
        }
        let ipv6 = crate::wire::address::is_ipv6(host);
        if host.contains(':') && !ipv6 {
            return Err(Mistake::new("host", "write the port in its own field, not behind the host name"));
        }
        if !ipv6 && !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
            return Err(Mistake::new("host", "a host name has letters, digits, hyphens and dots only"));
        }
        if host.len() > 253 {
            return Err(Mistake::new("host", "a host name has 253 characters at most"));
        }
        if self.port == 0 {
            return Err(Mistake::new("port", "a port is a number from 1 to 65535; mail servers listen on 25 and 587"));
        }
        Ok(())
    }
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    #[default]
    None,
    /// STARTTLS, or no mail (RFC 3207).
    Starttls,
    /// STARTTLS where it is offered.
    StarttlsIfOffered,
    /// TLS from the first octet (RFC 8314 §3).
    Tls,
}

impl Security {
    const WORDS: [(&str, Self); 4] = [
        ("none", Self::None),
        ("starttls", Self::Starttls),
        ("starttls-if-offered", Self::StarttlsIfOffered),
        ("tls", Self::Tls),
    ];
}

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
    Bytes(Vec<u8>),
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
        new.hello_verb = change.hello_verb.unwrap_or(new.hello_verb);
        new.until = change.until.unwrap_or(new.until);
        new.size = change.size.unwrap_or(new.size);
        new.eight_bit = change.eight_bit.unwrap_or(new.eight_bit);
        new.smtputf8 = change.smtputf8.unwrap_or(new.smtputf8);
        new.pipelining = change.pipelining.unwrap_or(new.pipelining);
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
            until: object.word("until", &Until::WORDS)?,
            size: object.flag("size")?,
            eight_bit: object.flag("eight_bit")?,
            smtputf8: object.flag("smtputf8")?,
            pipelining: object.flag("pipelining")?,
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

fn port(object: &mut Object) -> Result<Option<u16>, Mistake> {
    object
        .number("port")
        .map_err(|_| Mistake::new("port", "a port is a number from 1 to 65535; mail servers listen on 25 and 587"))
}

fn one_line(field: &str, text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    if text.contains(['\r', '\n', '\0']) {
        return Err(Mistake::new(field, "must be one line"));
    }
    Ok(text.to_owned())
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

    fn mistake(json: &str) -> String {
        Setup::from_json(json).map(|_| String::new()).unwrap_or_else(|mistake| mistake.field)
    }

    #[test]
    fn a_setup_is_read_with_defaults_for_what_is_not_said() {
        let setup =
            Setup::from_json(r#"{"host":"mx.example","from":"<a@b.example>","to":["c@d.example",""]}"#).unwrap();
        assert_eq!((setup.port, setup.attended, setup.plan.until), (25, true, Until::Dot));
        assert_eq!((setup.plan.from.as_str(), setup.plan.to), ("a@b.example", vec!["c@d.example".to_owned()]));
    }

    #[test]
    fn a_mistake_names_its_field() {
        for (json, field) in [
            ("{}", "host"),
            (r#"{"host":"http://mx.example"}"#, "host"),
            (r#"{"host":"a@b.example"}"#, "host"),
            (r#"{"host":"mx.example:25"}"#, "host"),
            (r#"{"host":"mx example"}"#, "host"),
            (r#"{"host":"2001:db8::1"}"#, ""),
            (r#"{"host":"mx.example","port":0}"#, "port"),
            (r#"{"host":"mx.example","colour":1}"#, "colour"),
            (r#"{"host":"mx.example","from":"a\r\nRCPT TO:<x@y>"}"#, "from"),
            (r#"{"host":"mx.example","hello":"a b"}"#, "hello"),
            (r#"{"host":"mx.example","security":"tls"}"#, "security"),
            (r#"{"host":"mx.example","message":{"headers":[["X Y","z"]]}}"#, "headers"),
        ] {
            assert_eq!(mistake(json), field, "{json}");
        }
    }

    #[test]
    fn a_change_that_has_a_mistake_changes_nothing() {
        let mut plan = PlanSettings::default();
        let change = PlanChange { from: Some("a@b".into()), hello: Some("a b".into()), ..PlanChange::default() };
        assert!(plan.change(change).is_err());
        assert_eq!(plan.from, "");
    }
}
