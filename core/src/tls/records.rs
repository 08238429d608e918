//! A tolerant reader of what a server sends in clear text during a handshake: it explains what failed, and decides
//! nothing.

use super::registry;
use super::{MAX_CERTIFICATES, printable_start};

/// Longest record (RFC 5246 §6.2.3 allows 2048 octets above 16384).
const MAX_RECORD: usize = 16_384 + 2_048;
/// Most octets of one handshake message.
const MAX_MESSAGE: usize = 65_536;
/// Most octets of a server's first words that are kept for what is no TLS.
const MAX_START: usize = 400;
/// Most lines of a story.
const MAX_LINES: usize = 60;

/// The random of a ServerHello that asks for another ClientHello (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// What a ServerHello says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerHello {
    /// The version chosen, that of the extension where there is one.
    pub(crate) version: u16,
    pub(crate) suite: u16,
    /// Extended master secret (RFC 7627).
    pub(crate) extended_master_secret: bool,
    /// Safe renegotiation (RFC 5746).
    pub(crate) secure_renegotiation: bool,
    /// Whether it is a request for another ClientHello.
    pub(crate) retry: bool,
}

/// What a ServerKeyExchange says of the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// On a curve, with the scheme of its signature (TLS 1.2).
    Ecdhe { group: u16, scheme: Option<u16> },
    /// With a prime of so many bits.
    Dhe { bits: usize },
    /// In a way that cannot be read.
    Other,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    start: Vec<u8>,
    buffer: Vec<u8>,
    messages: Vec<u8>,
    /// Whether what follows cannot be read any more: it is encrypted, or no TLS.
    opaque: bool,
    pub(crate) not_tls: bool,
    pub(crate) hello: Option<ServerHello>,
    /// DER, in the server's order.
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) exchange: Option<Exchange>,
    pub(crate) certificate_wanted: bool,
    /// The end of the server's first flight (TLS 1.2 and older).
    pub(crate) flight_done: bool,
    /// The number of the server's alert.
    pub(crate) alert: Option<u8>,
    /// What came, a line each.
    pub(crate) lines: Vec<String>,
}

impl Records {
    /// Reads what came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = MAX_START - self.start.len();
        self.start.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if self.opaque {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(taken) = (!self.opaque).then(|| self.record(at)).flatten() {
            at += taken;
        }
        self.buffer.drain(..at);
        if self.opaque {
            self.buffer = Vec::new();
            self.messages = Vec::new();
        }
    }

    /// Whether anything came.
    pub(crate) fn nothing(&self) -> bool {
        self.start.is_empty()
    }

    /// What the beginning looks like, if it is no TLS.
    pub(crate) fn looks_like(&self) -> Option<String> {
        self.not_tls.then(|| looks_like(&self.start))
    }

    fn line(&mut self, line: String) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line);
        }
    }

    /// Reads one record, and returns its length; none where it is not complete.
    fn record(&mut self, at: usize) -> Option<usize> {
        let rest = &self.buffer[at..];
        let fits = |place: usize, fit: fn(&u8) -> bool| rest.get(place).is_none_or(fit);
        if !fits(0, |kind| (20..=24).contains(kind)) || !fits(1, |&major| major == 3) || !fits(2, |&minor| minor <= 4) {
            self.not_tls = self.hello.is_none() && self.alert.is_none() && self.lines.is_empty();
            self.opaque = true;
            return None;
        }
        let header = rest.first_chunk::<5>()?;
        let (kind, length) = (header[0], usize::from(u16::from_be_bytes([header[3], header[4]])));
        if length > MAX_RECORD {
            self.opaque = true;
            self.line(format!("a record of {length} octets, which is too long"));
            return None;
        }
        let body = rest.get(5..5 + length)?.to_vec();
        match kind {
            20 => {
                // TLS 1.3 sends one for the sake of old boxes on the way; what follows is encrypted in any version.
                self.line("ChangeCipherSpec: from here on the server encrypts".to_owned());
                self.opaque = true;
            }
            21 => self.alert(&body),
            22 => {
                self.messages.extend_from_slice(&body);
                self.handshake();
            }
            _ => {
                self.line("encrypted records".to_owned());
                self.opaque = true;
            }
        }
        Some(5 + length)
    }

    fn alert(&mut self, body: &[u8]) {
        let &[level, number] = body else {
            self.line("an alert that cannot be read".to_owned());
            self.opaque = true;
            return;
        };
        let name = registry::alert(number).name;
        let level = if level == 1 { "warning" } else { "fatal" };
        self.line(format!("Alert: {level}, {number} ({name})"));
        // A warning such as unrecognized_name does not end the handshake.
        if level == "fatal" {
            self.alert = Some(number);
            self.opaque = true;
        }
    }

    fn handshake(&mut self) {
        while let Some(&[kind, a, b, c]) = self.messages.first_chunk::<4>() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > MAX_MESSAGE {
                self.line(format!("a handshake message of {length} octets, which is too long"));
                self.opaque = true;
                return;
            }
            let Some(body) = self.messages.get(4..4 + length) else { return };
            let body = body.to_vec();
            self.messages.drain(..4 + length);
            self.message(kind, &body);
        }
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        let line = match kind {
            2 => match server_hello(body) {
                Some(hello) => {
                    self.hello = Some(hello);
                    hello.line()
                }
                None => "ServerHello that cannot be read".to_owned(),
            },
            11 => {
                let found = certificates(body);
                let line = format!("Certificate: {} of them", found.len());
                self.certificates = found;
                line
            }
            12 => {
                let exchange = self.hello.map_or(Exchange::Other, |hello| exchange(body, &hello));
                self.exchange = Some(exchange);
                ["ServerKeyExchange: ", &exchange.words()].concat()
            }
            13 => {
                self.certificate_wanted = true;
                "CertificateRequest: the server asks for the client's certificate".to_owned()
            }
            14 => {
                self.flight_done = true;
                "ServerHelloDone".to_owned()
            }
            22 => "CertificateStatus".to_owned(),
            4 => "NewSessionTicket".to_owned(),
            _ => format!("handshake message {kind}"),
        };
        self.line(line);
    }
}

