//! Fetches the policy of MTA-STS (RFC 8461 §3.3): from exactly its URL, over HTTPS, without redirects, bounded.
//!
//! It does not know who asks, nor what a policy means for a mail.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ehlo_core::domain::mta_sts::{Policy as MtaStsPolicy, PolicyAnswer, id};
use ehlo_core::tunnel::{Code, Lookup, Rcode, Record, RecordType};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::lookup::Dns;
use super::servers::{client, well_known};
use crate::config::is_host_name;
use crate::elapsed::millis;
use crate::out::outbound::{Outbound, one};
use crate::out::target::Policy;
use crate::tunnel::refusal::Deny;

/// The most octets of a policy (RFC 8461 §3.3).
const POLICY_MAX: usize = 64 * 1024;

/// The time for all of it (RFC 8461 §3.3).
const PATIENCE: Duration = Duration::from_secs(60);

/// The most addresses of the policy host that are tried.
const ADDRESSES_MAX: usize = 2;

/// The time that each of them has.
const CONNECT_EACH: Duration = Duration::from_secs(10);

/// Where policies are (RFC 8461 §3.3).
const PATH: &str = "/.well-known/mta-sts.txt";

/// By what a policy is found and reached.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) dns: &'a Dns,
    pub(crate) policy: &'a Policy,
    pub(crate) outbound: &'a Outbound,
}

/// Fetches policies.
pub(crate) struct MtaSts {
    tls: TlsConnector,
    /// 443, but in tests.
    port: u16,
}

impl MtaSts {
    pub(crate) fn new() -> Result<Self, String> {
        Ok(Self::with(client(well_known())?, 443))
    }

    fn with(mut tls: ClientConfig, port: u16) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { tls: TlsConnector::from(Arc::new(tls)), port }
    }

    /// The policy of a domain, or why there is none. `counts` is asked before each connection.
    ///
    /// # Errors
    /// The domain is none, or `counts` has refused.
    pub(crate) async fn answer<F: Future<Output = Result<(), Deny>>>(
        &self,
        domain: &str,
        way: Way<'_>,
        counts: impl Fn(IpAddr) -> F,
    ) -> Result<PolicyAnswer, Deny> {
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
        if !is_host_name(&domain) || domain.len() > 200 {
            return Err(Deny::bad_request(
                "A mail domain has letters, digits, dashes and dots; other scripts are written as xn--….",
            ));
        }
        let started = Instant::now();
        let mut answer = PolicyAnswer { domain: domain.clone(), ..PolicyAnswer::default() };
        answer.problem = match timeout(PATIENCE, self.find(&domain, way, counts, &mut answer)).await {
            Ok(Ok(())) => None,
            Ok(Err(Stop::Problem(problem))) => Some(problem),
            Ok(Err(Stop::Refused(deny))) => return Err(deny),
            Err(_) => Some(format!("The policy did not come within {} seconds.", PATIENCE.as_secs())),
        };
        answer.ms = millis(started.elapsed());
        Ok(answer)
    }

    async fn find<F: Future<Output = Result<(), Deny>>>(
        &self,
        domain: &str,
        way: Way<'_>,
        counts: impl Fn(IpAddr) -> F,
        answer: &mut PolicyAnswer,
    ) -> Result<(), Stop> {
        let texts = records(way.dns, format!("_mta-sts.{domain}"), RecordType::Txt).await?;
        let texts = texts.iter().filter_map(|record| match record {
            Record::Txt { text } => Some(text.as_str()),
            _ => None,
        });
        answer.id = Some(id(texts)?);

        let host = format!("mta-sts.{domain}");
        let tcp = self.connect(&host, way, counts).await?;
        let text = self.fetch(&host, tcp).await?;
        let read = MtaStsPolicy::parse(&text);
        answer.text = Some(text);
        answer.policy = Some(read.map_err(|why| format!("{why} Senders use no policy that is wrong."))?);
        Ok(())
    }

    /// A connection to the policy host, at an address that may be reached and known.
    async fn connect<F: Future<Output = Result<(), Deny>>>(
        &self,
        host: &str,
        Way { dns, policy, outbound }: Way<'_>,
        counts: impl Fn(IpAddr) -> F,
    ) -> Result<TcpStream, Stop> {
        let mut addresses = records(dns, host.to_owned(), RecordType::A).await?;
        addresses.extend(records(dns, host.to_owned(), RecordType::Aaaa).await?);
        let addresses: Vec<IpAddr> = addresses
            .iter()
            .filter_map(|record| match record {
                Record::A { address } | Record::Aaaa { address } => address.parse().ok(),
                _ => None,
            })
            .filter(|ip| policy.may_fetch_from(SocketAddr::new(*ip, self.port)))
            .take(ADDRESSES_MAX)
            .collect();
        if addresses.is_empty() {
            return Err(Stop::Problem(format!(
                "{host} has no address that can be reached, so senders find no policy."
            )));
        }
        let mut problem = String::new();
        for ip in addresses {
            counts(ip).await.map_err(Stop::Refused)?;
            let address = SocketAddr::new(ip, self.port);
            match one(address, outbound, CONNECT_EACH).await {
                Ok(tcp) if outbound.comes_back(policy, &tcp, address) => {
                    problem = format!("{host} is this relay itself.");
                }
                Ok(tcp) => return Ok(tcp),
                Err(code) => problem = format!("{host} {}.", unreached(code)),
            }
        }
        Err(Stop::Problem(problem))
    }

    async fn fetch(&self, host: &str, tcp: TcpStream) -> Result<String, Stop> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is no name for a certificate."))?;
        let tls = self.tls.connect(name, tcp).await;
        let tls = tls.map_err(|error| format!("The TLS handshake with {host} failed: {error}."))?;
        let broken = |error: hyper::Error| format!("{host} does not answer as a web server does: {error}.");
        let handshake = hyper::client::conn::http1::Builder::new().max_buf_size(16 * 1024).handshake(TokioIo::new(tls));
        let (mut sender, connection) = handshake.await.map_err(broken)?;
        let request = Request::get(PATH)
            .header(header::HOST, host)
            .header(header::ACCEPT, "text/plain")
            .header(header::USER_AGENT, concat!("ehlo/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|_| format!("{host} is no name for a request."))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            body_of(host, response).await
        };
        // Who closes at once may have said everything before.
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            text = exchange.as_mut() => text,
            _ = connection.as_mut() => exchange.await,
        }
    }
}

