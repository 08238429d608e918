//! What a handshake found: version, suite, chain, and whether the chain can be trusted.

use std::fmt;

use serde::Serialize;

use super::MAX_CERTIFICATES;
use super::read::{self, words};
use crate::json::{Mistake, Object};
use crate::secret::MASK;

words! {
    /// What became of the client's own certificate.
    pub enum ClientCertificate {
        /// The server did not ask for one.
        NotAsked = "not-asked",
        /// The server asked, and there was none to give or none that it takes.
        NoneGiven = "none-given",
        /// The server asked and was given one.
        Given = "given",
    }
}

words! {
    /// What is wrong with a chain.
    pub enum ProblemKind {
        /// A certificate's time is over.
        Expired = "expired",
        /// A certificate's time has not begun.
        NotYetValid = "not-yet-valid",
        /// The certificate is for other names.
        WrongName = "wrong-name",
        /// The certificate is signed by itself and not known.
        SelfSigned = "self-signed",
        /// The chain ends in an authority that is not known.
        UnknownIssuer = "unknown-issuer",
        /// A certificate between the server's and the authority's was not sent.
        MissingIntermediate = "missing-intermediate",
        /// A key is too short to be safe.
        WeakKey = "weak-key",
        /// A signature uses a hash that is broken.
        WeakSignature = "weak-signature",
        /// A signature does not fit.
        BadSignature = "bad-signature",
        /// The certificate is not meant for servers.
        NotForServers = "not-for-servers",
        /// A certificate that signed another may not sign certificates, or not this one.
        NotAnAuthority = "not-an-authority",
        /// Something in the chain is of a kind that cannot be checked here.
        Unsupported = "unsupported",
        /// Something in the chain cannot be read.
        Malformed = "malformed",
        /// The list of well-known authorities could not be loaded: said by saved conversations of versions that loaded it.
        AnchorsMissing = "anchors-missing",
        /// No name was given to check.
        NoNameChecked = "no-name-checked",
        /// The server sent no certificate.
        NoCertificate = "no-certificate",
    }
}

/// One thing that is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its kind.
    pub kind: ProblemKind,
    /// What is wrong, with the values wanted and presented.
    pub sentence: String,
    /// What the server's administrator can do.
    pub advice: String,
}

/// Whether a chain can be trusted, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the chain leads to an authority that is trusted, in time, for the name checked.
    pub trusted: bool,
    /// All that is wrong, the gravest first; empty exactly where `trusted`.
    pub problems: Vec<Problem>,
    /// The authority that the chain leads to.
    pub anchor: Option<String>,
    /// What was not checked, and what is odd but harmless.
    pub notes: Vec<String>,
}

/// One certificate (RFC 5280), as read for showing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// What it is in this chain, in words.
    pub role: String,
    /// The subject's distinguished name, such as `CN=mx.example, O=Example`.
    pub subject: String,
    /// The names and addresses that it is for (subject alternative names).
    pub sans: Vec<String>,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number in hexadecimal digits.
    pub serial: String,
    /// The first moment of its time, in UTC, such as `2026-01-31 12:00:00 UTC`.
    pub not_before: String,
    /// The same in milliseconds since 1970 began; negative before.
    pub not_before_ms: i64,
    /// The last moment of its time, in UTC.
    pub not_after: String,
    /// The same in milliseconds since 1970 began.
    pub not_after_ms: i64,
    /// The public key's kind and size, such as `RSA 2048` or `ECDSA P-256`.
    pub key: String,
    /// Whether the key is too short to be safe.
    pub key_weak: bool,
    /// How it is signed, such as `SHA-256 with RSA`.
    pub signature: String,
    /// Whether that hash is broken.
    pub signature_weak: bool,
    /// SHA-256 of the whole certificate, in hexadecimal digits with colons.
    pub sha256: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) in base64, as key pinning and TLSA records of selector 1 use.
    pub spki_pin: String,
    /// Whether it may sign other certificates.
    pub is_ca: bool,
    /// Whether subject and issuer are the same.
    pub self_signed: bool,
    /// The certificate itself (DER) in base64.
    pub der: String,
}

