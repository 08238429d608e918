//! What a person reads of an exchange.

use ehlo_core::base64::encode;
use ehlo_core::sasl::{Decoded, Decoder, Mechanism, mask_proof};

/// The parts in one line.
fn shown(decoded: &Decoded) -> String {
    decoded.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" | ")
}

fn initial(mechanism: Mechanism, text: &str) -> Decoded {
    Decoder::new(Some(mechanism)).initial(&encode(text.as_bytes()))
}

#[test]
fn plain_shows_both_names_and_no_password() {
    assert_eq!(shown(&initial(Mechanism::Plain, "\0tester\0test-Pass1")), "␀ tester ␀ ••••••");
    assert_eq!(shown(&initial(Mechanism::Plain, "admin\0tester\0test-Pass1")), "admin ␀ tester ␀ ••••••");
}

#[test]
fn mistakes_of_who_encodes_by_hand_are_told_and_nothing_is_shown() {
    // What is forgotten or too much moves the password to where a name should be.
    for typed in ["tester\0test-Pass1", "\0tester\0test-Pass1\n", "tester\0test-Pass1\0", "tester:test-Pass1", "\0\0x"]
    {
        let decoded = initial(Mechanism::Plain, typed);
        assert_eq!(shown(&decoded), "••••••", "{typed:?}");
        assert!(decoded.hints.iter().any(|hint| hint.contains("NUL")), "{typed:?}: {decoded:?}");
        assert_eq!(decoded.hints.iter().any(|hint| hint.contains("`echo`")), typed.ends_with('\n'), "{typed:?}");
    }
    let mut decoder = Decoder::new(Some(Mechanism::Plain));
    let decoded = decoder.answer("\u{1F600} not base64");
    assert!(shown(&decoded) == "••••••" && decoded.hints[0].contains("no base64"), "{decoded:?}");
    let decoded = Decoder::new(Some(Mechanism::Plain)).answer("AHRlc3RlcgBwYXNz ");
    assert!(decoded.hints[0].contains("Spaces"), "{decoded:?}");
}

#[test]
fn login_shows_a_name_only_where_the_server_asked_for_one() {
    let mut decoder = Decoder::new(Some(Mechanism::Login));
    assert_eq!(shown(&decoder.challenge(b"VXNlcm5hbWU6")), "Username:");
    assert_eq!(shown(&decoder.answer("dGVzdGVy")), "tester");
    assert_eq!(shown(&decoder.challenge(b"UGFzc3dvcmQ6")), "Password:");
    assert_eq!(shown(&decoder.answer("dGVzdC1QYXNzMQ==")), "••••••");
    let mut decoder = Decoder::new(Some(Mechanism::Login));
    assert_eq!(shown(&decoder.initial("dGVzdGVy")), "tester", "with the name in the AUTH line");
    decoder.challenge(b"VXNlcm5hbWU6");
    assert_eq!(shown(&decoder.answer("dGVzdC1QYXNzMQ==")), "••••••", "a second name would be the password");
    for prompt in [&b"UGFzc3dvcmQ6"[..], b"", b"R28gb24="] {
        let mut decoder = Decoder::new(Some(Mechanism::Login));
        decoder.challenge(prompt);
        assert_eq!(shown(&decoder.answer("dGVzdGVy")), "••••••", "{prompt:?}");
    }
}

#[test]
fn cram_md5_shows_question_and_name_but_no_digest() {
    let mut decoder = Decoder::new(Some(Mechanism::CramMd5));
    let question = "<1896.697170952@postoffice.example>";
    assert_eq!(shown(&decoder.challenge(encode(question.as_bytes()).as_bytes())), question);
    assert_eq!(shown(&decoder.answer(&encode(b"tim b913a602c7eda7a495b4e6e7334d3890"))), "tim | ••••••");
    assert_eq!(shown(&decoder.answer(&encode("tim b913a602c7eda7a495b4e6e7334d389ä".as_bytes()))), "••••••");
    assert_eq!(shown(&decoder.answer(&encode(b"tim pencil"))), "••••••");
}

