//! One relay as HTTP sees it: which host, which origin, the page's files, and the upgrade to the tunnel.
//!
//! Before the upgrade a no is a plain status without detail; everything else is said where the page can read it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ehlo_core::tunnel::{MESSAGE_MAX, PATH, SUBPROTOCOL};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::config::{Config, NamedTarget};
use crate::dns::mta_sts::MtaSts;
use crate::dns::{Dns, Servers};
use crate::front::acme::Acme;
use crate::front::forwarded;
use crate::front::listen::Peer;
use crate::front::stream::HttpWire;
use crate::front::tls::{Files, Https, Tls};
use crate::http::assets::{Assets, not_allowed};
use crate::out::dial::Outbound;
use crate::out::resolve::Resolver;
use crate::out::target::{Policy, in_networks};
use crate::practice::PracticeTarget;
use crate::quotas::{Connections, Gauges, Held, Party};
use crate::serve::{Caller, Open, StartError};
use crate::tunnel::{self, Context, Names, Visitor};
use crate::watch::metrics::{Metrics, Unfit};

/// A body that is there already.
pub(crate) type Body = Full<Bytes>;

/// What all connections of one relay share.
pub(crate) struct Site {
    pub(crate) context: Arc<Context>,
    /// The `Host` values that are answered: DNS rebinding brings others.
    hosts: Vec<String>,
    /// The `Origin` values whose pages may use the tunnel.
    origins: Vec<String>,
    trusted_proxies: Vec<IpNet>,
    /// Whether who comes over a Unix socket is believed whom they speak for.
    trust_sockets: bool,
    /// Whether each connection begins with a PROXY header.
    pub(crate) proxy_protocol: bool,
    /// What HTTPS is served with.
    pub(crate) tls: Option<Https>,
    /// `frame-ancestors` of the page that may be embedded.
    embedders: String,
    /// What the configuration means.
    pub(crate) sentences: Vec<String>,
    connections: Arc<Semaphore>,
    connections_by_client: Arc<Connections>,
    sessions: Arc<Semaphore>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// What a connection holds for as long as it is HTTP.
pub(crate) struct Place {
    _all: OwnedSemaphorePermit,
    own: Vec<Held<Party>>,
}

impl Site {
    /// From a configuration; counts go on from the site `before` where the limits are the same.
    pub(crate) fn new(
        config: &Config,
        page: &'static Assets,
        addresses: &[SocketAddr],
        practice: &[PracticeTarget],
        before: Option<&Self>,
    ) -> Result<Self, StartError> {
        let dns_error = |error: hickory_resolver::net::NetError| StartError::Dns(error.to_string());
        let servers = Servers::of(config).map_err(StartError::Dns)?;
        let mut hosts = hosts(addresses);
        let tls = https(config, &servers, before)?;
        // A name may be served by a proxy that speaks TLS; what is served over TLS is of no use to a page that came without.
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut origins: Vec<_> = hosts.iter().map(|host| format!("{scheme}://{host}")).collect();
        origins.extend(config.public_names.iter().map(|name| format!("https://{name}")));
        if tls.is_none() {
            origins.extend(config.public_names.iter().map(|name| format!("http://{name}")));
        }
        hosts.extend(config.public_names.iter().cloned());
        origins.extend(config.allow_origins.iter().cloned());
        let practising = |address: SocketAddr| NamedTarget {
            host: address.ip().to_string(),
            port: address.port(),
            allow_proxy_header: false,
        };
        let mut named: BTreeMap<_, _> =
            practice.iter().map(|target| (target.name.clone(), practising(target.address))).collect();
        named.extend(practice.first().map(|target| ("practice".to_owned(), practising(target.address))));
        named.extend(config.targets.clone());
        let limits = config.limits.clone();
        let policy = policy_of(config, addresses, named);
        let metrics: Arc<Metrics> = before.map(|before| Arc::clone(&before.context.metrics)).unwrap_or_default();
        let before = before.filter(|before| before.context.limits == limits);
        let places = |most| Arc::new(Semaphore::new(most));
        let context = Context {
            page,
            profile: config.profile,
            policy,
            quotas: before
                .map_or_else(|| Arc::new(Gauges::new(&limits)) as _, |before| Arc::clone(&before.context.quotas)),
            metrics,
            resolver: Resolver::new(&servers, config.profile.uses_search_domains(), limits.resolve)
                .map_err(dns_error)?,
            dns: Dns::new(&servers, limits.resolve).map_err(dns_error)?,
            mta_sts: MtaSts::new().map_err(StartError::Dns)?,
            names: Names::new(),
            outbound: Outbound::of(config),
            prefer: config.prefer,
            tokens: config.tokens.clone(),
            limits,
        };
        Ok(Self {
            hosts,
            origins,
            trusted_proxies: config.trusted_proxies.clone(),
            trust_sockets: config.trust_sockets,
            proxy_protocol: config.proxy_protocol,
            tls,
            embedders: config.allow_origins.join(" "),
            sentences: config.sentences(),
            connections: before
                .map_or_else(|| places(context.limits.connections), |before| Arc::clone(&before.connections)),
            connections_by_client: before.map_or_else(
                || Arc::new(Connections::new(&context.limits)),
                |before| Arc::clone(&before.connections_by_client),
            ),
            sessions: before.map_or_else(|| places(context.limits.sessions), |before| Arc::clone(&before.sessions)),
            context: Arc::new(context),
        })
    }

