//! What a conversation can wait for.

use crate::wire::command::Verb;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The WebSocket to the relay.
    Relay,
    /// The TCP connection to the server.
    Connection,
    /// The part of Ehlo that speaks TLS.
    TlsPart,
    /// The TLS handshake.
    Handshake,
    /// The server's greeting.
    Greeting,
    /// The reply to a command.
    Command(Verb),
    /// The reply to an answer within AUTH (RFC 4954 §4).
    AuthAnswer,
    /// The reply to the final dot.
    Message,
    /// The end of the connection after 221.
    Close,
}

impl Asked {
    /// The name of the step, as in "refused at …".
    pub fn step(self) -> &'static str {
        match self {
            Self::Relay => "the relay",
            Self::Connection => "the connection",
            Self::TlsPart | Self::Handshake => "the TLS handshake",
            Self::Greeting => "the greeting",
            Self::Command(verb) => verb.spoken(),
            Self::AuthAnswer => "AUTH",
            Self::Message => "the end of the message",
            Self::Close => "QUIT",
        }
    }

    /// Whether a reply of the server answers it.
    pub(super) fn is_answered_by_a_reply(self) -> bool {
        !self.is_before_the_server() && self != Self::Close
    }

    /// Whether it is waited for before the server can say anything.
    pub(super) fn is_before_the_server(self) -> bool {
        matches!(self, Self::Relay | Self::Connection | Self::TlsPart | Self::Handshake)
    }
}
