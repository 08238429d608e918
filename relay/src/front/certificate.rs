//! What the relay must know of its own certificate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// From when and until when it is valid, and for which names (RFC 5280 §4.1.2.5 and §4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    /// The DNS names, sorted.
    pub(crate) names: Vec<String>,
}

impl Facts {
    /// Those of the first certificate; none where it cannot be read.
    pub(crate) fn of(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(chain.first()?).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let mut names: Vec<_> = names
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            })
            .collect();
        names.sort();
        let time = |seconds: i64| UNIX_EPOCH.checked_add(Duration::from_secs(seconds.try_into().ok()?));
        Some(Self {
            not_before: time(certificate.validity().not_before.timestamp())?,
            not_after: time(certificate.validity().not_after.timestamp())?,
            names,
        })
    }

    /// When two thirds of the lifetime are over: the rest is enough to find out why a renewal fails.
    pub(crate) fn due(&self) -> SystemTime {
        let lifetime = self.not_after.duration_since(self.not_before).unwrap_or_default();
        self.not_before + lifetime * 2 / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_due_at_two_thirds_of_its_lifetime() {
        let names = ["b.example".to_owned(), "a.example".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let facts = Facts::of(&[certificate.into()]).unwrap();
        assert_eq!(facts.names, ["a.example", "b.example"]);
        assert_eq!(facts.not_after.duration_since(facts.due()).unwrap(), Duration::from_secs(30 * 86_400));
    }

    #[test]
    fn what_is_no_certificate_has_no_facts() {
        assert_eq!(Facts::of(&[]), None);
        assert_eq!(Facts::of(&[vec![0x30, 0x03, 0x02, 0x01, 0x01].into()]), None);
    }
}
