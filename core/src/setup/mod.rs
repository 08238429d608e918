//! What a conversation is set up with: whom to call, and what the plan proposes.

pub mod envelope;
mod field;
mod plan;
mod secure;
mod sign_in;
mod talk;

pub use crate::json::Mistake;
use crate::json::Object;
use crate::secret::Secret;
use crate::tunnel::{Family, ProxyHeader};
pub use plan::{Composed, HelloVerb, Message, PlanChange, PlanSettings, Until};
pub use secure::{Security, TlsChoice};
pub use sign_in::SignIn;

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
    /// The PROXY protocol header that the relay writes before anything else.
    pub proxy_header: Option<ProxyHeader>,
    /// Whether LMTP is spoken (RFC 2033) in place of SMTP.
    pub lmtp: bool,
    /// How the connection is to be secured.
    pub security: Security,
    /// What a handshake is made with.
    pub tls: TlsChoice,
    /// Whether credentials may go out over a connection that does not protect them.
    pub allow_credentials: bool,
    /// Whether page and relay come from one origin: then who runs the relay could have changed the page.
    pub same_origin: bool,
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
            proxy_header: None,
            lmtp: false,
            security: Security::None,
            tls: TlsChoice::default(),
            allow_credentials: false,
            same_origin: false,
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
            proxy_header: object.take("proxy_header").map(ProxyHeader::of).transpose()?,
            lmtp: object.word("protocol", &[("smtp", false), ("lmtp", true)])?.unwrap_or_default(),
            security: object.word("security", &Security::WORDS)?.unwrap_or_default(),
            tls: TlsChoice::take(&mut object)?,
            allow_credentials: object.flag("allow_credentials")?.unwrap_or_default(),
            same_origin: object.flag("same_origin")?.unwrap_or_default(),
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
        if self.practice.is_some() && self.security == Security::Tls {
            return Err(Mistake::new("security", "the practice server in the page speaks no TLS: choose \"none\""));
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

fn port(object: &mut Object) -> Result<Option<u16>, Mistake> {
    object
        .number("port")
        .map_err(|_| Mistake::new("port", "a port is a number from 1 to 65535; mail servers listen on 25 and 587"))
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
            (r#"{"practice":"accepts-all","security":"tls"}"#, "security"),
            (r#"{"host":"mx.example","tls_server_name":"a b"}"#, "tls_server_name"),
            (r#"{"host":"mx.example","tls_authorities":"MIIB"}"#, "tls_authorities"),
            (r#"{"host":"mx.example","tls_client":"-----BEGIN CERTIFICATE-----"}"#, "tls_client"),
            (r#"{"host":"mx.example","sign_in":{"user":1}}"#, "user"),
            (r#"{"host":"mx.example","message":{"headers":[["X Y","z"]]}}"#, "headers"),
        ] {
            assert_eq!(mistake(json), field, "{json}");
        }
    }
}
