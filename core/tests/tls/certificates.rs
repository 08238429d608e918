//! Throw-away certificates: authority, intermediate and server, of any key, good or bad in one way.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    Expired,
    NotYetValid,
    WrongName,
    SelfSigned,
    UnknownAuthority,
    MissingIntermediate,
}

/// A server's identity, and the authority that a client may know.
pub(crate) struct Made {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) root_pem: String,
    pub(crate) key_pem: String,
    pub(crate) chain_pem: String,
}

/// A key of that algorithm; ring makes no RSA keys, so openssl does.
pub(crate) fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    if algorithm != &rcgen::PKCS_RSA_SHA256 {
        return KeyPair::generate_for(algorithm).unwrap();
    }
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .expect("openssl is installed");
    KeyPair::from_pem(&String::from_utf8(made.stdout).unwrap()).unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Where the issuer's certificate can be got (RFC 5280 §4.2.2.1): `http://ca.example/i.der`.
fn issuer_at() -> CustomExtension {
    let uri = b"http://ca.example/i.der";
    let mut access = vec![0x06, 8, 0x2B, 6, 1, 5, 5, 7, 0x30, 2, 0x86, uri.len() as u8];
    access.extend_from_slice(uri);
    let one = [&[0x30, access.len() as u8][..], &access].concat();
    let all = [&[0x30, one.len() as u8][..], &one].concat();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], all)
}

/// A server's chain with that flaw, every key of that algorithm, for `mx.example`, `www.mx.example` and 192.0.2.1.
pub(crate) fn make(key: &KeyPair, flaw: Flaw) -> Made {
    let root_key = KeyPair::generate().unwrap();
    let root_params = authority("Root of Tests");
    let root = root_params.self_signed(&root_key).unwrap();
    let root_issuer = Issuer::new(root_params, root_key);
    let between_key = KeyPair::generate().unwrap();
    let between_params = authority("Between");
    let between = between_params.signed_by(&between_key, &root_issuer).unwrap();
    let between_issuer = Issuer::new(between_params, between_key);

    let names = if flaw == Flaw::WrongName {
        ["a.example", "b.example", "192.0.2.9"]
    } else {
        ["mx.example", "www.mx.example", "192.0.2.1"]
    };
    let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
    params.distinguished_name.push(DnType::CommonName, names[0]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.custom_extensions.push(issuer_at());
    (params.not_before, params.not_after) = match flaw {
        Flaw::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
        Flaw::NotYetValid => (date_time_ymd(2040, 1, 1), date_time_ymd(2041, 1, 1)),
        _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2041, 1, 1)),
    };
    let leaf = match flaw {
        Flaw::SelfSigned => params.self_signed(key).unwrap(),
        _ => params.signed_by(key, &between_issuer).unwrap(),
    };
    let mut chain = vec![leaf];
    if !matches!(flaw, Flaw::SelfSigned | Flaw::MissingIntermediate) {
        chain.push(between);
    }
    let other = authority("Another Root").self_signed(&KeyPair::generate().unwrap()).unwrap();
    Made {
        chain_pem: chain.iter().map(rcgen::Certificate::pem).collect(),
        chain: chain.iter().map(|one| one.der().clone()).collect(),
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        key_pem: key.serialize_pem(),
        root_pem: if flaw == Flaw::UnknownAuthority { other.pem() } else { root.pem() },
    }
}
