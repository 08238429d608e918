//! What each personality is for.

use ehlo_core::practice::{HOST, Input, Memory, Personality};
use ehlo_core::time::Now;

use crate::harness::{Client, assert_well_formed, talk};

/// The conversation that administrators hold by hand, as they type it.
const ARTICLE: &str = "EHLO test.domain.com\r\nMAIL FROM: <sender@domain.com>\r\nRCPT TO: <recipient@domain.com>\r\n\
                       DATA\r\ntesting\r\ntesting\r\ntesting\r\n.\r\n";

/// The final code of each reply.
fn codes(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).map(|line| &line[..3]).collect()
}

#[test]
fn the_size_of_the_pieces_changes_no_octet_of_the_answer() {
    let strict = ARTICLE.replace(": <", ":<");
    for personality in Personality::ALL {
        for text in [ARTICLE.to_owned(), strict.clone(), strict.replace("EHLO", "HELO"), ARTICLE.replace('\r', "")] {
            let text = format!("{text}RSET\r\nQUIT\r\n");
            let whole = talk(personality, [text.as_bytes()]);
            assert_well_formed(&whole.0);
            for size in [1, 2, 3, 7, 20, 64] {
                assert_eq!(talk(personality, text.as_bytes().chunks(size)), whole, "{personality:?} {size}");
            }
        }
    }
}

#[test]
fn every_personality_greets_a_client_that_says_nothing() {
    for personality in Personality::ALL {
        let (said, hung_up) = talk(personality, []);
        assert_eq!((codes(&said).as_slice(), hung_up), (&["220"][..], false), "{personality:?}");
    }
}

#[test]
fn every_personality_answers_the_article_in_its_own_way() {
    let expected: [(Personality, &[&str], bool); 8] = [
        (Personality::AcceptsAll, &["220", "250", "250", "250", "354", "250"], false),
        (Personality::UnknownUser, &["220", "250", "250", "250", "354", "250"], false),
        // What follows the refused DATA is read as commands.
        (Personality::RelayingDenied, &["220", "250", "250", "554", "554", "500", "500", "500", "500"], false),
        (Personality::Greylisting, &["220", "250", "250", "450", "554", "500", "500", "500", "500"], false),
        (Personality::Slow, &["220", "250", "250", "250", "354", "250"], false),
        (Personality::GrumpySyntax, &["220", "250", "501", "503", "503", "500", "500", "421"], true),
        (Personality::OldHeloOnly, &["220", "500", "503", "503", "503", "500", "500", "500", "500"], false),
        (Personality::DropsLine, &["220", "250", "250", "250", "354"], true),
    ];
    for (personality, answers, hung_up) in expected {
        let (said, closed) = talk(personality, [ARTICLE.as_bytes()]);
        assert_eq!((codes(&said).as_slice(), closed), (answers, hung_up), "{personality:?}");
    }
}

#[test]
fn unknown_users_are_told_from_the_three_that_exist() {
    let mut client = Client::greeted(Personality::UnknownUser);
    client.ask("MAIL FROM:<>\r\n");
    for known in ["recipient@domain.com", "Info@practice.ehlo.example", "postmaster", "\"in\\fo\"@domain.com"] {
        assert_eq!(client.ask(format!("RCPT TO:<{known}>\r\n")), "250 2.1.5 Ok\r\n", "{known}");
    }
    let said = client.ask("RCPT TO:<nobody@domain.com>\r\n");
    assert_eq!(said, "550 5.1.1 <nobody@domain.com>: Recipient address rejected: User unknown\r\n");
    assert_eq!(client.ask("VRFY Recipient\r\n"), format!("250 2.1.5 <recipient@{HOST}>\r\n"));
    assert!(client.ask("VRFY <nobody@domain.com>\r\n").starts_with("550 5.1.1 "));
}

#[test]
fn relaying_is_denied_to_every_domain_but_its_own() {
    let mut client = Client::greeted(Personality::RelayingDenied);
    client.ask("MAIL FROM:<>\r\n");
    let said = client.ask("RCPT TO:<recipient@domain.com>\r\n");
    assert_eq!(said, "554 5.7.1 <recipient@domain.com>: Relay access denied\r\n");
    for own in ["anyone@PRACTICE.ehlo.example", "postmaster"] {
        assert_eq!(client.ask(format!("RCPT TO:<{own}>\r\n")), "250 2.1.5 Ok\r\n", "{own}");
    }
    assert!(client.ask("RCPT TO:<a@sub.practice.ehlo.example>\r\n").starts_with("554 5.7.1 "));
}

/// Opens a connection at `now` and asks for one recipient; the answer, and what is remembered.
fn knock(memory: &Memory, now: u64, sender: &str, recipient: &str) -> (String, Memory) {
    let mut client = Client::open_at(Personality::Greylisting, memory.clone(), Now(now));
    client.ask(format!("EHLO c.example\r\nMAIL FROM:<{sender}>\r\n"));
    let said = client.ask(format!("RCPT TO:<{recipient}>\r\n"));
    (said, client.server.memory().clone())
}

