//! What is shown in handshakes: the certificate, or to the authority the answer to its challenge.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::server::TlsStream;

use crate::front::certificate::Facts;

/// The protocol by which the authority is known (RFC 8737 §6.2).
pub(super) const PROTOCOL: &[u8] = b"acme-tls/1";

/// Whether a handshake was the authority's.
pub(crate) fn asked_by<S: AsyncRead + AsyncWrite + Unpin>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(PROTOCOL)
}

/// A chain with its key, and what is known of it.
#[derive(Debug)]
pub(super) struct Pair {
    key: Arc<CertifiedKey>,
    facts: Facts,
}

impl Pair {
    /// From PEM, key and chain in one.
    ///
    /// # Errors
    /// They do not belong together, or cannot be used.
    pub(super) fn read(pem: &str) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| format!("the certificate is no PEM ({error})"))?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
        let key = key.map_err(|error| format!("the certificate's key is no PEM ({error})"))?;
        let facts = Facts::of(&chain).ok_or("the certificate cannot be read")?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| format!("certificate and key cannot be used ({error})"))?;
        Ok(Self { key: Arc::new(key), facts })
    }
}

/// Chooses what a handshake shows.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pair: RwLock<Option<Pair>>,
    /// By name: the answers to challenges that are under way.
    answers: RwLock<HashMap<String, Arc<CertifiedKey>>>,
}

impl Shown {
    /// From the next handshake on.
    pub(super) fn show(&self, pair: Pair) {
        *self.pair.write().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    pub(super) fn facts(&self) -> Option<Facts> {
        let pair = self.pair.read().unwrap_or_else(PoisonError::into_inner);
        pair.as_ref().map(|pair| pair.facts.clone())
    }

    /// The certificate itself, without those that vouch for it.
    pub(super) fn leaf(&self) -> Option<CertificateDer<'static>> {
        let pair = self.pair.read().unwrap_or_else(PoisonError::into_inner);
        pair.as_ref().and_then(|pair| pair.key.cert.first().cloned())
    }

    /// Answers the challenge for a name until [`Shown::answer_no_more`].
    ///
    /// # Errors
    /// No certificate can be made for this name.
    pub(super) fn answer(&self, name: &str, digest: &[u8]) -> Result<(), String> {
        let answer = answer(name, digest)?;
        self.answers.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(answer));
        Ok(())
    }

    pub(super) fn answer_no_more(&self) {
        self.answers.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // The authority offers this protocol alone (RFC 8737 §3).
        if hello.alpn().is_some_and(|mut offered| offered.next() == Some(PROTOCOL) && offered.next().is_none()) {
            let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
            return answers.get(&hello.server_name()?.to_ascii_lowercase()).cloned();
        }
        let pair = self.pair.read().unwrap_or_else(PoisonError::into_inner);
        pair.as_ref().map(|pair| Arc::clone(&pair.key))
    }
}

/// A self-signed certificate that holds the digest of the key authorization (RFC 8737 §3).
fn answer(name: &str, digest: &[u8]) -> Result<CertifiedKey, String> {
    let made = |error: rcgen::Error| format!("no answer can be made for {name} ({error})");
    let mut params = CertificateParams::new([name.to_owned()]).map_err(made)?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(made)?;
    let certificate = params.self_signed(&key).map_err(made)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let key = ring::sign::any_supported_type(&key).map_err(|error| error.to_string())?;
    // Not `from_der`, which refuses the critical extension that RFC 8737 wants.
    Ok(CertifiedKey::new(vec![certificate.into()], key))
}
