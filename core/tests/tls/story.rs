//! What goes on beside the verdict: data, ends, clients' certificates, and handshakes that fail.

use ehlo_core::secret::Secret;
use ehlo_core::tls::layer::Layer;
use ehlo_core::tls::{ClientCertificate, FailureKind, Settings, Versions};
use rustls::version::{TLS12, TLS13};

use crate::certificates::{self, Flaw, Made};
use crate::pair::{Heard, Wants, carry, read, server, settings, shake, write};

fn made() -> Made {
    certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None)
}

#[test]
fn much_data_goes_both_ways_octet_by_octet_and_in_one_piece() {
    let made = made();
    for version in [&TLS12, &TLS13] {
        for (piece, much) in [(1, 20_000), (usize::MAX, 1_000_000)] {
            let mut server = server(&made, &[version], Wants::Nothing, "");
            let mut layer = Layer::new(settings(&made)).unwrap();
            let mut heard = Heard::default();
            layer.start();
            assert!(!layer.send(b"too early"));
            carry(&mut layer, &mut server, &mut heard, piece);
            let data: Vec<u8> = (0..much).map(|at: u32| (at % 251) as u8).collect();
            for part in data.chunks(10_000) {
                assert!(layer.send(part));
                write(&mut server, part);
                carry(&mut layer, &mut server, &mut heard, piece);
                assert_eq!(read(&mut server), part);
            }
            assert!(heard.plain == data && heard.failed.is_none());
            let (sent, received) = layer.carried();
            assert!(sent > much.into() && received > much.into());
        }
    }
}

#[test]
fn close_notify_is_told_and_a_bare_end_is_not_taken_for_it() {
    let made = made();
    let mut one = server(&made, &[&TLS13], Wants::Nothing, "");
    let (mut layer, mut heard) = shake(settings(&made), &mut one);
    layer.eof();
    heard.drain(&mut layer);
    assert!(!heard.close_notify && heard.failed.is_none());
    let mut two = server(&made, &[&TLS12], Wants::Nothing, "");
    let (mut layer, mut heard) = shake(settings(&made), &mut two);
    two.send_close_notify();
    carry(&mut layer, &mut two, &mut heard, usize::MAX);
    assert!(heard.close_notify);
    layer.close();
    heard.drain(&mut layer);
    assert!(!heard.network.is_empty());
}

#[test]
fn a_clients_certificate_is_given_refused_or_missed() {
    let made = made();
    let client_key = certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256);
    let params = rcgen::CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
    let own = params.self_signed(&client_key).unwrap().pem();
    let pem = Secret::new([own.clone(), client_key.serialize_pem()].concat());
    for version in [&TLS12, &TLS13] {
        for (wants, given, becomes) in [
            (Wants::Nothing, true, Some(ClientCertificate::NotAsked)),
            (Wants::IfThereIsOne, false, Some(ClientCertificate::NoneGiven)),
            (Wants::Always, true, Some(ClientCertificate::Given)),
            (Wants::Always, false, None),
        ] {
            let mut server = server(&made, &[version], wants, &own);
            let client = given.then(|| pem.clone());
            let (_, heard) = shake(Settings { client, ..settings(&made) }, &mut server);
            match becomes {
                Some(becomes) => {
                    assert_eq!(heard.done.unwrap().0.client_certificate, becomes);
                    assert_eq!(heard.failed, None);
                }
                None => {
                    let failure = heard.failed.unwrap();
                    assert_eq!(failure.kind, FailureKind::ClientCertificateWanted, "{failure:#?}");
                    assert_eq!(failure.certificates.len(), 2);
                }
            }
        }
    }
}

#[test]
fn an_encrypted_key_or_a_wrong_one_is_refused_without_showing_it() {
    let made = made();
    let other = certificates::key(&rcgen::PKCS_ED25519).serialize_pem();
    let encrypted = made.key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (key, word) in [(&other, "does not belong"), (&encrypted, "encrypted"), (&String::new(), "cannot be read")] {
        let client = Some(Secret::new([made.chain_pem.as_str(), key.as_str()].concat()));
        let failure = Layer::new(Settings { client, ..settings(&made) }).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Settings);
        assert!(failure.sentence.contains(word), "{failure:?}");
        assert!(key.lines().nth(1).is_none_or(|line| !format!("{failure:?}").contains(line)));
    }
}

