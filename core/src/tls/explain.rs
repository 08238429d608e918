//! Why a handshake failed, from rustls' word and the server's own records.

use rustls::{Error, PeerIncompatible, PeerMisbehaved};

use super::describe;
use super::failure::{Failure, FailureKind};
use super::records::Records;
use super::registry;
use super::settings::{Settings, Versions};

/// What is known when it failed.
pub(super) struct Scene<'a> {
    pub(super) settings: &'a Settings,
    pub(super) records: &'a Records,
    /// The certificates that came, as far as they could be seen.
    pub(super) chain: Vec<Vec<u8>>,
    /// Whether the server asked for a certificate, and whether it was given one.
    pub(super) asked: bool,
    pub(super) given: bool,
    /// Whether the handshake was already over.
    pub(super) after: bool,
}

/// How it ended.
pub(super) enum End {
    /// By an error.
    Error(Error),
    /// The server closed the connection.
    Closed,
    /// The connection was reset.
    Reset,
}

/// Why it failed.
pub(super) fn explain(scene: &Scene<'_>, end: &End) -> Failure {
    let alert = match end {
        End::Error(Error::AlertReceived(alert)) => Some(u8::from(*alert)),
        _ => scene.records.alert,
    };
    let mut failure = match (scene.records.looks_like(), alert, end) {
        (Some(looks_like), _, _) => not_tls(scene, &looks_like),
        (None, Some(number), _) => alerted(scene, number),
        (None, None, End::Closed) => dropped(scene),
        (None, None, End::Reset) => reset(scene),
        (None, None, End::Error(error)) => of_error(scene, error),
    };
    failure.records.clone_from(&scene.records.lines);
    failure.certificates = describe::chain(&scene.chain);
    failure.openssl = scene.settings.openssl();
    failure.looks_like = scene.records.looks_like();
    failure.alert = alert.map(registry::alert);
    failure
}

fn failure(kind: FailureKind, sentence: &str, advice: &str) -> Failure {
    Failure { advice: vec![advice.to_owned()], ..Failure::new(kind, sentence) }
}

fn not_tls(scene: &Scene<'_>, looks_like: &str) -> Failure {
    let sentence = ["The server did not answer with TLS, but with what looks like ", looks_like].concat();
    let advice = if scene.settings.starttls {
        "Look at what the server does behind its 220 to STARTTLS: something there answers in clear text."
    } else {
        "On this port the server begins in clear text: use STARTTLS, or the port for implicit TLS (465)."
    };
    failure(FailureKind::NotTls, &sentence, advice)
}

fn alerted(scene: &Scene<'_>, number: u8) -> Failure {
    let alert = registry::alert(number);
    let number_text = number.to_string();
    let told =
        ["The server ended it with alert ", &number_text, " (", &alert.name, "): ", &alert.meaning, "."].concat();
    // Those that speak of a client's certificate, and 40, by which TLS 1.2 tells that one is missing.
    if scene.asked && !scene.given && matches!(number, 40..=46 | 48 | 116) {
        let sentence = "The server goes on only with a client's certificate.";
        let advice = "Bring a certificate and key that the server knows.";
        return Failure { detail: told, ..failure(FailureKind::ClientCertificateWanted, sentence, advice) };
    }
    if scene.asked && matches!(number, 42..=46 | 48 | 49) {
        let advice = "Bring another client certificate, or have the server know its authority.";
        return failure(FailureKind::Alert, &told, advice);
    }
    if scene.after {
        return failure(FailureKind::Alert, &told, "Look into the server's log.");
    }
    let early = scene.records.hello.is_none();
    let only = match scene.settings.versions {
        Versions::Both => None,
        Versions::Tls12 => Some("TLS 1.2"),
        Versions::Tls13 => Some("TLS 1.3"),
    };
    let mut out = match (number, only) {
        (70, Some(only)) => {
            let sentence = ["The server does not speak ", only, ", which alone was offered."].concat();
            failure(FailureKind::Alert, &sentence, "Offer both versions to see what it speaks.")
        }
        (70, None) => failure(
            FailureKind::LegacyVersion,
            "The server speaks neither TLS 1.2 nor TLS 1.3.",
            "Let the server speak TLS 1.2 or newer: older versions are withdrawn (RFC 8996).",
        ),
        (40 | 71, _) => failure(
            FailureKind::NoCommonSuite,
            "The server found no cipher, key exchange or signature that both sides take.",
            "The server may know old ciphers only, or have no usable certificate: look at its settings and log.",
        ),
        (112, _) => failure(
            FailureKind::Alert,
            &["The server has no certificate for the name ", &scene.settings.server_name, "."].concat(),
            "Send another name (SNI), or none.",
        ),
        _ => failure(FailureKind::Alert, &told, "Look into the server's log."),
    };
    if out.sentence != told {
        out.detail = told;
    }
    // With one version only the other is the next thing to try.
    out.wants_probe = early && only.is_none() && number != 112;
    out
}

