//! DATA and BDAT: content, dots, line ends, sizes.

use ehlo_core::practice::{Input, Personality};

use crate::harness::{Client, assert_well_formed};

const ENVELOPE: &str = "MAIL FROM:<sender@domain.example>\r\nRCPT TO:<recipient@domain.example>\r\n";

fn ready() -> Client {
    let mut client = Client::greeted(Personality::AcceptsAll);
    assert_eq!(client.ask(ENVELOPE), "250 2.1.0 Sender Ok\r\n250 2.1.5 Ok\r\n");
    client
}

/// Sends `content` after DATA; what was answered to it, and what was received.
fn data(content: &[u8]) -> (String, Option<Vec<u8>>) {
    let mut client = ready();
    assert_eq!(client.ask("DATA\r\n"), "354 Enter mail, end with \".\" on a line by itself\r\n");
    let said = client.ask(content);
    assert_well_formed(&said);
    (said, client.server.received().first().map(|mail| mail.bytes.clone()))
}

#[test]
fn doubled_dots_are_undone_and_only_at_the_start_of_a_line() {
    for (sent, kept) in [
        (".\r\n", ""),
        ("Hello\r\n.\r\n", "Hello\r\n"),
        ("..\r\n.\r\n", ".\r\n"),
        ("...\r\n..a\r\na..b\r\n.\r\n", "..\r\n.a\r\na..b\r\n"),
        (".a\r\n\r\n.\r\n", "a\r\n\r\n"),
        ("a.\r\n.\r\n", "a.\r\n"),
    ] {
        let (said, received) = data(sent.as_bytes());
        assert!(said.starts_with("250 2.0.0 Ok: queued as "), "{sent:?}: {said}");
        assert_eq!(received.as_deref(), Some(kept.as_bytes()), "{sent:?}");
    }
}

#[test]
fn only_cr_lf_dot_cr_lf_ends_a_mail() {
    for smuggled in
        ["\n.\r\n", "\n.\n", "\r\n.\n", "\r.\r\n", "\r.\r", "\r\n.\r", "\r\n.\rX", "\r\n.\r\r\n", "\n\n.\r\n"]
    {
        let (said, _) = data(format!("Hello{smuggled}").as_bytes());
        assert_eq!(said, "", "{smuggled:?} was taken for the end");
        let (said, received) = data(format!("Hello{smuggled}MAIL FROM:<x@y.example>\r\n.\r\n").as_bytes());
        assert!(said.starts_with("550 5.6.0 "), "{smuggled:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{smuggled:?} made two replies: {said}");
        assert_eq!(received, None);
    }
}

#[test]
fn eight_bit_octets_and_nul_are_kept() {
    let (_, received) = data(b"\x00\xff\xc3\xa4\r\n.\r\n");
    assert_eq!(received.as_deref(), Some(&b"\x00\xff\xc3\xa4\r\n"[..]));
}

#[test]
fn a_mail_beyond_the_size_limit_is_read_to_its_end_and_refused() {
    let mut client = ready();
    client.ask("DATA\r\n");
    let block = [b"x".repeat(998).as_slice(), b"\r\n"].concat();
    let mut sent = 0;
    while sent <= 10_485_760 {
        client.step(Input::Bytes(&block));
        sent += block.len();
    }
    assert!(client.ask(".\r\n").starts_with("552 5.3.4 "));
    assert!(client.server.received().is_empty());
    assert_eq!(client.ask(ENVELOPE), "250 2.1.0 Sender Ok\r\n250 2.1.5 Ok\r\n");
}

#[test]
fn a_mail_of_exactly_the_size_limit_is_taken_and_the_next_one_finds_no_room() {
    let mut client = ready();
    let text = [b"y".repeat(10_485_758).as_slice(), b"\r\n"].concat();
    client.ask("DATA\r\n");
    assert!(client.ask([&text, &b".\r\n"[..]].concat()).starts_with("250 2.0.0 "));
    assert!(client.ask("MAIL FROM:<> SIZE=10485760\r\n").starts_with("452 4.3.1 "));
    client.ask(format!("{ENVELOPE}DATA\r\n"));
    assert!(client.ask([&text, &b".\r\n"[..]].concat()).starts_with("452 4.3.1 "));
    assert_eq!(client.server.received().len(), 1);
}

