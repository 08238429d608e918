//! The words that page and relay share: one WebSocket, one TCP connection.
//!
//! Text messages are control, JSON, one of [`ToRelay`] or [`FromRelay`]; binary messages are bytes of the
//! connection, whose borders mean nothing. The page speaks first, with [`ToRelay::Connect`],
//! [`ToRelay::Lookup`] or [`ToRelay::About`]. On every path the relay sends its last word
//! ([`FromRelay::Closed`] or [`FromRelay::Error`]) before a WebSocket close frame with a code of
//! [`Code::close_code`] and the code's word as reason.

mod proxy;
mod read;

use serde::{Deserialize, Serialize};

use crate::domain::mta_sts;
use crate::json::Mistake;
use crate::secret::Secret;

pub use crate::domain::dns::{Answer, Dnssec, Lookup, Rcode, Record, RecordType};
pub use proxy::{ProxyHeader, ProxyVersion};

/// The WebSocket subprotocol, required and echoed; it versions everything in this module.
pub const SUBPROTOCOL: &str = "ehlo.relay.v1";

/// The path of the relay's WebSocket.
pub const PATH: &str = "/relay";

/// The most octets that the page's first message may have.
pub const FIRST_MESSAGE_MAX: usize = 4 * 1024;

/// The most octets of one binary message from the page; a larger one closes with [`Code::TooBig`].
pub const MESSAGE_MAX: usize = 64 * 1024;

/// The port numbers that a relay reaches without being told: SMTP, submission, and their TLS forms.
///
/// 25 RFC 5321; 465 and 587 RFC 8314 and RFC 6409; 2525 and 2465 are common unofficial doubles.
pub const MAIL_PORTS: [u16; 5] = [25, 465, 587, 2525, 2465];

/// The mail ports where the client begins with TLS: submission over implicit TLS (RFC 8314 §3.3), and its usual second port.
pub const IMPLICIT_TLS_PORTS: [u16; 2] = [465, 2465];

/// A control message from the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToRelay {
    /// Open the TCP connection. First message only.
    Connect(Connect),
    /// Ask the DNS. First message, and any number more on the same WebSocket.
    Lookup(Lookup),
    /// Ask for a domain's MTA-STS policy; as [`ToRelay::Lookup`], any number of times.
    MtaSts(mta_sts::PolicyQuestion),
    /// Ask what this relay is and offers; as [`ToRelay::Lookup`], any number of times.
    About {
        /// The relay's token: what only those may know who may use the relay is told for it alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Secret>,
    },
    /// Shut the sending side of the TCP connection.
    Eof {},
}

/// Whom to connect to: either `host` and `port`, or `target`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// A host name in A-label form, at most 253 octets, or an IP literal without zone or brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The TCP port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// A target that the operator has named, in place of host and port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Only addresses of this family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// The PROXY protocol header that the relay shall write before anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_header: Option<ProxyHeader>,
    /// The relay's token, where it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    #[serde(rename = "4")]
    V4,
    /// IPv6.
    #[serde(rename = "6")]
    V6,
}

/// A control message from the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromRelay {
    /// The name was looked up; `addresses` are those that may be tried, in the order of trying.
    Resolved {
        /// The full name that was looked up, or the literal.
        name: String,
        /// IP addresses as text.
        addresses: Vec<String>,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// One address was tried, and did not answer as hoped.
    Attempt {
        /// The IP address.
        address: String,
        /// Why it failed.
        error: Code,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// The TCP connection stands; binary messages may now go both ways.
    Connected(Connected),
    /// The last word where no connection came about, or where it was cut; a WebSocket close follows.
    Error(Refusal),
    /// The target has closed its sending side; what it sent before has been delivered.
    Eof {},
    /// The last word of a connection that stood; a WebSocket close follows.
    Closed {
        /// Who ended it.
        by: Closer,
        /// Why: [`Code::Done`], or what cut it.
        code: Code,
        /// Octets that went from page to target.
        sent: u64,
        /// Octets that came from target to page.
        received: u64,
    },
    /// The answer to a look-up.
    Answer(Answer),
    /// The MTA-STS policy, or why there is none.
    MtaSts(Box<mta_sts::PolicyAnswer>),
    /// What this relay is and offers.
    About(About),
}

/// A TCP connection that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connected {
    /// The session's name in the relay's log.
    pub session: String,
    /// The IP address reached.
    pub address: String,
    /// The port reached.
    pub port: u16,
    /// The relay's own address and port on this connection: what the mail server sees.
    pub local: Option<String>,
    /// The relay's own host name: the PTR of its address, only where that name resolves back to it.
    pub local_name: Option<String>,
    /// How long connecting took in all, in milliseconds.
    pub ms: u64,
}

/// The relay's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Which no, from the closed list.
    pub code: Code,
    /// One sentence for the person.
    pub message: String,
    /// The session's name in the relay's log.
    pub session: String,
    /// For [`Code::Busy`]: try again after this many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// For [`Code::NotSmtp`]: what the other side seems to speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guess: Option<Guess>,
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closer {
    /// The mail server.
    Target,
    /// The page.
    Client,
    /// The relay itself.
    Relay,
}

/// What a greeting that is not SMTP looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guess {
    /// `SSH-2.0-…`
    Ssh,
    /// `HTTP/1.1 …`
    Http,
    /// `* OK …`
    Imap,
    /// `+OK …`
    Pop3,
    /// A TLS record.
    Tls,
    /// None of these.
    Unknown,
}

