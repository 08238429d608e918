//! What the guard lets pass, and what not.

mod hello;

use hello::hello;

use super::*;

fn heard(bytes: &[u8]) -> (Guard, Decision) {
    let mut guard = Guard::new(true);
    let decision = guard.hear_target(bytes);
    (guard, decision)
}

#[test]
fn a_greeting_opens_at_its_fourth_octet_however_it_comes() {
    for text in ["220 mx.example ESMTP\r\n", "220-one\r\n220 two\r\n", "220\r\n", "220\n", "421 busy\r\n", "554-no\r\n"]
    {
        let bytes = text.as_bytes();
        assert_eq!(heard(bytes).1, Decision::Open, "{text:?}");
        let mut guard = Guard::new(true);
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
        let mut guard = Guard::new(true);
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
    let mut guard = Guard::new(true);
    assert!(guard.hear_page(b"EHLO ").unwrap().is_empty());
    assert!(guard.hear_page(b"client.example\r\n").unwrap().is_empty());
    assert_eq!(guard.held(), 21);
    assert_eq!(guard.hear_target(b"220 "), Decision::Open);
    assert_eq!(guard.release(), b"EHLO client.example\r\n");
    assert_eq!(guard.held(), 0);
}

#[test]
fn a_client_hello_passes_when_it_is_whole_and_what_follows_waits_for_the_answer() {
    let hello = hello();
    let mut guard = Guard::new(true);
    for octet in &hello[..hello.len() - 1] {
        assert!(guard.hear_page(&[*octet]).unwrap().is_empty());
    }
    let mut last = vec![hello[hello.len() - 1]];
    last.extend(b"GET / HTTP/1.1\r\n");
    assert_eq!(guard.hear_page(&last), Ok(hello.clone()));
    assert!(guard.hear_page(&hello).unwrap().is_empty(), "only one ClientHello passes");
    assert_eq!(guard.hear_target(&[HANDSHAKE]), Decision::Wait);
    assert_eq!(guard.hear_target(&[0x03]), Decision::Open);
    assert!(guard.release().starts_with(b"GET / "));
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
        let mut guard = Guard::new(true);
        assert!(!guard.hear_page(&hello()).unwrap().is_empty());
        assert_eq!(guard.hear_target(answer), decision, "{answer:?}");
    }
}

#[test]
fn a_clear_greeting_after_a_client_hello_is_shown_and_the_page_stays_shut() {
    let mut guard = Guard::new(true);
    guard.hear_page(&hello()).unwrap();
    guard.hear_page(b"more").unwrap();
    assert_eq!(guard.hear_target(b"220 mx.example\r\n"), Decision::Listen);
    assert_eq!(guard.held(), 0);
    assert!(guard.hear_page(&hello()).unwrap().is_empty());
    assert!(guard.is_shut());
    assert_eq!(guard.hear_target(b"500 what?\r\n"), Decision::Listen);
}

#[test]
fn tls_that_was_not_asked_for_is_no_greeting() {
    let (guard, decision) = heard(&[HANDSHAKE, 0x03, 0x03, 0, 1]);
    assert_eq!((decision, guard.guess()), (Decision::Refuse, Guess::Tls));
}

#[test]
fn where_the_server_greets_first_tls_is_refused_at_its_first_octet_and_text_waits() {
    for tls in [&hello()[..1], &hello(), &[HANDSHAKE, 0x02]] {
        let mut guard = Guard::new(false);
        assert_eq!(guard.hear_page(tls), Err(Misplaced::TlsFirst));
        assert_eq!(guard.held(), 0);
        assert_eq!(guard.hear_target(b"220 mx.example\r\n"), Decision::Refuse, "it stays so");
    }
    let mut guard = Guard::new(false);
    assert_eq!(guard.hear_page(b"EHLO client.example\r\n"), Ok(Vec::new()));
    assert_eq!(guard.hear_target(b"220 mx.example\r\n"), Decision::Open);
    assert_eq!(guard.release(), b"EHLO client.example\r\n");
}

#[test]
fn a_handshake_behind_the_greeting_is_none_of_the_guards() {
    let mut guard = Guard::new(false);
    assert_eq!(guard.hear_target(b"220 mx.example\r\n"), Decision::Open);
    assert_eq!(guard.hear_page(&hello()), Ok(Vec::new()));
    assert_eq!(guard.release(), hello());
}

#[test]
fn a_hello_that_no_client_sends_is_refused_and_nothing_of_it_passes() {
    let mut bad = hello();
    bad[1] = 0x02;
    let mut guard = Guard::new(true);
    assert_eq!(guard.hear_page(&bad), Err(Misplaced::StrangeHello));
    assert_eq!(guard.hear_page(&hello()), Ok(Vec::new()), "no second try");
    assert_eq!(guard.held(), 0);
}
