//! A certificate made ready for showing.

use ring::digest::{SHA256, digest};

use super::report::Certificate;
use super::x509::{self, X509};
use crate::base64;

/// What `der` says; of what cannot be read the fingerprint and the octets alone.
fn one(der: &[u8]) -> Certificate {
    let mut out = Certificate { sha256: fingerprint(der), der: base64::encode(der), ..Certificate::default() };
    let Some(read) = X509::read(der) else {
        out.subject = "(a certificate that cannot be read)".to_owned();
        return out;
    };
    let moment = |ms: Option<i64>| ms.map_or_else(|| "(cannot be read)".to_owned(), x509::moment);
    out.subject = x509::name(read.subject);
    out.issuer = x509::name(read.issuer);
    out.serial = hex(read.serial, "");
    out.not_before = moment(read.not_before);
    out.not_before_ms = read.not_before.unwrap_or_default();
    out.not_after = moment(read.not_after);
    out.not_after_ms = read.not_after.unwrap_or_default();
    out.key = read.key.words();
    out.key_weak = read.key.weak();
    out.signature = read.signature.words();
    out.signature_weak = read.signature.hash.weak();
    out.spki_pin = base64::encode(digest(&SHA256, read.spki).as_ref());
    out.is_ca = read.is_ca;
    out.self_signed = read.self_signed();
    out.sans = read.names;
    out
}

/// A chain in the server's order, each with its part in it.
pub fn chain<D: AsRef<[u8]>>(ders: &[D]) -> Vec<Certificate> {
    let mut all: Vec<Certificate> = ders.iter().take(super::MAX_CERTIFICATES).map(|der| one(der.as_ref())).collect();
    let mut issuer = None;
    for (at, one) in all.iter_mut().enumerate() {
        let role = match (at, &issuer, one.self_signed) {
            (0, _, true) => "the server's own, signed by itself",
            (0, _, false) => "the server's own",
            (_, Some(issuer), own) if *issuer == one.subject => {
                if own {
                    "an authority's root, which need not be sent"
                } else {
                    "an authority between the server and the root"
                }
            }
            _ => "not part of the chain, or out of order",
        };
        if !role.starts_with("not") {
            issuer = Some(one.issuer.clone());
        }
        one.role = role.to_owned();
    }
    all
}

fn fingerprint(der: &[u8]) -> String {
    hex(digest(&SHA256, der).as_ref(), ":")
}

fn hex(bytes: &[u8], between: &str) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
        }
    }
    out
}