impl ServerHello {
    fn line(&self) -> String {
        if self.retry {
            return "HelloRetryRequest: the server asks for another key exchange".to_owned();
        }
        let mut line = ["ServerHello: ", &registry::version(self.version), ", ", &registry::suite(self.suite)].concat();
        if self.version <= 0x0303 {
            line.push_str(if self.extended_master_secret { ", extended master secret" } else { "" });
            line.push_str(if self.secure_renegotiation { ", safe renegotiation" } else { "" });
        }
        line
    }
}

impl Exchange {
    pub(crate) fn words(self) -> String {
        match self {
            Self::Ecdhe { group, .. } => ["ECDHE with ", &registry::group(group)].concat(),
            Self::Dhe { bits } => format!("DHE with {bits} bits"),
            Self::Other => "of another kind".to_owned(),
        }
    }
}

/// Octets read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many octets.
    fn number(&mut self, octets: usize) -> Option<usize> {
        self.take(octets).map(|bytes| bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
    }

    /// Octets behind their own length.
    fn vector(&mut self, octets: usize) -> Option<&'a [u8]> {
        let length = self.number(octets)?;
        self.take(length)
    }
}

fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut body = Reader(body);
    let version = body.number(2)? as u16;
    let retry = body.take(32)? == RETRY;
    body.vector(1)?;
    let suite = body.number(2)? as u16;
    body.number(1)?;
    let mut hello = ServerHello { version, suite, retry, ..ServerHello::default() };
    let mut extensions = Reader(body.vector(2).unwrap_or_default());
    while let Some(kind) = extensions.number(2) {
        let Some(data) = extensions.vector(2) else { break };
        match (kind, data) {
            (0x0017, _) => hello.extended_master_secret = true,
            (0xFF01, _) => hello.secure_renegotiation = true,
            (0x002B, &[major, minor]) => hello.version = u16::from_be_bytes([major, minor]),
            _ => {}
        }
    }
    Some(hello)
}

fn certificates(body: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Reader(Reader(body).vector(3).unwrap_or_default());
    std::iter::from_fn(|| list.vector(3)).take(MAX_CERTIFICATES).map(<[u8]>::to_vec).collect()
}

fn exchange(body: &[u8], hello: &ServerHello) -> Exchange {
    let name = registry::suite(hello.suite);
    let mut body = Reader(body);
    if name.contains("_ECDH") {
        // Type 3 is a named curve (RFC 8422 §5.4).
        let (Some(3), Some(group)) = (body.number(1), body.number(2)) else { return Exchange::Other };
        let scheme = body.vector(1).and_then(|_| body.number(2)).map(|scheme| scheme as u16);
        let signed = hello.version == 0x0303 && !name.contains("_anon_");
        return Exchange::Ecdhe { group: group as u16, scheme: scheme.filter(|_| signed) };
    }
    let prime = if name.contains("_DH") { body.vector(2) } else { None };
    let Some(prime) = prime else { return Exchange::Other };
    let start = prime.iter().position(|&byte| byte != 0).unwrap_or(prime.len());
    let prime = &prime[start..];
    Exchange::Dhe { bits: prime.first().map_or(0, |first| prime.len() * 8 - first.leading_zeros() as usize) }
}

