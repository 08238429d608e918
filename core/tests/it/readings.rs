//! What is read from a record and hangs on one code, one port or one order of things: each case beside its neighbor.

use ehlo_core::case::Case;
use ehlo_core::explain;
use ehlo_core::export::view::{Outcome, Severity, SignInState};
use ehlo_core::machine::{Action, Output};
use ehlo_core::reading::meaning;
use ehlo_core::sasl::Mechanism;
use ehlo_core::time::Now;

use crate::stage::after;

/// The findings of a saved talk.
fn found(talk: &str) -> Vec<(&'static str, Severity)> {
    let case = Case::open(talk).unwrap_or_else(|error| panic!("{error}"));
    case.view().findings.into_iter().map(|finding| (finding.id, finding.severity)).collect()
}

fn ids(talk: &str) -> Vec<&'static str> {
    found(talk).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn each_mechanism_that_shows_the_password_is_told_where_it_is_offered_in_clear_text() {
    for (mechanisms, told) in
        [("LOGIN", true), ("PLAIN", true), ("login", true), ("CRAM-MD5", false), ("SCRAM-SHA-256 XOAUTH2", false)]
    {
        let talk = format!("S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH {mechanisms}\n");
        assert_eq!(ids(&talk).contains(&"password-in-clear-offered"), told, "{mechanisms}");
    }
}

#[test]
fn a_bad_certificate_weighs_less_between_servers_than_for_a_mail_program() {
    for (port, severity) in [(25, Severity::Warning), (587, Severity::Problem), (465, Severity::Problem)] {
        let talk = format!(
            "@ security starttls\n@ call mx.example {port}\n@ connected 1 192.0.2.1 {port} - -\nS: 220 mx.example\n\
             C: EHLO c.example\nS: 250-mx.example\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n\
             @ tls {{\"version\":\"TLS 1.3\",\"suite\":\"x\",\"client_certificate\":\"not-asked\",\"verdict\":{{\"trusted\":false,\"problems\":[{{\"kind\":\"expired\",\
             \"sentence\":\"It expired.\",\"advice\":\"Renew it.\"}}]}}}}\n"
        );
        assert!(found(&talk).contains(&("certificate-expired", severity)), "{port}: {:?}", found(&talk));
        for unknown in ["no-name-checked", "anchors-missing"] {
            let talk = talk.replace("expired", unknown);
            assert!(found(&talk).contains(&("certificate-not-checked", Severity::Note)), "{port}: {:?}", found(&talk));
        }
    }
}

#[test]
fn what_is_only_put_off_is_told_as_such_and_other_refusals_of_a_recipient_are_not() {
    for (code, told) in [(450, true), (451, true), (452, false), (550, false)] {
        let talk = format!(
            "S: 220 mx.example\nC: EHLO c.example\nS: 250 mx.example\nC: MAIL FROM:<a@c.example>\nS: 250 ok\n\
             C: RCPT TO:<b@mx.example>\nS: {code} hm\n"
        );
        assert_eq!(ids(&talk).contains(&"deferred"), told, "{code}: {:?}", ids(&talk));
    }
}

#[test]
fn a_run_greets_an_old_server_with_helo_by_itself_and_waits_where_ehlo_is_refused_otherwise() {
    for (code, goes_on) in [(500, true), (501, true), (502, true), (504, true), (550, true), (503, false), (554, false)]
    {
        let session = after(&format!(
            "S: 220 mx.example\n@ run\nC: EHLO test.mx.example\nS: {code} what\n{}",
            match goes_on {
                true => "C: HELO test.mx.example\n",
                false => "",
            }
        ));
        assert_eq!(session.view().paused.is_none(), goes_on, "{code}");
    }
}

#[test]
fn where_quit_is_refused_the_plan_hangs_up_and_does_not_ask_again() {
    after("S: 220 mx.example\nC: QUIT\nS: 500 what\n= proposes to hang up\n");
    after("S: 220 mx.example\nC: NOOP\nS: 500 what\n= proposes EHLO test.mx.example\n");
}

