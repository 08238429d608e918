//! One relay as HTTP sees it: which host, which origin, the page's files, and the upgrade to the tunnel.
//!
//! Before the upgrade a no is a plain status without detail; everything else is said where the page can read it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ehlo_core::tunnel::PATH;
use hyper::body::Incoming;
use hyper::header;
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;

use super::answer::{Body, and_close, going_away, no_websocket, not_allowed, plain};
use super::assets::Assets;
use super::upgrade::{Granted, only, switching, websocket_key};
use crate::config::Config;
use crate::dns::servers::Servers;
use crate::front::entrance::Entrance;
use crate::front::listen::Peer;
use crate::front::warnings::Warning;
use crate::life::Life;
use crate::practice::PracticeTarget;
use crate::start_error::StartError;
use crate::tunnel::context::Context;
use crate::tunnel::session::Visitor;
use crate::watch::metrics::Unfit;

/// What all connections of one relay share.
pub(crate) struct Site {
    pub(crate) entrance: Arc<Entrance>,
    pub(crate) context: Arc<Context>,
    pub(crate) page: &'static Assets,
    /// The `Host` values that are answered: DNS rebinding brings others.
    hosts: Vec<String>,
    /// The `Origin` values whose pages may use the tunnel.
    origins: Vec<String>,
    /// `frame-ancestors` of the page that may be embedded.
    embedders: String,
    /// What the configuration means.
    pub(crate) sentences: Vec<String>,
    sessions: Arc<Semaphore>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Site {
    /// From a configuration; counts go on from the site `before` where the limits are the same.
    ///
    /// # Errors
    /// Certificate, ACME or DNS cannot be set up.
    pub(crate) fn new(
        config: &Config,
        page: &'static Assets,
        addresses: &[SocketAddr],
        practice: &[PracticeTarget],
        before: Option<&Self>,
    ) -> Result<Self, StartError> {
        let servers = Servers::of(config).map_err(StartError::Dns)?;
        let entrance = Entrance::new(config, &servers, before.map(|before| before.entrance.as_ref()))?;
        let mut hosts = hosts(addresses);
        // A name may be served by a proxy that speaks TLS; what is served over TLS is of no use to a page that came without.
        let scheme = if entrance.https.is_some() { "https" } else { "http" };
        let mut origins: Vec<_> = hosts.iter().map(|host| format!("{scheme}://{host}")).collect();
        origins.extend(config.public_names.iter().map(|name| format!("https://{name}")));
        if entrance.https.is_none() {
            origins.extend(config.public_names.iter().map(|name| format!("http://{name}")));
        }
        hosts.extend(config.public_names.iter().cloned());
        origins.extend(config.allow_origins.iter().cloned());
        let (metrics, last) = (Arc::clone(&entrance.metrics), before.map(|before| before.context.as_ref()));
        let context = Context::new(config, addresses, practice, &servers, metrics, page.hash(), last)?;
        let sessions = match before.filter(|before| before.context.limits == context.limits) {
            Some(before) => Arc::clone(&before.sessions),
            None => Arc::new(Semaphore::new(context.limits.sessions)),
        };
        Ok(Self {
            entrance: Arc::new(entrance),
            context: Arc::new(context),
            page,
            hosts,
            origins,
            embedders: config.allow_origins.join(" "),
            sentences: config.sentences(),
            sessions,
        })
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

    /// The answer to a request; `granted` becomes the session where that is one for the tunnel.
    pub(crate) fn respond(
        &self,
        request: &Request<Incoming>,
        peer: Peer,
        life: &Life,
        granted: &mut Option<Granted>,
    ) -> Response<Body> {
        let host = only(request.headers(), &header::HOST).unwrap_or_default().to_ascii_lowercase();
        if !self.hosts.contains(&host) {
            self.entrance.warnings.warn(Warning::Host, peer.address.ip(), "");
            self.context.metrics.request_refused(Unfit::Host);
            return and_close(plain(StatusCode::MISDIRECTED_REQUEST));
        }
        let draining = *life.drain.borrow();
        match request.uri().path() {
            "/healthz" | "/readyz" if !matches!(*request.method(), Method::GET | Method::HEAD) => not_allowed(),
            "/healthz" => plain(StatusCode::OK),
            _ if draining => going_away(self.context.limits.grace),
            "/readyz" => plain(StatusCode::OK),
            PATH => {
                let response = self.upgrade(request, peer, life, granted);
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    self.context.metrics.handshake_refused(response.status());
                }
                response
            }
            path => self.page.respond(request.method(), path, request.headers(), &self.embedders),
        }
    }

    /// Checks the upgrade (RFC 6455 §4.2.1), and tells the session that follows it.
    fn upgrade(
        &self,
        request: &Request<Incoming>,
        peer: Peer,
        life: &Life,
        granted: &mut Option<Granted>,
    ) -> Response<Body> {
        let headers = request.headers();
        if request.method() != Method::GET {
            return not_allowed();
        }
        let origin = only(headers, &header::ORIGIN).filter(|origin| self.origins.iter().any(|ours| ours == origin));
        let Some(origin) = origin.map(str::to_owned) else {
            self.entrance.warnings.warn(Warning::Origin, peer.address.ip(), "");
            self.context.metrics.request_refused(Unfit::Origin);
            return and_close(plain(StatusCode::FORBIDDEN));
        };
        let key = match websocket_key(headers) {
            Ok(key) => key,
            Err(status) => {
                self.context.metrics.request_refused(Unfit::WebSocket);
                return no_websocket(status);
            }
        };
        let Ok(place) = Arc::clone(&self.sessions).try_acquire_owned() else {
            self.entrance.warnings.warn(Warning::Busy, peer.address.ip(), "");
            self.context.metrics.request_refused(Unfit::Busy);
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        };
        let Ok(response) = switching(key) else { return plain(StatusCode::INTERNAL_SERVER_ERROR) };
        let visitor = Visitor { client: self.entrance.proxies.client(peer, headers), origin };
        let (open, drain) = (life.opened(), life.drain.clone());
        *granted = Some(Granted { context: Arc::clone(&self.context), visitor, drain, open, place });
        response
    }
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
