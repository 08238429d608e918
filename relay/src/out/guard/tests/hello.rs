//! Which ClientHello passes: those of clients that are in use, whole and in pieces, and nothing that could hold a command.

use std::time::Instant;

use crate::out::guard::hello::{CLIENT_HELLO, FLIGHT_MAX, HANDSHAKE, Hello, Read};

/// A ClientHello in its parts, so that each can be spoilt.
#[derive(Clone)]
struct Parts {
    version: [u8; 2],
    random: Vec<u8>,
    session_id: Vec<u8>,
    suites: Vec<u8>,
    compression: Vec<u8>,
    extensions: Vec<(u16, Vec<u8>)>,
}

impl Parts {
    /// A small one: one suite, one extension.
    fn small() -> Self {
        Self {
            version: [3, 3],
            random: vec![7; 32],
            session_id: Vec::new(),
            suites: vec![0x13, 0x01],
            compression: vec![0],
            extensions: vec![(43, vec![2, 3, 4])],
        }
    }

    /// With one extension more.
    fn with(mut self, kind: u16, data: impl Into<Vec<u8>>) -> Self {
        self.extensions.push((kind, data.into()));
        self
    }

    /// The message in one record.
    fn record(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        for (kind, data) in &self.extensions {
            extensions.extend(kind.to_be_bytes());
            extensions.extend(sized(2, data));
        }
        let mut body = [&self.version[..], &self.random, &sized(1, &self.session_id)].concat();
        body.extend(sized(2, &self.suites));
        body.extend(sized(1, &self.compression));
        if !extensions.is_empty() {
            body.extend(sized(2, &extensions));
        }
        record(&[&[CLIENT_HELLO][..], &sized(3, &body)].concat())
    }
}

/// `content` behind its length in so many octets.
fn sized(octets: usize, content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[4 - octets..], content].concat()
}

fn record(content: &[u8]) -> Vec<u8> {
    [&[HANDSHAKE, 0x03, 0x01][..], &sized(2, content)].concat()
}

/// A small ClientHello.
pub(super) fn hello() -> Vec<u8> {
    Parts::small().record()
}

