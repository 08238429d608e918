//! Input that nobody should send.

use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use ehlo_core::time::Now;
use proptest::prelude::*;
use smtp_proto::Request;

use crate::harness::{Client, assert_well_formed, talk};

/// Pieces of a conversation, good and bad, and plain noise.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => prop::sample::select(vec![
            "EHLO c.example\r\n", "HELO c.example\r\n", "MAIL FROM:<a@b.example>\r\n", "MAIL FROM:<", "RCPT TO:<a@b>\r\n",
            "RCPT TO:<recipient@practice.ehlo.example>\r\n", "DATA\r\n", "\r\n.\r\n", ".\r\n", "\n.\n", "BDAT 5\r\n",
            "BDAT 0 LAST\r\n", "RSET\r\n", "VRFY \u{e9}\r\n", "HELP\r\n", "EXPN staff\n", "\"", "\\", "@", ">", " SMTPUTF8",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 0_usize..3000).prop_map(|(byte, count)| vec![byte; count]),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

fn any_personality() -> impl Strategy<Value = Personality> {
    prop::sample::select(Personality::ALL.to_vec())
}

/// An address as RFC 5321 writes it.
fn address() -> impl Strategy<Value = String> {
    ("[a-z0-9!#$%&'*+/=?^_{|}~-]{1,20}(\\.[a-zA-Z0-9]{1,9}){0,3}", "[a-z0-9]{1,9}(\\.[a-z][a-z0-9-]{0,9}[a-z0-9]){1,3}")
        .prop_map(|(local, domain)| format!("{local}@{domain}"))
}

proptest! {
    #[test]
    fn any_input_gets_well_formed_replies_that_do_not_depend_on_its_pieces(
        personality in any_personality(), input in scraps(), size in 1_usize..50,
    ) {
        let whole = talk(personality, [input.as_slice()]);
        assert_well_formed(&whole.0);
        prop_assert_eq!(talk(personality, input.chunks(size)), whole);
    }

    #[test]
    fn noise_never_upsets_the_server(personality in any_personality(), input in prop::collection::vec(any::<u8>(), 0..4000)) {
        assert_well_formed(&talk(personality, [input.as_slice()]).0);
    }

    #[test]
    fn every_sound_address_is_read_as_another_reader_reads_it(address in address()) {
        let line = format!("MAIL FROM:<{address}> SIZE=12 BODY=8BITMIME\r\n");
        let read = Request::parse(&mut line.as_bytes().iter());
        let Ok(Request::Mail { from }) = read else { return Err(TestCaseError::reject("not sound after all")) };
        let mut client = Client::greeted(Personality::GrumpySyntax);
        client.ask(&line);
        client.ask(format!("RCPT TO:<{address}>\r\nDATA\r\n.\r\n"));
        let received = &client.server.received()[0];
        prop_assert_eq!(&received.reverse_path, from.address.as_ref());
        prop_assert_eq!(&received.forward_paths[0], &address);
    }
}

#[test]
fn a_flood_of_commands_in_one_packet_is_cut_off_with_421() {
    for personality in Personality::ALL.into_iter().filter(|it| *it != Personality::GrumpySyntax) {
        let mut client = Client::open(personality);
        let until = client.step(Input::Bytes(&b"HELP\n".repeat(100_000)));
        client.wait(until);
        let said = client.take();
        assert!(client.hung_up, "{personality:?}");
        assert!(said.len() < (1 << 20) + 2_000, "{personality:?} answered with {} octets", said.len());
        assert!(said.lines().next_back().is_some_and(|last| last.starts_with("421 ")), "{personality:?}");
        assert_well_formed(&said);
    }
}

#[test]
fn an_endless_line_and_an_endless_mail_do_not_fill_the_memory() {
    let block = vec![b'x'; 1 << 20];
    let mut client = Client::greeted(Personality::AcceptsAll);
    for _ in 0..64 {
        client.step(Input::Bytes(&block));
    }
    assert!(client.ask("\r\n").starts_with("500 5.5.2 Line too long"));
    client.ask("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n");
    for _ in 0..64 {
        client.step(Input::Bytes(&block));
    }
    let size = format!("{:?}", client.server).len();
    assert!(size < 10_000, "the server keeps {size} characters of what it will refuse");
    assert!(client.ask("\r\n.\r\n").starts_with("552 5.3.4 "));
}

#[test]
fn mail_without_end_is_put_off_when_the_storage_is_full() {
    let mut client = Client::greeted(Personality::AcceptsAll);
    let mail = b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n.\r\n".repeat(1000);
    let mut said = String::new();
    for _ in 0..100 {
        said = client.ask(&mail);
    }
    assert!(said.contains("452 4.3.1 "), "{:?}", said.lines().next_back());
    assert!(client.server.received().len() < 100_000);
}

#[test]
fn a_clock_that_runs_backwards_is_survived() {
    let mut server = Practice::new(Personality::Slow, Memory::default());
    server.handle(Now(100_000), Input::Opened);
    server.handle(Now(5), Input::Tick);
    assert_eq!(server.poll(), Output::Idle(Some(Now(104_000))));
    server.handle(Now(u64::MAX), Input::Tick);
    assert!(matches!(server.poll(), Output::Send(_)));
}