#[test]
fn greylisting_lets_a_pair_pass_after_a_minute_over_several_connections() {
    let (said, memory) = knock(&Memory::default(), 5_000, "a@b.example", "c@d.example");
    let words = "450 4.2.0 <c@d.example>: Recipient address rejected: Greylisted, try again in";
    assert_eq!(said, format!("{words} 60 s\r\n"));
    let (said, memory) = knock(&memory, 64_999, "a@b.example", "c@d.example");
    assert_eq!(said, format!("{words} 1 s\r\n"));
    let (said, memory) = knock(&memory, 65_000, "A@b.example", "c@D.example");
    assert_eq!(said, "250 2.1.5 Ok\r\n");
    let (said, memory) = knock(&memory, 65_000, "a@b.example", "other@d.example");
    assert!(said.starts_with("450 4.2.0 "), "{said}");
    let (said, _) = knock(&memory, 65_000, "", "c@d.example");
    assert!(said.starts_with("450 4.2.0 "), "{said}");
    assert!(knock(&Memory::default(), 65_000, "a@b.example", "c@d.example").0.starts_with("450 4.2.0 "));
}

#[test]
fn greylisting_forgets_the_oldest_pair_first_and_never_keeps_more_than_256() {
    let mut client = Client::greeted(Personality::Greylisting);
    client.ask("MAIL FROM:<>\r\n");
    for number in 0..=256 {
        client.ask(format!("RCPT TO:<r{number}@d.example>\r\n"));
    }
    let memory = client.server.memory().clone();
    assert!(knock(&memory, 60_000, "", "r1@d.example").0.starts_with("250 "));
    assert!(knock(&memory, 60_000, "", "r0@d.example").0.starts_with("450 "));
}

#[test]
fn slow_keeps_its_deadlines() {
    let mut client = Client::open_at(Personality::Slow, Memory::default(), Now(1_000));
    assert!(client.sent.is_empty());
    assert_eq!(client.step(Input::Tick), Some(Now(5_000)));
    client.now = Now(5_000);
    assert_eq!(client.step(Input::Tick), Some(Now(9_000)));
    assert_eq!(client.take(), "220-practice.ehlo.example Slow practice server, please wait\r\n");
    client.now = Now(8_999);
    assert_eq!(client.step(Input::Tick), Some(Now(9_000)));
    client.now = Now(9_000);
    assert_eq!(client.step(Input::Tick), Some(Now(309_000)));
    assert_eq!(client.take(), "220 practice.ehlo.example ESMTP Practice server, delivers nothing\r\n");
    assert_eq!(client.step(Input::Bytes(b"HELO c.example\r\nMAIL FROM:<>\r\n")), Some(Now(11_000)));
    client.now = Now(11_000);
    assert_eq!(client.step(Input::Tick), Some(Now(13_000)));
    assert_eq!(client.take(), "250 practice.ehlo.example\r\n");
    client.wait(Some(Now(13_000)));
    assert_eq!((client.now, client.take().as_str()), (Now(13_000), "250 2.1.0 Sender Ok\r\n"));
    client.ask("RCPT TO:<a@b.example>\r\nDATA\r\n");
    assert_eq!(client.now, Now(17_000));
    assert_eq!(client.step(Input::Bytes(b"Hi\r\n.\r\nQUIT\r\n")), Some(Now(27_000)));
    client.wait(Some(Now(27_000)));
    assert_eq!((client.now, client.hung_up), (Now(29_000), true));
}

#[test]
fn grumpy_names_the_rule_that_was_broken() {
    for (line, answer) in [
        ("MAIL FROM:a@b.example\r\n", "501 5.5.2 Syntax: MAIL FROM:<address>: the address must stand in < >"),
        ("MAIL FROM: <a@b.example>\r\n", "501 5.5.2 Syntax: MAIL FROM:<address>: no space is allowed after the colon"),
        ("MAIL FROM :<a@b.example>\r\n", "501 5.5.2 Syntax: MAIL FROM:<address>: the colon belongs"),
        ("MAIL FROM:<a@b.example>  SIZE=1\r\n", "501 5.5.4 "),
        ("MAIL FROM:<a@b.example> \r\n", "501 5.5.2 No space is allowed before or after"),
        ("MAIL  FROM:<a@b.example>\r\n", "501 5.5.2 One space"),
        ("MAIL FROM:<a@b.example>\n", "501 5.5.2 Every line must end with CR LF"),
        (" NOOP\r\n", "501 5.5.2 "),
        ("EHLO client\r\n", "501 Your host name must be fully qualified"),
        ("EHLO client_1.example\r\n", "501 Your host name must be fully qualified"),
        ("EHLO [192.0.2.1]\r\n", "250-"),
        ("mail from:<a@b.example> SIZE=1 BODY=8BITMIME\r\n", "250 2.1.0 "),
    ] {
        let mut client = Client::greeted(Personality::GrumpySyntax);
        let said = client.ask(line);
        assert!(said.starts_with(answer), "{line:?}: {said}");
    }
}

