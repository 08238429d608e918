//! Whether DNSSEC vouches for an answer (RFC 4035 §4.3), by the library's own validation.

use std::time::Duration;

use ehlo_core::tunnel::Dnssec;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::rr::{Name, Record, RecordType};
use tokio::time::timeout;

use super::servers::Servers;

/// Judges answers.
pub(super) struct Validator {
    dns: TokioResolver,
    /// The zones that validation begins with.
    zones: Vec<Name>,
    limit: Duration,
}

impl Validator {
    pub(super) fn new(servers: &Servers, limit: Duration) -> Result<Self, NetError> {
        Ok(Self { dns: servers.validating()?, zones: servers.anchors.zones.clone(), limit })
    }

    /// What DNSSEC says of the answer to this question.
    ///
    /// A DNS server that takes signatures out makes everything look forged: whether it does is seen at the zone that
    /// validation begins with, which is signed.
    pub(super) async fn judge(&self, name: Name, rtype: RecordType) -> Dnssec {
        let judged = timeout(self.limit, async {
            match self.proof(name, rtype).await {
                Proof::Secure => Dnssec::Secure,
                Proof::Insecure => Dnssec::Insecure,
                Proof::Bogus if self.passes_signatures().await => Dnssec::Bogus,
                Proof::Bogus | Proof::Indeterminate => Dnssec::Unknown,
            }
        });
        judged.await.unwrap_or(Dnssec::Unknown)
    }

    async fn proof(&self, name: Name, rtype: RecordType) -> Proof {
        match self.dns.lookup(name, rtype).await {
            Ok(found) => worst(found.answers()),
            Err(NetError::Dns(DnsError::Nsec { proof, .. })) => proof,
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                worst(none.authorities.as_deref().unwrap_or_default())
            }
            Err(NetError::Dns(DnsError::DnssecBogus)) => Proof::Bogus,
            Err(_) => Proof::Indeterminate,
        }
    }

    async fn passes_signatures(&self) -> bool {
        for zone in &self.zones {
            if self.proof(zone.clone(), RecordType::DNSKEY).await == Proof::Secure {
                return true;
            }
        }
        false
    }
}

/// One forged part is enough; beyond that an answer is as good as the weakest of its parts.
fn worst(records: &[Record]) -> Proof {
    let proofs =
        || records.iter().filter(|record| record.record_type() != RecordType::RRSIG).map(|record| record.proof);
    match proofs().any(|proof| proof == Proof::Bogus) {
        true => Proof::Bogus,
        false => proofs().min().unwrap_or(Proof::Indeterminate),
    }
}
