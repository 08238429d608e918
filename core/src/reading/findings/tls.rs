//! What the TLS handshake and the certificates tell.

use super::{Finding, Severity};
use crate::case::Case;
use crate::record::How;
use crate::record::event::Event;
use crate::tls::{FailureKind, ProblemKind};

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    certificate(case, found);
    failure(case, found);
    let behind = &case.record.tls().behind;
    if !behind.is_empty() {
        found.push(Finding {
            id: "behind-starttls",
            severity: Severity::Problem,
            title: "Something came in clear text behind the 220 of STARTTLS".into(),
            detail:
                "Only TLS may follow there. A client that read it would take words for protected that anybody on the \
                     way could have put in; Ehlo did not read it."
                    .into(),
            advice: "Update the server; if it did not send this, somebody on the way did.".into(),
            evidence: behind.to_vec(),
        });
    }
    let cut = case.record.ending().is_some_and(|ending| matches!(ending.how, How::ServerClosed | How::ServerClosing));
    if cut && case.record.tls().since().is_some() && !case.record.tls().close_notify {
        found.push(Finding {
            id: "tls-cut-off",
            severity: Severity::Note,
            title: "The connection ended without TLS being closed".into(),
            detail:
                "The server did not announce the end within TLS (close_notify), so somebody on the way could have cut \
                     it off."
                    .into(),
            advice: "Look into the server's log whether it closed the connection itself.".into(),
            evidence: vec![case.record.entries().len().saturating_sub(1)],
        });
    }
}

fn certificate(case: &Case, found: &mut Vec<Finding>) {
    let (Some(report), Some(since)) = (case.record.tls().report(), case.record.tls().since()) else { return };
    for problem in &report.verdict.problems {
        let (id, title) = match problem.kind {
            ProblemKind::Expired => ("certificate-expired", "The certificate has expired"),
            ProblemKind::NotYetValid => ("certificate-not-yet-valid", "The certificate is not valid yet"),
            ProblemKind::WrongName => ("certificate-wrong-name", "The certificate is for another name"),
            ProblemKind::SelfSigned => ("certificate-self-signed", "The certificate is signed by itself"),
            ProblemKind::UnknownIssuer => ("certificate-unknown-issuer", "Nobody known has signed the certificate"),
            ProblemKind::MissingIntermediate => ("certificate-chain-incomplete", "A certificate in between is missing"),
            ProblemKind::WeakKey | ProblemKind::WeakSignature => ("certificate-weak", "The certificate is too weak"),
            ProblemKind::NoNameChecked | ProblemKind::AnchorsMissing => {
                ("certificate-not-checked", "The certificate could not be checked")
            }
            _ => ("certificate-unusable", "The certificate cannot be used"),
        };
        let severity = match problem.kind {
            ProblemKind::NoNameChecked | ProblemKind::AnchorsMissing => Severity::Note,
            // Between servers a bad certificate is most often taken all the same.
            _ if case.setup.port == 25 => Severity::Warning,
            _ => Severity::Problem,
        };
        found.push(Finding {
            id,
            severity,
            title: title.into(),
            detail: problem.sentence.clone(),
            advice: problem.advice.clone(),
            evidence: vec![since.saturating_sub(1)],
        });
    }
}

fn failure(case: &Case, found: &mut Vec<Finding>) {
    let Some(failure) = case.record.tls().failure() else { return };
    let legacy = failure.legacy.as_ref();
    let (id, title) = match failure.kind {
        FailureKind::Probed => return,
        _ if legacy.is_some_and(|legacy| !legacy.version.is_empty()) => LEGACY,
        FailureKind::LegacyVersion => LEGACY,
        FailureKind::NotTls => ("not-tls", "What answers the handshake is no TLS"),
        FailureKind::NoCommonSuite => ("tls-nothing-in-common", "Server and Ehlo have no cipher suite in common"),
        FailureKind::Alert => ("tls-alert", "The server ended TLS with an alert"),
        FailureKind::Dropped => ("tls-dropped", "The connection ended within the handshake"),
        FailureKind::ClientCertificateWanted => {
            ("tls-client-certificate-wanted", "The server wants a client certificate")
        }
        FailureKind::Malformed => ("tls-malformed", "What the server sent breaks the rules of TLS"),
        FailureKind::Tampered => ("tls-tampered", "What came was changed on its way"),
        FailureKind::NotLoaded => ("tls-not-loaded", "The part of Ehlo that speaks TLS did not load"),
        FailureKind::Settings => ("tls-settings", "The settings for TLS cannot be used"),
        FailureKind::TimedOut => ("tls-timed-out", "The handshake was not answered in time"),
    };
    let entries = case.record.entries().iter();
    let tells = |event: &Event| matches!(event, Event::TlsFailed(_) | Event::Probed(_));
    let advice: Vec<&str> =
        legacy.iter().flat_map(|legacy| &legacy.advice).chain(&failure.advice).map(String::as_str).collect();
    found.push(Finding {
        id,
        severity: Severity::Problem,
        title: title.into(),
        detail: legacy.map_or(&failure.sentence, |legacy| &legacy.sentence).clone(),
        advice: advice.join(" "),
        evidence: entries
            .enumerate()
            .filter(|(_, one)| one.event.as_ref().is_some_and(tells))
            .map(|(id, _)| id)
            .collect(),
    });
}

const LEGACY: (&str, &str) = ("tls-legacy", "The server speaks only TLS of the past");
