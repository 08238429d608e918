//! The greeting guard: the page's bytes wait until the target has shown that it is a mail server.
//!
//! They are held until the target's first line begins with a reply code (RFC 5321 §4.2). Where TLS may come first, a
//! ClientHello passes before that, if it is one that a TLS client sends; then nothing more passes until the target has
//! answered with a TLS record. So the relay cannot be used to talk to, or to read the banner of, something else. It does no
//! I/O, and knows neither host nor port.

mod hello;
mod shape;

use ehlo_core::tunnel::Guess;

use hello::{HANDSHAKE, Hello, Read};

/// The most octets of a greeting that are looked at for a guess.
const LOOKED_AT: usize = 16;

/// TLS content type (RFC 8446 §5.1).
const ALERT: u8 = 0x15;

/// The state of the guard of one connection. It does no I/O.
#[derive(Debug)]
pub(crate) struct Guard {
    state: State,
    /// Whether the target may be offered TLS before it has greeted.
    tls_first: bool,
    /// What the page's first bytes are, while they may become a ClientHello.
    hello: Option<Hello>,
    /// The page's bytes that have not passed.
    held: Vec<u8>,
    /// What the target has said so far, as far as it is looked at.
    heard: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The target has not greeted, the page has not offered TLS.
    Waiting,
    /// The page's ClientHello has passed, and the target has not answered it.
    Offered,
    /// Everything passes.
    Open,
    /// The target has greeted in clear where TLS was offered: its words pass, the page's do not.
    Mismatch,
    /// It is no mail server.
    Refused,
}

/// What the target's bytes have decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Too few to tell.
    Wait,
    /// They may be shown, and the page's bytes may pass.
    Open,
    /// They may be shown; the page's bytes stay where they are.
    Listen,
    /// It is no mail server.
    Refuse,
}

/// Why the page's bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misplaced {
    /// They are TLS, where the server speaks first, unencrypted.
    TlsFirst,
    /// They begin like TLS, and are no ClientHello that TLS clients send.
    StrangeHello,
}

impl Guard {
    /// A guard before a target that may be offered TLS before it has greeted, or may not.
    pub(crate) fn new(tls_first: bool) -> Self {
        Self { state: State::Waiting, tls_first, hello: Some(Hello::default()), held: Vec::new(), heard: Vec::new() }
    }

    /// Takes bytes of the page, and returns those that pass: none, or one whole ClientHello.
    ///
    /// # Errors
    /// They are TLS that may not come here, or not like this.
    pub(crate) fn hear_page(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Misplaced> {
        if matches!(self.state, State::Mismatch | State::Refused) {
            return Ok(Vec::new());
        }
        let held = self.held.len();
        self.held.extend_from_slice(bytes);
        let Some(hello) = self.hello.as_mut().filter(|_| self.state == State::Waiting && !bytes.is_empty()) else {
            return Ok(Vec::new());
        };
        match hello.hear(&self.held[held..]) {
            Read::Other => self.hello = None,
            _ if !self.tls_first => return Err(self.refuse(Misplaced::TlsFirst)),
            Read::Part => {}
            Read::Strange => return Err(self.refuse(Misplaced::StrangeHello)),
            Read::Whole(length) => {
                self.hello = None;
                self.state = State::Offered;
                let rest = self.held.split_off(length);
                return Ok(std::mem::replace(&mut self.held, rest));
            }
        }
        Ok(Vec::new())
    }

    fn refuse(&mut self, why: Misplaced) -> Misplaced {
        self.state = State::Refused;
        self.held.clear();
        why
    }

    /// How many of the page's bytes are held.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether the page's bytes will never pass, though the target is listened to.
    pub(crate) fn is_shut(&self) -> bool {
        self.state == State::Mismatch
    }

    /// Gives up the held bytes, once [`Decision::Open`] has been said.
    pub(crate) fn release(&mut self) -> Vec<u8> {
        debug_assert_eq!(self.state, State::Open);
        std::mem::take(&mut self.held)
    }

    /// Looks at bytes of the target. After [`Decision::Open`] it need not be asked again.
    pub(crate) fn hear_target(&mut self, bytes: &[u8]) -> Decision {
        let room = LOOKED_AT.saturating_sub(self.heard.len());
        self.heard.extend(bytes.iter().take(room));
        match self.state {
            State::Open => Decision::Open,
            State::Mismatch => Decision::Listen,
            State::Refused => Decision::Refuse,
            State::Waiting | State::Offered => self.judge(),
        }
    }

    fn judge(&mut self) -> Decision {
        let tls = if self.state == State::Offered { tls_record(&self.heard) } else { Some(false) };
        match (greeting(&self.heard), tls) {
            (Some(true), _) if self.state == State::Offered => {
                self.state = State::Mismatch;
                self.held.clear();
                Decision::Listen
            }
            (Some(true), _) | (_, Some(true)) => {
                self.state = State::Open;
                Decision::Open
            }
            (Some(false), Some(false)) => {
                self.state = State::Refused;
                self.held.clear();
                Decision::Refuse
            }
            (None, _) | (_, None) => Decision::Wait,
        }
    }

    /// What the target's first bytes look like.
    pub(crate) fn guess(&self) -> Guess {
        let is = |start: &[u8]| self.heard.starts_with(start);
        match self.heard.as_slice() {
            [ALERT | HANDSHAKE, 0x03, ..] => Guess::Tls,
            _ if is(b"SSH-") => Guess::Ssh,
            _ if is(b"HTTP/") => Guess::Http,
            _ if is(b"* OK") || is(b"* PREAUTH") || is(b"* BYE") => Guess::Imap,
            _ if is(b"+OK") || is(b"-ERR") => Guess::Pop3,
            _ => Guess::Unknown,
        }
    }
}

/// Whether this begins a greeting: `2yz`, `4yz` or `5yz`, then space, dash or the end of the line; `None` where it
/// is too short to tell. Servers exist that greet with `220` and nothing behind it.
fn greeting(heard: &[u8]) -> Option<bool> {
    let fits = |(place, octet): (usize, &u8)| match place {
        0 => matches!(octet, b'2' | b'4' | b'5'),
        1 | 2 => octet.is_ascii_digit(),
        _ => matches!(octet, b' ' | b'-' | b'\r' | b'\n'),
    };
    if !heard.iter().take(4).enumerate().all(fits) {
        return Some(false);
    }
    (heard.len() >= 4).then_some(true)
}

/// Whether this begins a TLS record that may answer a ClientHello: an alert or a handshake message.
fn tls_record(heard: &[u8]) -> Option<bool> {
    match heard {
        [] => None,
        [ALERT | HANDSHAKE] => None,
        [ALERT | HANDSHAKE, 0x03, ..] => Some(true),
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests;