#[test]
fn scram_is_shown_field_by_field_without_the_proofs() {
    let mut decoder = Decoder::new(Some(Mechanism::ScramSha256));
    let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    let first = decoder.initial(&encode(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
    assert_eq!(shown(&first), "n | n=user | r=rOprNGfwEbeRWgbNEkqO");
    let server =
        decoder.challenge(encode(format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").as_bytes()).as_bytes());
    assert_eq!(shown(&server), format!("r={nonce} | s=W22ZaJ0SNY7soEsUEjb6gQ== | i=4096"));
    assert!(server.hints.is_empty(), "{server:?}");
    let last =
        decoder.answer(&encode(format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").as_bytes()));
    assert_eq!(shown(&last), format!("c=n,, | r={nonce} | p=••••••"));
    let signature = decoder.challenge(encode(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").as_bytes());
    assert_eq!(shown(&signature), "v=••••••");
    assert_eq!(shown(&decoder.answer("")), "");
    let weak = Decoder::new(Some(Mechanism::ScramSha1)).challenge(encode(b"r=ab,s=QQ==,i=100").as_bytes());
    assert!(weak.hints.iter().any(|hint| hint.contains("4096")), "{weak:?}");
}

#[test]
fn what_a_proof_is_bound_to_is_told_and_hidden() {
    let mut decoder = Decoder::new(Some(Mechanism::ScramSha1Plus));
    let first = decoder.initial(&encode(b"p=tls-exporter,a=other,n=user,r=abc"));
    assert_eq!(shown(&first), "p=tls-exporter | a=other | n=user | r=abc");
    decoder.challenge(encode(b"r=abcdef,s=QQ==,i=4096").as_bytes());
    let bound = encode(b"p=tls-exporter,a=other,\x01secret of the session");
    let last = decoder.answer(&encode(format!("c={bound},r=abcdef,p=AAAA").as_bytes()));
    assert_eq!(shown(&last), "c=p=tls-exporter,a=other,•••••• | r=abcdef | p=••••••");
    assert!(last.parts[0].meaning.contains("bound to it"), "{last:?}");
    // Another nonce than the server's may be anything.
    let last = decoder.answer(&encode(format!("c={bound},r=pencil,p=AAAA").as_bytes()));
    assert_eq!(shown(&last), "c=p=tls-exporter,a=other,•••••• | •••••• | p=••••••");
    for bound in ["pencil", "n,,pencil", "x,,", "p=tls-exporter,,", "n,pencil,"] {
        let last = decoder.answer(&encode(format!("c={},r=abcdef,p=AAAA", encode(bound.as_bytes())).as_bytes()));
        assert_eq!(shown(&last), "••••••", "{bound}");
    }
}

#[test]
fn tokens_are_hidden_and_errors_are_told() {
    let mut decoder = Decoder::new(Some(Mechanism::XOAuth2));
    assert_eq!(
        shown(&decoder.initial(&encode(b"user=a@b.example\x01auth=Bearer s3cret\x01\x01"))),
        "user=a@b.example | auth=Bearer ••••••"
    );
    let error = decoder.challenge(encode(br#"{"status":"401"}"#).as_bytes());
    assert!(error.parts[0].text == r#"{"status":"401"}"# && error.parts[0].meaning.contains("run out"), "{error:?}");
    let mut decoder = Decoder::new(Some(Mechanism::OAuthBearer));
    let first = b"n,a=user@b.example,\x01host=mx.example\x01port=587\x01auth=Bearer s3cret\x01\x01";
    assert_eq!(
        shown(&decoder.initial(&encode(first))),
        "a=user@b.example | host=mx.example | port=587 | auth=Bearer ••••••"
    );
    assert_eq!(shown(&decoder.answer("AQ==")), "␁");
    for wrong in
        ["user=a@b.example\x01auth=Bearer s3cret", "s3cret", "user=s3cret\x01\x01", "user=a\x01auth=s3cret\x01\x01"]
    {
        assert_eq!(shown(&initial(Mechanism::XOAuth2, wrong)), "••••••", "{wrong:?}");
        assert_eq!(shown(&initial(Mechanism::OAuthBearer, wrong)), "••••••", "{wrong:?}");
    }
}

#[test]
fn an_unknown_mechanism_shows_the_server_and_nothing_of_the_client() {
    let mut decoder = Decoder::new(None);
    assert_eq!(shown(&decoder.initial("dGVzdGVy")), "••••••");
    assert_eq!(shown(&decoder.challenge(b"bm9uY2U9IngiAA==")), "nonce=\"x\"␀");
    assert_eq!(shown(&decoder.challenge(b"not base64")), "not base64");
    assert_eq!(shown(&decoder.answer("*")), "*");
    assert_eq!(shown(&decoder.initial("=")), "");
}

#[test]
fn the_servers_signature_is_masked_wherever_it_stands() {
    let signature = encode(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    for line in
        [format!("334 {signature}\r\n"), format!("235 2.7.0 {signature} done\r\n"), format!("235-{signature}\r\n")]
    {
        let masked = String::from_utf8(mask_proof(line.as_bytes()).unwrap()).unwrap();
        assert_eq!(masked, line.replace(&signature, "••••••"));
        assert_eq!(mask_proof(masked.as_bytes()), None);
    }
    for line in ["235 2.7.0 Authentication successful\r\n", "334 VXNlcm5hbWU6\r\n", "334 \r\n", "", "250 v=1\r\n"] {
        assert_eq!(mask_proof(line.as_bytes()), None, "{line}");
    }
}
