//! Servers that are wrong, hostile or only unusual; none may make a client panic, or take what it should not.

use ehlo_core::sasl::{AuthStep, Credentials, Exchange, Mechanism, ROUNDS_MAX, ServerProof};
use ehlo_core::secret::Secret;
use proptest::prelude::*;

use crate::every_exchange;

const NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
const FIRST: &[u8] = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
const LAST: &[u8] = b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";

fn who() -> Credentials {
    Credentials { user: "user".into(), password: Some(Secret::new("pencil")), ..Credentials::default() }
}

/// RFC 5802's exchange after the client's first message.
fn begun() -> Exchange {
    let mut exchange = Exchange::new(Mechanism::ScramSha1, who(), NONCE, None, false).unwrap();
    exchange.initial().unwrap();
    exchange
}

/// The same after the proof.
fn proven() -> Exchange {
    let mut exchange = begun();
    assert!(matches!(exchange.step(FIRST), AuthStep::Answer(_)));
    exchange
}

fn cancelled(step: AuthStep) -> &'static str {
    match step {
        AuthStep::Cancel { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tampered_server_signature_cancels_and_is_told_apart_from_none() {
    let mut tampered = LAST.to_vec();
    tampered[4] ^= 1;
    let mut exchange = proven();
    assert!(cancelled(exchange.step(&tampered)).contains("signature is wrong"));
    assert_eq!(exchange.finish(true, None), ServerProof::ServerNotProved, "let in all the same");

    let encoded = |octets: &[u8]| format!("2.7.0 {}", ehlo_core::base64::encode(octets)).into_bytes();
    assert_eq!(proven().finish(true, Some(&encoded(&tampered))), ServerProof::ServerFailed);
    assert_eq!(proven().finish(true, Some(&encoded(LAST))), ServerProof::ServerProved);
    assert_eq!(proven().finish(true, Some(b"2.7.0 Authentication successful")), ServerProof::ServerNotProved);
    assert_eq!(proven().finish(true, None), ServerProof::ServerNotProved);
    assert_eq!(proven().finish(false, Some(&encoded(LAST))), ServerProof::NotApplicable);
    assert_eq!(begun().finish(true, None), ServerProof::ServerNotProved, "let in before the proof");
    assert_eq!(begun().finish(true, Some(&encoded(b"v="))), ServerProof::ServerNotProved);
}

#[test]
fn the_signature_in_a_334_wants_an_empty_line_and_then_nothing_more() {
    let mut exchange = proven();
    assert_eq!(exchange.step(LAST), AuthStep::Answer(Vec::new()));
    assert!(cancelled(exchange.clone().step(LAST)).contains("more than"));
    assert_eq!(exchange.finish(true, None), ServerProof::ServerProved);
}

#[test]
fn a_first_message_that_is_not_sound_cancels_with_its_reason() {
    let nonce = "r=fyko+d2lbbFgONRv9qkxdawL3rfc";
    for (message, reason) in [
        ("r=other3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096".to_owned(), "does not begin with Ehlo's"),
        (format!("r={NONCE},s=QSXCR+Q6sek8bf92,i=4096"), "nothing of its own"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92,i=0"), "no round at all"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92,i={}", ROUNDS_MAX + 1), "more than 10 million"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92,i=99999999999999999999"), "more than 10 million"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92,i=-1"), "no number"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92,i=+4096"), "no number"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92,i="), "no number"),
        (format!("{nonce},s=QSXCR+Q6sek8bf92"), "rounds (i=)"),
        (format!("{nonce},s=!,i=4096"), "no base64"),
        (format!("{nonce},i=4096"), "no salt"),
        (nonce.to_owned(), "no salt"),
        ("s=QSXCR+Q6sek8bf92,i=4096".to_owned(), "does not begin with a nonce"),
        (format!("m=new,{nonce},s=QSXCR+Q6sek8bf92,i=4096"), "extension"),
        ("e=unknown-user".to_owned(), "does not know the user"),
        ("e=something-new".to_owned(), "refuses"),
        (String::new(), "does not begin with a nonce"),
    ] {
        let mut exchange = begun();
        let why = cancelled(exchange.step(message.as_bytes()));
        assert!(why.contains(reason), "{message}: {why}");
        // Nothing goes on after that.
        cancelled(exchange.step(FIRST));
    }
    assert!(cancelled(begun().step(b"\xff,")).contains("UTF-8"));
}

