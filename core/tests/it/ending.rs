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
