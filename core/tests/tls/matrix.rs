//! Versions, keys and flaws, each with its verdict.

use ehlo_core::tls::{ProblemKind, Settings};
use rustls::version::{TLS12, TLS13};

use crate::certificates::{self, Flaw};
use crate::pair::{Wants, server, settings, shake};

#[test]
fn every_version_key_and_flaw_has_its_verdict() {
    let flaws = [
        (Flaw::None, None),
        (Flaw::Expired, Some(ProblemKind::Expired)),
        (Flaw::NotYetValid, Some(ProblemKind::NotYetValid)),
        (Flaw::WrongName, Some(ProblemKind::WrongName)),
        (Flaw::SelfSigned, Some(ProblemKind::SelfSigned)),
        (Flaw::UnknownAuthority, Some(ProblemKind::UnknownIssuer)),
        (Flaw::MissingIntermediate, Some(ProblemKind::MissingIntermediate)),
    ];
    for (algorithm, words) in [
        (&rcgen::PKCS_RSA_SHA256, "RSA 2048"),
        (&rcgen::PKCS_ECDSA_P256_SHA256, "ECDSA P-256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "ECDSA P-384"),
        (&rcgen::PKCS_ED25519, "Ed25519"),
    ] {
        let key = certificates::key(algorithm);
        for (flaw, kind) in flaws {
            let made = certificates::make(&key, flaw);
            for (version, name) in [(&TLS12, "TLS 1.2"), (&TLS13, "TLS 1.3")] {
                let mut server = server(&made, &[version], Wants::Nothing, "");
                let (_, heard) = shake(settings(&made), &mut server);
                let (report, binding) = heard.done.unwrap_or_else(|| panic!("{flaw:?}: {:?}", heard.failed));
                let cell = format!("{name} {words} {flaw:?}: {:#?}", report.verdict);
                let kinds: Vec<ProblemKind> = report.verdict.problems.iter().map(|problem| problem.kind).collect();
                assert_eq!(kinds, Vec::from_iter(kind), "{cell}");
                assert_eq!(report.verdict.trusted, kind.is_none(), "{cell}");
                assert_eq!((report.version.as_str(), report.certificates[0].key.as_str()), (name, words));
                assert_eq!(report.certificates.len(), made.chain.len());
                assert_eq!(report.certificates[0].self_signed, flaw == Flaw::SelfSigned);
                assert!(
                    report.suite.starts_with("TLS_") && report.group == "X25519",
                    "{} {}",
                    report.suite,
                    report.group
                );
                let theirs = server.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).unwrap();
                assert_eq!(binding.exporter, Some(theirs));
            }
        }
    }
}

#[test]
fn a_wrong_name_lists_what_is_presented_and_an_address_is_checked_as_one() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let check = |name: &str| {
        let settings = Settings { check_name: name.into(), ..settings(&made) };
        let (_, heard) = shake(settings, &mut server(&made, &[&TLS13], Wants::Nothing, ""));
        heard.done.unwrap().0.verdict
    };
    assert!(check("192.0.2.1").trusted && check("www.mx.example.").trusted);
    for name in ["192.0.2.2", "mx2.example"] {
        let verdict = check(name);
        assert_eq!(verdict.problems[0].kind, ProblemKind::WrongName);
        let wanted = ["The certificate is for mx.example, www.mx.example, 192.0.2.1, and not for ", name, "."].concat();
        assert_eq!(verdict.problems[0].sentence, wanted);
    }
    assert!(check("").has(ProblemKind::NoNameChecked) && !check("no name").trusted);
}

#[test]
fn all_that_is_wrong_is_told_and_not_only_the_first() {
    let key = certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256);
    let made = certificates::make(&key, Flaw::SelfSigned);
    let late = Settings { now: 4_000_000_000_000, check_name: "other.example".into(), ..settings(&made) };
    let (_, heard) = shake(late, &mut server(&made, &[&TLS13], Wants::Nothing, ""));
    let verdict = heard.done.unwrap().0.verdict;
    for kind in [ProblemKind::Expired, ProblemKind::SelfSigned, ProblemKind::WrongName] {
        assert!(verdict.has(kind), "{kind:?} {verdict:#?}");
    }
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_where_the_person_gives_it() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::SelfSigned);
    let own = Settings { authorities: Some(made.chain_pem.clone()), ..settings(&made) };
    let (_, heard) = shake(own, &mut server(&made, &[&TLS12], Wants::Nothing, ""));
    let verdict = heard.done.unwrap().0.verdict;
    assert!(verdict.trusted, "{verdict:#?}");
}
