//! Why a handshake failed, told from the server's own records.

use serde::Serialize;

use super::read::{self, words};
use super::report::{self, Certificate};
use super::settings::Settings;
use crate::json::{Mistake, Object};

words! {
    /// Why a handshake failed.
    pub enum FailureKind {
        /// What came is no TLS at all.
        NotTls = "not-tls",
        /// The server knows only versions that are no longer spoken.
        LegacyVersion = "legacy-version",
        /// There is no cipher suite, group or signature that both sides take.
        NoCommonSuite = "no-common-suite",
        /// The server ended it with an alert.
        Alert = "alert",
        /// The connection ended in the middle.
        Dropped = "dropped",
        /// The server goes on only with a client's certificate.
        ClientCertificateWanted = "client-certificate-wanted",
        /// What came is TLS, but breaks its rules.
        Malformed = "malformed",
        /// What came was changed on its way, or is not what the server's key signed.
        Tampered = "tampered",
        /// The page could not load what speaks TLS: only in talks that an earlier version saved.
        NotLoaded = "not-loaded",
        /// The settings cannot be used: a certificate, a key or a name.
        Settings = "settings",
        /// Nothing came in time.
        TimedOut = "timed-out",
        /// The question for old versions is answered; see [`Failure::legacy`].
        Probed = "probed",
    }
}

/// An alert of the server (RFC 8446 §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Its number.
    pub number: u8,
    /// Its name in the standard, such as `handshake_failure`.
    pub name: String,
    /// What it means, in words.
    pub meaning: String,
}

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// What happened, in one sentence.
    pub sentence: String,
    /// More of it, for those who know TLS; may be empty.
    pub detail: String,
    /// What can be done.
    pub advice: Vec<String>,
    /// The server's alert.
    pub alert: Option<Alert>,
    /// What the server sent, a line each.
    pub records: Vec<String>,
    /// The certificates that came before it failed.
    pub certificates: Vec<Certificate>,
    /// For what is no TLS: what it looks like, with its printable beginning.
    pub looks_like: Option<String>,
    /// The `openssl` command to go further with; empty where that would not help.
    pub openssl: String,
    /// Whether a question for old versions, on another connection, may tell more.
    pub wants_probe: bool,
    /// What that question was answered.
    pub legacy: Option<Legacy>,
}

/// What a server agrees to when it is offered everything that was ever in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Legacy {
    /// The version that it chose, such as `TLS 1.0`; empty where it chose none.
    pub version: String,
    /// The cipher suite's name; empty where it chose none.
    pub suite: String,
    /// The cipher suite's number.
    pub suite_id: u16,
    /// The key exchange with its curve or size, such as `ECDHE with secp521r1` or `DHE with 1024 bits`.
    pub key_exchange: String,
    /// The chain that it sent.
    pub certificates: Vec<Certificate>,
    /// What is the matter, in plain words.
    pub sentence: String,
    /// What can be done.
    pub advice: Vec<String>,
    /// Whether it binds the session's secret to the handshake (RFC 7627).
    pub extended_master_secret: bool,
    /// Whether it knows safe renegotiation (RFC 5746).
    pub secure_renegotiation: bool,
    /// What it sent, a line each.
    pub records: Vec<String>,
}

