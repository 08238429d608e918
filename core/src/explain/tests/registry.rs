//! The lists of the standards, written out independently of the records.

use std::collections::BTreeSet;

use crate::explain::{known_commands, known_enhanced, known_keywords, known_reply_codes};

/// RFC 5321 §4.2.3.
const OF_RFC_5321: [u16; 24] = [
    211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452, 455, 500, 501, 502, 503, 504, 550, 551, 552, 553, 554,
    555,
];

/// RFC 3207, RFC 4954, RFC 5248 and RFC 7504.
const OF_EXTENSIONS: [u16; 13] = [235, 334, 432, 454, 521, 523, 524, 525, 530, 534, 535, 538, 556];

/// IANA, SMTP Enhanced Status Codes, Enumerated Status Codes, as of 2024-12-06.
const ENUMERATED: [&str; 81] = [
    "0.0", "1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "2.0", "2.1", "2.2", "2.3",
    "2.4", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7",
    "5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "6.0", "6.1", "6.2", "6.3", "6.4", "6.5", "6.6", "6.7", "6.8",
    "6.9", "6.10", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.7", "7.8", "7.9", "7.10", "7.11", "7.12",
    "7.13", "7.14", "7.15", "7.16", "7.17", "7.18", "7.19", "7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26",
    "7.27", "7.28", "7.29", "7.30",
];

/// IANA, SMTP Service Extensions.
const EXTENSIONS: [&str; 35] = [
    "SEND",
    "SOML",
    "SAML",
    "VRFY",
    "EXPN",
    "HELP",
    "TURN",
    "8BITMIME",
    "SIZE",
    "VERB",
    "ONEX",
    "CHUNKING",
    "BINARYMIME",
    "CHECKPOINT",
    "DELIVERBY",
    "PIPELINING",
    "DSN",
    "ETRN",
    "ENHANCEDSTATUSCODES",
    "STARTTLS",
    "NO-SOLICITING",
    "MTRK",
    "SUBMITTER",
    "ATRN",
    "AUTH",
    "BURL",
    "FUTURERELEASE",
    "CONPERM",
    "CONNEG",
    "UTF8SMTP",
    "SMTPUTF8",
    "MT-PRIORITY",
    "RRVS",
    "REQUIRETLS",
    "LIMITS",
];

const IN_THE_FIELD: [&str; 9] =
    ["XCLIENT", "XFORWARD", "PRDR", "PIPECONNECT", "X-ANONYMOUSTLS", "X-EXPS", "XEXCH50", "XSHADOW", "XRDST"];

const COMMANDS: [&str; 23] = [
    "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT", "STARTTLS",
    "AUTH", "ETRN", "TURN", "ATRN", "XCLIENT", "SEND", "SOML", "SAML", "BURL",
];

#[test]
fn the_reply_codes_are_those_of_rfc_5321_and_of_its_extensions() {
    let known: Vec<u16> = known_reply_codes().collect();
    let set: BTreeSet<u16> = known.iter().copied().collect();
    assert_eq!(known.len(), set.len(), "a code has two records");
    assert_eq!(set, OF_RFC_5321.into_iter().chain(OF_EXTENSIONS).collect());
}

#[test]
fn the_enhanced_codes_are_the_81_of_the_registry() {
    let known: Vec<String> = known_enhanced().map(|(subject, detail)| format!("{subject}.{detail}")).collect();
    assert_eq!(known, ENUMERATED);
    let by_subject =
        [0, 1, 2, 3, 4, 5, 6, 7].map(|one| known_enhanced().filter(|(subject, _)| *subject == one).count());
    assert_eq!(by_subject, [1, 11, 5, 7, 8, 7, 11, 31]);
}

#[test]
fn a_provider_s_number_never_hides_a_registered_one() {
    for record in super::super::enhanced::UNREGISTERED {
        assert!(!ENUMERATED.contains(&record.name), "{}", record.name);
    }
}

#[test]
fn every_registered_keyword_and_the_usual_others_are_known_once() {
    let known: Vec<&str> = known_keywords().collect();
    let set: BTreeSet<&str> = known.iter().copied().collect();
    assert_eq!(known.len(), set.len(), "a keyword has two records");
    for name in EXTENSIONS.iter().chain(&IN_THE_FIELD) {
        assert!(set.contains(name), "{name}");
    }
    let registered: BTreeSet<&str> = super::super::keyword::KEYWORDS.iter().map(|record| record.name).collect();
    assert_eq!(registered, EXTENSIONS.into_iter().collect());
}

#[test]
fn every_command_is_known_once() {
    let known: Vec<&str> = known_commands().collect();
    assert_eq!(known.len(), COMMANDS.len());
    assert_eq!(known.into_iter().collect::<BTreeSet<_>>(), COMMANDS.into_iter().collect());
}
