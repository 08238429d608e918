//! The greeting guard: the page's bytes wait until the target has shown that it is a mail server.
//!
//! They are held until the target's first line begins with a reply code (RFC 5321 §4.2), or until they are one
//! whole, well-formed TLS ClientHello, in one record or in several (RFC 8446 §4.1.2 and §5.1). After a ClientHello
//! nothing more passes until the target has answered with a TLS record. So the relay cannot be used to talk to, or to
//! read the banner of, something else. It does no I/O, and knows neither host nor port.

use ehlo_core::tunnel::Guess;

/// The most octets of a greeting that are looked at for a guess.
const LOOKED_AT: usize = 16;

/// The most octets that a TLS plaintext record holds (RFC 8446 §5.1).
const FRAGMENT_MAX: usize = 1 << 14;

/// The octets before the body of a handshake message: its type and length (RFC 8446 §4).
const HANDSHAKE_HEADER: usize = 4;

/// TLS content types and handshake type (RFC 8446 §5.1 and §4).
const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;
const CLIENT_HELLO: u8 = 0x01;

/// The state of the guard of one connection. It does no I/O.
#[derive(Debug)]
pub(crate) struct Guard {
    state: State,
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

impl Guard {
    pub(crate) fn new() -> Self {
        Self { state: State::Waiting, held: Vec::new(), heard: Vec::new() }
    }

    /// Takes bytes of the page, and returns those that pass: none, or one whole ClientHello.
    pub(crate) fn hear_page(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self.state {
            State::Mismatch | State::Refused => return Vec::new(),
            _ => self.held.extend_from_slice(bytes),
        }
        if self.state != State::Waiting {
            return Vec::new();
        }
        match client_hello(&self.held) {
            Some(length) => {
                self.state = State::Offered;
                let rest = self.held.split_off(length);
                std::mem::replace(&mut self.held, rest)
            }
            None => Vec::new(),
        }
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

/// How many octets one whole, well-formed ClientHello takes at the start of `bytes`, in one record or in several.
fn client_hello(bytes: &[u8]) -> Option<usize> {
    let mut records = Reader(bytes);
    let mut fragments = Vec::new();
    let (mut found, mut wanted) = (0, HANDSHAKE_HEADER);
    while found < wanted {
        let fragment = handshake_record(&mut records)?;
        found += fragment.len();
        fragments.push(fragment);
        if wanted == HANDSHAKE_HEADER && found >= wanted {
            let start: Vec<u8> = fragments.iter().copied().flatten().take(HANDSHAKE_HEADER).copied().collect();
            wanted += Reader(&start[1..]).number(3)?;
        }
    }
    // Nothing but the one message may be in its records.
    let message = (found == wanted).then(|| fragments.concat())?;
    is_client_hello(&message).then_some(bytes.len() - records.0.len())
}

/// The content of the next record, which belongs to a handshake and is not empty (RFC 8446 §5.1).
fn handshake_record<'a>(records: &mut Reader<'a>) -> Option<&'a [u8]> {
    let &[HANDSHAKE, 0x03, minor, ..] = records.take(3)? else { return None };
    let fragment = records.vector(2)?;
    (minor <= 0x04 && (1..=FRAGMENT_MAX).contains(&fragment.len())).then_some(fragment)
}

fn is_client_hello(message: &[u8]) -> bool {
    let well_formed = || {
        let mut hello = Reader(message);
        let kind = hello.take(1)?[0];
        let length = hello.number(3)?;
        let whole = length == hello.0.len();
        let version = hello.take(2)?;
        hello.take(32)?;
        let session_id = hello.vector(1)?;
        let suites = hello.vector(2)?;
        let compression = hello.vector(1)?;
        let extensions = if hello.0.is_empty() { &[] } else { hello.vector(2)? };
        Some(
            kind == CLIENT_HELLO
                && whole
                && version[0] == 0x03
                && session_id.len() <= 32
                && suites.len() >= 2
                && suites.len().is_multiple_of(2)
                && !compression.is_empty()
                && hello.0.is_empty()
                && are_extensions(extensions),
        )
    };
    well_formed().unwrap_or(false)
}

fn are_extensions(bytes: &[u8]) -> bool {
    let mut rest = Reader(bytes);
    while !rest.0.is_empty() {
        if rest.take(2).and_then(|_| rest.vector(2)).is_none() {
            return false;
        }
    }
    true
}

/// What is left to read; every reading is `None` where there is too little.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, octets: usize) -> Option<usize> {
        Some(self.take(octets)?.iter().fold(0, |sum, &octet| sum << 8 | usize::from(octet)))
    }

    /// A length of so many octets, and as many octets as it says.
    fn vector(&mut self, octets: usize) -> Option<&'a [u8]> {
        let length = self.number(octets)?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests;
