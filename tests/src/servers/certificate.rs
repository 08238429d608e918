//! The certificate that the mail servers show: a leaf for `mail.domain.test` from a private authority.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use crate::failure::TestResult;

/// An authority and a leaf for `mail.domain.test`, `localhost` and 127.0.0.1, all PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The authority's certificate, which a client may be told to trust.
    pub authority: String,
    /// The leaf's certificate.
    pub leaf: String,
    /// The leaf's private key.
    pub key: String,
}

impl Certificate {
    /// The certificate of this test program, made once.
    ///
    /// # Errors
    /// When the library refuses to make it.
    pub fn shared() -> TestResult<Self> {
        static SHARED: OnceLock<Certificate> = OnceLock::new();
        match SHARED.get() {
            Some(made) => Ok(made.clone()),
            None => {
                let made = Self::make()?;
                Ok(SHARED.get_or_init(|| made).clone())
            }
        }
    }

    fn make() -> TestResult<Self> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "test authority");
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let names = ["mail.domain.test", "localhost", "127.0.0.1"].map(String::from);
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "mail.domain.test");
        leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let leaf_key = KeyPair::generate()?;
        let leaf_pem = leaf.signed_by(&leaf_key, &Issuer::new(authority, authority_key))?.pem();
        Ok(Self { authority: authority_pem, leaf: leaf_pem, key: leaf_key.serialize_pem() })
    }

    /// Writes `leaf.pem`, `leaf.key` and `both.pem` (key, then leaf) into `folder`.
    pub(super) fn write(&self, folder: &Path) -> TestResult {
        fs::write(folder.join("leaf.pem"), &self.leaf)?;
        fs::write(folder.join("leaf.key"), &self.key)?;
        fs::write(folder.join("both.pem"), format!("{}{}", self.key, self.leaf))?;
        Ok(())
    }
}
