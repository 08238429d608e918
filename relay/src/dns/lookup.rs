//! Look-ups for the page: what the DNS itself says, without the hosts file, and whether DNSSEC vouches for it.

use std::net::IpAddr;
use std::time::Duration;

use ehlo_core::tunnel::{Answer, Dnssec, Lookup, Rcode, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::Name;
use tokio::time::{Instant, timeout};

use super::record::{record_of, type_of};
use super::servers::Servers;
use super::validate::Validator;
use crate::config::is_host_name;
use crate::elapsed::millis;
use crate::tunnel::refusal::Deny;

/// The most records of one answer that the page is told.
const RECORDS_MAX: usize = 100;

/// Answers the page's questions.
pub(crate) struct Dns {
    dns: TokioResolver,
    validator: Validator,
    limit: Duration,
}

impl Dns {
    pub(crate) fn new(servers: &Servers, limit: Duration) -> Result<Self, NetError> {
        Ok(Self { dns: servers.resolver(ResolveHosts::Never)?, validator: Validator::new(servers, limit)?, limit })
    }

    /// Asks, and answers in every case in which the question was one.
    ///
    /// # Errors
    /// The name is none.
    pub(crate) async fn answer(&self, question: &Lookup) -> Result<Answer, Deny> {
        let name = name_of(question)?;
        // What the DNS says is told as it is, also where its signature does not hold.
        let judged = self.validator.judge(name, type_of(question.rtype));
        let (answer, dnssec) = tokio::join!(self.plain(question), judged);
        let mut answer = answer?;
        // Who has said nothing has vouched for nothing.
        if matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain) || dnssec == Dnssec::Bogus {
            answer.dnssec = dnssec;
        }
        Ok(answer)
    }

    /// As [`Dns::answer`], without asking whether DNSSEC vouches for it.
    pub(crate) async fn plain(&self, question: &Lookup) -> Result<Answer, Deny> {
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
                for record in asked.take(RECORDS_MAX) {
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
