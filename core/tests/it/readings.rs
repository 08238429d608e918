//! What is read from a record and hangs on one code, one port or one order of things: each case beside its neighbor.

use ehlo_core::case::Case;
use ehlo_core::export::view::Severity;

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
