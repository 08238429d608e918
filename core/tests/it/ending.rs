//! Every way in which a connection can end has its own sentence, and most a word on what to try.

use std::collections::HashMap;

use ehlo_core::export::view::EndingView;
use ehlo_core::machine::{Closed, Input, Session, Setup, SocketContext};
use ehlo_core::time::Now;
use ehlo_core::tunnel::Code;

use crate::stage::after;

fn ending(talk: &str) -> EndingView {
    after(talk).view().ending.unwrap_or_else(|| panic!("not ended: {talk}"))
}

const GREETED: &str = "@ call mx.example 25\n@ connected 9 192.0.2.1 25 - -\nS: 220 mx.example\n";

/// The end of a talk, its stable word, who ended it, and whether there is advice.
const ENDS: &[(&str, &str, &str, bool)] = &[
    ("C: QUIT\nS: 221 bye\n@ eof\n", "quit", "you", false),
    ("C: QUIT\n@ eof\n", "quit", "you", false),
    ("@ hang-up\n", "hung-up", "you", false),
    ("@ closed target done\n", "server-closed", "server", true),
    ("@ closed target reset\n", "reset", "server", true),
    ("S: 421 bye\n@ eof\n", "server-closing", "server", true),
    ("@ closed relay idle\n", "relay-cut", "relay", true),
    ("@ closed relay lifetime\n", "relay-cut", "relay", true),
    ("@ closed relay byte_limit\n", "relay-cut", "relay", true),
    ("@ closed relay going_away\n", "relay-cut", "relay", true),
    ("@ closed relay too_big\n", "relay-cut", "relay", true),
    ("@ closed relay internal\n", "relay-cut", "relay", true),
    ("@ relay-lost 1006\n", "relay-lost", "network", true),
];

#[test]
fn every_ending_of_a_conversation_has_a_sentence_of_its_own_and_says_who_ended_it() {
    let mut sentences: HashMap<String, &str> = HashMap::new();
    for (end, word, by, advised) in ENDS {
        let ending = ending(&[GREETED, end].concat());
        assert_eq!((ending.kind, ending.by), (*word, *by), "{end}");
        assert_eq!(!ending.advice.is_empty(), *advised, "{end}: {:?}", ending.advice);
        assert!(ending.sentence.ends_with('.'), "{}", ending.sentence);
        let other = sentences.insert(ending.sentence, end);
        assert_eq!(other, None, "{end}");
    }
}

#[test]
fn every_wait_that_is_given_up_has_a_sentence_and_advice() {
    for talk in [
        "@ unattended\n@ at 20000\n@ overdue\n",
        "@ unattended\n@ call mx.example 25\n@ at 40000\n@ overdue\n",
        "@ unattended\n@ call mx.example 25\n@ connected 9 192.0.2.1 25 - -\n@ at 300000\n@ overdue\n",
    ] {
        let ending = ending(talk);
        assert_eq!((ending.kind, ending.by), ("timed-out", "ehlo"));
        assert!(ending.sentence.ends_with('.') && !ending.advice.is_empty(), "{talk}");
    }
}

#[test]
fn no_relay_has_three_sentences_and_advice_for_each() {
    let mut sentences: Vec<String> = ["https-page", "local-network", "silent"]
        .map(|why| {
            let ending = ending(&format!("@ no-relay {why} ws://relay.example/relay\n"));
            assert!(!ending.advice.is_empty(), "{why}");
            ending.sentence
        })
        .into();
    sentences.dedup();
    assert_eq!(sentences.len(), 3);
}

#[test]
fn every_refusal_of_the_relay_has_a_sentence_of_its_own_and_advice() {
    let mut sentences: HashMap<String, Code> = HashMap::new();
    for code in Code::ALL {
        let ending = ending(&format!("@ call mx.example 25\n@ refused {} - \n", code.word()));
        assert_eq!(ending.kind, "relay-refused");
        assert!(!ending.advice.is_empty(), "{code:?}");
        assert!(!ending.sentence.contains("  ") && ending.sentence.ends_with('.'), "{}", ending.sentence);
        let other = sentences.insert(ending.sentence.clone(), code);
        assert_eq!(other, None, "{code:?}: {}", ending.sentence);
    }
}

#[test]
fn a_page_that_finds_no_relay_is_told_which_origin_to_allow() {
    for (page_origin, named) in
        [("https://docs.example", "--allow-origin https://docs.example"), ("null", "the page's address")]
    {
        let mut session = Session::new(Now(0), Setup { host: "mx.example".into(), ..Setup::default() });
        let context = SocketContext { page_origin: page_origin.into(), ..SocketContext::default() };
        session.handle(Now(1), Input::Closed(Closed::Socket { code: 1006, context })).unwrap();
        let advice = session.view().ending.unwrap().advice.join(" ");
        assert!(advice.contains(named), "{advice}");
    }
}

