//! Whether a chain can be trusted, and all that is wrong with it. The trust is decided by webpki alone; what else is read
//! from the certificates can only add problems and say them better.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

use super::report::{Problem, ProblemKind, Verdict};
use super::x509::{self, Hash, X509};

/// What a chain is judged by.
pub(super) struct Basis<'a> {
    /// What the server sent, its own first.
    pub(super) chain: &'a [CertificateDer<'static>],
    /// The well-known authorities that the chain may lead to.
    pub(super) known: &'a [TrustAnchor<'a>],
    /// The person's own authorities.
    pub(super) own: &'a [CertificateDer<'static>],
    /// The name or address to check; empty checks none.
    pub(super) name: &'a str,
    /// Milliseconds since 1970 began.
    pub(super) now: u64,
    /// Whether the handshake is signed with the certificate's key.
    pub(super) signed: bool,
    /// What can be checked.
    pub(super) algorithms: &'a [&'static dyn SignatureVerificationAlgorithm],
}

/// What came out of following the chain to an authority.
enum Path {
    /// It leads to that authority.
    To(String),
    /// It does not.
    Not(Error),
}

struct Judge<'a> {
    basis: &'a Basis<'a>,
    anchors: Vec<TrustAnchor<'a>>,
    /// The certificates from the server's own upwards, each signed by the next by its name.
    walk: Vec<X509<'a>>,
    problems: Vec<Problem>,
    notes: Vec<String>,
    /// The authority that the chain leads to, in time or not.
    anchor: Option<String>,
}

/// Judges a chain.
pub(super) fn judge(basis: &Basis<'_>) -> Verdict {
    let mut judge = Judge {
        basis,
        anchors: basis.known.to_vec(),
        walk: walk(basis.chain),
        problems: Vec::new(),
        notes: vec!["Whether a certificate was revoked is not checked.".to_owned()],
        anchor: None,
    };
    // What is no certificate of an authority was told when it was given.
    judge.anchors.extend(basis.own.iter().filter_map(|own| webpki::anchor_from_trusted_cert(own).ok()));
    let followed = judge.path();
    let named = judge.name();
    judge.weak();
    judge.signature();
    let trusted = followed && named && judge.problems.is_empty();
    if !trusted && judge.problems.is_empty() {
        judge.problem(ProblemKind::Unsupported, "The chain could not be checked.".to_owned(), "");
    }
    Verdict { trusted, problems: judge.problems, anchor: judge.anchor, notes: judge.notes }
}

