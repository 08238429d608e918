//! What goes into a session.

use std::fmt;

use crate::json::Object;
use crate::setup::{Mistake, PlanChange};
use crate::tls::{Binding, Failure, Legacy, Report};
use crate::tunnel::{Code, Connected, FromRelay};

/// Something that happened, told to the session by whoever drives it.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The WebSocket to the relay is open.
    Reached,
    /// A control message came from the relay.
    Relay(FromRelay),
    /// The driver connects to the server by itself, over TCP, without a relay, and tells of it.
    Direct(Direct),
    /// The connection stands, and nothing else is known of it: the practice server in the page.
    Opened,
    /// Octets came from the mail server.
    Bytes(&'a [u8]),
    /// The way to the mail server is closed, and nothing more will come.
    Closed(Closed),
    /// The first words of the handshake have gone out; from now on octets are the TLS layer's.
    Handshaking,
    /// The handshake is done; from now on octets are what the layer has decrypted.
    Secured(Secured),
    /// The handshake failed, or the TLS session broke.
    TlsFailed(Box<Failure>),
    /// What a second connection found out about a server with which the handshake had failed.
    Probed(Box<Legacy>),
    /// The server announced the end of the TLS session (RFC 8446 §6.1).
    CloseNotify,
    /// How many octets of ciphertext have crossed since the handshake began.
    Carried {
        /// To the server.
        sent: u64,
        /// From the server.
        received: u64,
    },
    /// So many octets of [`Output::Send`](super::Output::Send) have left for the network; a driver that never says so
    /// can send messages up to the window of [`WINDOW`](super::WINDOW).
    Written(u64),
    /// The deadline has come that [`Output::Idle`](super::Output::Idle) named.
    Tick,
    /// The person does something.
    Do(Action),
}

/// What happens on the way to a TCP connection that needs no relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direct {
    /// It begins.
    Dialing,
    /// The server's name was looked up.
    Resolved {
        /// The name.
        name: String,
        /// Its addresses in the order of trying.
        addresses: Vec<String>,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// An address was tried in vain.
    Attempt {
        /// The address.
        address: String,
        /// Why.
        error: Code,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// The connection is up.
    Connected(Connected),
    /// No connection came about.
    NotConnected(Code),
}

/// What a handshake gave.
#[derive(Clone, Debug)]
pub struct Secured {
    /// What is to be known about the TLS session.
    pub report: Box<Report>,
    /// Values that bind a sign-in to it.
    pub binding: Option<Binding>,
}

/// How the way to the mail server closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The WebSocket, with its close code (RFC 6455 §7.4), and what the page knows of the circumstances.
    Socket {
        /// The close code; 1006 where there was no close frame.
        code: u16,
        /// The circumstances.
        context: SocketContext,
    },
    /// The TCP connection of a driver without a relay.
    Tcp {
        /// Whether it was reset, and not closed in order.
        reset: bool,
    },
    /// The practice server in the page hung up.
    Practice,
}

/// What a page knows about a WebSocket that it could not keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketContext {
    /// Whether it was ever open.
    pub reached: bool,
    /// Whether the page came by https.
    pub page_secure: bool,
    /// The relay's address.
    pub relay: String,
    /// The page's origin.
    pub page_origin: String,
    /// Whether the relay's address is local and the page's is not, as far as it can be told.
    pub local_network: Option<bool>,
}

impl SocketContext {
    /// Reads what the page tells; what cannot be read counts as not known.
    pub fn from_json(json: &str) -> Self {
        let Ok(mut object) = Object::parse(json) else { return Self::default() };
        Self {
            reached: object.flag("reached").ok().flatten().unwrap_or_default(),
            page_secure: object.flag("page_secure").ok().flatten().unwrap_or_default(),
            relay: object.text("relay").ok().flatten().unwrap_or_default(),
            page_origin: object.text("page_origin").ok().flatten().unwrap_or_default(),
            local_network: object.flag("local_network").ok().flatten(),
        }
    }
}