#[test]
fn what_was_readable_before_the_handshake_is_told_where_there_was_a_before() {
    const TLS: &str = "@ tls {\"version\":\"TLS 1.3\",\"suite\":\"x\",\"client_certificate\":\"not-asked\",\"verdict\":{\"trusted\":true}}\n";
    let before = "crossed in clear text: the server's greeting";
    for (talk, told) in [
        (["@ connected 1 192.0.2.1 25 - -\nS: 220 mx.example\nC: EHLO c\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n", TLS].concat(), true),
        (["@ security tls\n@ connected 1 192.0.2.1 465 - -\n", TLS, "S: 220 mx.example\n"].concat(), false),
    ] {
        let readable = Case::open(&talk).unwrap().protection().readable;
        assert!(!readable.is_empty());
        assert_eq!(readable.iter().any(|sentence| sentence.contains(before)), told, "{readable:?}");
    }
}

#[test]
fn the_sentence_of_a_connection_that_stands_says_whether_the_server_has_greeted() {
    let sentence = |talk: &str| after(talk).summary().sentence;
    let stands = "@ call mx.example 25\n@ connected 1 192.0.2.1 25 - -\n";
    assert_eq!(sentence("@ call mx.example 25\n"), "The relay is connecting to mx.example.");
    assert_eq!(sentence(stands), "Connected; the server has not greeted yet.");
    assert_eq!(sentence(&[stands, "S: 220 mx.example\n"].concat()), "The conversation is under way.");
    assert_eq!(sentence("@ dial mx.example 25\n"), "Connecting to mx.example.", "without a relay");
}

#[test]
fn a_refusal_is_for_now_where_its_code_is_below_500() {
    for (code, when) in [(499, "for now "), (500, ""), (550, "")] {
        let talk = format!(
            "S: 220 mx.example\nC: EHLO c.example\nS: 250 mx.example\nC: MAIL FROM:<a@c.example>\nS: {code} hm\nC: QUIT\nS: 221 bye\n@ eof\n"
        );
        let wanted = format!("Refused {when}at MAIL FROM with {code}: \u{201C}hm\u{201D}");
        assert_eq!(after(&talk).summary().sentence, wanted);
    }
}

#[test]
fn a_test_that_stopped_as_planned_tells_how_many_recipients_were_refused() {
    for (second, told) in [("250 ok", ""), ("550 no", " The server refused 1 of 2 recipients.")] {
        let talk = format!(
            "@ plan {{\"from\":\"a@c.example\",\"to\":[\"b@d.example\",\"e@d.example\"],\"hello\":\"c.example\",\"until\":\"rcpt\"}}\n\
             S: 220 mx.example\nC: EHLO c.example\nS: 250 mx.example\nC: MAIL FROM:<a@c.example>\nS: 250 ok\n\
             C: RCPT TO:<b@d.example>\nS: 250 ok\nC: RCPT TO:<e@d.example>\nS: {second}\nC: QUIT\nS: 221 bye\n@ eof\n"
        );
        let wanted = format!("Stopped as planned, after RCPT TO: nothing was sent.{told}");
        assert_eq!(after(&talk).summary().sentence, wanted);
    }
}

#[test]
fn a_code_that_the_standard_does_not_list_for_a_command_is_said_to_be_common() {
    let allowed = |exchange: &str| {
        let session = after(&["S: 220 mx.example\n", exchange].concat());
        let last = session.record().replies().len() - 1;
        meaning::of(session.case(), last).and_then(|meaning| meaning.allowed)
    };
    for (exchange, told) in [
        ("C: EHLO c.example\nS: 250 mx.example\n", "250 is listed here"),
        ("C: EHLO c.example\nS: 504 what\n", "504 is listed here"),
        ("C: EHLO c.example\nS: 451 later\n", "451 is not listed here, which is common"),
        ("C: EHLO c.example\nS: 421 bye\n", "421 is listed here"),
        ("C: EHLO c.example\nS: 500 what\n", "500 is listed here"),
        ("C: QUIT\nS: 221 bye\n", "221 is listed here (RFC 5321"),
    ] {
        let said = allowed(exchange).unwrap_or_default();
        assert!(said.starts_with(told), "{exchange}: {said}");
    }
    let unknown = "500 is listed here (RFC 5321 §4.3.2 lists 500, 502; 421, 500 and 501 may always come).";
    assert_eq!(allowed("C: XFOO\nS: 500 what\n").as_deref(), Some(unknown));
}

#[test]
fn nothing_is_waited_for_when_the_time_is_over_or_the_conversation_is() {
    let mut session = after("S: 220 mx.example\nC: EHLO c.example\n");
    assert_eq!(session.poll(), Output::Idle(Some(Now(300_000))));
    for (talk, of) in [
        ("S: 220 mx.example\nC: EHLO c.example\n@ at 300000\n", "an overdue reply"),
        ("S: 220 mx.example\nC: EHLO c.example\n@ hang-up\n", "a conversation that is over"),
        ("S: 220 mx.example\n", "the person"),
    ] {
        assert_eq!(after(talk).poll(), Output::Idle(None), "there is no time limit on {of}");
    }
}

