//! What goes into a session.

use serde::Deserialize;

use super::setup::PlanChange;
use crate::tunnel::FromRelay;

/// Something that happened, told to the session by whoever drives it.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The WebSocket to the relay is open.
    Reached,
    /// A control message came from the relay.
    Relay(FromRelay),
    /// The connection stands without a relay: the practice server in the page.
    Opened,
    /// Octets came from the mail server.
    Bytes(&'a [u8]),
    /// The way to the mail server is closed, and nothing more will come.
    Closed(Closed),
    /// The deadline has come that [`Output::Idle`](super::Output::Idle) named.
    Tick,
    /// The person does something.
    Do(Action),
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
    /// The practice server in the page hung up.
    Practice,
}

/// What a page knows about a WebSocket that it could not keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
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

/// What the person does.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Send a line as it was typed.
    Send {
        /// The line without its end.
        line: String,
        /// How it ends.
        #[serde(default)]
        end: TypedEnd,
    },
    /// Send a message: line ends made CR LF, dots doubled, final dot added.
    Message {
        /// The message; none for the planned one.
        #[serde(default)]
        text: Option<String>,
    },
    /// Send a message byte for byte: only dots are doubled, and the final dot is added.
    #[serde(skip)]
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
    /// Change settings of the plan.
    Plan(PlanChange),
}

/// How a typed line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// The octets.
    pub const fn octets(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
            Self::Cr => b"\r",
            Self::None => b"",
        }
    }
}