    /// A place for one more connection, if there is one: in all, and of this client.
    pub(crate) fn place(&self, peer: Peer) -> Option<Place> {
        let all = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let mut place = Place { _all: all, own: Vec::new() };
        if !peer.local {
            self.count(&mut place, peer.address.ip())?;
        }
        Some(place)
    }

    /// Counts the place as this client's, unless that is a proxy; none where the client has too many.
    pub(crate) fn count(&self, place: &mut Place, client: IpAddr) -> Option<()> {
        place.own = match self.trusts(client) {
            true => Vec::new(),
            false => self.connections_by_client.take(client)?,
        };
        Some(())
    }

    /// Whether a peer is believed whom it speaks for; one at a Unix socket is `local`, and has no address.
    pub(crate) fn believes(&self, ip: IpAddr, local: bool) -> bool {
        if local { self.trust_sockets } else { self.trusts(ip) }
    }

    /// Whether this is the address of a proxy that is believed whom it speaks for.
    fn trusts(&self, ip: IpAddr) -> bool {
        in_networks(&self.trusted_proxies, ip)
    }

    /// Whether monitoring may call the relay so: by an address, as localhost, or by a public name, at any port.
    pub(crate) fn may_be_watched_as(&self, host: &str) -> bool {
        let bare = |host: &str| match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => name.to_ascii_lowercase(),
            _ => host.to_ascii_lowercase(),
        };
        let name = bare(host);
        let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        literal || name == "localhost" || self.hosts.iter().any(|known| bare(known) == name)
    }

    /// Whether there is a certificate, where one is needed.
    pub(crate) fn may_shake_hands(&self) -> bool {
        match &self.tls {
            Some(Https::Acme(acme)) => acme.facts().is_some(),
            Some(Https::Files(_)) | None => true,
        }
    }

    /// When the certificate ends that is shown, if there is one.
    pub(crate) fn certificate_ends(&self) -> Option<SystemTime> {
        Some(self.tls.as_ref()?.facts()?.not_after)
    }

    /// How many connections are still HTTP.
    pub(crate) fn connections_open(&self) -> usize {
        self.context.limits.connections.saturating_sub(self.connections.available_permits())
    }

    /// The answer to a request; `granted` becomes the session where that is one for the tunnel.
    pub(crate) fn respond(
        &self,
        request: &Request<Incoming>,
        caller: &Caller,
        granted: &mut Option<Granted>,
    ) -> Response<Body> {
        let host = only(request.headers(), &header::HOST).unwrap_or_default().to_ascii_lowercase();
        if !self.hosts.contains(&host) {
            tracing::warn!(client = %caller.client.ip(), "a request for another host was refused");
            self.context.metrics.request_refused(Unfit::Host);
            return plain(StatusCode::MISDIRECTED_REQUEST);
        }
        let draining = *caller.life.drain.borrow();
        match request.uri().path() {
            "/healthz" | "/readyz" if !matches!(*request.method(), Method::GET | Method::HEAD) => not_allowed(),
            "/healthz" => plain(StatusCode::OK),
            _ if draining => going_away(self.context.limits.grace),
            "/readyz" => plain(StatusCode::OK),
            PATH => {
                let response = self.upgrade(request, caller, granted);
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    self.context.metrics.handshake_refused(response.status());
                }
                response
            }
            path => self.context.page.respond(request.method(), path, request.headers(), &self.embedders),
        }
    }

    /// Checks the upgrade (RFC 6455 §4.2.1), and tells the session that follows it.
    fn upgrade(&self, request: &Request<Incoming>, caller: &Caller, granted: &mut Option<Granted>) -> Response<Body> {
        let headers = request.headers();
        if request.method() != Method::GET {
            return not_allowed();
        }
        let origin = only(headers, &header::ORIGIN).filter(|origin| self.origins.iter().any(|ours| ours == origin));
        let Some(origin) = origin.map(str::to_owned) else {
            tracing::warn!(client = %caller.client.ip(), "a page of another origin was refused; see --allow-origin");
            self.context.metrics.request_refused(Unfit::Origin);
            return plain(StatusCode::FORBIDDEN);
        };
        let key = match websocket_key(headers) {
            Ok(key) => key,
            Err(status) => {
                self.context.metrics.request_refused(Unfit::WebSocket);
                return no_websocket(status);
            }
        };
        let Ok(place) = Arc::clone(&self.sessions).try_acquire_owned() else {
            tracing::warn!(client = %caller.client.ip(), "too many sessions");
            self.context.metrics.request_refused(Unfit::Busy);
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        };
        let accept = derive_accept_key(key.as_bytes());
        let believed = self.believes(caller.client.ip(), caller.local);
        let client = forwarded::client(caller.client, believed, request.headers(), &self.trusted_proxies);
        let visitor = Visitor { client, origin };
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, accept)
            .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
            .body(Body::default());
        let Ok(response) = response else { return plain(StatusCode::INTERNAL_SERVER_ERROR) };
        let (open, drain) = (caller.life.opened(), caller.life.drain.clone());
        *granted = Some(Granted { context: Arc::clone(&self.context), visitor, drain, _open: open, _place: place });
        response
    }
}

