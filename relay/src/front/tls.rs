//! HTTPS of the relay itself: certificate and key from files, read again when they change.
//!
//! This is between browser and relay. The TLS of the mail server ends in the page, and the relay has no part in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::{fmt, fs, io};

use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::front::certificate::Facts;

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// The chain as PEM, the relay's own certificate first.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Why the files cannot be used.
#[derive(Debug)]
pub enum TlsError {
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// There is no certificate in it.
    NoCertificate(PathBuf),
    /// There is no private key in it.
    NoKey(PathBuf),
    /// They do not belong together, or cannot be used.
    Unusable(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "{} cannot be read ({error})", path.display()),
            Self::NoCertificate(path) => {
                write!(f, "{} has no certificate in PEM form (BEGIN CERTIFICATE)", path.display())
            }
            Self::NoKey(path) => write!(
                f,
                "{} has no private key in PEM form (BEGIN PRIVATE KEY), or one that wants a password",
                path.display()
            ),
            Self::Unusable(rustls::Error::InconsistentKeys(_)) => {
                f.write_str("the key is not that of the first certificate; put the relay's own certificate first")
            }
            Self::Unusable(error) => write!(f, "certificate and key cannot be used ({error})"),
        }
    }
}

impl std::error::Error for TlsError {}

/// What is shown to browsers now.
pub(crate) struct Tls {
    files: Files,
    now: RwLock<Shown>,
}

struct Shown {
    acceptor: TlsAcceptor,
    facts: Option<Facts>,
    /// Of both files, so that a change is known.
    hash: [u8; 32],
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.files).finish()
    }
}

impl Tls {
    /// Reads the files.
    pub(crate) fn new(files: Files) -> Result<Self, TlsError> {
        let (certificate, key) = files.read()?;
        let now = files.shown(&certificate, &key)?;
        Ok(Self { files, now: RwLock::new(now) })
    }

    /// For the next handshake.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.now.read().unwrap_or_else(PoisonError::into_inner).acceptor.clone()
    }

    /// What is known of the certificate.
    pub(crate) fn facts(&self) -> Option<Facts> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).facts.clone()
    }

    /// Looks whether the files have changed, and takes what they are now; `false` where they are as before.
    ///
    /// # Errors
    /// What they are now cannot be used; what was shown before still is.
    pub(crate) fn refresh(&self) -> Result<bool, TlsError> {
        let (certificate, key) = self.files.read()?;
        let hash = hash(&certificate, &key);
        if self.now.read().unwrap_or_else(PoisonError::into_inner).hash == hash {
            return Ok(false);
        }
        let new = self.files.shown(&certificate, &key)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }
}

impl Files {
    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
        let read = |path: &Path| fs::read(path).map_err(|error| TlsError::Unreadable(path.to_owned(), error));
        Ok((read(&self.certificate)?, read(&self.key)?))
    }

    fn shown(&self, certificate: &[u8], key: &[u8]) -> Result<Shown, TlsError> {
        let hash = hash(certificate, key);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate(self.certificate.clone()))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(self.certificate.clone()));
        }
        let facts = Facts::of(&chain);
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey(self.key.clone()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(TlsError::Unusable)?;
        // WebSockets as the page uses them are of HTTP/1.1.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Shown { acceptor: TlsAcceptor::from(Arc::new(config)), facts, hash })
    }
}

fn hash(certificate: &[u8], key: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(Sha256::digest(certificate)).chain_update(key).finalize().into()
}