#[test]
fn a_relay_that_was_reached_is_lost_and_one_that_never_answered_is_missing() {
    for (reached, how) in [(true, "relay-lost"), (false, "no-relay")] {
        let mut session = Session::new(Now(0), Setup { host: "mx.example".into(), ..Setup::default() });
        let context = SocketContext { reached, ..SocketContext::default() };
        session.handle(Now(1), Input::Closed(Closed::Socket { code: 1006, context })).unwrap();
        assert_eq!(session.record().ending().map(|ending| ending.how.word()), Some(how));
    }
    let mut session = after("@ call mx.example 25\n@ connected 1 192.0.2.1 25 - -\n");
    session.handle(Now(1), Input::Closed(Closed::Socket { code: 1006, context: SocketContext::default() })).unwrap();
    assert_eq!(session.record().ending().map(|ending| ending.how.word()), Some("relay-lost"));
}

#[test]
fn a_conversation_without_a_relay_never_speaks_of_one() {
    let talks = crate::talks::all().into_iter().filter(|(name, _)| name.starts_with("direct-"));
    let mut seen = 0;
    for (name, talk) in talks {
        seen += 1;
        let session = crate::stage::play(&name, &talk, crate::stage::Pieces::Whole)
            .unwrap_or_else(|wrong| panic!("{wrong}"))
            .session;
        let mut told = vec![session.json(), session.markdown(), session.plain()];
        told.push(serde_json::to_string(&session.view()).unwrap());
        // Whose side an entry is on is a word for the page, and no sentence.
        let told = told.join("\n").replace(r#""side":"relay""#, "");
        assert!(!told.contains("relay"), "{name}: {told}");
    }
    assert!(seen >= 4, "{seen} talks");
}

/// A port, the relay's reason, and words of the first advice.
const FIRST_ADVICE: &[(u16, &str, &str)] = &[
    (25, "no_such_host", "Check the spelling"),
    (25, "dns_failed", "Try the server's IP address"),
    (25, "dns_timeout", "Try the server's IP address"),
    (25, "connect_refused", "Is the mail server running"),
    (25, "connect_timeout", "Port 25 is often blocked"),
    (587, "connect_timeout", "A firewall, here or there"),
    (25, "unreachable", "An IPv6 address without IPv6"),
    (25, "not_smtp", "Check the port"),
    (465, "not_smtp", "choose \u{201C}TLS at once\u{201D}"),
    (2465, "not_smtp", "choose \u{201C}TLS at once\u{201D}"),
    (25, "forbidden", "Mail ports only"),
    (25, "unauthorized", "Ask the relay's operator"),
    (25, "busy", "Wait a moment"),
    (25, "internal", "The relay's log"),
];

#[test]
fn the_first_advice_on_a_refusal_is_about_its_reason() {
    for (port, code, words) in FIRST_ADVICE {
        let advice = ending(&format!("@ call mx.example {port}\n@ refused {code} - \n")).advice;
        assert!(advice[0].contains(words), "{port} {code}: {advice:?}");
    }
}

#[test]
fn the_first_advice_without_a_relay_is_about_its_reason_too() {
    for (port, code, words) in FIRST_ADVICE.iter().filter(|(_, code, _)| {
        ["no_such_host", "dns_failed", "dns_timeout", "connect_refused", "connect_timeout", "unreachable"]
            .contains(code)
    }) {
        let advice = ending(&format!("@ dial mx.example {port}\n@ not-connected {code}\n")).advice;
        assert!(advice[0].contains(words), "{port} {code}: {advice:?}");
        assert!(!advice.concat().contains("relay"), "{port} {code}: {advice:?}");
    }
}

#[test]
fn the_advice_after_an_end_depends_on_what_was_waited_for() {
    let mail = "C: EHLO c\nS: 250 mx\nC: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@mx.example>\nS: 250 ok\nC: DATA\nS: 354 go\n\
                C: Subject: x\nC: .\n";
    let closed = "@ closed target done\n";
    let ungreeted = GREETED.replace("S: 220 mx.example\n", "");
    for (talk, words) in [
        ([&ungreeted, closed].concat(), "Servers close without a greeting"),
        ([GREETED, closed].concat(), "The server's log says why it closed"),
        ([GREETED, mail, closed].concat(), "Nobody can tell from here whether the message was taken"),
        ([GREETED, mail, "@ hang-up\n"].concat(), "The message may have been taken"),
        ([GREETED, "@ closed target reset\n"].concat(), "The server's log says why it closed"),
        ([GREETED, "S: 421 too busy\n@ eof\n"].concat(), "The text behind 421 or 221"),
        ([GREETED, "@ closed relay idle\n"].concat(), "begin again when you are ready"),
        ([GREETED, "@ closed relay lifetime\n"].concat(), "The settings are kept: begin again."),
    ] {
        let advice = ending(&talk).advice;
        assert!(advice[0].contains(words), "{talk}: {advice:?}");
    }
}