impl Failure {
    /// A failure without more than its sentence.
    pub fn new(kind: FailureKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            detail: String::new(),
            advice: Vec::new(),
            alert: None,
            records: Vec::new(),
            certificates: Vec::new(),
            looks_like: None,
            openssl: String::new(),
            wants_probe: false,
            legacy: None,
        }
    }

    /// Nothing came from the server in `waited` (in words, such as `30 s`).
    pub fn timed_out(waited: &str, settings: &Settings) -> Self {
        let sentence = ["The server did not go on with the TLS handshake within ", waited, "."].concat();
        Self { openssl: settings.openssl(), ..Self::new(FailureKind::TimedOut, sentence) }
    }

    /// The failure on one line of JSON.
    pub fn to_json(&self) -> String {
        crate::json::to_string(self)
    }

    /// Reads what [`Self::to_json`] wrote; text is made harmless.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = read::object(json)?;
        let object = &mut object;
        let alert = object.take("alert").map(Object::of).transpose()?.map(|mut alert| Alert {
            number: read::number(&mut alert, "number"),
            name: read::text(&mut alert, "name"),
            meaning: read::text(&mut alert, "meaning"),
        });
        Ok(Self {
            kind: FailureKind::read(object, "kind")?,
            sentence: read::text(object, "sentence"),
            detail: read::text(object, "detail"),
            advice: read::texts(object, "advice"),
            alert,
            records: read::texts(object, "records"),
            certificates: report::certificates(object)?,
            looks_like: read::some_text(object, "looks_like"),
            openssl: read::text(object, "openssl"),
            wants_probe: read::flag(object, "wants_probe"),
            legacy: object.take("legacy").map(|legacy| Legacy::read(Object::of(legacy)?)).transpose()?,
        })
    }

    /// The certificates that came before it failed, in PEM.
    pub fn pem(&self) -> String {
        report::pem(&self.certificates)
    }
}

impl Legacy {
    /// What was found on one line of JSON.
    pub fn to_json(&self) -> String {
        crate::json::to_string(self)
    }

    /// Reads what [`Self::to_json`] wrote; text is made harmless.
    ///
    /// # Errors
    /// The field that is wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        Self::read(read::object(json)?)
    }

    fn read(mut object: Object) -> Result<Self, Mistake> {
        let object = &mut object;
        Ok(Self {
            version: read::text(object, "version"),
            suite: read::text(object, "suite"),
            suite_id: read::number(object, "suite_id"),
            key_exchange: read::text(object, "key_exchange"),
            certificates: report::certificates(object)?,
            sentence: read::text(object, "sentence"),
            advice: read::texts(object, "advice"),
            extended_master_secret: read::flag(object, "extended_master_secret"),
            secure_renegotiation: read::flag(object, "secure_renegotiation"),
            records: read::texts(object, "records"),
        })
    }

    /// The chain in PEM.
    pub fn pem(&self) -> String {
        report::pem(&self.certificates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            detail: "received alert".into(),
            advice: vec!["Look at the server's settings.".into()],
            alert: Some(Alert { number: 40, name: "handshake_failure".into(), meaning: "nothing in common".into() }),
            records: vec!["alert 40 (handshake_failure)".into()],
            certificates: vec![Certificate { subject: "CN=mx.example".into(), ..Certificate::default() }],
            looks_like: Some("an SMTP reply in clear text".into()),
            openssl: "openssl s_client".into(),
            wants_probe: true,
            legacy: Some(Legacy { version: "TLS 1.0".into(), extended_master_secret: true, ..Legacy::default() }),
            ..Failure::new(FailureKind::Alert, "The server said no.")
        }
    }

    #[test]
    fn a_failure_reads_back_as_it_was_written() {
        for failure in
            [failure(), Failure::new(FailureKind::NotLoaded, "blocked"), Failure::new(FailureKind::Dropped, "gone")]
        {
            let json = failure.to_json();
            assert!(!json.contains('\n'));
            assert_eq!(Failure::from_json(&json), Ok(failure));
        }
    }

    #[test]
    fn what_an_old_server_said_reads_back_as_it_was_written() {
        let legacy = failure().legacy.unwrap();
        assert_eq!(Legacy::from_json(&legacy.to_json()), Ok(legacy));
    }

    #[test]
    fn what_is_no_failure_is_refused() {
        for text in ["", "{}", r#"{"kind":"unheard-of"}"#, r#"{"kind":"alert","legacy":[]}"#] {
            assert!(Failure::from_json(text).is_err(), "{text}");
        }
    }
}