#[test]
fn fields_behind_the_rounds_are_part_of_the_proof_and_do_not_disturb() {
    let AuthStep::Answer(plain) = begun().step(FIRST) else { panic!() };
    let AuthStep::Answer(longer) = begun().step(&[FIRST, b",x=new"].concat()) else { panic!() };
    assert_ne!(plain, longer);
}

#[test]
fn many_rounds_are_done_in_pieces_that_add_up() {
    let message = b"r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=100100";
    let mut exchange = begun();
    let AuthStep::Working { rounds, left } = exchange.step(message) else { panic!("100100 rounds at once") };
    assert_eq!((rounds, left), (100_100, 99));
    assert_eq!(exchange.work(98), AuthStep::Working { rounds, left: 1 });
    assert!(cancelled(exchange.clone().step(b"")).contains("spoke before"), "the server does not wait");
    let AuthStep::Answer(in_pieces) = exchange.work(1) else { panic!() };
    let mut exchange = begun();
    exchange.step(message);
    assert_eq!(exchange.work(u32::MAX), AuthStep::Answer(in_pieces));
    assert_eq!(exchange.rounds(), Some(100_100));
}

#[test]
fn what_a_mechanism_needs_is_asked_for_by_the_fields_name() {
    let none = Credentials::default();
    let of = |who: &Credentials, mechanism| Exchange::new(mechanism, who.clone(), NONCE, None, false).err();
    let field = |who: &Credentials, mechanism| of(who, mechanism).map(|mistake| mistake.field);
    assert_eq!(field(&none, Mechanism::Plain).as_deref(), Some("user"));
    let user = Credentials { user: "tester".into(), ..none.clone() };
    assert_eq!(field(&user, Mechanism::Login).as_deref(), Some("password"));
    assert_eq!(field(&user, Mechanism::XOAuth2).as_deref(), Some("token"));
    assert_eq!(field(&who(), Mechanism::ScramSha256Plus).as_deref(), Some("mechanism"), "no TLS session to bind to");
    assert_eq!(field(&none, Mechanism::External), None);
    let pasted = Credentials { password: Some(Secret::new("pencil\n")), ..who() };
    let mistake = of(&pasted, Mechanism::Plain).unwrap();
    assert!(mistake.field == "password" && !mistake.message.contains("pencil"), "{mistake:?}");
    for nonce in ["", "a,b", "a b", "ä"] {
        let made = Exchange::new(Mechanism::ScramSha1, who(), nonce, None, false);
        assert_eq!(made.unwrap_err().field, "nonce", "{nonce:?}");
    }
}