#[test]
fn a_whole_conversation_in_one_packet_is_answered_in_order() {
    let mut client = Client::open(Personality::AcceptsAll);
    client.take();
    let said = client.ask(
        "EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<bad>\r\nDATA\r\nHi\r\n.\r\n\
         MAIL FROM:<>\r\nRCPT TO:<e@f.example>\r\nDATA\r\nBounce\r\n.\r\nQUIT\r\n",
    );
    assert_well_formed(&said);
    let codes: Vec<_> =
        said.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| line[..3].to_owned()).collect();
    assert_eq!(codes, ["250", "250", "250", "501", "354", "250", "250", "250", "354", "250", "221"]);
    let paths: Vec<_> = client
        .server
        .received()
        .iter()
        .map(|mail| (mail.reverse_path.as_str(), mail.forward_paths.as_slice()))
        .collect();
    assert_eq!(paths, [("a@b.example", &["c@d.example".to_owned()][..]), ("", &["e@f.example".to_owned()][..])]);
}

#[test]
fn each_mail_has_its_own_queue_id_and_the_reply_names_it() {
    let mut client = ready();
    let first = client.ask("DATA\r\nHi\r\n.\r\n");
    client.ask(ENVELOPE);
    let second = client.ask("DATA\r\nHi\r\n.\r\n");
    let ids: Vec<_> = client.server.received().iter().map(|mail| mail.queue_id.clone()).collect();
    assert!(first.ends_with(&format!("250 2.0.0 Ok: queued as {}\r\n", ids[0])), "{first}");
    assert!(second.ends_with(&format!("250 2.0.0 Ok: queued as {}\r\n", ids[1])), "{second}");
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn source_routes_are_left_out_of_what_was_received() {
    let mut client = Client::greeted(Personality::AcceptsAll);
    client.ask("MAIL FROM:<@x.example:a@b.example>\r\nRCPT TO:<@x.example,@y.example:c@d.example>\r\nDATA\r\n.\r\n");
    let mail = &client.server.received()[0];
    assert_eq!((mail.reverse_path.as_str(), mail.forward_paths[0].as_str()), ("a@b.example", "c@d.example"));
}

#[test]
fn chunks_are_put_together_as_they_are() {
    let mut client = ready();
    assert!(client.ask("BDAT 7\r\n..a\r\n.\r").starts_with("250 2.0.0 "));
    assert!(client.ask("bdat 1\r\n\n").starts_with("250 2.0.0 "));
    assert!(client.ask("DATA\r\n").starts_with("503 5.5.1 "));
    assert!(client.ask("RCPT TO:<x@y.example>\r\n").starts_with("503 5.5.1 "));
    assert!(client.ask("BDAT 0 LAST\r\n").starts_with("250 2.0.0 Ok: queued as "));
    assert_eq!(client.server.received()[0].bytes, b"..a\r\n.\r\n");
    assert!(client.ask("BDAT 0 LAST\r\n").starts_with("503 5.5.1 "));
}

#[test]
fn the_octets_of_a_refused_chunk_are_not_taken_for_commands() {
    let mut client = Client::greeted(Personality::AcceptsAll);
    let said = client.ask("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
    assert!(said.starts_with("503 5.5.1 ") && said.ends_with("\r\n250 2.0.0 Ok\r\n"), "{said}");
    client.ask("MAIL FROM:<>\r\nRCPT TO:<bad>\r\n");
    assert!(client.ask("BDAT 6\r\nQUIT\r\n").starts_with("554 5.5.1 "));
    for wrong in ["BDAT", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 1 FIRST", "BDAT 1 LAST 2", "BDAT 99999999999999999999"]
    {
        assert!(client.ask(format!("{wrong}\r\n")).starts_with("501 5.5.4 "), "{wrong}");
    }
}

#[test]
fn chunks_beyond_the_size_limit_are_refused_until_rset() {
    let mut client = ready();
    client.step(Input::Bytes(b"BDAT 10485761\r\n"));
    let block = vec![b'x'; 10_485_761];
    assert!(client.ask(&block).starts_with("552 5.3.4 "));
    assert!(client.ask("BDAT 2\r\nhi").starts_with("503 5.5.1 "));
    client.ask("RSET\r\n");
    client.ask(ENVELOPE);
    assert!(client.ask("BDAT 2 LAST\r\nhi").starts_with("250 2.0.0 "));
    assert_eq!(client.server.received()[0].bytes, b"hi");
}
