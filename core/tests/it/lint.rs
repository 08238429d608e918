//! Advice on a line before it is sent: each kind where it belongs, and none on a good line.

use ehlo_core::reading::lint::{Advice, Gravity, complete, lint};

use crate::stage::{after, at};

use Gravity::{Error, Hint, Warning};

/// Phase, line, gravity, words of the message, and the line as it was meant.
type Row = (&'static str, &'static str, Gravity, &'static str, Option<&'static str>);

const ADVISED: &[Row] = &[
    ("idle", "MAIL FROM:a@b.example", Error, "brackets < > are missing", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL FROM:a@b.example>", Error, "opening angle bracket", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL FROM:<a@b.example", Error, "closing angle bracket", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL FROM:<a@b.example SIZE=9", Error, "closing angle bracket", Some("MAIL FROM:<a@b.example> SIZE=9")),
    ("idle", "MAIL FROM: <a@b.example>", Warning, "No space belongs around the colon", Some("MAIL FROM:<a@b.example>")),
    ("idle", "mail from: <a@b.example>", Warning, "No space belongs around the colon", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL FROM :<a@b.example>", Warning, "No space belongs around the colon", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL FROM <a@b.example>", Error, "A colon belongs behind FROM", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL <a@b.example>", Error, "followed by FROM:", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL: FROM:<a@b.example>", Error, "No colon behind MAIL", Some("MAIL FROM:<a@b.example>")),
    ("idle", "MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>", Error, "two commands", None),
    ("idle", "NOOP\r", Error, "A CR or LF", Some("NOOP")),
    ("idle", " NOOP", Error, "first column", Some("NOOP")),
    ("idle", "NOOP ", Hint, "Spaces at the end", Some("NOOP")),
    ("idle", "NOOP \x07", Warning, "Control characters", None),
    ("idle", "", Error, "An empty line is no command", None),
    ("idle", "MIAL FROM:<a@b.example>", Error, "MAIL is", Some("MAIL FROM:<a@b.example>")),
    ("idle", "QIT", Error, "QUIT is", Some("QUIT")),
    ("idle", "QUITT", Error, "QUIT is", Some("QUIT")),
    ("idle", "QUOT", Error, "QUIT is", Some("QUIT")),
    ("idle", "QUTI", Error, "QUIT is", Some("QUIT")),
    ("idle", "QUIET", Error, "QUIT is", Some("QUIT")),
    ("idle", "QOIX", Warning, "no command that Ehlo knows", None),
    ("idle", "QUITTO", Warning, "no command that Ehlo knows", None),
    ("idle", "GET / HTTP/1.0", Warning, "no command that Ehlo knows", None),
    ("idle", "RCPT TO:<c@d.example>", Warning, "MAIL FROM has to come first", None),
    ("idle", "DATA", Warning, "MAIL FROM has to come first", None),
    ("start", "MAIL FROM:<a@b.example>", Warning, "EHLO has to come first", None),
    ("mail", "MAIL FROM:<a@b.example>", Warning, "a mail is open already", None),
    ("mail", "DATA", Warning, "no recipient has been accepted yet", None),
    ("rcpt", "STARTTLS", Warning, "not while a mail is open", None),
    ("rcpt", "DATA now", Warning, "Nothing belongs behind DATA", Some("DATA")),
    ("mail", "RCPT TO:<>", Error, "must not be empty", None),
    ("mail", "RCPT TO:<c@d.example, e@f.example>", Error, "One address a command", None),
    ("mail", "RCPT TO:<\"a b@d.example>", Error, "quotation mark in the address is not closed", None),
    ("mail", "RCPT TO:<nobody>", Warning, "no @ and no domain", None),
    ("mail", "RCPT TO:<c@d.example> NOTIFY=NEVER", Warning, "did not offer DSN", None),
    ("mail", "RCPT TO:<jürgen@d.example>", Warning, "did not offer SMTPUTF8", None),
    ("idle", "MAIL FROM:<a@b.example> BODY=8BITMIME", Warning, "did not offer 8BITMIME", None),
    ("idle", "MAIL FROM:<a@b.example> SIZE=1001", Warning, "takes 1000 octets at most", None),
    ("idle", "MAIL FROM:<a@b.example> COLOUR=RED", Hint, "COLOUR is no parameter", None),
    ("idle", "MAIL FROM:<>", Hint, "null reverse-path is for bounces", None),
    ("idle", "STARTTLS", Warning, "did not offer STARTTLS", None),
    ("idle", "AUTH PLAIN", Warning, "did not offer AUTH", None),
    ("idle", "ETRN b.example", Warning, "did not offer ETRN", None),
    ("rcpt", "BDAT 10 LAST", Warning, "did not offer CHUNKING", None),
    ("start", "EHLO", Error, "followed by the name", None),
    ("start", "EHLO 192.0.2.1", Warning, "square brackets", Some("EHLO [192.0.2.1]")),
    ("start", "EHLO 2001:db8::1", Warning, "square brackets", Some("EHLO [IPv6:2001:db8::1]")),
    ("start", "EHLO localhost", Hint, "full name", None),
    ("start", "EHLO my_host.example", Hint, "underscore", None),
    ("start", "HELO one two", Warning, "one word", None),
    ("data", ".", Hint, "ends the message", None),
    ("data", ".dot", Warning, "takes the first dot off", Some("..dot")),
    ("data", "a\rb", Warning, "lone CR or LF", None),
];

/// Lines on which there is nothing to say.
const GOOD: &[(&str, &str)] = &[
    ("start", "EHLO client.example"),
    ("start", "EHLO [192.0.2.1]"),
    ("start", "HELO client.example"),
    ("start", "QUIT"),
    ("idle", "MAIL FROM:<a@b.example>"),
    ("idle", "MAIL FROM:<a@b.example> SIZE=1000"),
    ("idle", "mail from:<a@b.example>"),
    ("idle", "NOOP"),
    ("idle", "VRFY postmaster"),
    ("idle", "EXPN staff"),
    ("idle", "HELP MAIL"),
    ("idle", "RSET"),
    ("mail", "RCPT TO:<c@d.example>"),
    ("mail", "RCPT TO:<postmaster>"),
    ("mail", r#"RCPT TO:<"a b"@d.example>"#),
    ("rcpt", "RCPT TO:<e@f.example>"),
    ("rcpt", "DATA"),
    ("data", "testing"),
    ("data", "..dot"),
    ("data", "MAIL FROM:<a@b.example>"),
    ("data", ""),
];

#[test]
fn every_slip_is_seen_and_the_line_is_given_as_it_was_meant() {
    for (phase, line, gravity, words, fix) in ADVISED {
        let found = lint(at(phase).case(), line);
        let told = found.iter().find(|advice| advice.message.contains(words));
        let Some(Advice { severity, fix: given, .. }) = told else { panic!("{phase} {line:?}: {found:?}") };
        assert_eq!(severity, gravity, "{phase} {line:?}");
        assert_eq!(given.as_deref(), *fix, "{phase} {line:?}");
    }
}

#[test]
fn what_is_given_in_place_of_a_slip_has_that_slip_no_more() {
    for (phase, line, _, words, fix) in ADVISED {
        let Some(fix) = fix else { continue };
        let again = lint(at(phase).case(), fix);
        assert!(!again.iter().any(|advice| advice.message.contains(words)), "{line:?} as {fix:?}: {again:?}");
    }
}

#[test]
fn good_lines_get_no_advice() {
    for (phase, line) in GOOD {
        assert_eq!(lint(at(phase).case(), line), [], "{phase} {line:?}");
    }
}

#[test]
fn a_line_that_is_too_long_is_told_so() {
    let command = format!("NOOP {}", "x".repeat(506));
    assert!(lint(at("idle").case(), &command).iter().any(|advice| advice.message.contains("may have 512")));
    assert_eq!(lint(at("idle").case(), &command[..510]), []);
    let line = "x".repeat(999);
    assert!(lint(at("data").case(), &line).iter().any(|advice| advice.message.contains("may have 998")));
    assert_eq!(lint(at("data").case(), &line[..998]), []);
}

#[test]
fn speaking_before_the_answer_is_advised_against() {
    let session = after("S: 220 mx.example\nC: EHLO client.example\n");
    assert!(lint(session.case(), "NOOP").iter().any(|advice| advice.message.contains("has not answered yet")));
}

#[test]
fn within_auth_only_base64_or_an_asterisk_is_right() {
    let session = after(
        "S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n",
    );
    assert!(
        lint(session.case(), "tester")
            .iter()
            .any(|advice| advice.severity == Error && advice.message.contains("base64"))
    );
    assert!(!lint(session.case(), "dGVzdGVy").iter().any(|advice| advice.severity == Error));
    assert!(!lint(session.case(), "*").iter().any(|advice| advice.severity == Error));
    assert_eq!(complete(session.case(), ""), []);
}

fn completions(phase: &str, typed: &str) -> Vec<String> {
    complete(at(phase).case(), typed).into_iter().map(|one| one.text).collect()
}

#[test]
fn completions_begin_with_what_fits_here() {
    assert_eq!(completions("start", "")[0], "EHLO test.mx.example");
    assert_eq!(completions("idle", "m"), ["MAIL FROM:<a@client.example>"]);
    assert_eq!(completions("mail", "RC"), ["RCPT TO:<b@mx.example>"]);
    assert_eq!(completions("rcpt", "r"), ["RCPT TO:<b@mx.example>", "RSET"]);
    assert_eq!(completions("idle", "vrfy"), ["VRFY b@mx.example"]);
}

#[test]
fn completions_that_are_out_of_order_come_last_and_say_so() {
    let all = complete(at("idle").case(), "");
    let wrong = |about: &str| about.contains("out of order");
    let first_wrong = all.iter().position(|one| wrong(&one.about)).expect("DATA is out of order here");
    assert!(all[first_wrong..].iter().all(|one| wrong(&one.about)));
    assert!(all[first_wrong..].iter().any(|one| one.text == "DATA"));
}

#[test]
fn extensions_are_completed_only_where_they_are_offered() {
    assert_eq!(completions("idle", "star"), [""; 0]);
    let session =
        after("S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250-STARTTLS\nS: 250 AUTH PLAIN\n");
    let texts: Vec<String> = complete(session.case(), "").into_iter().map(|one| one.text).collect();
    assert!(texts.contains(&"STARTTLS".to_owned()) && texts.contains(&"AUTH".to_owned()));
}

#[test]
fn nothing_is_completed_within_a_message_or_where_the_line_is_whole() {
    assert_eq!(completions("data", "D"), [""; 0]);
    assert_eq!(completions("rcpt", "DATA"), [""; 0]);
}

#[test]
fn what_a_command_shows_on_the_way_is_told_for_auth_alone() {
    let offers = "S: 220 mx.example\nC: EHLO client.example\nS: 250-mx.example\nS: 250-AUTH PLAIN\nS: 250-ETRN\nS: 250 STARTTLS\n";
    let messages = |line: &str| {
        let session = after(offers);
        lint(session.case(), line).into_iter().map(|advice| advice.message).collect::<Vec<_>>()
    };
    let readable = "This connection is not encrypted: name and password can be read on the way.";
    assert_eq!(messages("AUTH PLAIN AGEAYg=="), [readable]);
    assert_eq!(messages("ETRN mx.example"), [""; 0]);
    assert_eq!(messages("STARTTLS").len(), 1, "only that the handshake follows");
}
