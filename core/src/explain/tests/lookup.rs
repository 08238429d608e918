//! What the look-ups make of known and unknown names.

use super::super::keyword_params::amount;
use crate::explain::{ReplyStep, command, enhanced, keyword, known_commands, reply_code};

#[test]
fn an_unknown_code_is_explained_by_its_digits_and_said_to_be_unknown() {
    for (code, words) in [
        (229, ["success", "connection"]),
        (310, ["waits for more", "information"]),
        (459, ["temporary refusal", "mail system"]),
        (509, ["permanent refusal", "syntax"]),
        (571, ["permanent refusal", "leaves open"]),
    ] {
        let explanation = reply_code(code, ReplyStep::Rcpt);
        assert!(!explanation.known);
        assert!(explanation.meaning.contains("unknown"), "{code}");
        for word in words {
            assert!(explanation.meaning.contains(word), "{code}: {}", explanation.meaning);
        }
    }
}

#[test]
fn a_number_beyond_the_reply_codes_is_said_to_be_none() {
    for code in [0, 1, 199, 600, 999, 65535] {
        let explanation = reply_code(code, ReplyStep::Greeting);
        assert!(!explanation.known);
        assert_eq!(explanation.title, "Not an SMTP reply code", "{code}");
    }
}

#[test]
fn an_unknown_detail_is_explained_by_class_and_subject() {
    let explanation = enhanced(4, 2, 99, ReplyStep::Rcpt);
    assert!(!explanation.known);
    assert_eq!(explanation.key, "4.2.99");
    assert!(explanation.meaning.contains("unknown"));
    assert!(explanation.meaning.contains("temporary refusal") && explanation.meaning.contains("mailbox"));
    let beyond = enhanced(5, 9, 1, ReplyStep::Rcpt);
    assert!(!beyond.known && beyond.meaning.contains("not registered"));
    let large = enhanced(5, 65535, 65535, ReplyStep::Rcpt);
    assert!(!large.known && large.key == "5.65535.65535");
}

#[test]
fn a_class_that_does_not_exist_is_no_code() {
    for class in [0, 1, 3, 6, 250] {
        let explanation = enhanced(class, 1, 1, ReplyStep::Rcpt);
        assert!(!explanation.known && explanation.title.starts_with("Not an enhanced"), "{class}");
    }
}

#[test]
fn microsoft_s_own_numbers_are_recognised() {
    let known = enhanced(5, 7, 57, ReplyStep::Mail);
    assert!(known.known && known.title.contains("Microsoft"));
    assert!(enhanced(5, 7, 630, ReplyStep::Mail).title.contains("banned"));
    for detail in [500, 650, 899] {
        let range = enhanced(5, 7, detail, ReplyStep::Body);
        assert!(!range.known && range.meaning.contains("Microsoft"), "{detail}");
    }
    assert!(!enhanced(5, 7, 900, ReplyStep::Body).meaning.contains("Microsoft"));
    assert!(!enhanced(2, 7, 620, ReplyStep::Body).title.contains("banned"));
}

#[test]
fn a_success_has_no_causes_of_failure() {
    for (subject, detail) in [(0, 0), (1, 0), (1, 1), (1, 5), (5, 0), (6, 0), (7, 0), (7, 1)] {
        let explanation = enhanced(2, subject, detail, ReplyStep::Rcpt);
        assert!(explanation.known && explanation.causes.is_empty(), "2.{subject}.{detail}");
        assert!(!explanation.title.contains("No such"), "2.{subject}.{detail}");
    }
    assert_eq!(enhanced(2, 1, 5, ReplyStep::Rcpt).title, "Recipient accepted");
    assert_ne!(enhanced(4, 1, 1, ReplyStep::Rcpt).advice, enhanced(5, 1, 1, ReplyStep::Rcpt).advice);
}

#[test]
fn the_end_of_bdat_is_read_as_the_final_dot() {
    assert_eq!(reply_code(550, ReplyStep::Bdat).causes, reply_code(550, ReplyStep::Body).causes);
    assert_ne!(reply_code(503, ReplyStep::Bdat).causes, reply_code(503, ReplyStep::Rset).causes);
}

#[test]
fn a_size_is_given_in_the_units_of_people() {
    assert!(keyword("SIZE", "10240000").details[0].contains("At most 10.2 MB"));
    assert!(keyword("size", "0").details[0].contains("No fixed limit"));
    assert!(keyword("SIZE", "").details[0].contains("does not tell"));
    assert!(keyword("SIZE", "lots").details.is_empty());
    for (octets, text) in
        [(999, "999 bytes"), (1_000, "1 kB"), (1_500, "1.5 kB"), (35_882_577, "35.9 MB"), (2_000_000_000, "2 GB")]
    {
        assert_eq!(amount(octets), text);
    }
}

