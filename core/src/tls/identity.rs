//! Certificates and keys that a person brings, in PEM (RFC 7468).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::failure::{Failure, FailureKind};
use super::x509::X509;

/// Most octets of PEM.
const MAX_PEM: usize = 200_000;

pub(super) fn refused(sentence: &str, advice: &str) -> Box<Failure> {
    Box::new(Failure { advice: vec![advice.to_owned()], ..Failure::new(FailureKind::Settings, sentence) })
}

fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    if pem.len() > MAX_PEM {
        return None;
    }
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().ok()
}

/// A person's own authorities.
///
/// # Errors
/// They cannot be read, or there is none.
pub(super) fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, Box<Failure>> {
    let found = certificates(pem).filter(|found| !found.is_empty());
    let found = found.filter(|found| found.iter().all(|der| webpki::anchor_from_trusted_cert(der).is_ok()));
    found.ok_or_else(|| {
        refused(
            "Your own authority's certificate cannot be read.",
            "Give one or more certificates in PEM: text with lines -----BEGIN CERTIFICATE-----.",
        )
    })
}

/// A client's certificate, those that signed it, and its key.
///
/// # Errors
/// Something is missing, cannot be read, is encrypted, or does not belong together. The key's text is in no message.
pub(super) fn client(pem: &str) -> Result<Arc<CertifiedKey>, Box<Failure>> {
    let chain = certificates(pem).filter(|chain| !chain.is_empty()).ok_or_else(|| {
        refused(
            "Your own certificate cannot be read.",
            "Give your certificate, those that signed it, and the key, one behind the other in PEM.",
        )
    })?;
    if pem.contains("ENCRYPTED") {
        return Err(refused(
            "The key of your own certificate is encrypted.",
            "Decrypt it first: openssl pkey -in key.pem -out plain.pem",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok().and_then(|key| any_supported_type(&key).ok());
    let key = key.ok_or_else(|| {
        refused(
            "The key of your own certificate cannot be read.",
            "Give a key of RSA (2048 bits or more), ECDSA P-256 or P-384, or Ed25519, in PEM.",
        )
    })?;
    let of_key = key.public_key();
    if X509::read(&chain[0]).is_none_or(|own| of_key.is_none_or(|of_key| *of_key != *own.spki)) {
        return Err(refused(
            "The key does not belong to your own certificate.",
            "Give the certificate of that key first, those that signed it behind.",
        ));
    }
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

/// Answers a server's question for a client's certificate, and remembers that it was asked.
#[derive(Default)]
pub(super) struct Identity {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
    given: AtomicBool,
}

impl fmt::Debug for Identity {
    /// The name alone: rustls asks for it, and all the rest would be in the page's module.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    pub(super) fn new(key: Option<Arc<CertifiedKey>>) -> Self {
        Self { key, ..Self::default() }
    }

    /// Whether the server asked.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether it was given a certificate.
    pub(super) fn given(&self) -> bool {
        self.given.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        // Given whatever authorities the server names: whether it takes it is what the person wants to see.
        let key = self.key.clone().filter(|key| key.key.choose_scheme(schemes).is_some());
        self.given.store(key.is_some(), Ordering::Relaxed);
        key
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
