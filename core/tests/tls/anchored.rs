//! The authorities that everybody trusts decide about trust, without a word from the person.

use ehlo_core::tls::layer::Layer;
use ehlo_core::tls::{ProblemKind, Report, Settings};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::version::{TLS12, TLS13};

use crate::certificates::{self, Flaw, Made};
use crate::pair::{Heard, Wants, carry, server, settings};

/// The public authorities, and among them the one that signed the chain.
fn with_the_root_of(made: &Made) -> &'static [TrustAnchor<'static>] {
    let root = CertificateDer::from_pem_slice(made.root_pem.as_bytes()).unwrap();
    let root = webpki::anchor_from_trusted_cert(&root).unwrap().to_owned();
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().chain([root]).collect::<Vec<_>>().leak()
}

/// The report of a handshake with a machine that trusts `known`, and no authority of the person's own.
fn judged(made: &Made, tls13: bool, known: Option<&'static [TrustAnchor<'static>]>) -> Report {
    let mut server = server(made, &[if tls13 { &TLS13 } else { &TLS12 }], Wants::Nothing, "");
    let settings = Settings { authorities: None, ..settings(made) };
    let mut layer = match known {
        Some(known) => Layer::knowing(settings, known).unwrap(),
        None => Layer::new(settings).unwrap(),
    };
    let mut heard = Heard::default();
    layer.start();
    carry(&mut layer, &mut server, &mut heard, usize::MAX);
    heard.done.unwrap().0
}

#[test]
fn a_chain_is_trusted_by_a_known_authority_and_names_it() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let known = with_the_root_of(&made);
    for tls13 in [false, true] {
        let report = judged(&made, tls13, Some(known));
        assert!(report.verdict.trusted, "{:#?}", report.verdict);
        assert_eq!(report.verdict.anchor.as_deref(), Some("CN=Root of Tests"));
    }
}

#[test]
fn a_chain_of_an_authority_that_browsers_do_not_know_is_an_unknown_issuer() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let report = judged(&made, true, None);
    let kinds = report.verdict.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>();
    assert_eq!((report.verdict.trusted, kinds), (false, vec![ProblemKind::UnknownIssuer]));
}

#[test]
fn the_authorities_that_browsers_know_are_those_of_the_public_list() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    // A chain that names a public authority as its issuer, without its signature, is told apart from an unknown one.
    let known = webpki_roots::TLS_SERVER_ROOTS;
    assert!(known.len() > 100, "{}", known.len());
    let by_hand = judged(&made, true, Some(known));
    assert_eq!(by_hand.verdict, judged(&made, true, None).verdict);
}
