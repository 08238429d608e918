//! The reader of certificates beside x509-parser, field by field.

use ehlo_core::tls::describe;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, KeyPair, SanType, SerialNumber};
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::Tag;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use crate::certificates;

/// A name as the page shows it, from what x509-parser says.
fn name(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().map(|attribute| {
        let oid = attribute.attr_type().to_id_string();
        let kind = match oid.as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "2.5.4.97" => "organizationIdentifier",
            "1.2.840.113549.1.9.1" => "emailAddress",
            "0.9.2342.19200300.100.1.25" => "DC",
            // x509-parser mistakes the first two numbers above 2.47 (ITU-T X.690 §8.19.4).
            "3.16.55.4000000000.1" => "2.999.4000000000.1",
            other => other,
        };
        let value = attribute.attr_value();
        let text = match value.tag() {
            Tag::T61String => value.data.iter().map(|&byte| char::from(byte)).collect(),
            Tag::BmpString => {
                let units: Vec<u16> =
                    value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).unwrap()
            }
            _ => attribute.as_str().unwrap().to_owned(),
        };
        format!("{kind}={}", text.replace('\\', "\\\\").replace(',', "\\,"))
    });
    let mut parts: Vec<String> = parts.collect();
    parts.reverse();
    if parts.is_empty() { "(no name)".to_owned() } else { parts.join(", ") }
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) => Some((*text).to_owned()),
        GeneralName::URI(text) => Some(format!("URI {text}")),
        GeneralName::IPAddress(octets) => match octets.len() {
            4 => Some(std::net::Ipv4Addr::from(<[u8; 4]>::try_from(*octets).unwrap()).to_string()),
            _ => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(*octets).unwrap()).to_string()),
        },
        _ => None,
    }
}

fn key(certificate: &X509Certificate<'_>) -> String {
    let spki = certificate.public_key();
    let curve = spki.algorithm.parameters.as_ref().and_then(|one| one.as_oid().ok()).map(|oid| oid.to_id_string());
    match (spki.parsed().unwrap(), curve.as_deref()) {
        (PublicKey::RSA(key), _) => format!("RSA {}", key.key_size()),
        (PublicKey::EC(_), Some("1.2.840.10045.3.1.7")) => "ECDSA P-256".to_owned(),
        (PublicKey::EC(_), Some("1.3.132.0.34")) => "ECDSA P-384".to_owned(),
        (PublicKey::EC(_), Some("1.3.132.0.35")) => "ECDSA P-521".to_owned(),
        (_, None) if spki.algorithm.algorithm.to_id_string() == "1.3.101.112" => "Ed25519".to_owned(),
        (other, curve) => panic!("{other:?} {curve:?}"),
    }
}

fn signature(certificate: &X509Certificate<'_>) -> &'static str {
    match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11" => "SHA-256 with RSA",
        "1.2.840.10045.4.3.2" => "SHA-256 with ECDSA",
        "1.2.840.10045.4.3.3" => "SHA-384 with ECDSA",
        "1.3.101.112" => "Ed25519",
        other => panic!("{other}"),
    }
}

/// Compares all that both readers say.
fn compare(der: &[u8]) {
    let (rest, theirs) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    let ours = describe::chain(&[der]).remove(0);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>();
    assert_eq!(ours.subject, name(theirs.subject()));
    assert_eq!(ours.issuer, name(theirs.issuer()));
    assert_eq!(ours.serial, hex(theirs.raw_serial()).concat());
    assert_eq!(ours.not_before_ms, theirs.validity().not_before.timestamp() * 1000);
    assert_eq!(ours.not_after_ms, theirs.validity().not_after.timestamp() * 1000);
    for (words, theirs) in
        [(&ours.not_before, theirs.validity().not_before), (&ours.not_after, theirs.validity().not_after)]
    {
        let at = theirs.to_datetime();
        let (date, time) = (at.date(), at.time());
        let (month, day) = (u8::from(date.month()), date.day());
        let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
        assert_eq!(*words, format!("{:04}-{month:02}-{day:02} {clock} UTC", date.year()));
    }
    assert_eq!(ours.key, key(&theirs));
    assert_eq!(ours.signature, signature(&theirs));
    assert_eq!(ours.is_ca, theirs.is_ca());
    assert_eq!(ours.self_signed, theirs.subject().as_raw() == theirs.issuer().as_raw());
    assert_eq!(ours.sha256, hex(digest(&SHA256, der).as_ref()).join(":"));
    assert_eq!(ours.spki_pin, ehlo_core::base64::encode(digest(&SHA256, theirs.public_key().raw).as_ref()));
    let names = theirs.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(all) => Some(&all.general_names),
        _ => None,
    });
    let names: Vec<String> = names.into_iter().flatten().filter_map(general_name).collect();
    assert_eq!(ours.sans, names);
}

