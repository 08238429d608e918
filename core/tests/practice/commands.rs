//! Each command, and each refusal.

use ehlo_core::practice::Personality;

use crate::harness::{Client, assert_well_formed};

/// What was said before, the line under test, and how the answer starts.
const CASES: &[(&[&str], &str, &str)] = &[
    (&[], "MAIL FROM:<a@b.example>", "503 5.5.1 "),
    (&[], "RCPT TO:<a@b.example>", "503 5.5.1 "),
    (&[], "DATA", "503 5.5.1 "),
    (&[], "NOOP", "250 2.0.0 "),
    (&[], "NOOP with words", "250 2.0.0 "),
    (&[], "RSET", "250 2.0.0 "),
    (&[], "VRFY recipient", "252 2.0.0 "),
    (&[], "EXPN staff", "250-2.1.5 <postmaster@practice.ehlo.example>\r\n250 2.1.5 <recipient@"),
    (&[], "EXPN nobody", "550 5.1.1 "),
    (&[], "HELP", "214-2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP\r\n214 2.0.0 "),
    (&[], "help mail", "214 2.0.0 MAIL FROM:<address>"),
    (&[], "HELP GARBAGE", "504 5.5.4 "),
    (&[], "QUIT", "221 2.0.0 practice.ehlo.example "),
    (&[], "QUIT now", "501 5.5.4 "),
    (&[], "RSET all", "501 5.5.4 "),
    (&[], "VRFY", "501 5.5.4 "),
    (&[], "EXPN", "501 5.5.4 "),
    (&[], "EHLO", "501 Behind EHLO"),
    (&[], "HELO", "501 Behind EHLO"),
    (&[], "EHLO two words", "501 Behind EHLO"),
    (&[], "HELO client.example", "250 practice.ehlo.example\r\n"),
    (&[], "ehlo [192.0.2.1]", "250-practice.ehlo.example greets [192.0.2.1]\r\n"),
    (&[], "STARTTLS", "502 5.5.1 "),
    (&[], "AUTH PLAIN AGEAYg==", "503 5.5.1 "),
    (&[], "ETRN b.example", "502 5.5.1 "),
    (&[], "TURN", "502 5.5.1 "),
    (&[], "LHLO client.example", "502 5.5.1 "),
    (&[], "GET / HTTP/1.1", "500 5.5.2 "),
    (&[], "", "500 5.5.2 "),
    (&[], "NOOP \u{8}", "500 5.5.2 Control character"),
    (&["EHLO c.example"], "RCPT TO:<a@b.example>", "503 5.5.1 "),
    (&["EHLO c.example"], "MAIL FROM:<>", "250 2.1.0 Sender Ok\r\n"),
    (&["EHLO c.example"], "mail from: <a@b.example>", "250 2.1.0 Sender Ok\r\n"),
    (&["EHLO c.example"], "MAIL FROM:a@b.example", "250 2.1.0 Sender Ok (without < >"),
    (&["EHLO c.example"], "MAIL FROM:<postmaster>", "250 2.1.0 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8", "250 2.1.0 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> size=10485760 body=7bit", "250 2.1.0 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE=10485761", "552 5.3.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE=99999999999999999999", "552 5.3.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE=100000000000000000000", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE=many", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SIZE=1 SIZE=1", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> BODY=BINARYMIME", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> SMTPUTF8=yes", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> RET=FULL", "555 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example> =x", "501 5.5.4 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example>SIZE=1", "501 5.5.2 "),
    (&["EHLO c.example"], "MAIL", "501 5.5.2 "),
    (&["EHLO c.example"], "MAIL FROM:", "501 5.5.2 "),
    (&["EHLO c.example"], "MAIL TO:<a@b.example>", "501 5.5.2 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b.example", "501 5.5.2 "),
    (&["EHLO c.example"], "MAIL FROM:<a>", "501 5.1.7 "),
    (&["EHLO c.example"], "MAIL FROM:<@b.example>", "501 5.1.7 "),
    (&["EHLO c.example"], "MAIL FROM:<a@>", "501 5.1.7 "),
    (&["EHLO c.example"], "MAIL FROM:<a@b..example>", "501 5.1.7 "),
    (&["EHLO c.example"], "MAIL FROM:<дядя@b.example>", "553 5.6.7 "),
    (&["EHLO c.example"], "MAIL FROM:<дядя@пример.example> SMTPUTF8", "250 2.1.0 "),
    (&["EHLO c.example", "MAIL FROM:<a@b.example>"], "MAIL FROM:<a@b.example>", "503 5.5.1 "),
    (&["EHLO c.example", "MAIL FROM:<a@b.example>", "RSET"], "RCPT TO:<a@b.example>", "503 5.5.1 "),
    (&["EHLO c.example", "MAIL FROM:<a@b.example>", "EHLO c.example"], "RCPT TO:<a@b.example>", "503 5.5.1 "),
    (&["EHLO c.example", "MAIL FROM:<a@b.example>"], "DATA", "503 5.5.1 "),
    (&["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<bad>"], "DATA", "554 5.5.1 "),
    (&["HELO c.example"], "MAIL FROM:<a@b.example> SIZE=1", "555 5.5.4 "),
    (&["HELO c.example"], "MAIL FROM:<a@b.example>", "250 2.1.0 "),
];

/// A path, and what RCPT says to it.
const PATHS: &[(&str, &str)] = &[
    ("<recipient@domain.example>", "250 2.1.5 "),
    ("<postmaster>", "250 2.1.5 "),
    ("<PostMaster>", "250 2.1.5 "),
    ("<@relay.example,@other.example:recipient@domain.example>", "250 2.1.5 "),
    ("<\"two words\"@domain.example>", "250 2.1.5 "),
    ("<\"a>b\\\"@c\"@domain.example>", "250 2.1.5 "),
    ("<o'neil+tag=x@domain.example>", "250 2.1.5 "),
    ("<recipient@[192.0.2.1]>", "250 2.1.5 "),
    ("<recipient@[IPv6:2001:db8::1]>", "250 2.1.5 "),
    ("<recipient@[x400:c=xx]>", "250 2.1.5 "),
    ("recipient@domain.example", "250 2.1.5 Ok (without < >"),
    ("<>", "501 5.1.3 "),
    ("<recipient>", "501 5.1.3 "),
    ("<re..cipient@domain.example>", "501 5.1.3 "),
    ("<two words@domain.example>", "501 5.1.3 "),
    ("<\"open@domain.example>", "501 5.5.2 "),
    ("<\"a\"b@domain.example>", "501 5.1.3 "),
    ("<recipient@-domain.example>", "501 5.1.3 "),
    ("<recipient@domain_.example>", "501 5.1.3 "),
    ("<recipient@[192.0.2.256]>", "501 5.1.3 "),
    ("<recipient@[IPv6:2001::db8::1]>", "501 5.1.3 "),
    ("<@relay.example recipient@domain.example>", "501 5.1.3 "),
    ("<relay.example:recipient@domain.example>", "501 5.1.3 "),
    ("<почта@domain.example>", "553 5.6.7 "),
    ("<recipient@domain.example> NOTIFY=NEVER", "555 5.5.4 "),
];

#[test]
fn every_command_is_answered_with_its_code() {
    for (before, line, answer) in CASES {
        let mut client = Client::open(Personality::AcceptsAll);
        for earlier in *before {
            client.ask(format!("{earlier}\r\n"));
        }
        client.take();
        let said = client.ask(format!("{line}\r\n"));
        assert!(said.starts_with(answer), "{line:?} was answered {said:?}, not {answer:?}");
        assert_well_formed(&said);
        assert_eq!(client.hung_up, *line == "QUIT", "{line}");
    }
}

#[test]
fn every_kind_of_recipient_path_is_read() {
    for (path, answer) in PATHS {
        let mut client = Client::greeted(Personality::AcceptsAll);
        client.ask("MAIL FROM:<sender@domain.example>\r\n");
        let said = client.ask(format!("RCPT TO:{path}\r\n"));
        assert!(said.starts_with(answer), "{path} was answered {said:?}, not {answer:?}");
        assert_well_formed(&said);
    }
}

#[test]
fn ehlo_announces_what_the_server_can_do_and_nothing_else() {
    let mut client = Client::open(Personality::AcceptsAll);
    assert_eq!(client.take(), "220 practice.ehlo.example ESMTP Practice server, delivers nothing\r\n");
    let said = client.ask("EHLO test.domain.com\r\n");
    let expected = [
        "250-practice.ehlo.example greets test.domain.com",
        "250-PIPELINING",
        "250-SIZE 10485760",
        "250-VRFY",
        "250-EXPN",
        "250-ENHANCEDSTATUSCODES",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-CHUNKING",
        "250 HELP",
        "",
    ];
    assert_eq!(said, expected.join("\r\n"));
}

#[test]
fn local_parts_and_paths_have_their_limits() {
    let long_domain = ["d".repeat(60), "e".repeat(60), "f".repeat(60)].join(".");
    for (local, domain, accepted) in [
        ("a".repeat(64), "domain.example".to_owned(), true),
        ("a".repeat(65), "domain.example".to_owned(), false),
        ("a".repeat(64), long_domain.clone(), true),
        ("a".repeat(64), format!("{long_domain}.example"), false),
        ("a".into(), "d".repeat(64), false),
    ] {
        let mut client = Client::greeted(Personality::AcceptsAll);
        let said = client.ask(format!("MAIL FROM:<{local}@{domain}>\r\n"));
        assert_eq!(said.starts_with("250 2.1.0 "), accepted, "{local}@{domain}: {said}");
        assert!(accepted || said.starts_with("501 5.1.7 "), "{said}");
        assert_well_formed(&said);
    }
}

#[test]
fn the_recipient_after_the_hundredth_is_put_off() {
    let mut client = Client::greeted(Personality::AcceptsAll);
    client.ask("MAIL FROM:<>\r\n");
    for number in 1..=100 {
        assert_eq!(client.ask(format!("RCPT TO:<r{number}@domain.example>\r\n")), "250 2.1.5 Ok\r\n");
    }
    assert!(client.ask("RCPT TO:<r101@domain.example>\r\n").starts_with("452 4.5.3 "));
    client.ask("DATA\r\nHello\r\n.\r\n");
    assert_eq!(client.server.received()[0].forward_paths.len(), 100);
    assert_eq!(client.server.received()[0].reverse_path, "");
}

#[test]
fn a_command_line_that_is_too_long_gets_one_refusal_and_the_next_line_is_read() {
    let mut client = Client::open(Personality::AcceptsAll);
    client.take();
    assert_eq!(client.ask(format!("NOOP {}\r\n", "x".repeat(1024 - 7))), "250 2.0.0 Ok\r\n");
    let said = client.ask(format!("NOOP {}\r\nRSET\r\n", "x".repeat(1024 - 6)));
    assert_eq!(said, "500 5.5.2 Line too long: at most 1024 octets\r\n250 2.0.0 Ok\r\n");
    let said = client.ask(format!("{}\r\nNOOP\r\n", "x".repeat(100_000)));
    assert_eq!(said, "500 5.5.2 Line too long: at most 1024 octets\r\n250 2.0.0 Ok\r\n");
}

#[test]
fn a_bare_lf_ends_a_command_and_the_answer_says_so() {
    let mut client = Client::open(Personality::AcceptsAll);
    client.take();
    let said = client.ask("EHLO client.example\n");
    assert!(said.starts_with("250-practice.ehlo.example greets client.example (your line ended with LF alone"));
    assert!(said.ends_with("250 HELP\r\n"));
    assert_eq!(client.ask("MAIL FROM:<>\n"), "250 2.1.0 Sender Ok (your line ended with LF alone, not with CR LF)\r\n");
    assert_eq!(client.ask("RSET\r\n"), "250 2.0.0 Ok\r\n");
}

#[test]
fn latin_1_in_a_command_is_refused_and_not_echoed() {
    let mut client = Client::greeted(Personality::AcceptsAll);
    assert!(client.ask(b"MAIL FROM:<j\xfcrgen@domain.example>\r\n").starts_with("500 5.5.2 "));
}

#[test]
fn non_ascii_in_a_reply_is_shown_only_after_smtputf8() {
    let mut client = Client::greeted(Personality::UnknownUser);
    assert!(client.ask("VRFY дядя\r\n").starts_with("550 5.1.1 <????>"));
    client.ask("MAIL FROM:<> SMTPUTF8\r\n");
    assert!(client.ask("RCPT TO:<дядя@domain.example>\r\n").starts_with("550 5.1.1 <дядя@domain.example>"));
}

#[test]
fn what_follows_quit_is_ignored() {
    let mut client = Client::open(Personality::AcceptsAll);
    client.take();
    assert_eq!(client.ask("QUIT\r\nNOOP\r\n").lines().count(), 1);
    assert!(client.hung_up);
    assert_eq!(client.ask("NOOP\r\n"), "");
}
