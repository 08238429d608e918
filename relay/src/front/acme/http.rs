//! HTTPS to the ACME server: one connection a request, since there are few, each bounded.

use std::future::Future;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::dns::servers::{Servers, authorities, client, well_known};

/// The most octets of an answer: a chain has some thousands.
const ANSWER_MAX: usize = 256 * 1024;

/// The time for one request, and within it for one address.
const REQUEST: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Client {
    tls: TlsConnector,
    dns: TokioResolver,
}

impl Client {
    /// Trusts the authorities in this file, else the well-known ones.
    ///
    /// # Errors
    /// The file cannot be used, or the DNS not be set up.
    pub(super) fn new(authority: Option<&Path>, servers: &Servers) -> Result<Self, String> {
        let roots = match authority {
            Some(path) => authorities(path).map_err(|why| format!("{} {why}", path.display()))?,
            None => well_known(),
        };
        let mut tls = client(roots)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let dns = servers.resolver(ResolveHosts::Always).map_err(|error| format!("DNS: {error}"))?;
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), dns })
    }

    async fn connect(&self, url: &Uri) -> Result<TlsStream<TcpStream>, String> {
        let host = url.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'));
        let (Some("https"), Some(host)) = (url.scheme_str(), host) else {
            return Err(format!("the ACME server names {url}, which is no https:// URL"));
        };
        let found = self.dns.lookup_ip(host).await.map_err(|error| format!("{host} is not found ({error})"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is no name for a certificate"))?;
        let mut why = format!("{host} has no address");
        for ip in found.iter() {
            match timeout(CONNECT, TcpStream::connect((ip, url.port_u16().unwrap_or(443)))).await {
                Ok(Ok(tcp)) => {
                    let stream = self.tls.connect(name, tcp).await;
                    return stream.map_err(|error| format!("the TLS handshake with {host} failed ({error})"));
                }
                Ok(Err(error)) => why = format!("{host} cannot be reached ({error})"),
                Err(_) => why = format!("{host} does not answer"),
            }
        }
        Err(why)
    }

    async fn exchange(&self, mut request: Request<BodyWrapper<Bytes>>) -> Result<Response<Full<Bytes>>, String> {
        let url = std::mem::take(request.uri_mut());
        let host = url.host().unwrap_or_default().to_owned();
        let broken = |error: &dyn std::fmt::Display| format!("{host} does not answer as a web server does ({error})");
        let stream = self.connect(&url).await?;
        let authority = url.authority().map(ToString::to_string).unwrap_or_default();
        let authority = HeaderValue::try_from(authority).map_err(|error| broken(&error))?;
        request.headers_mut().insert(header::HOST, authority);
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|error| broken(&error))?;
        let handshake = hyper::client::conn::http1::Builder::new().handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(|error| broken(&error))?;
        let exchange = async {
            let (parts, body) = sender.send_request(request).await.map_err(|error| broken(&error))?.into_parts();
            Ok(Response::from_parts(parts, Full::new(whole(body).await.map_err(|error| broken(&error))?)))
        };
        // Who closes at once may have said everything before.
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            answer = exchange.as_mut() => answer,
            _ = connection.as_mut() => exchange.await,
        }
    }
}

/// All of a body that is not too long.
async fn whole<B>(body: B) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>>
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    Ok(Limited::new(body, ANSWER_MAX).collect().await?.to_bytes())
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.clone();
        Box::pin(async move {
            let answer = timeout(REQUEST, client.exchange(request)).await;
            let answer = answer.unwrap_or_else(|_| Err("the ACME server does not answer in time".to_owned()));
            answer.map(BytesResponse::from).map_err(|why| Error::Other(why.into()))
        })
    }
}