#[test]
fn a_server_of_the_other_version_is_told() {
    let made = made();
    for (offered, version) in [(Versions::Tls13, &TLS12), (Versions::Tls12, &TLS13)] {
        let mut server = server(&made, &[version], Wants::Nothing, "");
        let (_, heard) = shake(Settings { versions: offered, ..settings(&made) }, &mut server);
        let failure = heard.failed.unwrap();
        assert_eq!((failure.kind, failure.alert.unwrap().number), (FailureKind::Alert, 70));
        assert!(failure.sentence.contains("which alone was offered") && !failure.wants_probe);
    }
}

/// What a machine says of an answer, and of the end behind it.
fn answered(bytes: &[u8], probe: bool) -> Heard {
    let mut layer = Layer::new(Settings { probe, ..settings(&made()) }).unwrap();
    let mut heard = Heard::default();
    layer.start();
    layer.receive(bytes);
    layer.eof();
    heard.drain(&mut layer);
    heard
}

#[test]
fn what_is_no_tls_an_alert_and_silence_are_told_apart() {
    for (bytes, kind, word) in [
        (&b"220 mx.example\r\n"[..], FailureKind::NotTls, "an SMTP reply in clear text"),
        (b"HTTP/1.1 400 Bad\r\n", FailureKind::NotTls, "an HTTP server's answer"),
        (b"\xff\xfe\xfd\xfc\xfb\xfa", FailureKind::NotTls, "no protocol that is known"),
        (b"", FailureKind::Dropped, "without a word"),
        (b"\x15\x03\x03\x00\x02\x02\x28", FailureKind::NoCommonSuite, "no cipher"),
        (b"\x15\x03\x01\x00\x02\x02\x46", FailureKind::LegacyVersion, "neither TLS 1.2 nor TLS 1.3"),
        (b"\x15\x03\x03\x00\x02\x02\x50", FailureKind::Alert, "alert 80 (internal_error)"),
        (b"\x16\x03\x03\x00\x04\x02\x00\x00\x00", FailureKind::Malformed, "breaks the rules"),
    ] {
        let failure = answered(bytes, false).failed.unwrap();
        assert_eq!(failure.kind, kind, "{failure:#?}");
        assert!(failure.sentence.contains(word), "{failure:#?}");
        assert!(failure.openssl.starts_with("openssl s_client -starttls smtp -connect mx.example:25"));
    }
}

#[test]
fn a_probe_tells_of_an_old_server_and_of_one_that_refuses() {
    let hello = [&[2, 0, 0, 38, 3, 1][..], &[9; 32], &[0, 0, 0x2F, 0]].concat();
    let records = [&[22, 3, 1, 0, hello.len() as u8][..], &hello, &[22, 3, 1, 0, 4, 14, 0, 0, 0]].concat();
    let legacy = answered(&records, true).failed.unwrap().legacy.unwrap();
    assert_eq!((legacy.version.as_str(), legacy.suite.as_str()), ("TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA"));
    assert!(legacy.key_exchange.starts_with("RSA") && legacy.sentence.contains("nothing newer than TLS 1.0"));
    let newer = answered(b"\x15\x03\x03\x00\x02\x02\x46", true).failed.unwrap();
    assert_eq!(newer.kind, FailureKind::Probed);
    assert!(newer.legacy.unwrap().sentence.contains("TLS 1.3 only"));
}

#[test]
fn a_connection_cut_at_any_octet_of_the_servers_flight_is_told_as_dropped() {
    let made = made();
    for version in [&TLS12, &TLS13] {
        let whole = {
            let mut server = server(&made, &[version], Wants::Nothing, "");
            let mut layer = Layer::new(settings(&made)).unwrap();
            let mut heard = Heard::default();
            layer.start();
            heard.drain(&mut layer);
            server.read_tls(&mut &heard.network[..]).unwrap();
            server.process_new_packets().unwrap();
            let mut flight = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut flight).unwrap();
            }
            flight.len()
        };
        // ECDSA signatures differ in length by a few octets: the last ones are left out.
        for cut in 0..whole - 8 {
            let mut server = server(&made, &[version], Wants::Nothing, "");
            let mut layer = Layer::new(settings(&made)).unwrap();
            let mut heard = Heard::default();
            layer.start();
            heard.drain(&mut layer);
            server.read_tls(&mut &heard.network[..]).unwrap();
            server.process_new_packets().unwrap();
            let mut flight = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut flight).unwrap();
            }
            layer.receive(&flight[..cut]);
            layer.eof();
            heard.drain(&mut layer);
            let failure = heard.failed.unwrap_or_else(|| panic!("cut at {cut} of {whole}"));
            assert_eq!(failure.kind, FailureKind::Dropped, "{cut}: {failure:#?}");
        }
    }
}
