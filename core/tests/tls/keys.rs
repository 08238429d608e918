//! A client's key in every form that openssl writes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use ehlo_core::secret::Secret;
use ehlo_core::tls::{ClientCertificate, Settings};
use rcgen::KeyPair;
use rustls::version::{TLS12, TLS13};

use crate::certificates::{self, Flaw};
use crate::pair::{Wants, server, settings, shake};

/// `pem` as openssl converts it.
fn converted(arguments: &[&str], pem: &str) -> String {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(pem.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn keys_in_pkcs_1_sec_1_and_pkcs_8_are_taken_and_sign_in_both_versions() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    for (algorithm, arguments, head) in [
        (&rcgen::PKCS_RSA_SHA256, &["rsa", "-traditional"][..], "-----BEGIN RSA PRIVATE KEY-----"),
        (&rcgen::PKCS_RSA_SHA256, &["pkey"], "-----BEGIN PRIVATE KEY-----"),
        (&rcgen::PKCS_ECDSA_P256_SHA256, &["ec"], "-----BEGIN EC PRIVATE KEY-----"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, &["ec"], "-----BEGIN EC PRIVATE KEY-----"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, &["pkey"], "-----BEGIN PRIVATE KEY-----"),
        (&rcgen::PKCS_ED25519, &["pkey"], "-----BEGIN PRIVATE KEY-----"),
    ] {
        let key = if algorithm == &rcgen::PKCS_ED25519 {
            // In ring's own form it has parts that openssl does not read.
            KeyPair::from_pem(&converted(&["genpkey", "-algorithm", "ed25519"], "")).unwrap()
        } else {
            certificates::key(algorithm)
        };
        let params = rcgen::CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        let own = params.self_signed(&key).unwrap().pem();
        let text = converted(arguments, &key.serialize_pem());
        assert!(text.starts_with(head), "{arguments:?}: {}", text.lines().next().unwrap_or_default());
        // Key first or last: both are common.
        for pem in [[own.as_str(), &text].concat(), [text.as_str(), &own].concat()] {
            for version in [&TLS12, &TLS13] {
                let client = Some(Secret::new(pem.clone()));
                let mut server = server(&made, &[version], Wants::Always, &own);
                let (_, heard) = shake(Settings { client, ..settings(&made) }, &mut server);
                assert_eq!(heard.failed, None, "{arguments:?}");
                assert_eq!(heard.done.unwrap().0.client_certificate, ClientCertificate::Given);
                assert_eq!(server.peer_certificates().map(<[_]>::len), Some(1), "{arguments:?}");
            }
        }
    }
}