/// What octets look like that are no TLS, with their printable beginning.
fn looks_like(start: &[u8]) -> String {
    let what = if start.len() > 3 && start[..3].iter().all(u8::is_ascii_digit) && matches!(start[3], b' ' | b'-') {
        "an SMTP reply in clear text"
    } else if start.starts_with(b"HTTP/") {
        "an HTTP server's answer"
    } else if start.starts_with(b"SSH-") {
        "an SSH server"
    } else if start.starts_with(b"* ") {
        "an IMAP server in clear text"
    } else if start.starts_with(b"+OK") || start.starts_with(b"-ERR") {
        "a POP3 server in clear text"
    } else if start.starts_with(b"<") {
        "a page or XML in clear text"
    } else if start.len() > 4 && start[0] & 0x80 != 0 && start[2] == 4 {
        "SSL 2.0, which is broken and forbidden (RFC 6176)"
    } else if start.iter().all(|&byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')) {
        "text"
    } else {
        "no protocol that is known here"
    };
    [what, ": ", &printable_start(start)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat()
    }

    fn hello(version: [u8; 2], suite: [u8; 2], extensions: &[u8]) -> Vec<u8> {
        let length = (extensions.len() as u16).to_be_bytes();
        message(2, &[&version[..], &[7; 32], &[0], &suite, &[0], &length, extensions].concat())
    }

    #[test]
    fn an_old_servers_flight_is_told_line_by_line_in_any_pieces() {
        let exchange = [&[0, 128][..], &[0x80; 128], &[0, 1, 2], &[0, 1, 5]].concat();
        let list = [&[0, 0, 5][..], &[0, 0, 2], b"ab"].concat();
        let flight = [
            hello([3, 1], [0, 0x33], &[0xFF, 1, 0, 1, 0]),
            message(11, &list),
            message(12, &exchange),
            message(13, &[1, 1, 0, 0]),
            message(14, &[]),
        ]
        .concat();
        // The messages are cut across records, and these across reads.
        let octets: Vec<u8> = flight.chunks(50).flat_map(|part| record(22, part)).collect();
        for size in [1, 7, octets.len()] {
            let mut records = Records::default();
            octets.chunks(size).for_each(|piece| records.push(piece));
            let hello = records.hello.unwrap();
            assert_eq!((hello.version, hello.suite, hello.secure_renegotiation), (0x0301, 0x33, true));
            assert_eq!(records.certificates, [b"ab".to_vec()]);
            assert_eq!(records.exchange, Some(Exchange::Dhe { bits: 1024 }));
            assert!(records.certificate_wanted && records.flight_done && !records.not_tls);
            assert_eq!(records.lines.len(), 5);
            assert_eq!(records.lines[0], "ServerHello: TLS 1.0, TLS_DHE_RSA_WITH_AES_128_CBC_SHA, safe renegotiation");
        }
    }

    #[test]
    fn an_alert_is_told_by_number_and_name_and_a_warning_does_not_end_it() {
        let mut records = Records::default();
        records.push(&record(21, &[1, 112]));
        assert_eq!(records.alert, None);
        records.push(&record(21, &[2, 40]));
        assert_eq!(records.alert, Some(40));
        assert_eq!(records.lines, ["Alert: warning, 112 (unrecognized_name)", "Alert: fatal, 40 (handshake_failure)"]);
    }

    #[test]
    fn the_extension_says_which_version_was_chosen() {
        let mut records = Records::default();
        records.push(&record(22, &hello([3, 3], [0x13, 1], &[0, 0x2B, 0, 2, 3, 4])));
        assert_eq!(records.lines, ["ServerHello: TLS 1.3, TLS_AES_128_GCM_SHA256"]);
    }

    #[test]
    fn what_is_no_tls_is_told_by_its_beginning() {
        for (octets, words) in [
            (&b"220 mx.example ESMTP\r\n"[..], "an SMTP reply in clear text: 220 mx.example ESMTP"),
            (b"HTTP/1.1 400 Bad Request\r\n", "an HTTP server's answer: HTTP/1.1 400 Bad Request"),
            (b"SSH-2.0-x", "an SSH server: SSH-2.0-x"),
            (b"* OK ready", "an IMAP server in clear text: * OK ready"),
            (b"hello", "text: hello"),
            (b"\x00\xff", "no protocol that is known here: ␀\\xFF"),
        ] {
            let mut records = Records::default();
            records.push(octets);
            assert_eq!(records.looks_like().as_deref(), Some(words));
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut records = Records::default();
        for _ in 0..2_000 {
            records.push(&record(22, &message(9, &[0; 1_000])));
        }
        assert!(records.lines.len() <= MAX_LINES);
        assert!(records.buffer.len() + records.messages.len() <= MAX_MESSAGE + MAX_RECORD);
        let mut endless = Records::default();
        endless.push(&record(22, &[1, 0xFF, 0xFF, 0xFF]));
        assert!(endless.opaque);
    }
}
