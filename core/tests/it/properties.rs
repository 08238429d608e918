//! What holds for any input, tried with inputs by chance.

use ehlo_core::machine::{Action, Input, Output, Secured, Session, Setup, TypedEnd};
use ehlo_core::printable;
use ehlo_core::record::talk::{escape, unescape};
use ehlo_core::time::Now;
use ehlo_core::tls::Report;
use ehlo_core::wire::body::{WireMessage, received};
use ehlo_core::wire::rules::Phase;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::oracles;

/// Octets of which many are line ends, digits and the like.
fn wire_octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        Just(b'\r'),
        Just(b'\n'),
        Just(b' '),
        Just(b'-'),
        Just(b'.'),
        b'0'..=b'9',
        b'a'..=b'z',
        any::<u8>()
    ];
    vec(octet, 0..most)
}

/// Server text in which most lines are replies.
fn replies() -> impl Strategy<Value = Vec<u8>> {
    let line = (
        200_u16..600,
        prop_oneof![Just(" "), Just("-"), Just("")],
        wire_octets(30),
        prop_oneof![
            4 => Just(&b"\r\n"[..]),
            1 => Just(&b"\n"[..]),
            1 => Just(&b""[..])
        ],
    );
    vec(line, 0..12).prop_map(|lines| {
        let one = |(code, mark, text, end): (u16, &str, Vec<u8>, &[u8])| {
            [format!("{code}{mark}").as_bytes(), &text, end].concat()
        };
        lines.into_iter().flat_map(one).collect()
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn replies_are_the_same_in_whatever_pieces_they_come(size in any::<u8>(), said in replies()) {
        oracles::reply_reader(&[&[size], &said[..]].concat());
    }

    #[test]
    fn the_reader_loses_no_octet_of_any_input(data in wire_octets(400)) {
        oracles::reply_reader(&data);
    }

    #[test]
    fn a_talk_keeps_any_octets(bytes in wire_octets(80)) {
        prop_assert_eq!(unescape(&escape(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn what_a_talk_writes_is_one_harmless_line(bytes in vec(any::<u8>(), 0..80)) {
        oracles::harmless(&escape(&bytes));
        prop_assert!(!escape(&bytes).contains('\n'));
    }

    #[test]
    fn a_receiver_gets_the_message_that_was_given(message in wire_octets(200)) {
        let wire = WireMessage::of(&message);
        let back = received(&wire.octets);
        let whole = if wire.completed { [&message[..], b"\r\n"].concat() } else { message };
        prop_assert_eq!(back, whole);
        prop_assert!(wire.octets == b".\r\n" || wire.octets.ends_with(b"\r\n.\r\n"));
        prop_assert!(!wire.octets[..wire.octets.len() - 3].windows(5).any(|five| five == b"\r\n.\r\n"));
    }

    #[test]
    fn nothing_that_is_shown_turns_or_controls_anything(text in any::<String>(), bytes in vec(any::<u8>(), 0..80)) {
        for shown in [printable::text(text.as_bytes()), printable::text(&bytes)] {
            oracles::harmless(&shown);
            prop_assert!(!shown.contains('\n'));
        }
    }

    #[test]
    fn any_typed_line_is_read_judged_and_masked(line in any::<String>()) {
        oracles::command(line.as_bytes());
    }

    #[test]
    fn mail_and_rcpt_in_any_shape_are_read(
        verb in "(MAIL|mail|RCPT|rcpt):? ?(FROM|from|TO|to)? ?:? ?", path in "<?[ -~]{0,20}>?", tail in "( [A-Z]+=?[ -~]{0,8}){0,2}",
    ) {
        oracles::command(format!("{verb}{path}{tail}").as_bytes());
    }

    #[test]
    fn whatever_can_be_read_as_a_talk_can_be_held_and_read_again(lines in vec(line_of_a_talk(), 0..20)) {
        oracles::talk(lines.join("\n").as_bytes());
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_conversation_survives_whatever_happens(data in vec(any::<u8>(), 0..160)) {
        oracles::session(&data);
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn what_comes_behind_the_220_of_starttls_is_kept_and_never_a_reply(
        behind in prop_oneof![replies(), wire_octets(200)], size in 1_usize..40,
    ) {
        let setup = Setup { practice: Some("accepting".into()), ..Setup::default() };
        let mut session = Session::new(Now(0), setup);
        let handle = |session: &mut Session, input: Input<'_>| {
            session.handle(Now(0), input).unwrap();
            while !matches!(session.poll(), Output::Idle(_)) {}
        };
        handle(&mut session, Input::Opened);
        handle(&mut session, Input::Bytes(b"220 mx.example\r\n"));
        for (line, answer) in [("EHLO c", &b"250-mx\r\n250 STARTTLS\r\n"[..]), ("STARTTLS", b"")] {
            handle(&mut session, Input::Do(Action::Send { line: line.into(), end: TypedEnd::CrLf }));
            handle(&mut session, Input::Bytes(answer));
        }
        for piece in [&b"220 go\r\n"[..], &behind].concat().chunks(size) {
            handle(&mut session, Input::Bytes(piece));
        }
        prop_assert_eq!(session.record().replies().len(), 3);
        let entries = session.record().transcript().entries();
        let kept: Vec<u8> = session.record().tls().behind.iter().flat_map(|&id| entries[id].bytes.clone()).collect();
        prop_assert_eq!(kept, behind);
        let report = Box::new(Report::from_json(crate::planted::TRUSTED).unwrap());
        handle(&mut session, Input::Secured(Secured { report, binding: None }));
        prop_assert_eq!(session.record().replies().len(), 3);
        prop_assert!(session.record().capabilities().extensions.is_empty());
        prop_assert_eq!(session.record().phase(), Phase::Start);
    }
}

fn line_of_a_talk() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "S: (220|250|354|550|421|221|334)[ -](ok)?",
        4 => "C: (EHLO c|MAIL FROM:<a@b>|RCPT TO:<c@d>|DATA|BDAT 4|BDAT 3 LAST|QUIT|RSET|AUTH LOGIN|x|\\.)",
        1 => "C: [ -\\[\\]-~]{0,20}(\\\\n|\\\\c|\\\\x00|\\\\r)?",
        1 => "S: [ -\\[\\]-~]{0,20}(\\\\n|\\\\c|\\\\x00|\\\\r)?",
        1 => "@ at [0-9]{1,7}",
        1 => "@ (omitted 5|protocol lmtp|eof|overdue|hang-up|flood|unattended|run|closed target done|closed relay idle|relay-lost 1006|practice slow|call mx.example 25|refused busy - no)",
        1 => "[=!#] ?[a-z ]{0,12}",
    ]
}
