//! A planted secret is found in the octets that are sent and nowhere else.

use ehlo_core::base64::encode;
use ehlo_core::sasl::{AuthStep, Binding, BindingKind, Credentials, Decoder, Exchange, Mechanism};
use ehlo_core::secret::Secret;
use proptest::prelude::*;

use crate::every_exchange;

/// Whether `shown` holds `secret`, its base64 at any offset, or its octets as numbers.
fn holds(shown: &str, secret: &str) -> bool {
    let shifted = (0..3).map(|shift| {
        let encoded = encode(&[&b"xx"[..shift], secret.as_bytes()].concat());
        // The first and the last letters depend on what stands beside.
        encoded.trim_end_matches('=').get(4..).map(|rest| rest[..rest.len() - 1].to_owned()).unwrap_or_default()
    });
    let numbers = format!("{:?}", secret.as_bytes());
    let mut forms = vec![secret.to_owned(), numbers.trim_matches(['[', ']']).to_owned()];
    forms.extend(shifted.filter(|form| form.len() > 5));
    forms.iter().any(|form| shown.contains(form.as_str()))
}

fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#$%&()*+./:;<>?@_{|}~-]{10,24}".prop_map(String::from)
}

#[test]
fn the_search_finds_what_it_looks_for() {
    for text in ["a hunter2-hunter2 b", &encode(b"\0user\0hunter2-hunter2"), &format!("{:?}", b"hunter2-hunter2")] {
        assert!(holds(text, "hunter2-hunter2"), "{text}");
    }
    assert!(!holds("hunter2", "hunter2-hunter2"));
}

proptest! {
    #[test]
    fn an_exchange_shows_its_secret_to_nobody_but_the_server(secret in secret()) {
        let nonce = "q7Xw2rT9nBv4KdLz8YpA";
        let first = format!("r={nonce}abcd,s=QSXCR+Q6sek8bf92,i=2");
        for mut exchange in every_exchange(nonce, &secret) {
            let mechanism = exchange.mechanism();
            let mut decoder = Decoder::new(Some(mechanism));
            let mut shown = format!("{exchange:?}");
            let mut sent = Vec::new();
            if let Some(octets) = exchange.initial() {
                shown += &serde_json::to_string(&decoder.initial(&ehlo_core::sasl::encode_initial(&octets))).unwrap();
                sent.extend(octets);
            }
            for challenge in [if mechanism.is_scram() { first.as_str() } else { "Username:" }, "Password:"] {
                shown += &serde_json::to_string(&decoder.challenge(encode(challenge.as_bytes()).as_bytes())).unwrap();
                let step = exchange.step(challenge.as_bytes());
                shown += &format!("{step:?} {exchange:#?} {decoder:?}");
                if let AuthStep::Answer(octets) = step {
                    shown += &serde_json::to_string(&decoder.answer(&encode(&octets))).unwrap();
                    sent.extend(octets);
                }
            }
            shown += &format!("{:?}", exchange.finish(true, None));
            prop_assert!(!holds(&shown, &secret), "{mechanism:?}: {shown}");
            let sent = String::from_utf8_lossy(&sent).into_owned();
            prop_assert_eq!(sent.contains(&secret), mechanism.reveals_password(), "{:?}", mechanism);
            // Nor does it show the proof, nor what the session is bound to.
            if let Some((_, proof)) = sent.split_once(",p=") {
                prop_assert!(mechanism.guessable() && !shown.contains(proof), "{:?}", shown);
            }
        }
    }

    #[test]
    fn credentials_and_bindings_have_no_secret_in_debug(secret in secret()) {
        let who = Credentials {
            user: "user".into(),
            password: Some(Secret::new(secret.as_str())),
            token: Some(Secret::new(secret.as_str())),
            ..Credentials::default()
        };
        let binding = Binding { kind: BindingKind::TlsExporter, data: secret.clone().into_bytes() };
        let mistake = Exchange::new(
            Mechanism::Plain,
            Credentials { password: Some(Secret::new(format!("{secret}\n"))), ..who.clone() },
            "",
            Some(&binding),
            true,
        );
        let shown = format!("{who:?} {who:#?} {binding:?} {binding:#?} {:?}", mistake.unwrap_err());
        prop_assert!(!holds(&shown, &secret), "{}", shown);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    /// Somebody types by hand: the right message with one thing wrong.
    #[test]
    fn a_message_that_was_typed_wrong_shows_no_secret(
        secret in secret(),
        form in 0_usize..8,
        cut in 0_usize..200,
        put in prop_oneof![Just(""), Just("\0"), Just("\n"), Just(","), Just("\x01"), Just(" "), Just("=")],
        mechanism in proptest::option::of(proptest::sample::select(Mechanism::ALL.to_vec())),
        raw: bool,
        initial: bool,
    ) {
        // Without a secret of their own: what is typed there is a name.
        let mechanism = mechanism.filter(|one| !matches!(one, Mechanism::External | Mechanism::Anonymous));
        // The first answer of LOGIN is a name as well.
        let initial = initial && mechanism != Some(Mechanism::Login);
        // So is what stands where XOAUTH2 has it.
        let form = if mechanism == Some(Mechanism::XOAuth2) && form == 1 { 2 } else { form };
        let forms = [
            format!("\0user\0{secret}"),
            format!("user={secret}\x01auth=Bearer {secret}\x01\x01"),
            format!("user=user\x01auth=Bearer {secret}\x01\x01"),
            format!("n,a=user,\x01auth=Bearer {secret}\x01\x01"),
            format!("c=biws,r=abc,p={secret}"),
            format!("user {secret}"),
            secret.clone(),
            format!("user\0{secret}\0"),
        ];
        let mut wrong = forms[form].clone();
        let begin = wrong.find(&secret).unwrap();
        let at = cut % (wrong.len() + 1);
        // Put into the middle of the secret, it would hide it from the search and not from a reader.
        wrong.insert_str(if (begin..begin + secret.len()).contains(&at) { begin } else { at }, put);
        let text = if raw { wrong } else { encode(wrong.as_bytes()) };
        let mut decoder = Decoder::new(mechanism);
        decoder.challenge(b"");
        let decoded = if initial { decoder.initial(&text) } else { decoder.answer(&text) };
        let shown = format!("{} {decoder:?}", serde_json::to_string(&decoded).unwrap());
        prop_assert!(!holds(&shown, &secret), "{:?} {:?}: {}", mechanism, text, shown);
    }
}
