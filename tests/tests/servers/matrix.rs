//! The handshake matrix: version, key and what is wrong with the certificate, each with its verdict, and servers that
//! cannot be spoken to, each with what is told of them. The server is `openssl s_server`.

use std::collections::BTreeSet;

use ehlo_core::machine::Session;
use ehlo_core::record::Stage;
use ehlo_core::tls::{FailureKind, ProblemKind};
use ehlo_tests::conversation::{Conversation, told};
use ehlo_tests::pki::{Chain, Flaw, Key, NAME};
use ehlo_tests::servers::OpenSsl;
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

use crate::support::Line;

/// A handshake with TLS from the first octet, and then no more.
async fn shake(server: &OpenSsl, chain: &Chain, more: Value) -> TestResult<Session> {
    let mut fields = json!({ "security": "tls", "tls_check_name": NAME, "tls_server_name": NAME,
        "tls_authorities": chain.trusted });
    if let (Some(all), Value::Object(more)) = (fields.as_object_mut(), more) {
        all.extend(more);
    }
    let mut call: Conversation = Line::to(server.addr()).await?.call(fields).await?;
    call.until("a handshake or its failure", |session| {
        matches!(session.record().tls().stage, Stage::Secured | Stage::Failed)
    })
    .await?;
    Ok(call.into_session())
}

/// What a verdict must name, for each flaw.
fn problem(flaw: Flaw) -> Option<ProblemKind> {
    match flaw {
        Flaw::Good => None,
        Flaw::Expired => Some(ProblemKind::Expired),
        Flaw::NotYetValid => Some(ProblemKind::NotYetValid),
        Flaw::WrongName => Some(ProblemKind::WrongName),
        Flaw::SelfSigned => Some(ProblemKind::SelfSigned),
        Flaw::UnknownAuthority => Some(ProblemKind::UnknownIssuer),
        Flaw::MissingIntermediate => Some(ProblemKind::MissingIntermediate),
    }
}

async fn verdicts_with(version: &str, option: &str) -> TestResult {
    for key in Key::SOUND {
        for flaw in Flaw::ALL {
            let chain = Chain::make(key, flaw)?;
            let server = OpenSsl::start(&chain, &[option]).await?;
            let session = shake(&server, &chain, json!({})).await?;
            let Some(report) = session.record().tls().report() else {
                return Err(Failure::new(format!("{key:?} {flaw:?}: no handshake")).with(told(&session)));
            };
            let kinds: BTreeSet<&str> = report.verdict.problems.iter().map(|one| one.kind.word()).collect();
            let wanted: BTreeSet<&str> = problem(flaw).into_iter().map(ProblemKind::word).collect();
            assert_eq!(kinds, wanted, "{version} {key:?} {flaw:?}: {}", told(&session));
            assert_eq!(report.verdict.trusted, flaw == Flaw::Good, "{version} {key:?} {flaw:?}");
            assert!(report.version.contains(version), "{} is not {version}", report.version);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_key_and_every_flaw_has_its_verdict_with_tls_1_2() -> TestResult {
    verdicts_with("1.2", "-tls1_2").await
}

#[tokio::test]
async fn every_key_and_every_flaw_has_its_verdict_with_tls_1_3() -> TestResult {
    verdicts_with("1.3", "-tls1_3").await
}

#[tokio::test]
async fn a_key_of_1024_bits_is_called_weak_and_stops_nothing() -> TestResult {
    let chain = Chain::make(Key::Rsa1024, Flaw::Good)?;
    for option in ["-tls1_2", "-tls1_3"] {
        let server = OpenSsl::start(&chain, &[option, "-cipher", "DEFAULT:@SECLEVEL=0"]).await?;
        let session = shake(&server, &chain, json!({})).await?;
        let report =
            session.record().tls().report().ok_or_else(|| Failure::new("no handshake").with(told(&session)))?;
        assert!(report.verdict.has(ProblemKind::WeakKey), "{}", told(&session));
        assert!(!report.verdict.trusted);
    }
    Ok(())
}

#[tokio::test]
async fn only_the_chosen_versions_are_spoken() -> TestResult {
    let chain = Chain::make(Key::P256, Flaw::Good)?;
    let server = OpenSsl::start(&chain, &[]).await?;
    for version in ["1.2", "1.3"] {
        let session = shake(&server, &chain, json!({ "tls_versions": version })).await?;
        assert!(
            session.record().tls().report().is_some_and(|report| report.version.contains(version)),
            "{}",
            told(&session)
        );
    }
    let old = OpenSsl::start(&chain, &["-tls1_2"]).await?;
    let session = shake(&old, &chain, json!({ "tls_versions": "1.3" })).await?;
    let failure = session.record().tls().failure().ok_or_else(|| Failure::new("no failure").with(told(&session)))?;
    assert_eq!(failure.alert.as_ref().map(|alert| alert.number), Some(70), "{failure:?}");
    Ok(())
}

#[tokio::test]
async fn a_client_certificate_is_told_of_when_it_is_wanted_and_given_when_there_is_one() -> TestResult {
    let chain = Chain::make(Key::P256, Flaw::Good)?;
    let (client, _) = Chain::client()?;
    for version in ["-tls1_2", "-tls1_3"] {
        let wants = OpenSsl::start(&chain, &[version, "-verify", "1"]).await?;
        let session = shake(&wants, &chain, json!({})).await?;
        let told_of = session.record().tls().report().map(|report| report.client_certificate.word());
        assert_eq!(told_of, Some("none-given"), "{}", told(&session));
        let session = shake(&wants, &chain, json!({ "tls_client": client })).await?;
        let told_of = session.record().tls().report().map(|report| report.client_certificate.word());
        assert_eq!(told_of, Some("given"), "{}", told(&session));
    }
    let needs = OpenSsl::start(&chain, &["-tls1_2", "-Verify", "1"]).await?;
    let session = shake(&needs, &chain, json!({})).await?;
    let failure = session.record().tls().failure().ok_or_else(|| Failure::new("no failure").with(told(&session)))?;
    assert_eq!(failure.kind, FailureKind::ClientCertificateWanted, "{failure:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_only_knows_what_is_no_longer_spoken_is_told_of_by_its_own_records() -> TestResult {
    let rsa = Chain::make(Key::Rsa2048, Flaw::Good)?;
    let cases: [(&[&str], &str, &str); 5] = [
        (&["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "TLS 1.0", ""),
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "TLS 1.1", ""),
        (&["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "TLS 1.2", "RSA"),
        (&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], "TLS 1.2", "DHE"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], "TLS 1.2", "ECDHE"),
    ];
    for (options, version, exchange) in cases {
        let server = OpenSsl::start(&rsa, options).await?;
        let session = shake(&server, &rsa, json!({})).await?;
        let failure =
            session.record().tls().failure().ok_or_else(|| Failure::new("no failure").with(told(&session)))?;
        assert!(failure.wants_probe && failure.alert.is_some(), "{options:?}: {failure:?}");
        assert!(failure.openssl.starts_with("openssl s_client"), "{failure:?}");
        let session = shake(&server, &rsa, json!({ "probe": true })).await?;
        let legacy = session.record().tls().failure().and_then(|failure| failure.legacy.clone());
        let legacy = legacy.ok_or_else(|| Failure::new(format!("{options:?}: nothing found")).with(told(&session)))?;
        assert_eq!(legacy.version, version, "{options:?}: {legacy:?}");
        assert!(legacy.key_exchange.starts_with(exchange), "{options:?}: {legacy:?}");
        assert!(!legacy.sentence.is_empty() && !legacy.certificates.is_empty(), "{legacy:?}");
    }
    Ok(())
}