/// What a handshake found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Version in words: `TLS 1.2` or `TLS 1.3`.
    pub version: String,
    /// The cipher suite's name in the IANA registry.
    pub suite: String,
    /// Its number there.
    pub suite_id: u16,
    /// The key exchange's group, such as `X25519` or `secp256r1`.
    pub group: String,
    /// The name sent in clear text (SNI); empty where none was sent.
    pub server_name: String,
    /// The name that the certificate was checked for; empty where none was.
    pub checked_name: String,
    /// What the server sent, in its order; the first is its own.
    pub certificates: Vec<Certificate>,
    /// Whether they can be trusted.
    pub verdict: Verdict,
    /// What became of the client's own certificate.
    pub client_certificate: ClientCertificate,
    /// Milliseconds from the first octet of the handshake to its end; the TLS machine has no clock and leaves it empty.
    pub handshake_ms: Option<u64>,
}

impl Report {
    /// The report on one line of JSON.
    pub fn to_json(&self) -> String {
        crate::json::to_string(self)
    }

    /// Reads what [`Self::to_json`] wrote; text is made harmless.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = read::object(json)?;
        let verdict = object.take("verdict").ok_or_else(|| Mistake::new("verdict", "is missing"))?;
        Ok(Self {
            version: read::text(&mut object, "version"),
            suite: read::text(&mut object, "suite"),
            suite_id: read::number(&mut object, "suite_id"),
            group: read::text(&mut object, "group"),
            server_name: read::text(&mut object, "server_name"),
            checked_name: read::text(&mut object, "checked_name"),
            certificates: certificates(&mut object)?,
            verdict: Verdict::read(Object::of(verdict)?)?,
            client_certificate: ClientCertificate::read(&mut object, "client_certificate")?,
            handshake_ms: object.number("handshake_ms").ok().flatten().map(i64::unsigned_abs),
        })
    }

    /// The report in one sentence.
    pub fn summary(&self) -> String {
        let name = if self.checked_name.is_empty() { "any name" } else { &self.checked_name };
        let mut words = vec![self.version.as_str(), " with ", &self.suite, "; the certificate is "];
        match (&self.verdict.problems[..], &self.verdict.anchor) {
            ([], Some(anchor)) => words.extend(["trusted for ", name, " (by ", anchor, ")."]),
            ([], None) => words.extend(["trusted for ", name, "."]),
            ([first, ..], _) => words.extend(["not trusted: ", &first.sentence]),
        }
        words.concat()
    }

    /// The chain in PEM, in the server's order.
    pub fn pem(&self) -> String {
        pem(&self.certificates)
    }
}

/// Certificates in PEM (RFC 7468).
pub(super) fn pem(certificates: &[Certificate]) -> String {
    let mut out = String::new();
    for certificate in certificates {
        out.push_str("-----BEGIN CERTIFICATE-----\n");
        // What is no base64 came from a changed file; it is left out rather than passed on.
        let base64 = certificate.der.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c));
        for (at, c) in base64.enumerate() {
            if at > 0 && at % 64 == 0 {
                out.push('\n');
            }
            out.push(c);
        }
        out.push_str("\n-----END CERTIFICATE-----\n");
    }
    out
}

impl Verdict {
    fn read(mut object: Object) -> Result<Self, Mistake> {
        let problems = read::list(&mut object, "problems", |mut problem| {
            Ok(Problem {
                kind: ProblemKind::read(&mut problem, "kind")?,
                sentence: read::text(&mut problem, "sentence"),
                advice: read::text(&mut problem, "advice"),
            })
        })?;
        Ok(Self {
            // Never by the word alone: a saved talk may have been changed by hand.
            trusted: read::flag(&mut object, "trusted") && problems.is_empty(),
            problems,
            anchor: read::some_text(&mut object, "anchor"),
            notes: read::texts(&mut object, "notes"),
        })
    }

    /// Whether there is a problem of that kind.
    pub fn has(&self, kind: ProblemKind) -> bool {
        self.problems.iter().any(|problem| problem.kind == kind)
    }
}

/// The field `certificates`.
pub(super) fn certificates(object: &mut Object) -> Result<Vec<Certificate>, Mistake> {
    let mut all = read::list(object, "certificates", Certificate::read)?;
    all.truncate(MAX_CERTIFICATES);
    Ok(all)
}