/// The message of a record in records of `size` octets each.
fn in_pieces(record_whole: &[u8], size: usize) -> Vec<u8> {
    record_whole[5..].chunks(size).flat_map(record).collect()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn server_name(name: &[u8]) -> Vec<u8> {
    sized(2, &[&[0][..], &sized(2, name)].concat())
}

fn share(group: u16, octets: usize) -> Vec<u8> {
    let mut key = vec![0xA5; octets];
    key[0] = 4;
    [&group.to_be_bytes()[..], &sized(2, &key)].concat()
}

/// What all of it is, at once.
fn read(bytes: &[u8]) -> Read {
    Hello::default().hear(bytes)
}

fn passes(parts: &Parts) -> bool {
    let record = parts.record();
    read(&record) == Read::Whole(record.len())
}

/// What rustls, OpenSSL and browsers put into theirs: RFC 8446 §4.2, RFC 8701, RFC 8879, RFC 7627, RFC 7366, RFC 6066.
fn modern() -> Parts {
    Parts {
        session_id: vec![0x99; 32],
        suites: numbers(&[0x4A4A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xCCA9, 0x00FF]),
        ..Parts::small()
    }
    .with(0x1A1A, [])
    .with(0, server_name(b"mx1.mail_in.example"))
    .with(5, [1, 0, 0, 0, 0])
    .with(10, sized(2, &numbers(&[0x2A2A, 0x11EC, 0x001D, 0x0017, 0x0018, 0x0100])))
    .with(11, [3, 0, 1, 2])
    .with(13, sized(2, &numbers(&[0x0403, 0x0804, 0x0401, 0x0905])))
    .with(18, [])
    .with(22, [])
    .with(23, [])
    .with(27, sized(1, &numbers(&[2, 1])))
    .with(28, [0x40, 0x01])
    .with(35, [])
    .with(45, [1, 1])
    .with(0xFF01, [0])
    .with(21, vec![0; 200])
}

#[test]
fn the_client_hello_of_a_modern_client_passes_with_each_of_its_key_shares() {
    assert!(passes(&modern()));
    let shares = [
        share(0x001D, 32),
        share(0x0017, 65),
        share(0x0018, 97),
        share(0x0019, 133),
        share(0x001E, 56),
        share(0x11EB, 1249),
        share(0x11EC, 1216),
        share(0x11ED, 1665),
        [share(0x11EC, 1216), share(0x001D, 32)].concat(),
        [share(0x11EC, 1216), share(0x11ED, 1665)].concat(),
        [numbers(&[0x0A0A]), sized(2, &[0]), share(0x001D, 32)].concat(),
    ];
    for shares in shares {
        let parts = modern().with(51, sized(2, &shares));
        assert!(passes(&parts), "{:02x?} and {} octets", &shares[..2], parts.record().len());
    }
}

#[test]
fn the_client_hello_of_an_old_client_passes() {
    for version in [[3, 0], [3, 1], [3, 2], [3, 3]] {
        for suites in [1, 68, 400_u16] {
            let suites =
                (0..suites).flat_map(|number| [u8::try_from(number >> 8).unwrap() * 0xC0, (number & 0xFF) as u8]);
            let parts = Parts { version, suites: suites.collect(), extensions: Vec::new(), ..Parts::small() };
            assert!(passes(&parts), "{version:?}");
        }
    }
}

#[test]
fn a_client_hello_may_come_in_several_records_and_in_any_pieces() {
    let good = modern().record();
    for size in [7, 32, 100, 1000] {
        let records = in_pieces(&good, size);
        for piece in [1, 2, 5, 64, records.len()] {
            let mut hello = Hello::default();
            let told: Vec<Read> = records.chunks(piece).map(|piece| hello.hear(piece)).collect();
            let (last, before) = told.split_last().unwrap();
            assert!(before.iter().all(|read| *read == Read::Part), "records of {size}");
            assert_eq!(*last, Read::Whole(records.len()), "records of {size}, in pieces of {piece}");
        }
        assert_eq!(read(&[&records[..], b"EHLO"].concat()), Read::Whole(records.len()), "what follows is not its own");
    }
}

#[test]
fn what_is_no_tls_is_told_by_the_first_octet_and_what_is_none_after_all_by_the_octet_that_shows_it() {
    assert_eq!(read(b"EHLO client.example\r\n"), Read::Other);
    assert_eq!(read(b"\r\n"), Read::Other);
    for (at, value) in [(1, 0x02), (2, 0x05), (3, 0x40), (5, 0x02)] {
        let mut bad = hello();
        bad[at] = value;
        let needed = if at == 3 { 5 } else { at + 1 };
        assert_eq!(read(&bad[..needed - 1]), Read::Part, "octet {at}");
        assert_eq!(read(&bad[..needed]), Read::Strange, "octet {at}");
    }
    for length in 1..hello().len() {
        assert_eq!(read(&hello()[..length]), Read::Part, "cut at {length}");
    }
    assert_eq!(read(&record(&[])), Read::Strange, "an empty record");
    let mut padded = hello();
    padded.push(0);
    padded[4] += 1;
    assert_eq!(read(&padded), Read::Strange, "an octet behind the message");
}

/// Spoilt in one place each: a shape that no TLS client sends, most of them room for words.
#[test]
fn no_part_of_a_client_hello_is_room_for_words() {
    let words = b"\r\nset owned 0 0 3\r\nyes\r\n";
    let small = Parts::small;
    let padded = |length: usize| [&words[..], &vec![b' '; length - words.len()]].concat();
    let spoilt = [
        ("version", Parts { version: [3, 10], ..small() }),
        ("session id of words", Parts { session_id: words.to_vec(), ..small() }),
        ("suites of words", Parts { suites: padded(24), ..small() }),
        ("half a suite", Parts { suites: vec![0x13], ..small() }),
        ("no suites", Parts { suites: vec![], ..small() }),
        ("compression of words", Parts { compression: words.to_vec(), ..small() }),
        ("no compression", Parts { compression: vec![], ..small() }),
        ("many grease suites", Parts { suites: numbers(&[0x0A0A, 0x4A4A, 0x5A5A]), ..small() }),
        ("an unknown extension", small().with(0x0D0A, words.to_vec())),
        ("a name of words", small().with(0, server_name(words))),
        ("a name with a space", small().with(0, server_name(b"flush_all "))),
        (
            "two names",
            small().with(0, sized(2, &[&[0][..], &sized(2, b"a.example"), &[0], &sized(2, b"b.example")].concat())),
        ),
        ("no name", small().with(0, server_name(b""))),
        ("a name too long", small().with(0, server_name(&[b'a'; 256]))),
        ("responders of OCSP", small().with(5, [&[1][..], &sized(2, words), &[0, 0]].concat())),
        ("groups of words", small().with(10, sized(2, &padded(24)))),
        ("formats of words", small().with(11, sized(1, words))),
        ("schemes of words", small().with(13, sized(2, &padded(24)))),
        ("ALPN", small().with(16, sized(2, &sized(1, words)))),
        ("a ticket", small().with(35, words.to_vec())),
        ("padding of words", small().with(21, words.to_vec())),
        ("an early secret", small().with(41, words.to_vec())),
        ("a cookie", small().with(44, sized(2, words))),
        ("authorities", small().with(47, sized(2, &sized(2, words)))),
        ("encrypted hello", small().with(0xFE0D, words.to_vec())),
        ("versions of words", small().with(43, sized(1, &padded(24)))),
        ("a share of no known group", small().with(51, sized(2, &share(0x4142, 32)))),
        ("a share of another length", small().with(51, sized(2, &share(0x001D, 33)))),
        ("two shares of one group", small().with(51, sized(2, &[share(0x001D, 32), share(0x001D, 32)].concat()))),
        ("a point that is none", small().with(51, sized(2, &[&[0, 0x17, 0, 65][..], &[b' '; 65]].concat()))),
        ("grease of words", small().with(0x0A0A, words.to_vec())),
        ("an extension twice", small().with(23, []).with(23, [])),
        ("renegotiation of words", small().with(0xFF01, sized(1, words))),
    ];
    for (what, parts) in spoilt {
        assert_eq!(read(&parts.record()), Read::Strange, "{what}");
    }
    assert!(passes(&small()));
}

/// What stands in a ClientHello and is not random, searched for the beginning of a line and a word behind it.
#[test]
fn what_is_not_random_in_a_client_hello_never_looks_like_a_command() {
    let parts =
        Parts { random: vec![0; 32], session_id: vec![0; 32], ..modern() }.with(51, sized(2, &share(0x001D, 32)));
    let record = parts.record();
    let is_word = |octets: &[u8]| octets.iter().all(|octet| matches!(octet, b' '..=b'~'));
    let commands = record.windows(5).filter(|five| matches!(five[0], b'\r' | b'\n') && is_word(&five[1..]));
    assert_eq!(commands.count(), 0);
}

#[test]
fn a_client_hello_has_a_bound_and_reading_it_takes_time_in_proportion() {
    let room = FLIGHT_MAX - modern().record().len() - 4;
    let fits = Parts { extensions: [modern().extensions, vec![(17, vec![])]].concat(), ..modern() };
    assert!(!passes(&fits), "an extension that is not sent");
    let padded = |octets| {
        let mut parts = modern();
        parts.extensions.retain(|(kind, _)| *kind != 21);
        parts.with(21, vec![0; octets + 200])
    };
    assert!(passes(&padded(room + 4)), "{FLIGHT_MAX} octets");
    assert_eq!(read(&padded(room + 5).record()), Read::Strange);
    // Records of one octet, and more of them than there may be: a bound on octets is one on work.
    let many: Vec<u8> = std::iter::repeat_n(record(&[1]), 100_000).flatten().collect();
    let mut hello = Hello::default();
    let started = Instant::now();
    let told: Vec<Read> =
        many.chunks(1).map(|octet| hello.hear(octet)).take_while(|read| *read == Read::Part).collect();
    assert!(told.len() <= FLIGHT_MAX, "{} octets were taken", told.len());
    assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
}
