//! SCRAM against rsasl as the server, with what it must know of the password made by ring: neither is Ehlo's own code.

use std::io::Cursor;
use std::num::NonZeroU32;

use ehlo_core::sasl::{AuthStep, Binding, BindingKind, Credentials, Exchange, Mechanism, ServerProof};
use ehlo_core::secret::Secret;
use ring::{digest, hmac, pbkdf2};
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::mechanisms::scram::{SCRAM_SHA1, SCRAM_SHA1_PLUS, SCRAM_SHA256, SCRAM_SHA256_PLUS};
use rsasl::mechname::Mechname;
use rsasl::prelude::{Mechanism as Offered, Registry, SASLConfig, SASLServer, SessionError, Validation};
use rsasl::property::{AuthId, AuthzId, ChannelBindingName, ChannelBindings};
use rsasl::validate::{Validate, ValidationError};

const ROUNDS: u32 = 4096;
const SALT: &[u8] = b"salt of the test";
const SESSION: &[u8] = b"0123456789abcdef0123456789abcdef";

static WITH_PLUS: [Offered; 4] = [SCRAM_SHA1, SCRAM_SHA1_PLUS, SCRAM_SHA256, SCRAM_SHA256_PLUS];
static WITHOUT_PLUS: [Offered; 2] = [SCRAM_SHA1, SCRAM_SHA256];

/// What the server has of its one user, and what its end of the TLS session says.
struct Account {
    user: String,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
    kind: &'static str,
    binding: Vec<u8>,
}

impl Account {
    fn new(mechanism: Mechanism, user: &str, password: &str, kind: &'static str, binding: &[u8]) -> Self {
        let sha_1 = matches!(mechanism, Mechanism::ScramSha1 | Mechanism::ScramSha1Plus);
        let (stretch, sign, hash) = if sha_1 {
            (pbkdf2::PBKDF2_HMAC_SHA1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA1_FOR_LEGACY_USE_ONLY)
        } else {
            (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256)
        };
        let mut salted = vec![0; hash.output_len()];
        pbkdf2::derive(stretch, NonZeroU32::new(ROUNDS).unwrap(), SALT, password.as_bytes(), &mut salted);
        let key = hmac::Key::new(sign, &salted);
        let stored_key = digest::digest(hash, hmac::sign(&key, b"Client Key").as_ref()).as_ref().to_vec();
        let server_key = hmac::sign(&key, b"Server Key").as_ref().to_vec();
        Self { user: user.to_owned(), stored_key, server_key, kind, binding: binding.to_vec() }
    }
}

impl SessionCallback for Account {
    fn callback(&self, _: &SessionData, context: &Context<'_>, request: &mut Request<'_>) -> Result<(), SessionError> {
        if context.get_ref::<ChannelBindingName>() == Some(self.kind) {
            request.satisfy::<ChannelBindings>(&self.binding)?;
        }
        if context.get_ref::<AuthId>() == Some(&self.user) {
            let stored = ScramStoredPassword::new(ROUNDS, SALT, &self.stored_key, &self.server_key);
            request.satisfy::<ScramStoredPassword<'_>>(&stored)?;
        }
        Ok(())
    }

    fn validate(
        &self,
        _: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let name = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let who = (name(context.get_ref::<AuthId>()), name(context.get_ref::<AuthzId>()));
        validate.with::<LetIn, _>(|| Ok(who))?;
        Ok(())
    }
}

/// Who was let in: user, and whom to act for.
struct LetIn;

impl Validation for LetIn {
    type Value = (String, String);
}

/// Lets `exchange` run against the server; who was let in, and what was proved, or why it was cancelled or failed.
fn run(
    offered: &'static [Offered],
    account: Account,
    mut exchange: Exchange,
) -> Result<((String, String), ServerProof), String> {
    let config =
        SASLConfig::builder().with_registry(Registry::with_mechanisms(offered)).with_callback(account).unwrap();
    let word = Mechname::parse(exchange.mechanism().word().as_bytes()).unwrap();
    let mut server = SASLServer::<LetIn>::new(config).start_suggested(word).expect("offered");
    let mut answer = exchange.initial().expect("an initial response");
    loop {
        let mut said = Cursor::new(Vec::new());
        let state = server.step(Some(&answer), &mut said).map_err(|error| error.to_string())?;
        match exchange.step(said.get_ref()) {
            AuthStep::Answer(octets) => answer = octets,
            AuthStep::Cancel { why } => return Err(why.to_owned()),
            AuthStep::Working { .. } => panic!("{ROUNDS} rounds are few"),
        }
        if state.is_finished() {
            let who = server.validation().ok_or("nobody was let in")?;
            return Ok((who, exchange.finish(true, None)));
        }
    }
}

fn who(password: &str) -> Credentials {
    Credentials { user: "tester".into(), password: Some(Secret::new(password)), ..Credentials::default() }
}

fn exchange(mechanism: Mechanism, who: Credentials, binding: Option<&Binding>, plus: bool) -> Exchange {
    Exchange::new(mechanism, who, "q7Xw2rT9nBv4KdLz8YpA", binding, plus).unwrap()
}

