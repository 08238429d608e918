//! The certificate that the relay gets itself, by ACME (RFC 8555), as the operator wants it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::names::is_host_name;
use super::{Config, ConfigError, NameServer};

/// What is to be had, from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The URL of the directory.
    pub(crate) directory: String,
    /// URLs, such as `mailto:`.
    pub(crate) contact: Vec<String>,
    /// Sorted, without repetition.
    pub(crate) names: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) authority: Option<PathBuf>,
    /// Who is asked for the address of the ACME server, and who vouches for them.
    dns: (Vec<NameServer>, Option<PathBuf>),
}

/// Why no certificate can be had by ACME as it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcmeFault {
    /// A certificate from files too.
    FilesToo,
    /// Options for ACME, and no directory.
    NoDirectory,
    /// A directory that is not at an `https://` URL.
    Directory(String),
    /// No folder to keep it in.
    NoFolder,
    /// No name to get it for.
    NoName,
    /// A name that no certificate can be had for.
    Name(String),
}

impl fmt::Display for AcmeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FilesToo => f.write_str(
                "the certificate comes either from the files tls_certificate and tls_key or by acme_directory; leave one of \
                 the two out",
            ),
            Self::NoDirectory => f.write_str(
                "acme_contact, acme_names, acme_folder and acme_authority are for a certificate by ACME: say where from, as in \
                 --acme-directory https://acme-v02.api.letsencrypt.org/directory",
            ),
            Self::Directory(url) => write!(
                f,
                "{url:?} is no directory of an ACME server; write its whole URL, as in \
                 https://acme-v02.api.letsencrypt.org/directory"
            ),
            Self::NoFolder => f.write_str(
                "a certificate by ACME must be kept over a restart, since authorities give few of them: name a folder that this \
                 user may write to, as in --acme-folder /var/lib/ehlo",
            ),
            Self::NoName => f.write_str(
                "a certificate by ACME is for the names by which people open the page: say --public-name ehlo.example, or \
                 --acme-name where it is another",
            ),
            Self::Name(name) => write!(
                f,
                "{name:?} is no name that a certificate can be had for by ACME; write a host name in small letters, without port \
                 and \"*\""
            ),
        }
    }
}

impl Config {
    /// The certificate that is to be had by ACME, if one is.
    pub(crate) fn acme(&self) -> Option<Wanted> {
        let mut names = self.acme_names.clone();
        if names.is_empty() {
            names.extend(self.public_names.iter().map(|name| host(name).to_owned()).filter(|name| is_name(name)));
        }
        names.sort();
        names.dedup();
        let url = |contact: &String| match contact.contains(':') {
            true => contact.clone(),
            false => format!("mailto:{contact}"),
        };
        Some(Wanted {
            directory: self.acme_directory.clone()?,
            contact: self.acme_contact.iter().map(url).collect(),
            names,
            folder: self.acme_folder.clone().unwrap_or_default(),
            authority: self.acme_authority.clone(),
            dns: (self.dns.clone(), self.dns_authority.clone()),
        })
    }
}

/// A public name without its port.
fn host(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((host, _)) if !name.ends_with(']') => host,
        _ => name,
    }
}

/// A host name, and no address that looks like one.
fn is_name(name: &str) -> bool {
    is_host_name(name) && name.parse::<IpAddr>().is_err()
}

/// Checks what can be checked without asking anybody.
///
/// # Errors
/// What is not possible, and what to do about it.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let fault = |fault| Err(ConfigError::Acme(fault));
    let Some(wanted) = config.acme() else {
        let alone = config.acme_contact.is_empty()
            && config.acme_names.is_empty()
            && config.acme_folder.is_none()
            && config.acme_authority.is_none();
        return if alone { Ok(()) } else { fault(AcmeFault::NoDirectory) };
    };
    if config.tls_certificate.is_some() {
        return fault(AcmeFault::FilesToo);
    }
    let url: Option<hyper::Uri> = wanted.directory.parse().ok();
    if !url.is_some_and(|url| url.scheme_str() == Some("https") && url.host().is_some_and(|host| !host.is_empty())) {
        return fault(AcmeFault::Directory(wanted.directory));
    }
    if wanted.names.is_empty() {
        return fault(AcmeFault::NoName);
    }
    let good = |name: &String| is_name(name) && !name.contains(|c: char| c.is_ascii_uppercase());
    if let Some(name) = wanted.names.into_iter().find(|name| !good(name)) {
        return fault(AcmeFault::Name(name));
    }
    match config.acme_folder.is_some() {
        true => Ok(()),
        false => fault(AcmeFault::NoFolder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            acme_directory: Some("https://acme.example/directory".to_owned()),
            acme_folder: Some("state".into()),
            public_names: vec!["ehlo.example:2580".to_owned(), "192.0.2.1".to_owned(), "www.ehlo.example".to_owned()],
            ..Config::default()
        }
    }

    #[test]
    fn the_names_are_the_public_ones_without_port_unless_others_are_said() {
        assert_eq!(config().check(), Ok(()));
        assert_eq!(config().acme().unwrap().names, ["ehlo.example", "www.ehlo.example"]);
        let names = vec!["b.example".to_owned(), "a.example".to_owned(), "b.example".to_owned()];
        assert_eq!(Config { acme_names: names, ..config() }.acme().unwrap().names, ["a.example", "b.example"]);
        assert_eq!(Config { acme_directory: None, ..config() }.acme(), None);
    }

    #[test]
    fn a_mail_address_becomes_the_url_that_acme_wants() {
        let contact = vec!["a@corp.example".to_owned(), "mailto:b@corp.example".to_owned()];
        let wanted = Config { acme_contact: contact, ..config() }.acme().unwrap();
        assert_eq!(wanted.contact, ["mailto:a@corp.example", "mailto:b@corp.example"]);
    }

    #[test]
    fn what_cannot_be_had_is_refused_with_what_to_write() {
        let files = || Some("certificate.pem".into());
        let named = |name: &str| vec![name.to_owned()];
        for (config, words) in [
            (Config { tls_certificate: files(), tls_key: files(), ..config() }, "leave one of the two out"),
            (Config { acme_directory: None, ..config() }, "--acme-directory https://"),
            (Config { acme_directory: Some("http://acme.example/".to_owned()), ..config() }, "https://"),
            (Config { acme_directory: Some("acme.example".to_owned()), ..config() }, "whole URL"),
            (Config { acme_folder: None, ..config() }, "--acme-folder"),
            (Config { public_names: named("192.0.2.1:2580"), ..config() }, "--public-name"),
            (Config { acme_names: named("*.ehlo.example"), ..config() }, "host name"),
            (Config { acme_names: named("ehlo.example:443"), ..config() }, "without port"),
        ] {
            let told = config.check().unwrap_err().to_string();
            assert!(told.contains(words), "{words:?} is not in {told:?}");
        }
    }
}