/// The key of a handshake (RFC 6455 §4.2.1), or the status that answers what is none.
fn websocket_key(headers: &HeaderMap) -> Result<&str, StatusCode> {
    let websocket =
        has_token(headers, &header::CONNECTION, "upgrade") && has_token(headers, &header::UPGRADE, "websocket");
    if !websocket || only(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = only(headers, &header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    key.filter(|_| has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)).ok_or(StatusCode::BAD_REQUEST)
}

/// The answer to a request for the tunnel that is no handshake.
fn no_websocket(status: StatusCode) -> Response<Body> {
    let mut response = plain(status);
    if status == StatusCode::UPGRADE_REQUIRED {
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

/// A session whose upgrade has been granted; it runs once HTTP has let go of the connection.
pub(crate) struct Granted {
    context: Arc<Context>,
    visitor: Visitor,
    drain: watch::Receiver<bool>,
    _open: Open,
    _place: OwnedSemaphorePermit,
}

impl Granted {
    /// Runs the session over the connection; `rest` is what HTTP has read of it already.
    pub(crate) async fn run(self, wire: HttpWire, rest: Bytes) {
        // Buffers of 8 KiB: a mail server is no faster, and the library's own are most of an idle session's memory. The
        // last word and the close frame go out together.
        let buffers = WebSocketConfig::default()
            .read_buffer_size(8 * 1024)
            .write_buffer_size(1024)
            .max_write_buffer_size(64 * 1024)
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX));
        let ws = WebSocketStream::from_partially_read(wire, rest.to_vec(), Role::Server, Some(buffers)).await;
        tunnel::session(ws, &self.context, &self.visitor, self.drain).await;
    }
}

/// What pages may reach.
pub(crate) fn policy_of(config: &Config, own: &[SocketAddr], named: BTreeMap<String, NamedTarget>) -> Policy {
    Policy {
        ports: config.ports(),
        addresses: config.addresses,
        allow_networks: config.allow_networks.clone(),
        deny_networks: config.deny_networks.clone(),
        literals: config.profile.takes_addresses(),
        explains: config.profile.explains(),
        proxy_headers: config.profile.writes_proxy_headers(),
        own: own.to_vec(),
        named,
    }
}

/// What HTTPS is served with; the configuration has been checked to have certificate and key, or neither. What is kept by
/// ACME goes on where nothing about it has changed.
fn https(config: &Config, servers: &Servers, before: Option<&Site>) -> Result<Option<Https>, StartError> {
    if let (Some(certificate), Some(key)) = (config.tls_certificate.clone(), config.tls_key.clone()) {
        let tls = Tls::new(Files { certificate, key }).map_err(StartError::Tls)?;
        return Ok(Some(Https::Files(Arc::new(tls))));
    }
    let Some(wanted) = config.acme() else { return Ok(None) };
    if let Some(Https::Acme(acme)) = before.and_then(|before| before.tls.as_ref())
        && acme.wanted == wanted
    {
        return Ok(Some(Https::Acme(Arc::clone(acme))));
    }
    let acme = Acme::new(wanted, servers).map_err(StartError::Acme)?;
    Ok(Some(Https::Acme(Arc::new(acme))))
}

/// The names by which a browser of this machine knows the listeners.
fn hosts(addresses: &[SocketAddr]) -> Vec<String> {
    let mut hosts = Vec::new();
    for address in addresses {
        let ip = match address.ip() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        for name in ["localhost", "127.0.0.1", "[::1]", &ip] {
            hosts.push(format!("{name}:{}", address.port()));
            if matches!(address.port(), 80 | 443) {
                hosts.push(name.to_owned());
            }
        }
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

/// The value of a header that comes exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether a header's list has this word.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// The relay is being stopped; whoever comes again after the grace finds the next one.
fn going_away(grace: Duration) -> Response<Body> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(grace.as_secs().max(1)));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A status and its own words.
pub(crate) fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{status}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
