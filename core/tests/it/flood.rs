//! A server that does not stop: memory stays bounded, and the transcript says so.

use ehlo_core::machine::{Input, Output, Session};
use ehlo_core::record::How;
use ehlo_core::record::{ENTRIES_MAX, OCTETS_MAX};
use ehlo_core::setup::Setup;
use ehlo_core::time::Now;
use ehlo_core::wire::line::LINE_MAX;

/// Feeds `chunk` again and again until the session has had enough, or `times` over.
fn feed(chunk: &[u8], times: usize) -> Session {
    let mut session = Session::new(Now(0), Setup { practice: Some("accepting".into()), ..Setup::default() });
    session.handle(Now(0), Input::Opened).unwrap();
    for _ in 0..times {
        session.handle(Now(0), Input::Bytes(chunk)).unwrap();
        while !matches!(session.poll(), Output::Idle(_)) {}
    }
    session
}

fn kept(session: &Session) -> usize {
    session.record().transcript().entries().iter().map(|entry| entry.bytes.len()).sum()
}

fn bounded_and_told(session: &Session) {
    assert_eq!(session.record().ending().map(|ending| ending.how), Some(How::Flood));
    assert!(kept(session) <= OCTETS_MAX + LINE_MAX, "{} octets", kept(session));
    assert!(session.record().transcript().entries().len() <= ENTRIES_MAX + 1);
    assert!(session.record().replies().len() <= ENTRIES_MAX);
    assert!(session.record().replies().iter().map(|reply| reply.text.len()).sum::<usize>() <= 4 * OCTETS_MAX);
    let view = session.view();
    assert!(view.findings.iter().any(|finding| finding.id == "flood"));
    assert!(view.ending.unwrap().sentence.contains("stopped listening"));
}

#[test]
fn endless_data_ends_the_conversation() {
    bounded_and_told(&feed(&b"garbage without end\r\n".repeat(1_000), 400));
}

#[test]
fn an_endless_line_ends_the_conversation() {
    bounded_and_told(&feed(&[b'x'; 50_000], 200));
}

#[test]
fn an_endless_reply_ends_the_conversation() {
    bounded_and_told(&feed(&b"250-still talking, and on and on it goes, for ever and ever\r\n".repeat(100), 1_000));
}

#[test]
fn a_hundred_thousand_replies_end_the_conversation() {
    bounded_and_told(&feed(b"250 ok\r\n", 100_000));
}

#[test]
fn a_hundred_thousand_replies_at_once_are_no_more_than_one_by_one() {
    let session = feed(&b"250 ok\r\n".repeat(100_000), 1);
    bounded_and_told(&session);
    assert!(session.record().transcript().dropped > 0, "what was not kept is counted");
    assert_eq!(session.record().transcript().received, 800_000);
}

#[test]
fn a_single_piece_of_many_megabytes_is_not_kept_whole() {
    let session = feed(&b"220-hello and welcome to this server\r\n".repeat(400_000), 1);
    bounded_and_told(&session);
    assert!(session.record().transcript().dropped > 0);
}

#[test]
fn a_flood_can_be_exported_and_read_again() {
    let session = feed(&b"250 ok\r\n".repeat(100_000), 1);
    let again = ehlo_core::case::Case::open(&session.talk().to_string()).unwrap();
    assert_eq!(again.plain(), session.plain());
    assert_eq!(again.record.ending().map(|ending| ending.how), Some(How::Flood));
}