/// From the server's own certificate by the issuers' names upwards, as far as they were sent.
fn walk<'a>(chain: &'a [CertificateDer<'static>]) -> Vec<X509<'a>> {
    let mut rest: Vec<X509<'a>> = chain.iter().filter_map(|der| X509::read(der)).collect();
    let first = chain.first().and_then(|der| X509::read(der));
    if first.is_none() || rest.is_empty() {
        return Vec::new();
    }
    let mut walk = vec![rest.remove(0)];
    while let Some(last) = walk.last()
        && !last.self_signed()
        && let Some(next) = rest.iter().position(|other| other.subject == last.issuer)
    {
        walk.push(rest.swap_remove(next));
    }
    walk
}

impl Judge<'_> {
    fn problem(&mut self, kind: ProblemKind, sentence: String, advice: &str) {
        self.problems.push(Problem { kind, sentence, advice: advice.to_owned() });
    }

    /// Follows the chain now, and where its time is the trouble, also at a moment at which all of it was valid; returns
    /// whether it can be followed now.
    fn path(&mut self) -> bool {
        if self.basis.chain.is_empty() {
            self.problem(ProblemKind::NoCertificate, "The server sent no certificate.".to_owned(), "");
            return false;
        }
        let now = Duration::from_millis(self.basis.now);
        let at_now = match self.follow(UnixTime::since_unix_epoch(now)) {
            Path::To(anchor) => {
                self.anchor = Some(anchor);
                return true;
            }
            Path::Not(error) => error,
        };
        self.dates();
        let out_of_time = matches!(at_now, Error::CertExpired { .. } | Error::CertNotValidYet { .. });
        let elsewhere = self.valid_moment().filter(|_| out_of_time || !self.problems.is_empty());
        match elsewhere.map(|moment| self.follow(moment)) {
            Some(Path::To(anchor)) => {
                self.anchor = Some(anchor);
                if self.problems.is_empty() {
                    self.structure(&at_now);
                }
            }
            Some(Path::Not(error)) => self.structure(&error),
            None => self.structure(&at_now),
        }
        // The person's own word for this very certificate, if it is in time.
        let pinned = self.problems.is_empty() && !out_of_time && self.pinned();
        if pinned {
            self.anchor = Some("your own certificate".to_owned());
        }
        pinned
    }

    fn follow(&self, time: UnixTime) -> Path {
        let leaf = match EndEntityCert::try_from(&self.basis.chain[0]) {
            Ok(leaf) => leaf,
            Err(error) => return Path::Not(error),
        };
        let found = leaf.verify_for_usage(
            self.basis.algorithms,
            &self.anchors,
            &self.basis.chain[1..],
            time,
            KeyUsage::server_auth(),
            None,
            None,
        );
        match found {
            Ok(path) => {
                let anchor = path.anchor();
                let mut known = self.basis.known.iter();
                let own = !known.any(|known| known.subject_public_key_info == anchor.subject_public_key_info);
                let name = x509::name(&anchor.subject);
                Path::To(if own { ["your own authority ", &name].concat() } else { name })
            }
            Err(error) => Path::Not(error),
        }
    }

    /// A moment within the time of the whole walk, or at least of the server's own certificate.
    fn valid_moment(&self) -> Option<UnixTime> {
        let leaf = self.walk.first()?;
        let start = self.walk.iter().filter_map(|one| one.not_before).max()?;
        let end = self.walk.iter().filter_map(|one| one.not_after).min()?;
        let moment = if start <= end { start } else { leaf.not_before? };
        let moment = Duration::from_millis(u64::try_from(moment).ok()?);
        Some(UnixTime::since_unix_epoch(moment))
    }

    fn dates(&mut self) {
        let now = i64::try_from(self.basis.now).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for (at, one) in self.walk.iter().enumerate() {
            let which = which(at, one);
            if let Some(end) = one.not_after.filter(|&end| end < now) {
                let sentence = [&which, " expired ", &ago(now - end), " ago, on ", &x509::moment(end), "."].concat();
                found.push((ProblemKind::Expired, sentence, "Renew the certificate, and have the server load it."));
            }
            if let Some(start) = one.not_before.filter(|&start| start > now) {
                let sentence =
                    [&which, " is valid only from ", &x509::moment(start), ", in ", &ago(start - now), "."].concat();
                found.push((
                    ProblemKind::NotYetValid,
                    sentence,
                    "Wait, or look at the clocks of this device and of who issued the certificate.",
                ));
            }
        }
        found.into_iter().for_each(|(kind, sentence, advice)| self.problem(kind, sentence, advice));
    }

    /// Whether the server's own certificate is one that the person trusts by itself.
    fn pinned(&self) -> bool {
        self.walk.first().is_some_and(X509::self_signed) && self.basis.own.contains(&self.basis.chain[0])
    }

    /// What is wrong with the chain apart from its time.
    fn structure(&mut self, error: &Error) {
        let Some(leaf) = self.walk.first() else {
            let sentence = "The server's certificate cannot be read.".to_owned();
            return self.problem(
                ProblemKind::Malformed,
                sentence,
                "Replace it by a certificate in the common form (X.509 v3).",
            );
        };
        let (subject, issuer) = (x509::name(leaf.subject), x509::name(leaf.issuer));
        if leaf.version < 3 {
            let version = leaf.version.to_string();
            let sentence = ["The server's certificate is of X.509 version ", &version, ", which cannot be checked."];
            return self.problem(ProblemKind::Unsupported, sentence.concat(), "Replace it by one of version 3.");
        }
        if leaf.self_signed() && matches!(error, Error::UnknownIssuer | Error::CaUsedAsEndEntity) {
            if self.pinned() {
                self.notes.push("The certificate signed itself; it is one that you gave as your own authority.".into());
                return;
            }
            let sentence = ["The server's certificate is signed by itself (", &subject, "): anybody can make one."];
            let advice = "Get a certificate from a well-known authority, or give this one as your own authority.";
            return self.problem(ProblemKind::SelfSigned, sentence.concat(), advice);
        }
        match error {
            Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => self.no_way_up(error),
            Error::CaUsedAsEndEntity => self.problem(
                ProblemKind::NotForServers,
                ["The server shows an authority's certificate (", &subject, ") as its own."].concat(),
                "Configure the server's own certificate first, the authority's behind it.",
            ),
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => self.problem(
                ProblemKind::NotForServers,
                "The certificate is meant for other purposes than a TLS server (extended key usage).".to_owned(),
                "Get one with the purpose serverAuth.",
            ),
            Error::EndEntityUsedAsCa
            | Error::PathLenConstraintViolated
            | Error::NameConstraintViolation
            | Error::MaximumPathDepthExceeded => self.problem(
                ProblemKind::NotAnAuthority,
                ["A certificate of the chain may not sign this one; the issuer named is ", &issuer, "."].concat(),
                "Get the certificate from an authority that may issue it.",
            ),
            Error::CertExpired { .. } | Error::CertNotValidYet { .. } if !self.problems.is_empty() => {}
            Error::CertExpired { .. } => {
                let sentence = "A certificate of the chain is expired.".to_owned();
                self.problem(ProblemKind::Expired, sentence, "Renew it.");
            }
            Error::CertNotValidYet { .. } => {
                let sentence = "A certificate of the chain is not valid yet.".to_owned();
                self.problem(ProblemKind::NotYetValid, sentence, "Look at the clocks.");
            }
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => self.unchecked_signature(),
            Error::CertDistrusted => self.problem(
                ProblemKind::UnknownIssuer,
                "A key of the chain is publicly distrusted.".to_owned(),
                "Get a certificate from another authority.",
            ),
            _ => self.problem(
                ProblemKind::Malformed,
                "A certificate of the chain breaks the rules of X.509 (RFC 5280).".to_owned(),
                "Replace it; `openssl verify` and linters for certificates tell more.",
            ),
        }
    }

    /// A signature of a kind that cannot be checked: a broken hash and a short key are told where all are.
    fn unchecked_signature(&mut self) {
        let weak = |one: &X509<'_>| one.signature.hash.weak() || one.key.weak();
        if !self.walk.iter().any(weak) {
            let kinds: Vec<String> = self.walk.iter().map(|one| one.signature.words()).collect();
            let sentence = ["The chain has a signature that cannot be checked here: ", &kinds.join(", "), "."].concat();
            self.problem(ProblemKind::Unsupported, sentence, "Common are RSA and ECDSA P-256 or P-384, with SHA-256.");
        }
    }

    /// The chain does not lead to an authority: why, as far as it can be known.
    fn no_way_up(&mut self, error: &Error) {
        let Some(last) = self.walk.last() else { return };
        let (subject, issuer) = (x509::name(last.subject), x509::name(last.issuer));
        let whose = if self.walk.len() == 1 { "The server's certificate" } else { "The last certificate of the chain" };
        let (issued_at, root, alone) = (last.issuer_at.clone(), last.self_signed(), self.walk.len() == 1);
        let known = self.anchors.iter().any(|anchor| anchor.subject.as_ref() == last.issuer);
        let short_key = self.walk.iter().skip(1).any(|one| one.key.weak());
        if *error == Error::InvalidSignatureForPublicKey {
            // With a short key every signature counts as wrong; the key is told where all are.
            if !short_key {
                let sentence = "A signature in the chain does not fit the issuer's key.".to_owned();
                let advice = "The chain is put together from certificates that do not belong together, or was changed.";
                self.problem(ProblemKind::BadSignature, sentence, advice);
            }
        } else if root {
            let sentence = ["The chain ends in an authority that is not known: ", &subject, "."].concat();
            let advice = "If it is your own, give its certificate as your own authority.";
            self.problem(ProblemKind::UnknownIssuer, sentence, advice);
        } else if known {
            let sentence = [whose, " names ", &issuer, " as its issuer, but that authority's key did not sign it."];
            let advice = "Get the chain from the authority again.";
            self.problem(ProblemKind::BadSignature, sentence.concat(), advice);
        } else if let Some(at) = issued_at.filter(|_| alone) {
            let sentence = [
                "The server did not send the certificate of who signed its own (",
                &issuer,
                "); it can be got at ",
                &at,
                ".",
            ];
            let advice =
                "Configure the whole chain (often named fullchain.pem) and not the server's certificate alone.";
            self.problem(ProblemKind::MissingIntermediate, sentence.concat(), advice);
        } else {
            let sentence = [
                whose,
                " is signed by an authority that is not known and whose certificate was not sent: ",
                &issuer,
                ".",
            ];
            let advice =
                "If it is your own authority, give its certificate; if not, certificates are missing in between.";
            self.problem(ProblemKind::UnknownIssuer, sentence.concat(), advice);
        }
    }

    /// Whether the certificate is for the name; what it is for, if not.
    fn name(&mut self) -> bool {
        let wanted = self.basis.name.trim_end_matches('.');
        let Ok(server) = ServerName::try_from(wanted) else {
            let sentence = if wanted.is_empty() {
                "No name was given that the certificate could be checked for.".to_owned()
            } else {
                [
                    "The certificate was not checked for ",
                    &crate::printable::text(wanted.as_bytes()),
                    ": that is no host name.",
                ]
                .concat()
            };
            self.problem(ProblemKind::NoNameChecked, sentence, "Say which name the certificate should carry.");
            return false;
        };
        let checked =
            self.basis.chain.first().map(|leaf| {
                EndEntityCert::try_from(leaf).and_then(|leaf| leaf.verify_is_valid_for_subject_name(&server))
            });
        match (checked, self.walk.first()) {
            (Some(Ok(())), _) => return true,
            // An unreadable certificate is a problem already.
            (None, _) | (_, None) => {}
            (Some(Err(_)), Some(leaf)) => {
                let sentence = if leaf.names.is_empty() {
                    let subject = x509::name(leaf.subject);
                    let start = "The certificate carries no name of a server (subject alternative name); wanted is ";
                    [start, wanted, ". The old common name in ", &subject, " is not looked at."].concat()
                } else {
                    ["The certificate is for ", &listed(&leaf.names), ", and not for ", wanted, "."].concat()
                };
                let advice = "Get a certificate that carries this name, or call the server by a name that it carries.";
                self.problem(ProblemKind::WrongName, sentence, advice);
            }
        }
        false
    }

    fn weak(&mut self) {
        let mut found = Vec::new();
        for (at, one) in self.walk.iter().enumerate() {
            let which = which(at, one);
            if one.key.weak() {
                let sentence = [&which, " has a key that is too short to be safe: ", &one.key.words(), "."].concat();
                found.push((
                    ProblemKind::WeakKey,
                    sentence,
                    "Make a key of RSA 2048 bits or more, or on the curve P-256.",
                ));
            } else if at == 0 && !one.key.supported() {
                let sentence = ["The server's key is of a kind that cannot be checked here: ", &one.key.words(), "."];
                let advice = "Common are RSA with 2048 bits and ECDSA on P-256.";
                found.push((ProblemKind::Unsupported, sentence.concat(), advice));
            }
            // What signs itself is trusted by its key and not by that signature.
            if matches!(one.signature.hash, Hash::Md5 | Hash::Sha1) && !(one.self_signed() && at > 0) {
                let sentence = [&which, " is signed with a broken hash: ", &one.signature.words(), "."].concat();
                found.push((ProblemKind::WeakSignature, sentence, "Have it signed again with SHA-256."));
            }
        }
        found.into_iter().for_each(|(kind, sentence, advice)| self.problem(kind, sentence, advice));
    }

    /// The signature over the handshake, which proves that the server has the certificate's key.
    fn signature(&mut self) {
        if self.basis.signed || self.basis.chain.is_empty() {
            return;
        }
        let uncheckable = self.walk.first().is_none_or(|leaf| !leaf.key.supported() || leaf.version < 3);
        if uncheckable {
            self.notes.push("Whether the server has the certificate's key could not be checked either.".to_owned());
        } else {
            let sentence =
                "The handshake is not signed by the certificate's key: the server did not prove that it is its own.";
            let advice = "Somebody may be in between; or the server's key belongs to another certificate.";
            self.problem(ProblemKind::BadSignature, sentence.to_owned(), advice);
        }
    }
}

fn which(at: usize, one: &X509<'_>) -> String {
    match at {
        0 => "The server's certificate".to_owned(),
        _ => ["The certificate of ", &x509::name(one.subject)].concat(),
    }
}

/// A few of many names.
fn listed(names: &[String]) -> String {
    let mut out = names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 8 {
        out.push_str(&format!(" and {} more", names.len() - 8));
    }
    out
}

/// A length of time for a person.
fn ago(ms: i64) -> String {
    let (hours, days) = (ms / 3_600_000, ms / 86_400_000);
    match (days, hours) {
        (0, 0) => "less than an hour".to_owned(),
        (0, 1) => "an hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "a day".to_owned(),
        (days, _) => format!("{days} days"),
    }
}
