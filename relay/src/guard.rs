//! The greeting guard: the page's bytes wait until the target has shown that it is a mail server.
//!
//! They are held until the target's first line begins with a reply code (RFC 5321 §4.2), or until they are one
//! whole, well-formed TLS ClientHello record (RFC 8446 §4.1.2 and §5.1). After a ClientHello nothing more passes
//! until the target has answered with a TLS record. So the relay cannot be used to talk to, or to read the banner
//! of, something else.

use ehlo_core::tunnel::Guess;

/// The most octets of a greeting that are looked at for a guess.
const LOOKED_AT: usize = 16;

/// The largest TLS plaintext record, with its header (RFC 8446 §5.1).
const RECORD_MAX: usize = 5 + (1 << 14);

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
pub(crate) enum Verdict {
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

    /// Takes bytes of the page, and returns those that pass: none, or one whole ClientHello record.
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

    /// Gives up the held bytes, once [`Verdict::Open`] has been said.
    pub(crate) fn release(&mut self) -> Vec<u8> {
        debug_assert_eq!(self.state, State::Open);
        std::mem::take(&mut self.held)
    }

    /// Looks at bytes of the target. After [`Verdict::Open`] it need not be asked again.
    pub(crate) fn hear_target(&mut self, bytes: &[u8]) -> Verdict {
        let room = LOOKED_AT.saturating_sub(self.heard.len());
        self.heard.extend(bytes.iter().take(room));
        match self.state {
            State::Open => Verdict::Open,
            State::Mismatch => Verdict::Listen,
            State::Refused => Verdict::Refuse,
            State::Waiting | State::Offered => self.judge(),
        }
    }