/// Why the relay refuses or ends: a closed list, whose words are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Either side ended in order.
    Done,
    /// The relay is being stopped.
    GoingAway,
    /// A message above the limit.
    TooBig,
    /// The first message is malformed, of the wrong kind or too late.
    BadRequest,
    /// The token is missing or wrong.
    Unauthorized,
    /// Port, name or address is not allowed.
    Forbidden,
    /// The DNS says that the name does not exist or has no address.
    NoSuchHost,
    /// No byte for too long.
    Idle,
    /// The session is too old.
    Lifetime,
    /// A direction's budget of bytes is used up.
    ByteLimit,
    /// What came first was neither an SMTP greeting nor a TLS record.
    NotSmtp,
    /// The page began with TLS at a port where the server has to greet first.
    ClearFirst,
    /// What the page began with is no ClientHello that TLS clients send.
    BadHello,
    /// A rate or concurrency limit.
    Busy,
    /// TCP: refused.
    ConnectRefused,
    /// TCP: no route to the host or network.
    Unreachable,
    /// TCP: reset.
    Reset,
    /// The DNS answered with a failure.
    DnsFailed,
    /// TCP: nobody answered.
    ConnectTimeout,
    /// The DNS did not answer.
    DnsTimeout,
    /// The relay's own fault; the session's name finds the log line.
    Internal,
}

impl Code {
    /// Every code, in the order of the close codes.
    pub const ALL: [Self; 21] = [
        Self::Done,
        Self::GoingAway,
        Self::TooBig,
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NoSuchHost,
        Self::Idle,
        Self::Lifetime,
        Self::ByteLimit,
        Self::NotSmtp,
        Self::ClearFirst,
        Self::BadHello,
        Self::Busy,
        Self::Internal,
        Self::ConnectRefused,
        Self::Unreachable,
        Self::Reset,
        Self::DnsFailed,
        Self::ConnectTimeout,
        Self::DnsTimeout,
    ];

    /// The code of the WebSocket close frame (RFC 6455 §7.4): 1000–1009, or 4000 and an HTTP status of like meaning.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Done => 1000,
            Self::GoingAway => 1001,
            Self::TooBig => 1009,
            Self::BadRequest => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::NoSuchHost => 4404,
            Self::Idle | Self::Lifetime => 4408,
            Self::ByteLimit => 4413,
            Self::NotSmtp => 4421,
            Self::ClearFirst => 4426,
            Self::BadHello => 4422,
            Self::Busy => 4429,
            Self::Internal => 4500,
            Self::ConnectRefused | Self::Unreachable | Self::Reset | Self::DnsFailed => 4502,
            Self::ConnectTimeout | Self::DnsTimeout => 4504,
        }
    }

    /// The stable word: reason of the close frame, `code` of the messages, result in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::GoingAway => "going_away",
            Self::TooBig => "too_big",
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NoSuchHost => "no_such_host",
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::ByteLimit => "byte_limit",
            Self::NotSmtp => "not_smtp",
            Self::ClearFirst => "clear_first",
            Self::BadHello => "bad_hello",
            Self::Busy => "busy",
            Self::Internal => "internal",
            Self::ConnectRefused => "connect_refused",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::DnsFailed => "dns_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::DnsTimeout => "dns_timeout",
        }
    }

    /// The code with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }
}

/// What a relay is and offers, as far as whoever asks may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// The relay's version.
    pub version: String,
    /// `personal`, `intranet` or `public`.
    pub profile: String,
    /// The ports it reaches.
    pub ports: Vec<u16>,
    /// Whether hosts can be named at all, or the operator's targets alone.
    pub hosts: bool,
    /// The targets that its operator has named, for those who may use them, among them `practice` and `practice/…`.
    pub targets: Vec<String>,
    /// Whether a token is wanted.
    pub token: bool,
    /// Whether whoever asked may use the relay: no token is wanted, or the right one came with the question.
    pub admitted: bool,
    /// The hash of the page that this relay serves, as `ehlo --version` prints it; none where it serves no page.
    pub page_hash: Option<String>,
}

impl ToRelay {
    /// The message as JSON.
    pub fn to_json(&self) -> String {
        crate::json::to_string(self)
    }

    /// Reads a message of the page.
    ///
    /// # Errors
    /// What is wrong with it: no JSON, another `type`, a field too many or too few.
    pub fn from_json(text: &str) -> Result<Self, Mistake> {
        // Serde's own words may repeat what the page said, a token among it.
        serde_json::from_str(text).map_err(|_| {
            ProxyHeader::mistake_in(text).unwrap_or_else(|| Mistake::new("", "page and relay may differ in age"))
        })
    }
}

impl FromRelay {
    /// The message as JSON.
    pub fn to_json(&self) -> String {
        crate::json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own_that_json_shares() {
        for code in Code::ALL {
            assert_eq!(Code::from_word(code.word()), Some(code));
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("{:?}", code.word()));
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_an_error_to_the_relay() {
        assert!(ToRelay::from_json(r#"{"type":"connect","host":"mx.example","port":25}"#).is_ok());
        assert!(ToRelay::from_json(r#"{"type":"connect","host":"mx.example","port":25,"x":1}"#).is_err());
        assert!(ToRelay::from_json(r#"{"type":"eof"}"#).is_ok());
        assert!(ToRelay::from_json(r#"{"type":"eof","x":1}"#).is_err());
    }

    #[test]
    fn the_token_is_written_for_the_relay_and_hidden_in_debug() {
        let message = ToRelay::Connect(Connect { token: Some(Secret::new("planted")), ..Connect::default() });
        assert!(message.to_json().contains("planted"));
        assert!(!format!("{message:?}").contains("planted"));
    }
}
