//! How the connection is secured: the choice, the names to send and to check, own authorities, a client certificate.

use crate::json::{Mistake, Object};
use crate::secret::Secret;
use crate::tls::Versions;

/// How a connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    #[default]
    None,
    /// STARTTLS, or no mail (RFC 3207).
    Starttls,
    /// STARTTLS where it is offered.
    StarttlsIfOffered,
    /// TLS from the first octet (RFC 8314 §3).
    Tls,
}

impl Security {
    pub(super) const WORDS: [(&str, Self); 4] = [
        ("none", Self::None),
        ("starttls", Self::Starttls),
        ("starttls-if-offered", Self::StarttlsIfOffered),
        ("tls", Self::Tls),
    ];

    /// The choice with this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, security)| *security)
    }

    /// The word for talks and options.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, security)| *security == self).map_or("none", |(word, _)| word)
    }
}

const VERSIONS: [(&str, Versions); 3] = [("both", Versions::Both), ("1.2", Versions::Tls12), ("1.3", Versions::Tls13)];

impl Default for TlsChoice {
    fn default() -> Self {
        Self {
            server_name: None,
            check_name: None,
            versions: Versions::Both,
            authorities: None,
            client: None,
            probe: false,
        }
    }
}

/// What a handshake is made with, where it is to be another than usual.
#[derive(Clone, Debug)]
pub struct TlsChoice {
    /// The name to send (SNI, RFC 6066 §3); none: the host's, empty: none is sent.
    pub server_name: Option<String>,
    /// The name that the certificate is checked for; none: the host's.
    pub check_name: Option<String>,
    /// Which versions are offered.
    pub versions: Versions,
    /// Own authorities in PEM (RFC 7468), trusted beside the public ones.
    pub authorities: Option<String>,
    /// A client certificate with its chain and its key, in PEM.
    pub client: Option<Secret>,
    /// Only ask with an old client's words what the server would speak, and end there.
    pub probe: bool,
}

impl TlsChoice {
    /// Takes the fields that begin with `tls_`, and `probe`.
    pub(super) fn take(object: &mut Object) -> Result<Self, Mistake> {
        let choice = Self {
            server_name: name(object, "tls_server_name")?,
            check_name: name(object, "tls_check_name")?.filter(|name| !name.is_empty()),
            versions: object.word("tls_versions", &VERSIONS)?.unwrap_or(Versions::Both),
            authorities: object.text("tls_authorities")?.filter(|pem| !pem.trim().is_empty()),
            client: object.text("tls_client")?.filter(|pem| !pem.trim().is_empty()).map(Secret::new),
            probe: object.flag("probe")?.unwrap_or_default(),
        };
        if choice.authorities.as_ref().is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----")) {
            return Err(Mistake::new(
                "tls_authorities",
                "an authority's certificate is text that begins with -----BEGIN CERTIFICATE-----",
            ));
        }
        let client = choice.client.as_ref().map(Secret::reveal);
        if client.is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----")) {
            return Err(Mistake::new(
                "tls_client",
                "the client certificate is missing: text that begins with -----BEGIN CERTIFICATE-----",
            ));
        }
        if client.is_some_and(|pem| !pem.contains("PRIVATE KEY-----")) {
            return Err(Mistake::new(
                "tls_client",
                "the client certificate's key is missing: text that begins with -----BEGIN PRIVATE KEY-----",
            ));
        }
        Ok(choice)
    }
}

fn name(object: &mut Object, field: &str) -> Result<Option<String>, Mistake> {
    let Some(name) = object.text(field)? else { return Ok(None) };
    let name = name.trim().trim_end_matches('.');
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '*');
    if !name.chars().all(sound) || name.len() > 253 {
        return Err(Mistake::new(field, "a name in a certificate has letters, digits, hyphens and dots only"));
    }
    Ok(Some(name.to_owned()))
}
