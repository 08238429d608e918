//! Another library as a second opinion: where it is right, both read the same.

use ehlo_core::wire::command::{Command, Verb};
use ehlo_core::wire::reply::ReplyReader;
use proptest::prelude::*;
use smtp_proto::Request;
use smtp_proto::response::parser::ResponseReceiver;

/// Addresses as RFC 5321 §4.1.2 forms them, without quoting.
fn address() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9+_-]{0,10}(\\.[a-z0-9]{1,5})?@[a-z][a-z0-9-]{0,8}[a-z]\\.(example|test)"
}

/// Code and text of every reply, as we read them.
fn ours(input: &[u8]) -> Vec<(u16, String)> {
    let mut all = Vec::new();
    let mut reader = ReplyReader::default();
    reader.feed(input, |read| {
        if let Some(reply) = read.reply {
            all.push((reply.code, lines(reply.texts().map(String::from_utf8_lossy))));
        }
    });
    all
}

fn lines<'a>(texts: impl Iterator<Item = std::borrow::Cow<'a, str>>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}

/// The same, as the other reads them; its text has CR in it and lacks the enhanced status code.
fn theirs(input: &[u8]) -> Vec<(u16, String)> {
    let mut all = Vec::new();
    let (mut receiver, mut octets) = (ResponseReceiver::default(), input.iter());
    while let Ok(reply) = receiver.parse(&mut octets) {
        all.push((reply.code(), reply.message().replace('\r', "").trim_end_matches('\n').to_owned()));
        receiver.reset();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn well_formed_mail_commands_are_read_alike(from in address(), size in 0_u32..1_000_000, with_size in any::<bool>()) {
        let size = if with_size { format!(" SIZE={size} BODY=8BITMIME") } else { String::new() };
        let line = format!("MAIL FROM:<{from}>{size}\r\n");
        let Ok(Request::Mail { from: theirs }) = Request::parse(&mut line.as_bytes().iter()) else {
            return Err(TestCaseError::fail(line));
        };
        let ours = Command::of(&line);
        let path = ours.path().unwrap();
        prop_assert_eq!(ours.verb, Verb::Mail);
        prop_assert_eq!(path.address, &theirs.address);
        prop_assert_eq!(path.param("SIZE").map_or(0, |size| size.parse().unwrap()), theirs.size);
        prop_assert_eq!(path.param("body").is_some(), theirs.flags & smtp_proto::MAIL_BODY_8BITMIME != 0);
    }

    #[test]
    fn well_formed_rcpt_commands_are_read_alike(to in address()) {
        let line = format!("rcpt to:<{to}>\r\n");
        let Ok(Request::Rcpt { to: theirs }) = Request::parse(&mut line.as_bytes().iter()) else {
            return Err(TestCaseError::fail(line));
        };
        prop_assert_eq!(Command::of(&line).path().unwrap().address, &theirs.address);
    }

    #[test]
    fn well_formed_replies_are_read_alike(
        replies in proptest::collection::vec((200_u16..556, proptest::collection::vec("[A-Za-z][ -~]{0,40}", 1..5)), 1..6),
    ) {
        let mut input = String::new();
        for (code, texts) in &replies {
            for (at, text) in texts.iter().enumerate() {
                let mark = if at + 1 < texts.len() { '-' } else { ' ' };
                input.push_str(&format!("{code}{mark}{text}\r\n"));
            }
        }
        prop_assert_eq!(ours(input.as_bytes()), theirs(input.as_bytes()));
    }
}

#[test]
fn enhanced_status_codes_at_the_start_are_read_alike() {
    for text in ["2.1.0 Ok", "5.7.1 Relay access denied", "4.4.2 Timeout", "5.7.26 unauthenticated"] {
        let line = format!("250 {text}\r\n");
        let theirs = ResponseReceiver::default().parse(&mut line.as_bytes().iter()).unwrap();
        let ours = ehlo_core::wire::enhanced::Enhanced::at_start(text.as_bytes()).unwrap();
        assert_eq!([ours.class, ours.subject, ours.detail].map(|part| part as u8), theirs.esc, "{text}");
    }
}