fn dropped(scene: &Scene<'_>) -> Failure {
    let early = scene.records.hello.is_none();
    if scene.asked && !scene.given {
        let sentence = "The server closed the connection when it was given no client's certificate.";
        let advice = "Bring a certificate and key that the server knows.";
        return failure(FailureKind::ClientCertificateWanted, sentence, advice);
    }
    let sentence = if scene.records.nothing() {
        "The server closed the connection without a word of TLS."
    } else if early {
        "The server closed the connection before it had chosen a version."
    } else {
        "The connection ended in the middle of the handshake."
    };
    let advice = "Look into the server's log; a firewall or a limit on the way can do the same.";
    Failure { wants_probe: early, ..failure(FailureKind::Dropped, sentence, advice) }
}

fn reset(scene: &Scene<'_>) -> Failure {
    let early = scene.records.hello.is_none();
    let sentence = if early {
        "The connection was reset right after the first message of the TLS handshake."
    } else {
        "The connection was reset in the middle of the TLS handshake."
    };
    let advice = "The server crashed or refuses this handshake, or a firewall cuts it: check the server's log, and try from \
                  another network.";
    Failure { wants_probe: early, ..failure(FailureKind::Dropped, sentence, advice) }
}

fn of_error(scene: &Scene<'_>, error: &Error) -> Failure {
    let chosen = scene.records.hello.map(|hello| (hello.version, registry::version(hello.version)));
    match (error, chosen) {
        (Error::PeerIncompatible(_) | Error::PeerMisbehaved(_), Some((number, version))) if number < 0x0303 => {
            Failure {
                wants_probe: true,
                ..failure(
                    FailureKind::LegacyVersion,
                    &["The server chose ", &version, ", which is withdrawn (RFC 8996)."].concat(),
                    "Let the server speak TLS 1.2 or newer.",
                )
            }
        }
        (Error::PeerIncompatible(_), Some((_, version))) if scene.settings.versions != Versions::Both => failure(
            FailureKind::Alert,
            &["The server chose ", &version, ", which was not offered."].concat(),
            "Offer both versions.",
        ),
        (Error::PeerIncompatible(why), _) => Failure {
            wants_probe: true,
            detail: incompatible(why).to_owned(),
            ..failure(
                FailureKind::NoCommonSuite,
                "The server chose something that this page does not speak.",
                "Let the server offer ECDHE with AES-GCM or ChaCha20, and the groups X25519 or P-256.",
            )
        },
        (
            Error::PeerMisbehaved(
                PeerMisbehaved::SelectedUnofferedCipherSuite | PeerMisbehaved::SelectedUnofferedKxGroup,
            ),
            _,
        ) => Failure {
            wants_probe: true,
            ..failure(
                FailureKind::NoCommonSuite,
                "The server chose a cipher or group that was not offered.",
                "Look at the server's TLS settings.",
            )
        },
        (Error::DecryptError, _) => failure(
            FailureKind::Tampered,
            "What came could not be decrypted: it was changed on its way, or the keys differ.",
            "Try again; if it stays so, somebody or something in between changes the connection.",
        ),
        (Error::NoCertificatesPresented, _) => failure(
            FailureKind::Malformed,
            "The server sent no certificate.",
            "Configure a certificate and key in the server.",
        ),
        (error, _) => Failure {
            detail: broken(error).to_owned(),
            ..failure(
                FailureKind::Malformed,
                "What the server sent breaks the rules of TLS.",
                "Try the openssl command; if that fails as well, the server or a box in between is at fault.",
            )
        },
    }
}

fn incompatible(why: &PeerIncompatible) -> &'static str {
    match why {
        PeerIncompatible::NoCipherSuitesInCommon => "no cipher suite in common",
        PeerIncompatible::NoKxGroupsInCommon => "no key exchange group in common",
        PeerIncompatible::NoSignatureSchemesInCommon => "no signature scheme in common",
        PeerIncompatible::NoEcPointFormatsInCommon | PeerIncompatible::UncompressedEcPointsRequired => {
            "no form of curve points in common"
        }
        PeerIncompatible::NullCompressionRequired => "it insists on compression",
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "it asks for a client certificate with signatures that are not spoken here"
        }
        _ => "an extension is missing",
    }
}

fn broken(error: &Error) -> &'static str {
    match error {
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "a message came that does not belong there"
        }
        Error::InvalidMessage(_) => "a message could not be read",
        Error::PeerSentOversizedRecord => "a record was too long",
        Error::PeerMisbehaved(_) => "the server did not keep to the protocol",
        _ => "",
    }
}
