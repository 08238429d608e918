//! How long a client waits (RFC 5321 §4.5.3.2), as a table that the person sees.

use crate::wire::command::Verb;

/// What a session can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The WebSocket to the relay.
    Relay,
    /// The relay's TCP connection.
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

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Milliseconds.
    pub limit: u64,
    /// Where it stands.
    pub section: &'static str,
    /// What a long wait usually means.
    pub hint: &'static str,
}

const MINUTE: u64 = 60_000;

impl Asked {
    /// How long to wait for it.
    pub const fn wait(self) -> Wait {
        let (limit, section, hint) = match self {
            Self::Relay => {
                (20_000, "Ehlo's own limit", "The relay does not answer. Is it running, and is its address right?")
            }
            Self::Connection => (
                40_000,
                "the relay's own limit, 30 s, and some more",
                "No answer from the address yet. Port 25 is often blocked on the way out of homes and clouds.",
            ),
            Self::TlsPart => (
                60_000,
                "Ehlo's own limit",
                "The part of Ehlo that speaks TLS is being loaded; it comes once, from where this page came.",
            ),
            Self::Handshake => (
                60_000,
                "Ehlo's own limit",
                "The server does not answer the handshake. It may speak no TLS on this port, or a firewall holds it back.",
            ),
            Self::Greeting => (
                5 * MINUTE,
                "RFC 5321 §4.5.3.2.1",
                "Many servers greet late on purpose, to be rid of impatient spammers, or look up your address first.",
            ),
            Self::Command(Verb::Mail) => (5 * MINUTE, "RFC 5321 §4.5.3.2.2", SLOW),
            Self::Command(Verb::Rcpt) => (
                5 * MINUTE,
                "RFC 5321 §4.5.3.2.3",
                "The server may be asking block lists or another server whether the recipient exists.",
            ),
            Self::Command(Verb::Data) => (2 * MINUTE, "RFC 5321 §4.5.3.2.4", SLOW),
            Self::Message => (
                10 * MINUTE,
                "RFC 5321 §4.5.3.2.6",
                "The server is checking and storing the message. Do not give up early: it may have been taken.",
            ),
            Self::Close => {
                (2_000, "Ehlo's own limit", "The server said goodbye and has not closed the connection yet.")
            }
            Self::Command(_) | Self::AuthAnswer => (5 * MINUTE, "RFC 5321 §4.5.3.2", SLOW),
        };
        Wait { limit, section, hint }
    }

    /// What is waited for, as in "waiting for …".
    pub fn spoken(self) -> String {
        match self {
            Self::Relay => "the relay".into(),
            Self::Connection => "the connection to the server".into(),
            Self::TlsPart => "the part of Ehlo that speaks TLS".into(),
            Self::Handshake => "the TLS handshake".into(),
            Self::Greeting => "the greeting".into(),
            Self::Command(Verb::Other) => "the reply".into(),
            Self::Command(verb) => format!("the reply to {}", verb.spoken()),
            Self::AuthAnswer => "the reply to the answer".into(),
            Self::Message => "the reply to the final dot".into(),
            Self::Close => "the server to close".into(),
        }
    }

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
}

const SLOW: &str = "The server is slow, not dead: it may be looking something up, or slow down strangers on purpose.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_the_standard() {
        for (asked, minutes) in [
            (Asked::Greeting, 5),
            (Asked::Command(Verb::Mail), 5),
            (Asked::Command(Verb::Rcpt), 5),
            (Asked::Command(Verb::Data), 2),
            (Asked::Message, 10),
        ] {
            assert_eq!(asked.wait().limit, minutes * MINUTE, "{asked:?}");
        }
    }
}
