//! Throw-away certificates: a root, an intermediate, and leaves that are good or wrong in one way each.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, SubjectPublicKeyInfo, date_time_ymd,
};

use crate::failure::{Failure, TestResult};

/// The name that a good leaf carries.
pub const NAME: &str = "mail.domain.test";

/// The key of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 1024 bits, too few since about 2010.
    Rsa1024,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// Ed25519 (RFC 8410).
    Ed25519,
}

/// What is wrong with a leaf, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    Good,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for another name.
    WrongName,
    /// It is signed by itself.
    SelfSigned,
    /// Its authority is not known to the client.
    UnknownAuthority,
    /// The certificate between it and the authority is not sent.
    MissingIntermediate,
}

impl Flaw {
    /// Every flaw, and none.
    pub const ALL: [Self; 7] = [
        Self::Good,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongName,
        Self::SelfSigned,
        Self::UnknownAuthority,
        Self::MissingIntermediate,
    ];
}

/// A leaf with what a server sends along, and what a client is told to trust; all PEM.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What the server sends: the leaf first.
    pub sent: String,
    /// The leaf's private key.
    pub key: String,
    /// The authority that the client trusts.
    pub trusted: String,
}

impl Chain {
    /// A chain with this key and this flaw.
    ///
    /// # Errors
    /// When a certificate cannot be made; RSA keys need the program `openssl`.
    pub fn make(key: Key, flaw: Flaw) -> TestResult<Self> {
        let root_key = KeyPair::generate()?;
        let root_params = authority("test root")?;
        let root_pem = root_params.self_signed(&root_key)?.pem();
        let root = Issuer::new(root_params, root_key);
        let middle_key = KeyPair::generate()?;
        let middle_params = authority("test intermediate")?;
        let middle_pem = middle_params.signed_by(&middle_key, &root)?.pem();
        let middle = Issuer::new(middle_params, middle_key);

        let name = if flaw == Flaw::WrongName { "other.domain.test" } else { NAME };
        let mut leaf = CertificateParams::new(vec![name.to_owned()])?;
        leaf.distinguished_name.push(DnType::CommonName, name);
        leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        (leaf.not_before, leaf.not_after) = match flaw {
            Flaw::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Flaw::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1)),
            _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2089, 1, 1)),
        };
        leaf.custom_extensions.push(where_the_issuer_is());
        let (leaf_pem, key_pem) = if key == Key::Rsa1024 {
            // The library refuses to sign with so short a key, but not to sign one.
            let private = rsa_key("1024")?;
            (leaf.signed_by(&SubjectPublicKeyInfo::from_pem(&public_half(&private)?)?, &middle)?.pem(), private)
        } else {
            let pair = key.pair()?;
            let made = match flaw {
                Flaw::SelfSigned => leaf.self_signed(&pair)?.pem(),
                _ => leaf.signed_by(&pair, &middle)?.pem(),
            };
            (made, pair.serialize_pem())
        };
        let alone = matches!(flaw, Flaw::SelfSigned | Flaw::MissingIntermediate);
        let sent = if alone { leaf_pem } else { [leaf_pem, middle_pem].concat() };
        let trusted = match flaw {
            Flaw::UnknownAuthority => authority("another root")?.self_signed(&KeyPair::generate()?)?.pem(),
            _ => root_pem,
        };
        Ok(Self { sent, key: key_pem, trusted })
    }

    /// Writes `chain.pem`, `key.pem` and `trusted.pem` into `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> TestResult {
        fs::write(folder.join("chain.pem"), &self.sent)?;
        fs::write(folder.join("key.pem"), &self.key)?;
        fs::write(folder.join("trusted.pem"), &self.trusted)?;
        Ok(())
    }

    /// A client's certificate and key in one PEM text, signed by an authority of its own, which is the second text.
    ///
    /// # Errors
    /// When a certificate cannot be made.
    pub fn client() -> TestResult<(String, String)> {
        let params = authority("clients' root")?;
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let mut leaf = CertificateParams::new(Vec::new())?;
        leaf.distinguished_name.push(DnType::CommonName, "a client");
        leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let pair = KeyPair::generate()?;
        let pem = leaf.signed_by(&pair, &issuer)?.pem();
        Ok(([pem, pair.serialize_pem()].concat(), root))
    }
}

/// Authority information access (RFC 5280 §4.2.2.1), as real leaves have it: where the issuer's certificate can be had.
fn where_the_issuer_is() -> CustomExtension {
    const URL: &[u8] = b"http://ca.domain.test/i.crt";
    const CA_ISSUERS: [u8; 10] = [0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    let length = |octets: usize| u8::try_from(octets).unwrap_or_default();
    let mut description = CA_ISSUERS.to_vec();
    description.extend([0x86, length(URL.len())]);
    description.extend(URL);
    let mut content = vec![0x30, length(description.len() + 2), 0x30, length(description.len())];
    content.extend(description);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}

fn authority(name: &str) -> TestResult<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

impl Key {
    /// The keys that can be trusted.
    pub const SOUND: [Self; 4] = [Self::Rsa2048, Self::P256, Self::P384, Self::Ed25519];

    fn pair(self) -> TestResult<KeyPair> {
        static RSA_2048: OnceLock<String> = OnceLock::new();
        let rsa = || {
            let pem = match RSA_2048.get() {
                Some(pem) => pem.clone(),
                None => {
                    let fresh = rsa_key("2048")?;
                    RSA_2048.get_or_init(|| fresh).clone()
                }
            };
            Ok::<_, Failure>(KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256)?)
        };
        Ok(match self {
            Self::Rsa2048 | Self::Rsa1024 => rsa()?,
            Self::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            Self::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
            // OpenSSL 3.0 does not read the newer form in which the library writes such a key.
            Self::Ed25519 => {
                KeyPair::from_pem_and_sign_algo(&openssl(&["genpkey", "-algorithm", "ed25519"], "")?, &PKCS_ED25519)?
            }
        })
    }
}

/// The library makes no RSA keys.
fn rsa_key(bits: &str) -> TestResult<String> {
    let size = format!("rsa_keygen_bits:{bits}");
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &size], "")
}

fn public_half(private: &str) -> TestResult<String> {
    openssl(&["pkey", "-pubout"], private)
}

fn openssl(arguments: &[&str], input: &str) -> TestResult<String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let done = child.wait_with_output()?;
    if !done.status.success() {
        return Err(Failure::new(format!("openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr))));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
