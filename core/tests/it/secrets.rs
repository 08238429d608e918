//! A password that was typed is sent, and found nowhere else.

use ehlo_core::machine::{Action, Closed, Input, Output, Session, TypedEnd};
use ehlo_core::reading::lint::{complete, lint};
use ehlo_core::setup::Setup;
use ehlo_core::time::Now;

const SECRET: &str = "c2VjcmV0LXBsYW50ZWQ=";

/// Everything of `session` that can be seen or that leaves, but for what is sent.
fn seen(session: &Session) -> String {
    let view = serde_json::to_string(&session.view()).unwrap();
    let entries = serde_json::to_string(&session.entries(0)).unwrap();
    let advice = format!("{:?} {:?}", lint(session.case(), "NOOP"), complete(session.case(), ""));
    [
        format!("{session:?}"),
        view,
        entries,
        advice,
        session.json(),
        session.markdown(),
        session.plain(),
        session.talk().to_string(),
    ]
    .join("\n")
}

fn hidden(session: &Session, when: &str) {
    let seen = seen(session);
    let as_numbers = format!("{:?}", SECRET.as_bytes());
    for form in [SECRET, as_numbers.trim_matches(['[', ']'])] {
        assert!(!seen.contains(form), "{when}: {seen}");
    }
}

/// Types `lines`, each answered by what stands beside it, and returns what was sent.
fn talk(lines: &[(&str, TypedEnd, &str)]) -> (Session, String) {
    let setup = Setup { practice: Some("accepting".into()), ..Setup::default() };
    let mut session = Session::new(Now(0), setup);
    let mut sent = Vec::new();
    session.handle(Now(0), Input::Opened).unwrap();
    session.handle(Now(0), Input::Bytes(b"220 mx.example\r\n")).unwrap();
    let ehlo = ("EHLO c.example", TypedEnd::CrLf, "250-mx.example\r\n250 AUTH PLAIN LOGIN\r\n");
    for (line, end, answer) in [ehlo].iter().chain(lines) {
        let action = Action::Send { line: (*line).to_owned(), end: *end };
        session.handle(Now(0), Input::Do(action)).unwrap();
        // Before the outputs are taken they are part of the session.
        hidden(&session, line);
        loop {
            match session.poll() {
                Output::Idle(_) => break,
                output => {
                    assert!(!format!("{output:?}").contains(SECRET));
                    if let Output::Send(octets) = output {
                        sent.extend(octets);
                    }
                }
            }
        }
        session.handle(Now(0), Input::Bytes(answer.as_bytes())).unwrap();
        hidden(&session, line);
    }
    session.handle(Now(0), Input::Closed(Closed::Practice)).unwrap();
    hidden(&session, "at the end");
    (session, String::from_utf8(sent).unwrap())
}

#[test]
fn an_initial_response_is_sent_and_found_nowhere_else() {
    for line in
        ["AUTH PLAIN %", "auth plain %", " AUTH PLAIN %", "AUTH\tPLAIN\t%", "AUTH  PLAIN   %", "AUHT PLAIN %", "AUTH %"]
    {
        let line = line.replace('%', SECRET);
        let (_, sent) = talk(&[(&line, TypedEnd::CrLf, "235 ok\r\n")]);
        assert!(sent.contains(&line), "{sent}");
    }
}

#[test]
fn the_answers_to_334_are_sent_and_found_nowhere_else() {
    let question = "334 VXNlcm5hbWU6\r\n";
    let (session, sent) = talk(&[
        ("AUTH LOGIN", TypedEnd::CrLf, question),
        (SECRET, TypedEnd::CrLf, question),
        (SECRET, TypedEnd::Lf, "235 ok\r\n"),
    ]);
    assert_eq!(sent.matches(SECRET).count(), 2);
    assert_eq!(session.record().replies().last().map(|reply| reply.code), Some(235));
}

#[test]
fn answers_that_are_typed_ahead_of_their_question_are_hidden_too() {
    let (_, sent) = talk(&[
        ("AUTH LOGIN", TypedEnd::CrLf, ""),
        (SECRET, TypedEnd::CrLf, ""),
        (SECRET, TypedEnd::CrLf, "334 \r\n334 \r\n235 ok\r\n"),
    ]);
    assert_eq!(sent.matches(SECRET).count(), 2);
}

#[test]
fn an_initial_response_that_is_typed_in_pieces_is_hidden() {
    let (_, sent) = talk(&[("AUTH PLAIN ", TypedEnd::None, ""), (SECRET, TypedEnd::CrLf, "235 ok\r\n")]);
    assert!(sent.contains(&format!("AUTH PLAIN {SECRET}\r\n")), "{sent}");
}

#[test]
fn advice_on_a_line_does_not_repeat_the_secret_in_it() {
    let setup = Setup { practice: Some("accepting".into()), ..Setup::default() };
    let mut session = Session::new(Now(0), setup);
    session.handle(Now(0), Input::Opened).unwrap();
    session.handle(Now(0), Input::Bytes(b"220 mx.example\r\n")).unwrap();
    for line in ["AUTH PLAIN %", " AUTH PLAIN %", "AUTH PLAIN % ", "AUTH: PLAIN %", "AUHT PLAIN %"] {
        let advice = format!("{:?}", lint(session.case(), &line.replace('%', SECRET)));
        assert!(!advice.contains(SECRET), "{line}: {advice}");
    }
}

#[test]
fn the_relays_token_and_what_is_typed_are_hidden_in_debug() {
    let setup = Setup::from_json(&format!(r#"{{"host":"mx.example","token":"{SECRET}"}}"#)).unwrap();
    assert!(!format!("{setup:?}").contains(SECRET));
    let mut session = Session::new(Now(0), setup);
    session.handle(Now(0), Input::Reached).unwrap();
    hidden(&session, "with a token");
    let action = Action::Send { line: SECRET.into(), end: TypedEnd::CrLf };
    assert!(!format!("{:?}", Input::Do(action)).contains(SECRET));
}
