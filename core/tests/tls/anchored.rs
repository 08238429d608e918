//! The files of well-known authorities: asked for by number, and decisive for trust.

use ehlo_core::tls::layer::{Layer, Out};
use ehlo_core::tls::{ProblemKind, Report, Settings, anchors};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};

use crate::certificates::{self, Flaw, Made};
use crate::pair::{Heard, Wants, carry, server, settings};

/// All files, with the chain's root in the one where it belongs and other authorities in all of them.
fn files(made: &Made) -> Vec<Vec<u8>> {
    let root = CertificateDer::from_pem_slice(made.root_pem.as_bytes()).unwrap();
    let root = webpki::anchor_from_trusted_cert(&root).unwrap().to_owned();
    let mut files = vec![Vec::new(); usize::from(anchors::BUCKETS)];
    for root in webpki_roots::TLS_SERVER_ROOTS.iter().chain([&root]) {
        let constraints = root.name_constraints.as_ref().map(AsRef::as_ref);
        let anchor = anchors::Anchor { subject: &root.subject, key: &root.subject_public_key_info, constraints };
        assert!(anchors::write(&mut files[usize::from(anchors::bucket(anchor.subject))], &anchor));
    }
    files
}

/// A handshake whose question for files is answered by `answer`; the numbers asked for, and the report.
fn judged(made: &Made, tls13: bool, answer: impl Fn(&mut Layer, &[u8])) -> (Vec<u8>, Report) {
    let mut server = server(made, &[if tls13 { &TLS13 } else { &TLS12 }], Wants::Nothing, "");
    let mut layer = Layer::new(Settings { authorities: None, ..settings(made) }).unwrap();
    layer.start();
    let (mut heard, mut asked) = (Heard::default(), None);
    // By hand until the question, since `Heard` answers it with nothing.
    while asked.is_none() {
        match layer.poll() {
            Out::ToNetwork(bytes) => {
                server.read_tls(&mut &bytes[..]).unwrap();
                server.process_new_packets().unwrap();
                let mut flight = Vec::new();
                while server.wants_write() {
                    server.write_tls(&mut flight).unwrap();
                }
                layer.receive(&flight);
            }
            Out::WantsAnchors(numbers) => asked = Some(numbers),
            other => panic!("{other:?}"),
        }
    }
    let asked = asked.unwrap();
    answer(&mut layer, &asked);
    carry(&mut layer, &mut server, &mut heard, usize::MAX);
    (asked, heard.done.unwrap().0)
}

#[test]
fn a_chain_is_trusted_by_the_root_in_the_file_that_was_asked_for() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let files = files(&made);
    for tls13 in [false, true] {
        let (asked, report) = judged(&made, tls13, |layer, asked| {
            let wanted: Vec<&[u8]> = asked.iter().map(|&number| &files[usize::from(number)][..]).collect();
            layer.anchors(&wanted);
        });
        assert!((1..=2).contains(&asked.len()), "{asked:?}");
        assert!(report.verdict.trusted, "{:#?}", report.verdict);
        assert_eq!(report.verdict.anchor.as_deref(), Some("CN=Root of Tests"));
        // One behind the other, as the page hands them over.
        let (_, report) = judged(&made, tls13, |layer, asked| {
            let wanted: Vec<&[u8]> = asked.iter().map(|&number| &files[usize::from(number)][..]).collect();
            layer.anchors(&[&wanted.concat()]);
        });
        assert!(report.verdict.trusted, "{:#?}", report.verdict);
    }
}

#[test]
fn files_without_the_root_are_an_unknown_issuer_and_missing_or_broken_ones_are_told_as_such() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let files = files(&made);
    let others = |asked: &[u8]| {
        let all = 0..anchors::BUCKETS;
        all.filter(|number| !asked.contains(number)).flat_map(|number| files[usize::from(number)].clone()).collect()
    };
    let kinds = |report: &Report| report.verdict.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>();
    let (_, other) = judged(&made, true, |layer, asked| {
        let others: Vec<u8> = others(asked);
        layer.anchors(&[&others]);
    });
    assert_eq!((other.verdict.trusted, kinds(&other)), (false, vec![ProblemKind::UnknownIssuer]));
    let (_, missing) = judged(&made, true, |layer, _| layer.anchors_missing());
    assert_eq!((missing.verdict.trusted, kinds(&missing)), (false, vec![ProblemKind::AnchorsMissing]));
    let (_, broken) = judged(&made, true, |layer, asked| {
        let file = &files[usize::from(asked[0])];
        layer.anchors(&[&file[..file.len() - 1]]);
    });
    assert_eq!((broken.verdict.trusted, kinds(&broken)), (false, vec![ProblemKind::AnchorsMissing]));
}
