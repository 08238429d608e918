//! What the RFCs show.

use ehlo_core::sasl::{AuthStep, Credentials, Exchange, Mechanism, ServerProof, encode_initial};
use ehlo_core::secret::Secret;

fn who(user: &str, password: &str) -> Credentials {
    Credentials { user: user.into(), password: Some(Secret::new(password)), ..Credentials::default() }
}

fn exchange(mechanism: Mechanism, who: Credentials, nonce: &str) -> Exchange {
    Exchange::new(mechanism, who, nonce, None, false).unwrap()
}

fn text(octets: Option<Vec<u8>>) -> String {
    String::from_utf8(octets.expect("an initial response")).unwrap()
}

fn answered(step: AuthStep) -> String {
    match step {
        AuthStep::Answer(octets) => String::from_utf8(octets).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn scram_sha_1_is_that_of_rfc_5802_section_5() {
    let mut scram = exchange(Mechanism::ScramSha1, who("user", "pencil"), "fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(text(scram.initial()), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    let server = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    assert_eq!(
        answered(scram.step(server)),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    assert_eq!(scram.rounds(), Some(4096));
    assert_eq!(answered(scram.step(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")), "");
    assert_eq!(scram.finish(true, None), ServerProof::ServerProved);
}

#[test]
fn scram_sha_256_is_that_of_rfc_7677_section_3() {
    let mut scram = exchange(Mechanism::ScramSha256, who("user", "pencil"), "rOprNGfwEbeRWgbNEkqO");
    assert_eq!(text(scram.initial()), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let server = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    assert_eq!(
        answered(scram.step(server)),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    let said = ehlo_core::base64::encode(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_eq!(scram.finish(true, Some(format!("2.7.0 {said}").as_bytes())), ServerProof::ServerProved);
}

#[test]
fn cram_md5_is_that_of_rfc_2195_section_2() {
    let mut cram = exchange(Mechanism::CramMd5, who("tim", "tanstaaftanstaaf"), "");
    assert_eq!(cram.initial(), None);
    let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
    assert_eq!(answered(cram.step(challenge)), "tim b913a602c7eda7a495b4e6e7334d3890");
}

#[test]
fn plain_is_that_of_rfc_4616_section_4() {
    let tim = who("tim", "tanstaaftanstaaf");
    assert_eq!(text(exchange(Mechanism::Plain, tim, "").initial()), "\0tim\0tanstaaftanstaaf");
    let kurt = Credentials { authorization_id: "Ursel".into(), ..who("Kurt", "xipj3plmq") };
    assert_eq!(text(exchange(Mechanism::Plain, kurt, "").initial()), "Ursel\0Kurt\0xipj3plmq");
}

#[test]
fn oauthbearer_is_that_of_rfc_7628_section_4() {
    let who = Credentials {
        user: "user@example.com".into(),
        token: Some(Secret::new("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")),
        host: "server.example.com".into(),
        port: 143,
        ..Credentials::default()
    };
    let mut bearer = exchange(Mechanism::OAuthBearer, who, "");
    assert_eq!(
        encode_initial(&bearer.initial().unwrap()),
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    );
    let error = br#"{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}"#;
    assert_eq!(bearer.step(error), AuthStep::Answer(vec![1]));
    let error = bearer.oauth_error().unwrap();
    assert_eq!((error.status.as_str(), error.scope.as_str()), ("invalid_token", "example_scope"));
    assert!(matches!(bearer.step(b""), AuthStep::Cancel { .. }));
    assert_eq!(bearer.finish(false, None), ServerProof::NotApplicable);
}

#[test]
fn xoauth2_is_that_of_its_makers() {
    // The example of Google's and Microsoft's manuals, with names for documentation.
    let who = Credentials {
        user: "test@contoso.example".into(),
        token: Some(Secret::new("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")),
        ..Credentials::default()
    };
    let mut oauth = exchange(Mechanism::XOAuth2, who, "");
    let first = "user=test@contoso.example\x01auth=Bearer EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA\x01\x01";
    // AUTH without initial response: the server asks for it.
    assert_eq!(answered(oauth.step(b"")), first);
    let error = br#"{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}"#;
    assert_eq!(oauth.step(error), AuthStep::Answer(Vec::new()));
    assert_eq!(oauth.oauth_error().unwrap().schemes, "bearer mac");
}

#[test]
fn login_answers_in_order_and_no_further() {
    let mut login = exchange(Mechanism::Login, who("tester", "test-Pass1"), "");
    assert_eq!(login.initial(), None);
    assert_eq!(answered(login.step(b"Username:")), "tester");
    assert_eq!(answered(login.step(b"Password:")), "test-Pass1");
    assert!(matches!(login.step(b"Password:"), AuthStep::Cancel { .. }));
}

#[test]
fn external_and_anonymous_say_what_little_they_have() {
    let mut external = exchange(Mechanism::External, Credentials::default(), "");
    assert_eq!(encode_initial(&external.initial().unwrap()), "=");
    let trace = Credentials { user: "sirhc".into(), ..Credentials::default() };
    let mut anonymous = exchange(Mechanism::Anonymous, trace, "");
    // RFC 4505 §4.
    assert_eq!(encode_initial(&anonymous.initial().unwrap()), "c2lyaGM=");
}