#[test]
fn what_is_typed_is_no_part_of_a_debug_text() {
    let told = |json: &str| format!("{:?}", Action::from_json(json).unwrap());
    assert_eq!(told(r#"{"do":"send","line":"AUTH PLAIN geheim"}"#), "Send(17 octets, CrLf)");
    assert_eq!(told(r#"{"do":"message","text":"geheim"}"#), "Message(Some(6) octets)");
    assert_eq!(told(r#"{"do":"next"}"#), "Next");
}

#[test]
fn what_is_sent_is_no_part_of_a_debug_text() {
    assert_eq!(format!("{:?}", Output::Send(b"AUTH PLAIN c2VjcmV0".to_vec())), "Send(19 octets)");
    assert_eq!(format!("{:?}", Output::Idle(None)), "Idle(None)");
}

#[test]
fn a_proof_is_worked_on_only_while_a_mechanism_asks_for_it() {
    let session = after("S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH PLAIN\n");
    assert_eq!(session.sign_in_work(), None);
}

#[test]
fn what_a_sign_in_proved_of_the_server_is_told_in_three_ways() {
    for (word, sentence) in [
        ("good", "The server proved that it knows the password"),
        ("wrong", "The server gave a wrong proof that it knows the password"),
        ("missing", "The server did not prove that it knows the password"),
    ] {
        let case =
            Case::open(&format!("S: 220 mx.example\n@ proof {word}\n")).unwrap_or_else(|error| panic!("{error}"));
        assert!(case.plain().contains(sentence), "{word}: {}", case.plain());
    }
}

#[test]
fn who_could_read_which_credentials_is_told_for_each_way_and_mechanism() {
    let greeted = "S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250 STARTTLS\n";
    let tls = |verdict: &str| {
        format!(
            "C: STARTTLS\nS: 220 go\n@ tls {{\"version\":\"TLS 1.3\",\"suite\":\"x\",\"client_certificate\":\"not-asked\",\"verdict\":{{{verdict}}}}}\n"
        )
    };
    let relay = ["@ call mx.example 25\n@ connected 1 192.0.2.1 25 - -\n", greeted].concat();
    let direct = ["@ dial mx.example 25\n@ connected 1 192.0.2.1 25 - -\n", greeted].concat();
    let trusted = [&relay, tls("\"trusted\":true").as_str()].concat();
    let expired =
        "\"trusted\":false,\"problems\":[{\"kind\":\"expired\",\"sentence\":\"It expired.\",\"advice\":\"Renew it.\"}]";
    let untrusted = [&relay, tls(expired).as_str()].concat();
    let practice = ["@ practice accepts-all\n", greeted].concat();
    let itself = "the password or the token itself.";
    let guess = "a proof by which passwords can be guessed.";
    let by_relay = "This connection is not encrypted. The relay, and everybody on the way, could read ";
    let by_all = "This connection is not encrypted. Everybody on the way could read ";
    let by_server = "The certificate is not trusted (It expired). Whoever answers here would get ";
    for (talk, start) in [
        (&relay, Some(by_relay)),
        (&direct, Some(by_all)),
        (&untrusted, Some(by_server)),
        (&trusted, None),
        (&practice, None),
    ] {
        let session = after(talk);
        for (mechanism, what) in [
            (Mechanism::Plain, Some(itself)),
            (Mechanism::Login, Some(itself)),
            (Mechanism::CramMd5, Some(guess)),
            (Mechanism::External, None),
        ] {
            let wanted = start.zip(what).map(|(start, what)| [start, what].concat());
            assert_eq!(session.credentials_risk(mechanism), wanted, "{mechanism:?} {talk}");
        }
    }
}

#[test]
fn a_run_goes_on_through_every_question_of_a_sign_in() {
    let talk = "@ plan {\"hello\":\"c.example\",\"until\":\"auth\",\"sign_in\":{\"user\":\"u\",\"password\":\"p\",\"mechanism\":\"LOGIN\"}}\n\
         S: 220 mx.example\n@ allow credentials\n@ run\nC: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\n\
         S: 334 VXNlcm5hbWU6\nC: dQ==\nS: 334 UGFzc3dvcmQ6\nC: cA==\nS: 235 2.7.0 in\nC: QUIT\nS: 221 bye\n";
    let session = after(talk);
    assert_eq!((session.sign_in_state(), session.paused()), (SignInState::Done, None));
}

#[test]
fn the_words_of_a_goodbye_say_something_only_where_nobody_asked_for_it() {
    let goodbye = "S: 221 You talk too fast: greylisted\n";
    let talk = |asked: &str| {
        let greeted = "S: 220 mx.example\nC: EHLO c.example\nS: 250 mx.example\n";
        [greeted, asked, goodbye, "@ eof\n"].concat()
    };
    let told = |asked: &str| ids(&talk(asked)).contains(&"greylisting");
    assert!(told("C: NOOP\n") && !told("C: QUIT\n"));
}

#[test]
fn of_several_mails_the_last_that_came_anywhere_is_told() {
    let mail = "C: MAIL FROM:<a@c.example>\nS: 250 ok\n";
    let refused = "C: RCPT TO:<b@d.example>\nS: 550 5.1.1 unknown\n";
    let accepted =
        "C: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 354 go\nC: Subject: x\nC: .\nS: 250 2.0.0 Ok: queued as 4X\n";
    let reset = "C: RSET\nS: 250 ok\n";
    let quit = "C: QUIT\nS: 221 bye\n@ eof\n";
    for (steps, outcome) in [
        ([mail, reset, "", "", quit], Outcome::NotSent),
        ([mail, refused, reset, "", quit], Outcome::Refused),
        ([mail, refused, reset, [mail, reset].concat().as_str(), quit], Outcome::Refused),
        ([mail, accepted, mail, reset, quit], Outcome::Accepted),
        ([mail, accepted, mail, refused, quit], Outcome::Refused),
        ([mail, accepted, mail, "", ""], Outcome::NotSent),
    ] {
        let talk = ["S: 220 mx.example\nC: EHLO c.example\nS: 250 mx.example\n", &steps.concat()].concat();
        assert_eq!(after(&talk).summary().outcome, outcome, "{talk}");
    }
}

#[test]
fn every_extension_that_a_reply_offers_is_explained_with_it_and_none_with_another() {
    let session = after(
        "S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250-SIZE 1000\nS: 250 HELP\nC: NOOP\nS: 250 ok\n",
    );
    let keywords = |reply| meaning::of(session.case(), reply).map(|meaning| meaning.keywords);
    assert_eq!(keywords(0), Some(vec![]));
    assert_eq!(keywords(1), Some(vec![explain::keyword("SIZE", "1000"), explain::keyword("HELP", "")]));
    assert_eq!(keywords(2), Some(vec![]));
}

#[test]
fn after_a_refused_sign_in_the_next_begins_afresh_and_plain_proves_nothing_of_the_server() {
    let plan =
        |password: &str| format!("\"sign_in\":{{\"user\":\"u\",\"password\":\"{password}\",\"mechanism\":\"PLAIN\"}}");
    let tried = format!(
        "@ plan {{\"hello\":\"c.example\",\"until\":\"auth\",{}}}\nS: 220 mx.example\n@ allow credentials\n@ run\n\
         C: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AHUAcA==\nS: 535 5.7.8 no\n",
        plan("p")
    );
    let again =
        format!("@ change {{{}}}\n@ run\nC: AUTH PLAIN AHUAcQ==\nS: 235 2.7.0 in\nC: QUIT\nS: 221 bye\n", plan("q"));
    let session = after(&[tried, again].concat());
    assert_eq!(session.sign_in_state(), SignInState::Done);
    assert!(!session.talk().to_string().contains("@ proof"), "{}", session.talk());
}

#[test]
fn each_reply_within_a_sign_in_is_told_as_one_to_auth() {
    let session = after(
        "S: 220 mx.example\nC: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dQ==\n\
         S: 334 UGFzc3dvcmQ6\nC: cA==\nS: 535 5.7.8 no\nC: NOOP\nS: 250 ok\n",
    );
    let command = |reply| meaning::of(session.case(), reply).and_then(|meaning| meaning.command);
    assert_eq!(command(0), None);
    for reply in 2..5 {
        assert_eq!(command(reply), Some(explain::command("AUTH")), "reply {reply}");
    }
    assert_eq!(command(5), Some(explain::command("NOOP")));
}
