//! How long a client waits (RFC 5321 §4.5.3.2), as a table that the person sees.

use crate::record::{Asked, Via};
use crate::wire::command::Verb;

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

/// How long to wait for what was asked, of a server that is reached by this way.
pub const fn wait(asked: Asked, via: Via) -> Wait {
    let (limit, section, hint) = match asked {
        Asked::Relay => {
            (20_000, "Ehlo's own limit", "The relay does not answer. Is it running, and is its address right?")
        }
        Asked::Connection => (
            40_000,
            match via {
                Via::Relay => "the relay's own limit, 30 s, and some more",
                Via::Direct | Via::Practice => "Ehlo's own limit",
            },
            "No answer from the address yet. Port 25 is often blocked on the way out of homes and clouds.",
        ),
        Asked::TlsPart => (
            60_000,
            "Ehlo's own limit",
            "The part of Ehlo that speaks TLS is being loaded; it comes once, from where this page came.",
        ),
        Asked::Handshake => (
            60_000,
            "Ehlo's own limit",
            "The server does not answer the handshake. It may speak no TLS on this port, or a firewall holds it back.",
        ),
        Asked::Greeting => (
            5 * MINUTE,
            "RFC 5321 §4.5.3.2.1",
            "Many servers greet late on purpose, to be rid of impatient spammers, or look up your address first.",
        ),
        Asked::Command(Verb::Mail) => (5 * MINUTE, "RFC 5321 §4.5.3.2.2", SLOW),
        Asked::Command(Verb::Rcpt) => (
            5 * MINUTE,
            "RFC 5321 §4.5.3.2.3",
            "The server may be asking block lists or another server whether the recipient exists.",
        ),
        Asked::Command(Verb::Data) => (2 * MINUTE, "RFC 5321 §4.5.3.2.4", SLOW),
        Asked::Message => (
            10 * MINUTE,
            "RFC 5321 §4.5.3.2.6",
            "The server is checking and storing the message. Do not give up early: it may have been taken.",
        ),
        Asked::Close => (2_000, "Ehlo's own limit", "The server said goodbye and has not closed the connection yet."),
        Asked::Command(_) | Asked::AuthAnswer => (5 * MINUTE, "RFC 5321 §4.5.3.2", SLOW),
    };
    Wait { limit, section, hint }
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
            assert_eq!(wait(asked, Via::Relay).limit, minutes * MINUTE, "{asked:?}");
        }
    }
}