#[test]
fn certificates_of_many_kinds_read_as_x509_parser_reads_them() {
    let keys =
        [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    let keys: Vec<KeyPair> = keys.into_iter().map(certificates::key).collect();
    let texts = ["Example", "Ünï, \"cödé\" = + #1;", "back\\slash,", " lead and trail ", "日本"];
    let kinds = [
        DnType::CommonName,
        DnType::OrganizationName,
        DnType::OrganizationalUnitName,
        DnType::LocalityName,
        DnType::StateOrProvinceName,
        DnType::CustomDnType(vec![2, 5, 4, 97]),
        DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 25]),
        DnType::CustomDnType(vec![2, 999, 4_000_000_000, 1]),
    ];
    let sans = [
        SanType::DnsName("mx.example".try_into().unwrap()),
        SanType::DnsName("*.example".try_into().unwrap()),
        SanType::Rfc822Name("postmaster@mx.example".try_into().unwrap()),
        SanType::URI("smtp://mx.example/".try_into().unwrap()),
        SanType::IpAddress([192, 0, 2, 1].into()),
        SanType::IpAddress("2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().into()),
        SanType::IpAddress("::ffff:192.0.2.1".parse::<std::net::Ipv6Addr>().unwrap().into()),
    ];
    let years = [(1950, 1949 + 100), (1999, 2000), (2000, 2050), (2024, 2100), (1970, 9999), (2023, 2051)];
    for at in 0..120_usize {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let mut subject = DistinguishedName::new();
        for (place, kind) in kinds.iter().enumerate().filter(|(place, _)| (at * 37 + 1) >> place & 1 == 1) {
            subject.push(kind.clone(), texts[(at + place) % texts.len()]);
        }
        params.distinguished_name = subject;
        params.subject_alt_names = sans.iter().cycle().skip(at).take(at % 9).cloned().collect();
        let (from, to) = years[at % years.len()];
        let (month, day) = ((at % 12 + 1) as u8, (at % 28 + 1) as u8);
        params.not_before = rcgen::date_time_ymd(from, month, if month == 2 { 28 } else { day });
        params.not_after = rcgen::date_time_ymd(to, 12, 31);
        params.serial_number = (at % 3 > 0).then(|| SerialNumber::from(vec![(at * 7 % 256) as u8; at % 20 + 1]));
        params.is_ca = [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(rcgen::BasicConstraints::Constrained(1))][at % 3];
        if at % 5 == 0 {
            let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999], vec![4, 1, 7]);
            unknown.set_criticality(true);
            params.custom_extensions.push(unknown);
        }
        compare(params.self_signed(&keys[at % keys.len()]).unwrap().der());
    }
}

/// A DER value of that tag; of any length.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x83][..], &(content.len() as u32).to_be_bytes()[1..], content].concat()
}

#[test]
fn the_names_of_all_well_known_authorities_read_as_x509_parser_reads_them() {
    let rsa = certificates::make(&certificates::key(&rcgen::PKCS_ED25519), certificates::Flaw::SelfSigned);
    let (_, real) = X509Certificate::from_der(&rsa.chain[0]).unwrap();
    let algorithm = [0x30, 5, 6, 3, 0x2B, 0x65, 0x70];
    let validity = b"\x30\x1e\x17\x0d500101000000Z\x17\x0d491231235959Z";
    assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 50);
    for root in webpki_roots::TLS_SERVER_ROOTS {
        let spki = value(0x30, &root.subject_public_key_info);
        let subject = value(0x30, &root.subject);
        let serial = [2, 1, 1];
        let fields = [&[0xA0, 3, 2, 1, 2][..], &serial, &algorithm, &subject, validity, &subject, &spki].concat();
        let whole = [&value(0x30, &fields)[..], &algorithm, &value(3, &[&[0], real.signature_value.as_ref()].concat())];
        compare(&CertificateDer::from(value(0x30, &whole.concat())));
    }
}
