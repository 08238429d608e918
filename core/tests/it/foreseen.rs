//! What the plan foresees and says of its next step, from each step on.

use ehlo_core::machine::Session;

use crate::stage::after;

/// The proposal and what is likely to follow it.
fn foreseen(session: &Session) -> Vec<String> {
    let view = session.view();
    let mut steps = view.upcoming;
    steps.splice(0..0, view.proposal.map(|proposal| proposal.text));
    steps
}

fn plan(more: &str) -> String {
    format!(
        "@ plan {{\"from\":\"a@c.example\",\"to\":[\"b@d.example\",\"e@d.example\"],\"hello\":\"c.example\"{more}}}\nS: 220 mx.example\n"
    )
}

const MAIL: &str = "MAIL FROM:<a@c.example>";
const ONE: &str = "RCPT TO:<b@d.example>";
const TWO: &str = "RCPT TO:<e@d.example>";
const EHLO: &str = "EHLO c.example";

#[test]
fn from_each_step_of_a_mail_on_the_rest_is_foreseen() {
    let mut talk = plan("");
    let steps = [
        ("", vec![EHLO, MAIL, ONE, TWO, "DATA", "the message", "QUIT"]),
        ("C: EHLO c.example\nS: 250 mx.example\n", vec![MAIL, ONE, TWO, "DATA", "the message", "QUIT"]),
        ("C: MAIL FROM:<a@c.example>\nS: 250 ok\n", vec![ONE, TWO, "DATA", "the message", "QUIT"]),
        ("C: RCPT TO:<b@d.example>\nS: 250 ok\n", vec![TWO, "DATA", "the message", "QUIT"]),
        ("C: RCPT TO:<e@d.example>\nS: 250 ok\n", vec!["DATA", "the message", "QUIT"]),
    ];
    for (more, wanted) in steps {
        talk.push_str(more);
        assert_eq!(foreseen(&after(&talk)), wanted, "{talk}");
    }
    talk.push_str("C: DATA\nS: 354 go\n");
    assert_eq!(after(&talk).view().upcoming, ["QUIT"]);
}

#[test]
fn nothing_is_foreseen_beyond_where_the_plan_stops() {
    for (until, wanted) in [
        ("hello", vec![EHLO, "QUIT"]),
        ("mail", vec![EHLO, MAIL, "QUIT"]),
        ("rcpt", vec![EHLO, MAIL, ONE, TWO, "QUIT"]),
        ("data", vec![EHLO, MAIL, ONE, TWO, "DATA"]),
        ("dot", vec![EHLO, MAIL, ONE, TWO, "DATA", "the message", "QUIT"]),
    ] {
        assert_eq!(foreseen(&after(&plan(&format!(",\"until\":\"{until}\"")))), wanted, "{until}");
    }
}

#[test]
fn the_handshake_is_foreseen_where_it_is_wanted_and_still_to_come() {
    let offered = "C: EHLO c.example\nS: 250-mx.example\nS: 250 STARTTLS\n";
    let rest = [MAIL, ONE, TWO, "DATA", "the message", "QUIT"];
    for (until, wanted) in [("starttls", vec!["STARTTLS", "EHLO, encrypted", "QUIT"]), ("hello", vec!["QUIT"])] {
        let talk = ["@ security starttls\n", &plan(&format!(",\"until\":\"{until}\""))].concat();
        assert_eq!(foreseen(&after(&talk))[1..], wanted, "{until}");
    }
    let talk = ["@ security starttls\n", &plan("")].concat();
    assert_eq!(foreseen(&after(&talk))[1..], [&["STARTTLS", "EHLO, encrypted"], &rest[..]].concat());
    let talk = [&talk, offered].concat();
    assert_eq!(foreseen(&after(&talk)), [&["STARTTLS", "EHLO, encrypted"], &rest[..]].concat());
    let clear = ["@ security none\n", &plan(""), offered].concat();
    assert_eq!(foreseen(&after(&clear)), rest);
}

#[test]
fn a_server_that_offers_starttls_again_after_the_handshake_is_not_asked_again() {
    let again = "C: EHLO c.example\nS: 250-mx.example\nS: 250 STARTTLS\n";
    let tls = "C: STARTTLS\nS: 220 go\n@ tls {\"version\":\"TLS 1.3\",\"suite\":\"x\",\"client_certificate\":\"not-asked\",\"verdict\":{\"trusted\":true}}\n";
    let talk = ["@ security starttls\n", &plan(""), again, tls, again].concat();
    assert_eq!(foreseen(&after(&talk)), [MAIL, ONE, TWO, "DATA", "the message", "QUIT"]);
}

#[test]
fn a_sign_in_is_foreseen_until_it_has_been_tried() {
    let signs = plan(",\"until\":\"rcpt\",\"sign_in\":{\"user\":\"u\",\"password\":\"p\",\"mechanism\":\"PLAIN\"}");
    assert_eq!(foreseen(&after(&signs)), [EHLO, "AUTH PLAIN", MAIL, ONE, TWO, "QUIT"]);
    let talk = [&signs, "C: EHLO c.example\nS: 250-mx.example\nS: 250 AUTH PLAIN\n"].concat();
    assert_eq!(foreseen(&after(&talk))[1..], [MAIL, ONE, TWO, "QUIT"]);
    let early = plan(",\"until\":\"hello\",\"sign_in\":{\"user\":\"u\",\"password\":\"p\"}");
    assert_eq!(foreseen(&after(&early)), [EHLO, "QUIT"]);
}

#[test]
fn a_domain_beyond_ascii_goes_as_typed_only_where_the_server_takes_it() {
    let plan =
        "@ plan {\"from\":\"a@bücher.example\",\"to\":[\"B@D.example\"],\"hello\":\"c.example\"}\nS: 220 mx.example\n";
    for (offers, from) in [("HELP", "a@xn--bcher-kva.example"), ("SMTPUTF8", "a@bücher.example")] {
        let talk = [plan, "C: EHLO c.example\nS: 250-mx.example\nS: 250 ", offers, "\n"].concat();
        let steps = foreseen(&after(&talk));
        assert!(steps[0].starts_with(&format!("MAIL FROM:<{from}>")), "{steps:?}");
        assert_eq!(steps[1], "RCPT TO:<B@D.example>", "{offers}");
    }
}

#[test]
fn the_reason_for_mail_names_what_is_left_out_and_nothing_where_nothing_is() {
    let why = |plan_more: &str, offers: &str| {
        let talk = [&plan(plan_more), "C: EHLO c.example\nS: 250-mx.example\nS: 250 ", offers, "\n"].concat();
        after(&talk).view().proposal.map_or_else(String::new, |proposal| proposal.why)
    };
    let plain = "Names the sender: bounces will go to a@c.example.";
    assert_eq!(why("", "HELP"), plain);
    assert_eq!(why(",\"requiretls\":true", "REQUIRETLS"), plain);
    let left_out = why(",\"requiretls\":true,\"ret\":\"hdrs\"", "HELP");
    assert!(left_out.ends_with(" Left out, since the server does not offer it: DSN, REQUIRETLS."), "{left_out}");
}
