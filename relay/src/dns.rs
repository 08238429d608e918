//! Look-ups for the page: what the DNS itself says, without the hosts file.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ehlo_core::tunnel::{Answer, Dnssec, Lookup, Rcode, Record, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType as Type};
use tokio::time::{Instant, timeout};

use crate::dial::millis;
use crate::refusal::Deny;
use crate::resolve::{plain, resolver};
use crate::target::is_host_name;

/// Answers the page's questions.
pub(crate) struct Dns {
    dns: TokioResolver,
    limit: Duration,
}

impl Dns {
    pub(crate) fn new(server: Option<SocketAddr>, limit: Duration) -> Result<Self, NetError> {
        Ok(Self { dns: resolver(server, ResolveHosts::Never)?, limit })
    }

    /// Asks, and answers in every case in which the question was one.
    ///
    /// # Errors
    /// The name is none.
    pub(crate) async fn answer(&self, question: &Lookup) -> Result<Answer, Deny> {
        let name = name_of(question)?;
        let rtype = question.rtype;
        let started = Instant::now();
        let outcome = timeout(self.limit, self.dns.lookup(name, type_of(rtype))).await;
        let mut answer = Answer {
            name: question.name.clone(),
            rtype,
            rcode: Rcode::NoError,
            records: Vec::new(),
            ttl: None,
            dnssec: Dnssec::Unknown,
            ms: millis(started.elapsed()),
        };
        match outcome {
            Ok(Ok(found)) => {
                let asked = found.answers().iter().filter(|record| record.record_type() == type_of(rtype));
                for record in asked {
                    answer.records.extend(record_of(&record.data));
                    answer.ttl = Some(answer.ttl.map_or(record.ttl, |ttl| ttl.min(record.ttl)));
                }
            }
            Ok(Err(error)) => answer.rcode = rcode_of(&error),
            Err(_) => answer.rcode = Rcode::Timeout,
        }
        Ok(answer)
    }
}

fn name_of(question: &Lookup) -> Result<Name, Deny> {
    if question.rtype == RecordType::Ptr {
        let ip: IpAddr = question
            .name
            .parse()
            .map_err(|_| Deny::bad_request("A PTR look-up needs an IP address, such as 192.0.2.1 or 2001:db8::1."))?;
        return Ok(Name::from(ip));
    }
    let name = is_host_name(&question.name).then(|| Name::from_ascii(&question.name)).and_then(Result::ok);
    let mut name = name.ok_or_else(|| {
        Deny::bad_request("A name to look up has letters, digits, dashes and dots; other scripts are written as xn--….")
    })?;
    name.set_fqdn(true);
    Ok(name)
}

const fn type_of(rtype: RecordType) -> Type {
    match rtype {
        RecordType::Mx => Type::MX,
        RecordType::A => Type::A,
        RecordType::Aaaa => Type::AAAA,
        RecordType::Ptr => Type::PTR,
    }
}

fn record_of(data: &RData) -> Option<Record> {
    match data {
        RData::MX(mx) => Some(Record::Mx { preference: mx.preference, exchange: plain(&mx.exchange) }),
        RData::A(a) => Some(Record::A { address: a.0.to_string() }),
        RData::AAAA(aaaa) => Some(Record::Aaaa { address: aaaa.0.to_string() }),
        RData::PTR(ptr) => Some(Record::Ptr { name: plain(&ptr.0) }),
        _ => None,
    }
}

fn rcode_of(error: &NetError) -> Rcode {
    let code = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => none.response_code,
        NetError::Dns(DnsError::ResponseCode(code)) => *code,
        NetError::Timeout => return Rcode::Timeout,
        _ => return Rcode::Other,
    };
    match code {
        ResponseCode::NoError => Rcode::NoError,
        ResponseCode::NXDomain => Rcode::NxDomain,
        ResponseCode::ServFail => Rcode::ServFail,
        ResponseCode::Refused => Rcode::Refused,
        _ => Rcode::Other,
    }
}