/// What is said of a host to which there is no connection.
fn unreached(code: Code) -> &'static str {
    match code {
        Code::ConnectRefused => "refused the connection",
        Code::Reset => "broke the connection off",
        Code::ConnectTimeout => "does not answer",
        Code::Unreachable => "cannot be reached from the relay: no route, or a firewall forbids it",
        _ => "cannot be reached from the relay, whose log may say why",
    }
}

/// The policy's text, from a response that is one as RFC 8461 §3.3 wants it.
async fn body_of(host: &str, response: Response<Incoming>) -> Result<String, Stop> {
    let status = response.status();
    if status.is_redirection() {
        return Err(format!("{host} redirects ({}), which senders do not follow.", status.as_u16()).into());
    }
    if status != StatusCode::OK {
        return Err(format!("{host} has no policy: it answers {status}.").into());
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("text/plain") {
        return Err(format!("{host} calls the policy {essence:.80}; senders want text/plain.").into());
    }
    let body = Limited::new(response.into_body(), POLICY_MAX).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => format!("The policy is longer than {} KB, which senders do not read.", POLICY_MAX / 1024),
        false => format!("{host} broke off in the middle of the policy."),
    })?;
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| "The policy is no UTF-8 text.".to_owned().into())
}

/// Why it went no further.
enum Stop {
    /// What senders would find too.
    Problem(String),
    /// What this relay does not do.
    Refused(Deny),
}

impl From<String> for Stop {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}

/// The records of a name; none where the DNS knows none.
async fn records(dns: &Dns, name: String, rtype: RecordType) -> Result<Vec<Record>, Stop> {
    let question = Lookup { name, rtype, token: None };
    let answer = dns.plain(&question).await.map_err(Stop::Refused)?;
    match answer.rcode {
        Rcode::NoError | Rcode::NxDomain => Ok(answer.records),
        _ => Err(format!("The DNS did not answer for {}.", question.name).into()),
    }
}

#[cfg(test)]
mod tests;
