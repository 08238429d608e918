//! What the guard lets pass, and what not.

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

/// The message of a record in records of `size` octets each.
fn in_pieces(record: &[u8], size: usize) -> Vec<u8> {
    let piece = |piece: &[u8]| {
        let length = u16::try_from(piece.len()).unwrap().to_be_bytes();
        [&[HANDSHAKE, 0x03, 0x01], &length[..], piece].concat()
    };
    record[5..].chunks(size).flat_map(piece).collect()
}

/// A ClientHello as an old client makes it: TLS 1.0 in the record, no extensions.
fn old_hello(version: [u8; 2], suites: u16) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend((suites * 2).to_be_bytes());
    body.extend((0..suites).flat_map(|number| (number + 1).to_be_bytes()));
    body.extend([1, 0]);
    let length = u16::try_from(body.len()).unwrap();
    let mut record = vec![HANDSHAKE, 0x03, 0x01];
    record.extend((length + 4).to_be_bytes());
    record.extend([CLIENT_HELLO, 0]);
    record.extend(length.to_be_bytes());
    record.extend(body);
    record
}

fn heard(bytes: &[u8]) -> (Guard, Decision) {
    let mut guard = Guard::new();
    let decision = guard.hear_target(bytes);
    (guard, decision)
}

#[test]
fn a_greeting_opens_at_its_fourth_octet_however_it_comes() {
    for text in ["220 mx.example ESMTP\r\n", "220-one\r\n220 two\r\n", "220\r\n", "220\n", "421 busy\r\n", "554-no\r\n"]
    {
        let bytes = text.as_bytes();
        assert_eq!(heard(bytes).1, Decision::Open, "{text:?}");
        let mut guard = Guard::new();
        for octet in &bytes[..3] {
            assert_eq!(guard.hear_target(&[*octet]), Decision::Wait, "{text:?}");
        }
        assert_eq!(guard.hear_target(&bytes[3..4]), Decision::Open, "{text:?}");
        assert_eq!(guard.hear_target(&bytes[4..]), Decision::Open, "{text:?}");
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
            let expected = if at + 1 < octets { Decision::Wait } else { Decision::Refuse };
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
    assert_eq!(guard.hear_target(b"220 "), Decision::Open);
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
    assert_eq!(guard.hear_target(&[HANDSHAKE]), Decision::Wait);
    assert_eq!(guard.hear_target(&[0x03]), Decision::Open);
    assert!(guard.release().starts_with(b"GET / "));
}

#[test]
fn a_client_hello_may_come_in_several_records() {
    let good = hello();
    for size in 1..good.len() - 5 {
        let pieces = in_pieces(&good, size);
        let mut guard = Guard::new();
        for octet in &pieces[..pieces.len() - 1] {
            assert!(guard.hear_page(&[*octet]).is_empty(), "records of {size}");
        }
        assert_eq!(guard.hear_page(&[pieces[pieces.len() - 1], b'x']), pieces, "records of {size}");
        assert_eq!(guard.held(), 1);
    }
    let mut large = hello();
    // A message of 20,000 octets more, in an extension: more than one record may hold.
    let more: Vec<u8> = [&[0, 21][..], &20_000_u16.to_be_bytes(), &vec![0; 20_000]].concat();
    let at = large.len() - 9;
    let extensions = u16::try_from(7 + more.len()).unwrap().to_be_bytes();
    large[at..at + 2].copy_from_slice(&extensions);
    large.extend(more);
    let message = u32::try_from(large.len() - 9).unwrap().to_be_bytes();
    large[6..9].copy_from_slice(&message[1..]);
    let records = in_pieces(&large, FRAGMENT_MAX);
    assert_eq!(client_hello(&records), Some(records.len()));
}

#[test]
fn records_that_are_not_one_client_hello_do_not_pass() {
    let good = hello();
    let pieces = in_pieces(&good, 40);
    assert_eq!(client_hello(&pieces), Some(pieces.len()));
    for (at, value) in [(45, 0x14), (45, 0x17), (46, 0x02), (47, 0x05)] {
        let mut bad = pieces.clone();
        bad[at] = value;
        assert_eq!(client_hello(&bad), None, "octet {at}");
    }
    let empty = [&[HANDSHAKE, 0x03, 0x01, 0, 0][..], &good].concat();
    assert_eq!(client_hello(&empty), None, "an empty record");
    let mut longer = pieces.clone();
    longer.push(0);
    let last = 45 + 4;
    longer[last] += 1;
    assert_eq!(client_hello(&longer), None, "an octet behind the message");
    let large = vec![0; FRAGMENT_MAX + 1];
    let record = [&[HANDSHAKE, 0x03, 0x01][..], &((FRAGMENT_MAX + 1) as u16).to_be_bytes(), &large].concat();
    assert_eq!(client_hello(&record), None, "a record that is too large");
}

#[test]
fn the_client_hello_of_an_old_client_passes() {
    for version in [[0x03, 0x00], [0x03, 0x01], [0x03, 0x02], [0x03, 0x03]] {
        for suites in [1, 68, 400] {
            let hello = old_hello(version, suites);
            assert_eq!(client_hello(&hello), Some(hello.len()), "{version:?} with {suites} suites");
        }
    }
}

#[test]
fn an_alert_answers_a_client_hello_and_other_bytes_do_not() {
    for (answer, decision) in [
        (&[ALERT, 0x03, 0x03][..], Decision::Open),
        (b"HTTP/1.1 400 Bad Request", Decision::Refuse),
        (&[HANDSHAKE, 0x02], Decision::Refuse),
        (&[0x17, 0x03], Decision::Refuse),
        (b"2", Decision::Wait),
    ] {
        let mut guard = Guard::new();
        assert!(!guard.hear_page(&hello()).is_empty());
        assert_eq!(guard.hear_target(answer), decision, "{answer:?}");
    }
}

#[test]
fn a_clear_greeting_after_a_client_hello_is_shown_and_the_page_stays_shut() {
    let mut guard = Guard::new();
    guard.hear_page(&hello());
    guard.hear_page(b"more");
    assert_eq!(guard.hear_target(b"220 mx.example\r\n"), Decision::Listen);
    assert_eq!(guard.held(), 0);
    assert!(guard.hear_page(&hello()).is_empty());
    assert!(guard.is_shut());
    assert_eq!(guard.hear_target(b"500 what?\r\n"), Decision::Listen);
}

#[test]
fn tls_that_was_not_asked_for_is_no_greeting() {
    let (guard, decision) = heard(&[HANDSHAKE, 0x03, 0x03, 0, 1]);
    assert_eq!((decision, guard.guess()), (Decision::Refuse, Guess::Tls));
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