#[test]
fn a_size_beyond_all_bounds_is_survived() {
    assert_eq!(keyword("SIZE", &"9".repeat(30)).details.len(), 1);
    assert!(keyword("SIZE", &"9".repeat(60)).details.is_empty());
}

#[test]
fn each_login_method_is_explained() {
    let explanation = keyword("AUTH", "PLAIN LOGIN XOAUTH2 FROB");
    assert_eq!(explanation.details.len(), 4);
    assert!(explanation.details[2].starts_with("XOAUTH2: a token"));
    assert!(explanation.details[3].contains("unknown"));
}

#[test]
fn the_old_spelling_with_an_equals_sign_is_read_as_auth() {
    let explanation = keyword("AUTH=LOGIN", "PLAIN");
    assert_eq!(explanation.key, "AUTH");
    assert_eq!(explanation.details.len(), 3);
}

#[test]
fn limits_and_times_are_spelled_out() {
    let limits = keyword("LIMITS", "MAILMAX=20 RCPTMAX=100 RCPTDOMAINMAX=1 FROB=2").details;
    assert!(limits[0].contains("20 messages") && limits[1].contains("100 recipients"));
    assert!(limits[2].contains("1 domains") && limits[3].contains("unknown"));
    assert_eq!(keyword("DELIVERBY", "240").details, ["Shortest time accepted: 4 minutes."]);
    assert_eq!(keyword("FUTURERELEASE", "864000 2027-01-01T00:00:00Z").details, ["Longest wait: 10 days."]);
}

#[test]
fn unknown_keywords_are_said_to_be_unknown_and_private_ones_private() {
    let unknown = keyword("FROB", "1");
    assert!(!unknown.known && unknown.meaning.contains("unknown"));
    let private = keyword("x-frob", "");
    assert!(!private.known && private.meaning.contains("private"));
    assert_eq!(private.key, "X-FROB");
    let listed = keyword("RCPT", "");
    assert!(!listed.known && listed.title.contains("command"));
}

#[test]
fn a_keyword_painted_over_by_a_firewall_is_recognised() {
    for name in ["XXXXXXXA", "XXXXXXXX", "XXXB"] {
        assert_eq!(keyword(name, "").title.contains("firewall"), name != "XXXB", "{name}");
    }
}

#[test]
fn a_command_shows_how_it_is_written() {
    for verb in known_commands() {
        let explanation = command(&verb.to_ascii_lowercase());
        assert!(explanation.known && explanation.details[0].starts_with(verb), "{verb}");
    }
    let unknown = command("FROB");
    assert!(!unknown.known && unknown.meaning.contains("unknown"));
}

#[test]
fn every_verb_leads_to_its_step() {
    for (verb, step) in [
        ("EHLO", ReplyStep::Hello),
        ("lhlo", ReplyStep::Hello),
        ("mail", ReplyStep::Mail),
        ("SAML", ReplyStep::Mail),
        ("RCPT", ReplyStep::Rcpt),
        ("DATA", ReplyStep::Data),
        ("BDAT", ReplyStep::Bdat),
        ("StartTLS", ReplyStep::StartTls),
        ("AUTH", ReplyStep::Auth),
        ("XCLIENT", ReplyStep::Unknown),
        ("", ReplyStep::Unknown),
    ] {
        assert_eq!(ReplyStep::of_verb(verb), step, "{verb}");
    }
}

#[test]
fn sources_are_labelled_and_linked_by_section() {
    let source = &reply_code(211, ReplyStep::Help).sources[0];
    assert_eq!(source.label, "RFC 5321 §4.2.3");
    assert_eq!(source.url, "https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3");
    assert_eq!(command("TURN").sources[0].url, "https://www.rfc-editor.org/rfc/rfc5321#appendix-F.1");
    assert_eq!(keyword("SIZE", "").sources[0].url, "https://www.rfc-editor.org/rfc/rfc1870");
}

#[test]
fn an_explanation_is_plain_data_for_the_page() {
    let json = serde_json::to_value(reply_code(250, ReplyStep::Rcpt)).unwrap();
    assert_eq!(json["key"], "250");
    assert_eq!(json["title"], "Recipient accepted");
    assert_eq!(json["known"], true);
    assert!(json["sources"][0]["url"].is_string());
    assert_eq!(serde_json::to_value(ReplyStep::StartTls).unwrap(), "start_tls");
}