impl Certificate {
    // One signature for all that `read::list` takes.
    #[allow(clippy::unnecessary_wraps)]
    fn read(mut object: Object) -> Result<Self, Mistake> {
        let object = &mut object;
        Ok(Self {
            role: read::text(object, "role"),
            subject: read::text(object, "subject"),
            sans: read::texts(object, "sans"),
            issuer: read::text(object, "issuer"),
            serial: read::text(object, "serial"),
            not_before: read::text(object, "not_before"),
            not_before_ms: read::number(object, "not_before_ms"),
            not_after: read::text(object, "not_after"),
            not_after_ms: read::number(object, "not_after_ms"),
            key: read::text(object, "key"),
            key_weak: read::flag(object, "key_weak"),
            signature: read::text(object, "signature"),
            signature_weak: read::flag(object, "signature_weak"),
            sha256: read::text(object, "sha256"),
            spki_pin: read::text(object, "spki_pin"),
            is_ca: read::flag(object, "is_ca"),
            self_signed: read::flag(object, "self_signed"),
            der: read::text(object, "der"),
        })
    }
}

/// What ties a sign-in to this very session (RFC 5056), for the -PLUS mechanisms of SCRAM. Secret: never shown, never
/// exported.
#[derive(Clone, PartialEq, Eq)]
pub struct Binding {
    /// `tls-exporter` (RFC 9266); none with TLS 1.2 without extended master secret (RFC 7627).
    pub exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929 §4): the hash of the server's certificate; none where its signature has no
    /// hash of its own, as with Ed25519.
    pub server_end_point: Option<Vec<u8>>,
}

impl fmt::Debug for Binding {
    /// Which there are, and a mask.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("exporter", &self.exporter.map(|_| MASK))
            .field("server_end_point", &self.server_end_point.as_ref().map(|_| MASK))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            version: "TLS 1.3".into(),
            suite: "TLS_AES_128_GCM_SHA256".into(),
            suite_id: 0x1301,
            group: "X25519".into(),
            server_name: "mx.example".into(),
            checked_name: "mx.example".into(),
            certificates: vec![Certificate {
                subject: "CN=mx.example".into(),
                sans: vec!["mx.example".into()],
                not_before_ms: -1,
                der: "A".repeat(130),
                self_signed: true,
                ..Certificate::default()
            }],
            verdict: Verdict {
                trusted: false,
                problems: vec![Problem {
                    kind: ProblemKind::SelfSigned,
                    sentence: "it signed itself.".into(),
                    advice: "Get one from an authority.".into(),
                }],
                anchor: None,
                notes: vec!["Revocation is not checked.".into()],
            },
            client_certificate: ClientCertificate::NoneGiven,
            handshake_ms: Some(7),
        }
    }

    #[test]
    fn a_report_reads_back_as_it_was_written_on_one_line() {
        let json = report().to_json();
        assert!(!json.contains('\n'));
        assert_eq!(Report::from_json(&json), Ok(report()));
    }

    #[test]
    fn a_changed_report_is_not_trusted_by_its_word_alone() {
        let json = report().to_json().replace(r#""trusted":false"#, r#""trusted":true"#);
        assert!(!Report::from_json(&json).unwrap().verdict.trusted);
    }

    #[test]
    fn text_in_a_report_is_harmless() {
        let json = report().to_json().replace("CN=mx.example", "CN=\\u001b[2J\\u202e");
        let subject = Report::from_json(&json).unwrap().certificates[0].subject.clone();
        assert!(!subject.chars().any(|c| c.is_control() || c == '\u{202e}'), "{subject:?}");
    }

    #[test]
    fn what_is_no_report_is_refused_and_not_half_read() {
        for text in ["", "{}", "[1]", r#"{"verdict":{}}"#, r#"{"verdict":3,"client_certificate":"given"}"#] {
            assert!(Report::from_json(text).is_err(), "{text}");
        }
        assert!(Report::from_json(&"x".repeat(1_000_000)).is_err());
    }

    #[test]
    fn the_chain_in_pem_has_lines_of_64() {
        let pem = report().pem();
        let lengths: Vec<usize> = pem.lines().map(str::len).collect();
        assert_eq!(lengths, [27, 64, 64, 2, 25]);
    }

    #[test]
    fn a_summary_says_version_and_verdict() {
        assert_eq!(
            report().summary(),
            "TLS 1.3 with TLS_AES_128_GCM_SHA256; the certificate is not trusted: it signed itself."
        );
    }

    #[test]
    fn a_binding_is_masked() {
        let binding = Binding { exporter: Some([0xAB; 32]), server_end_point: Some(vec![0xAB; 32]) };
        let shown = format!("{binding:?}");
        assert!(!shown.contains("171") && !shown.to_lowercase().contains("ab,"), "{shown}");
    }
}