    fn judge(&mut self) -> Verdict {
        let tls = if self.state == State::Offered { tls_record(&self.heard) } else { Some(false) };
        match (greeting(&self.heard), tls) {
            (Some(true), _) if self.state == State::Offered => {
                self.state = State::Mismatch;
                self.held.clear();
                Verdict::Listen
            }
            (Some(true), _) | (_, Some(true)) => {
                self.state = State::Open;
                Verdict::Open
            }
            (Some(false), Some(false)) => {
                self.state = State::Refused;
                self.held.clear();
                Verdict::Refuse
            }
            (None, _) | (_, None) => Verdict::Wait,
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

/// The length of the one whole, well-formed ClientHello record that `bytes` begin with.
fn client_hello(bytes: &[u8]) -> Option<usize> {
    let (&[HANDSHAKE, 0x03, minor, high, low], _) = bytes.split_first_chunk::<5>()? else { return None };
    let length = 5 + usize::from(u16::from_be_bytes([high, low]));
    if minor > 0x04 || length > RECORD_MAX {
        return None;
    }
    let mut record = Reader(bytes.get(5..length)?);
    if record.take(1)? != [CLIENT_HELLO] || record.number(3)? != record.0.len() {
        return None;
    }
    let version = record.take(2)?;
    record.take(32)?;
    let session_id = record.vector(1)?;
    let suites = record.vector(2)?;
    let compression = record.vector(1)?;
    let extensions = if record.0.is_empty() { &[] } else { record.vector(2)? };
    let well_formed = version[0] == 0x03
        && session_id.len() <= 32
        && suites.len() >= 2
        && suites.len().is_multiple_of(2)
        && !compression.is_empty()
        && record.0.is_empty()
        && are_extensions(extensions);
    well_formed.then_some(length)
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
pub(crate) mod tests {
    use super::*;

    /// A small ClientHello: one suite, one extension.
    pub(crate) fn hello() -> Vec<u8> {
        let mut body = vec![0x03, 0x03];
        body.extend([7; 32]);
        body.extend([0]);
        body.extend([0, 2, 0x13, 0x01]);
        body.extend([1, 0]);
        body.extend([0, 7, 0x00, 0x2b, 0, 3, 2, 3, 4]);
        let mut record = vec![HANDSHAKE, 0x03, 0x01];
        record.extend(u16::try_from(body.len() + 4).unwrap().to_be_bytes());
        record.extend([CLIENT_HELLO, 0]);
        record.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        record.extend(body);
        record
    }

    fn heard(bytes: &[u8]) -> (Guard, Verdict) {
        let mut guard = Guard::new();
        let verdict = guard.hear_target(bytes);
        (guard, verdict)
    }

    #[test]
    fn a_greeting_opens_at_its_fourth_octet_however_it_comes() {
        for text in
            ["220 mx.example ESMTP\r\n", "220-one\r\n220 two\r\n", "220\r\n", "220\n", "421 busy\r\n", "554-no\r\n"]
        {
            let bytes = text.as_bytes();
            assert_eq!(heard(bytes).1, Verdict::Open, "{text:?}");
            let mut guard = Guard::new();
            for octet in &bytes[..3] {
                assert_eq!(guard.hear_target(&[*octet]), Verdict::Wait, "{text:?}");
            }
            assert_eq!(guard.hear_target(&bytes[3..4]), Verdict::Open, "{text:?}");
            assert_eq!(guard.hear_target(&bytes[4..]), Verdict::Open, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_greeting_is_refused_at_the_first_octet_that_shows_it() {
        for (text, octets) in [
            ("SSH-2.0-x\r\n", 1),
            ("* OK ready\r\n", 1),
            ("250OK\r\n", 4),
            ("22\r\n", 3),
            ("354 go on\r\n", 1),
            ("1", 1),
            ("\r\n220 late\r\n", 1),
        ] {
            let mut guard = Guard::new();
            for (at, octet) in text.bytes().enumerate() {
                let expected = if at + 1 < octets { Verdict::Wait } else { Verdict::Refuse };
                assert_eq!(guard.hear_target(&[octet]), expected, "{text:?} at {at}");
            }
        }
    }

    #[test]
    fn the_guess_is_told_by_the_first_words() {
        for (bytes, guess) in [
            (&b"SSH-2.0-example"[..], Guess::Ssh),
            (b"HTTP/1.1 400 Bad Request", Guess::Http),
            (b"* OK IMAP4rev1", Guess::Imap),
            (b"* PREAUTH", Guess::Imap),
            (b"+OK POP3", Guess::Pop3),
            (b"-ERR no", Guess::Pop3),
            (b"\x15\x03\x01\x00\x02\x02\x28", Guess::Tls),
            (b"250OK", Guess::Unknown),
            (b"", Guess::Unknown),
        ] {
            assert_eq!(heard(bytes).0.guess(), guess);
        }
    }

    #[test]
    fn the_page_waits_for_the_greeting_and_then_nothing_is_lost() {
        let mut guard = Guard::new();
        assert!(guard.hear_page(b"EHLO ").is_empty());
        assert!(guard.hear_page(b"client.example\r\n").is_empty());
        assert_eq!(guard.held(), 21);
        assert_eq!(guard.hear_target(b"220 "), Verdict::Open);
        assert_eq!(guard.release(), b"EHLO client.example\r\n");
        assert_eq!(guard.held(), 0);
    }

    #[test]
    fn a_client_hello_passes_when_it_is_whole_and_what_follows_waits_for_the_answer() {
        let hello = hello();
        let mut guard = Guard::new();
        for octet in &hello[..hello.len() - 1] {
            assert!(guard.hear_page(&[*octet]).is_empty());
        }
        let mut last = vec![hello[hello.len() - 1]];
        last.extend(b"GET / HTTP/1.1\r\n");
        assert_eq!(guard.hear_page(&last), hello);
        assert!(guard.hear_page(&hello).is_empty(), "only one ClientHello passes");
        assert_eq!(guard.hear_target(&[HANDSHAKE]), Verdict::Wait);
        assert_eq!(guard.hear_target(&[0x03]), Verdict::Open);
        assert!(guard.release().starts_with(b"GET / "));
    }

    #[test]
    fn an_alert_answers_a_client_hello_and_other_bytes_do_not() {
        for (answer, verdict) in [
            (&[ALERT, 0x03, 0x03][..], Verdict::Open),
            (b"HTTP/1.1 400 Bad Request", Verdict::Refuse),
            (&[HANDSHAKE, 0x02], Verdict::Refuse),
            (&[0x17, 0x03], Verdict::Refuse),
            (b"2", Verdict::Wait),
        ] {
            let mut guard = Guard::new();
            assert!(!guard.hear_page(&hello()).is_empty());
            assert_eq!(guard.hear_target(answer), verdict, "{answer:?}");
        }
    }

    #[test]
    fn a_clear_greeting_after_a_client_hello_is_shown_and_the_page_stays_shut() {
        let mut guard = Guard::new();
        guard.hear_page(&hello());
        guard.hear_page(b"more");
        assert_eq!(guard.hear_target(b"220 mx.example\r\n"), Verdict::Listen);
        assert_eq!(guard.held(), 0);
        assert!(guard.hear_page(&hello()).is_empty());
        assert_eq!(guard.hear_target(b"500 what?\r\n"), Verdict::Listen);
    }

    #[test]
    fn tls_that_was_not_asked_for_is_no_greeting() {
        let (guard, verdict) = heard(&[HANDSHAKE, 0x03, 0x03, 0, 1]);
        assert_eq!((verdict, guard.guess()), (Verdict::Refuse, Guess::Tls));
    }

    #[test]
    fn a_record_that_is_not_quite_a_client_hello_does_not_pass() {
        let good = hello();
        assert_eq!(client_hello(&good), Some(good.len()));
        for (at, value) in
            [(0, 0x17), (1, 0x02), (2, 0x05), (5, 0x02), (8, 0x01), (9, 0x02), (43, 0x21), (45, 0x03), (48, 0)]
        {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(client_hello(&bad), None, "octet {at}");
        }
        for length in 0..good.len() {
            assert_eq!(client_hello(&good[..length]), None, "cut at {length}");
        }
        let mut padded = good.clone();
        padded.push(0);
        padded[4] += 1;
        assert_eq!(client_hello(&padded), None, "an octet behind the message");
    }
}