#[test]
fn the_best_mechanism_goes_by_what_is_offered_given_and_protected() {
    let all: Vec<&str> = Mechanism::ALL.into_iter().map(Mechanism::word).collect();
    let best = |offered: &[&str], who: &Credentials, protected, binding| {
        Mechanism::best(offered, who, protected, binding).map(|best| best.mechanism)
    };
    let token = Credentials { user: "user".into(), token: Some(Secret::new("t")), ..Credentials::default() };
    for (offered, who, protected, binding, expected) in [
        (&all[..], who(), true, true, Some(Mechanism::ScramSha256Plus)),
        (&all, who(), true, false, Some(Mechanism::ScramSha256)),
        (&all, token.clone(), true, true, Some(Mechanism::OAuthBearer)),
        (&all, Credentials::default(), true, true, Some(Mechanism::External)),
        (&["plain", "CRAM-MD5"], who(), true, true, Some(Mechanism::Plain)),
        (&["PLAIN", "cram-md5"], who(), false, true, Some(Mechanism::CramMd5)),
        (&["LOGIN", "PLAIN"], who(), false, false, Some(Mechanism::Plain)),
        (&["SCRAM-SHA-256-PLUS"], who(), true, false, None),
        (&["PLAIN"], token, true, true, None),
        (&["NTLM", "GSSAPI"], who(), true, true, None),
        (&[], who(), true, true, None),
    ] {
        assert_eq!(best(offered, &who, protected, binding), expected, "{offered:?} {protected} {binding}");
    }
    for mechanism in Mechanism::ALL {
        assert_eq!(Mechanism::of(&mechanism.word().to_ascii_lowercase()), Some(mechanism));
        assert!(mechanism.about().ends_with('.'));
    }
}

#[test]
fn the_errors_of_token_servers_are_explained() {
    for (json, sentence) in [
        (r#"{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}"#, "run out"),
        (r#"{"status":401}"#, "run out"),
        (r#"{"status":"invalid_token"}"#, "run out"),
        (r#"{"status":"400","schemes":"Bearer","scope":""}"#, "make sense"),
        (r#"{"status":"insufficient_scope","scope":"smtp.send"}"#, "does not allow"),
        (r#"{"status":"503"}"#, "trouble of its own"),
        (r#"{"status":"brand_new"}"#, "does not take"),
    ] {
        let error = ehlo_core::sasl::explain_error(json.as_bytes()).unwrap();
        assert!(error.sentence.contains(sentence) && !error.advice.is_empty(), "{json}: {error:?}");
    }
    for text in ["", "{}", "[]", "null", r#"{"status":null}"#, r#"{"status":-1}"#, "\u{FEFF}", "no"] {
        assert_eq!(ehlo_core::sasl::explain_error(text.as_bytes()), None, "{text}");
    }
    let turned = ehlo_core::sasl::explain_error("{\"status\":\"a\u{202E}b\"}".as_bytes()).unwrap();
    assert!(!turned.status.contains('\u{202E}'));
}

/// A challenge that gets further than chance would: fields of SCRAM in any order, JSON, prompts.
fn challenge() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("r=fyko+d2lbbFgONRv9qkxdawLab".to_owned()),
        Just("s=QSXCR+Q6sek8bf92".to_owned()),
        (0_u32..5000).prop_map(|rounds| format!("i={rounds}")),
        Just("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=".to_owned()),
        Just("e=invalid-proof".to_owned()),
        Just("{\"status\":\"401\"}".to_owned()),
        Just("Username:".to_owned()),
        ".{0,12}".prop_map(String::from),
    ];
    let pieces = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.join(",").into_bytes());
    prop_oneof![3 => pieces, 1 => proptest::collection::vec(any::<u8>(), 0..60)]
}

proptest! {
    #[test]
    fn no_challenge_makes_an_exchange_panic_or_go_on_for_ever(
        challenges in proptest::collection::vec(challenge(), 1..6),
        initial: bool,
        positive: bool,
    ) {
        for mut exchange in every_exchange(NONCE, "pencil") {
            if initial {
                exchange.initial();
            }
            let mut answers = 0;
            for challenge in &challenges {
                match exchange.step(challenge) {
                    AuthStep::Answer(_) => answers += 1,
                    AuthStep::Working { .. } => prop_assert!(false, "fewer than 5000 rounds are done at once"),
                    AuthStep::Cancel { why } => prop_assert!(why.ends_with('.')),
                }
            }
            // Without the password nobody can end with a proof.
            let outcome = exchange.finish(positive, Some(&challenges.concat()));
            prop_assert!(answers <= 3 && outcome != ServerProof::ServerProved, "{exchange:?}");
        }
    }
}