/// What the person does.
#[derive(Clone)]
pub enum Action {
    /// Send a line as it was typed.
    Send {
        /// The line without its end.
        line: String,
        /// How it ends.
        end: TypedEnd,
    },
    /// Send a message: line ends made CR LF, dots doubled, final dot added.
    Message {
        /// The message; none for the planned one.
        text: Option<String>,
    },
    /// Send a message byte for byte: only dots are doubled, and the final dot is added.
    MessageBytes {
        /// The message.
        bytes: Vec<u8>,
    },
    /// Take the proposed step.
    Next {},
    /// Take all that remain.
    Run {},
    /// Stop running.
    Pause {},
    /// End the connection without another word.
    Hangup {},
    /// Close the sending side only.
    Eof {},
    /// The person's word that something risky may be done in this conversation.
    Allow(Risk),
    /// Break a rule on purpose, and see what the server does; see [`crate::probe`].
    Recipe {
        /// Which test.
        id: String,
    },
    /// Change settings of the plan.
    Plan(Box<PlanChange>),
}

/// What is typed may be a password: only its length is told.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { line, end } => write!(f, "Send({} octets, {end:?})", line.len()),
            Self::Message { text } => write!(f, "Message({:?} octets)", text.as_ref().map(String::len)),
            Self::MessageBytes { bytes } => write!(f, "MessageBytes({} octets)", bytes.len()),
            Self::Plan(change) => f.debug_tuple("Plan").field(change).finish(),
            Self::Next {} => f.write_str("Next"),
            Self::Run {} => f.write_str("Run"),
            Self::Pause {} => f.write_str("Pause"),
            Self::Hangup {} => f.write_str("Hangup"),
            Self::Eof {} => f.write_str("Eof"),
            Self::Allow(risk) => f.debug_tuple("Allow").field(risk).finish(),
            Self::Recipe { id } => f.debug_tuple("Recipe").field(id).finish(),
        }
    }
}

impl Action {
    /// Reads an action: its kind is `do`, the other fields are its own.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = Object::parse(json)?;
        let kind = object.some_text("do")?;
        let action = match kind.as_str() {
            "send" => Self::Send {
                line: object.some_text("line")?,
                end: object.word("end", &TypedEnd::WORDS)?.unwrap_or_default(),
            },
            "message" => Self::Message { text: object.text("text")? },
            "next" => Self::Next {},
            "run" => Self::Run {},
            "pause" => Self::Pause {},
            "hangup" => Self::Hangup {},
            "eof" => Self::Eof {},
            "allow" => {
                Self::Allow(object.word("what", &Risk::WORDS)?.ok_or_else(|| Mistake::new("what", "is missing"))?)
            }
            "recipe" => Self::Recipe { id: object.some_text("id")? },
            "plan" => Self::Plan(Box::new(PlanChange::take(&mut object)?)),
            _ => {
                return Err(Mistake::new(
                    "do",
                    "must be send, message, next, run, pause, hangup, eof, allow, recipe or plan",
                ));
            }
        };
        object.done()?;
        Ok(action)
    }
}

/// What is done only on the person's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// To send credentials over a connection that does not protect them.
    Credentials,
    /// To break the protocol's rules on purpose, on one's own server.
    Recipes,
}

impl Risk {
    const WORDS: [(&str, Self); 2] = [("credentials", Self::Credentials), ("recipes", Self::Recipes)];
}

/// How a typed line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypedEnd {
    /// CR LF, as it should.
    #[default]
    CrLf,
    /// LF alone.
    Lf,
    /// CR alone.
    Cr,
    /// Nothing.
    None,
}

impl TypedEnd {
    const WORDS: [(&str, Self); 4] = [("crlf", Self::CrLf), ("lf", Self::Lf), ("cr", Self::Cr), ("none", Self::None)];

    /// A line as a talk holds it: what was typed, and how it ends.
    pub fn split(line: &[u8]) -> (&[u8], Self) {
        match line {
            [text @ .., b'\r', b'\n'] => (text, Self::CrLf),
            [text @ .., b'\n'] => (text, Self::Lf),
            [text @ .., b'\r'] => (text, Self::Cr),
            text => (text, Self::None),
        }
    }

    /// The line end itself.
    pub const fn text(self) -> &'static str {
        match self {
            Self::CrLf => "\r\n",
            Self::Lf => "\n",
            Self::Cr => "\r",
            Self::None => "",
        }
    }
}