const PLUS: [Mechanism; 2] = [Mechanism::ScramSha1Plus, Mechanism::ScramSha256Plus];
const PLAIN: [Mechanism; 2] = [Mechanism::ScramSha1, Mechanism::ScramSha256];
const KINDS: [BindingKind; 2] = [BindingKind::TlsExporter, BindingKind::TlsServerEndPoint];

fn binding(kind: BindingKind) -> Binding {
    Binding { kind, data: SESSION.to_vec() }
}

#[test]
fn scram_without_binding_proves_both_sides() {
    for mechanism in PLAIN {
        let account = Account::new(mechanism, "tester", "test-Pass1", "", b"");
        let (who, outcome) = run(&WITHOUT_PLUS, account, exchange(mechanism, who("test-Pass1"), None, false)).unwrap();
        assert_eq!((who.0.as_str(), outcome), ("tester", ServerProof::ServerProved), "{mechanism:?}");
    }
}

#[test]
fn scram_plus_proves_both_sides_with_either_binding() {
    for mechanism in PLUS {
        for kind in KINDS {
            let account = Account::new(mechanism, "tester", "test-Pass1", kind.word(), SESSION);
            let ours = exchange(mechanism, who("test-Pass1"), Some(&binding(kind)), true);
            let (who, outcome) = run(&WITH_PLUS, account, ours).unwrap();
            assert_eq!((who.0.as_str(), outcome), ("tester", ServerProof::ServerProved), "{mechanism:?} {kind:?}");
        }
    }
}

#[test]
fn a_tampered_binding_fails() {
    for mechanism in PLUS {
        for kind in KINDS {
            for at in [0, SESSION.len() - 1] {
                let mut other = SESSION.to_vec();
                other[at] ^= 1;
                let account = Account::new(mechanism, "tester", "test-Pass1", kind.word(), &other);
                let ours = exchange(mechanism, who("test-Pass1"), Some(&binding(kind)), true);
                let why = run(&WITH_PLUS, account, ours).unwrap_err();
                assert!(why.contains("another TLS session"), "{mechanism:?} {kind:?}: {why}");
            }
        }
    }
}

#[test]
fn a_binding_of_the_other_kind_fails() {
    for mechanism in PLUS {
        let account = Account::new(mechanism, "tester", "test-Pass1", "tls-exporter", SESSION);
        let ours = exchange(mechanism, who("test-Pass1"), Some(&binding(BindingKind::TlsServerEndPoint)), true);
        assert!(run(&WITH_PLUS, account, ours).is_err(), "{mechanism:?}");
    }
}

#[test]
fn a_list_without_plus_that_was_changed_on_the_way_is_noticed_by_the_server() {
    for mechanism in PLAIN {
        let account = || Account::new(mechanism, "tester", "test-Pass1", "tls-exporter", SESSION);
        let ours = |plus| exchange(mechanism, who("test-Pass1"), Some(&binding(BindingKind::TlsExporter)), plus);
        // Somebody took -PLUS off the list: the client says that it could bind.
        assert!(run(&WITH_PLUS, account(), ours(false)).is_err(), "{mechanism:?}");
        // The person chose not to bind, although it is offered.
        assert_eq!(run(&WITH_PLUS, account(), ours(true)).unwrap().1, ServerProof::ServerProved, "{mechanism:?}");
        // The server really does not offer it.
        assert_eq!(run(&WITHOUT_PLUS, account(), ours(false)).unwrap().1, ServerProof::ServerProved, "{mechanism:?}");
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused() {
    for mechanism in PLAIN {
        let account = Account::new(mechanism, "tester", "test-Pass1", "", b"");
        let why = run(&WITHOUT_PLUS, account, exchange(mechanism, who("test-Pass2"), None, false)).unwrap_err();
        assert!(why.contains("proof is wrong"), "{why}");
        let account = Account::new(mechanism, "somebody", "test-Pass1", "", b"");
        let why = run(&WITHOUT_PLUS, account, exchange(mechanism, who("test-Pass1"), None, false)).unwrap_err();
        assert!(why.contains("does not know the user"), "{why}");
    }
}

#[test]
fn names_with_commas_and_the_identity_to_act_for_arrive() {
    let mechanism = Mechanism::ScramSha256Plus;
    // rsasl hands the name over as it is written on the wire.
    let account = Account::new(mechanism, "a=2Cb=3Dc", "pässwörd", "tls-exporter", SESSION);
    let who = Credentials { user: "a,b=c".into(), authorization_id: "other".into(), ..who("p\u{AD}ässwörd") };
    let (who, outcome) =
        run(&WITH_PLUS, account, exchange(mechanism, who, Some(&binding(BindingKind::TlsExporter)), true)).unwrap();
    assert_eq!(who, ("a=2Cb=3Dc".to_owned(), "other".to_owned()));
    assert_eq!(outcome, ServerProof::ServerProved);
}