#[test]
fn grumpy_hangs_up_after_the_fifth_error_and_not_before() {
    let mut client = Client::greeted(Personality::GrumpySyntax);
    for _ in 0..4 {
        assert!(client.ask("MAIL FROM: <a@b.example>\r\n").starts_with("501 5.5.2 "));
        assert_eq!(client.ask("NOOP\r\n"), "250 2.0.0 Ok\r\n");
    }
    let said = client.ask("MAIL FROM: <a@b.example>\r\nNOOP\r\n");
    assert!(said.contains("\r\n421 4.7.0 practice.ehlo.example Too many errors"), "{said}");
    assert_eq!(codes(&said), ["501", "421"]);
    assert!(client.hung_up);
}

#[test]
fn the_old_server_knows_helo_and_speaks_without_enhanced_codes() {
    let mut client = Client::open(Personality::OldHeloOnly);
    assert_eq!(client.take(), "220 practice.ehlo.example SMTP\r\n");
    for (line, answer) in [
        ("EHLO test.domain.com", "500 Command unrecognized\r\n"),
        ("STARTTLS", "500 Command unrecognized\r\n"),
        ("BDAT 5", "500 Command unrecognized\r\n"),
        ("RCPT TO:<a@b.example>", "503 Bad sequence of commands\r\n"),
        ("HELO test.domain.com", "250 practice.ehlo.example\r\n"),
        ("MAIL FROM:<a@b.example> SIZE=1", "501 Syntax error in parameters or arguments\r\n"),
        ("MAIL FROM:<a@b.example>", "250 Sender Ok\r\n"),
        ("RCPT TO:<a@b.example>", "250 Ok\r\n"),
        ("TURN", "500 Command unrecognized\r\n"),
        ("DATA", "354 Enter mail, end with \".\" on a line by itself\r\n"),
    ] {
        assert_eq!(client.ask(format!("{line}\r\n")), answer, "{line}");
    }
    assert!(client.ask("Hi\r\n.\r\n").starts_with("250 Mail accepted, number "));
    assert_eq!(client.ask("HELP\r\n").lines().next(), Some("214-HELO MAIL RCPT DATA RSET NOOP QUIT VRFY EXPN HELP"));
    assert_eq!(client.ask("QUIT\r\n"), "221 practice.ehlo.example closing the connection\r\n");
}

#[test]
fn the_line_drops_after_the_final_dot_with_no_answer_and_the_mail_was_taken() {
    for last in ["DATA\r\nHi\r\n.\r\nNOOP\r\n", "BDAT 4 LAST\r\nHi\r\nNOOP\r\n"] {
        let mut client = Client::greeted(Personality::DropsLine);
        client.ask("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n");
        let said = client.ask(last);
        assert!(!said.contains("250"), "{said}");
        assert!(client.hung_up);
        assert_eq!(client.server.received()[0].bytes, b"Hi\r\n");
    }
}

#[test]
fn five_minutes_of_silence_end_the_connection_with_421() {
    for personality in Personality::ALL {
        let mut client = Client::open(personality);
        let until = client.step(Input::Tick);
        client.wait(until);
        client.ask("NOOP\r\n");
        client.now = client.now.plus(299_999);
        let until = client.step(Input::Tick);
        assert_eq!((client.take().as_str(), until), ("", Some(client.now.plus(1))), "{personality:?}");
        // An unfinished command is a sign of life.
        client.step(Input::Bytes(b"NO"));
        client.now = client.now.plus(300_000);
        assert_eq!(client.step(Input::Tick), None);
        let said = client.take();
        let start = if personality == Personality::OldHeloOnly { "421 practice" } else { "421 4.4.2 practice" };
        assert!(said.starts_with(start) && client.hung_up, "{personality:?}: {said}");
    }
}

#[test]
fn names_lead_back_to_their_personality() {
    let names = Personality::ALL.map(Personality::name);
    let expected =
        ["accepts-all", "unknown-user", "relaying-denied", "greylisting", "slow", "grumpy", "helo-only", "drops-line"];
    assert_eq!(names, expected);
    for personality in Personality::ALL {
        assert_eq!(Personality::from_name(personality.name()), Some(personality));
        assert!(!personality.title().is_empty() && personality.about().ends_with('.'));
    }
    assert_eq!(Personality::from_name("Slow"), None);
}

#[test]
fn nothing_is_said_before_the_connection_opens_or_after_it_closed() {
    let mut server = ehlo_core::practice::Practice::new(Personality::AcceptsAll, Memory::default());
    server.handle(Now(0), Input::Bytes(b"NOOP\r\n"));
    assert_eq!(server.poll(), ehlo_core::practice::Output::Idle(None));
    let mut client = Client::open(Personality::Slow);
    client.step(Input::Bytes(b"NOOP\r\n"));
    assert_eq!(client.step(Input::Closed), None);
    client.now = Now(600_000);
    assert_eq!(client.step(Input::Tick), None);
    assert_eq!(client.step(Input::Opened), None);
    assert!(client.sent.is_empty() && !client.hung_up);
}
