//! What the relay counts for Prometheus, and the listener where that is asked for.
//!
//! No label holds what a page or a server says: neither host names nor addresses of clients, so that the number of
//! series is bounded.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ehlo_core::tunnel::Rcode;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::assets::not_allowed;
use crate::refusal::End;
use crate::serve::stopped;
use crate::site::{Body, Site, plain};

/// The most that ask at once, and how long each may take.
const ASKING_MAX: usize = 16;
const ASKING_TIME: Duration = Duration::from_secs(10);

/// A label and its value.
type Label<V> = [(&'static str, V); 1];

/// What is counted from the relay's start; a reload does not begin anew.
pub(crate) struct Metrics {
    registry: Registry,
    connections_open: Gauge,
    sessions_open: Gauge,
    sessions: Family<[(&'static str, &'static str); 2], Counter>,
    refusals: Family<Label<&'static str>, Counter>,
    handshakes_refused: Family<Label<u16>, Counter>,
    quota_refusals: Family<Label<&'static str>, Counter>,
    lookups: Family<Label<&'static str>, Counter>,
    certificate_orders: Family<Label<&'static str>, Counter>,
    /// Without a label, and without a value where there is no certificate.
    certificate_not_after: Family<[(&'static str, &'static str); 0], Gauge>,
    octets: Family<Label<&'static str>, Counter<u64, AtomicU64>>,
    connect: Histogram,
    session: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut new = Self {
            registry: Registry::with_prefix("ehlo"),
            connections_open: Gauge::default(),
            sessions_open: Gauge::default(),
            sessions: Family::default(),
            refusals: Family::default(),
            handshakes_refused: Family::default(),
            quota_refusals: Family::default(),
            lookups: Family::default(),
            certificate_orders: Family::default(),
            certificate_not_after: Family::default(),
            octets: Family::default(),
            // From a millisecond to half a minute, when connecting ends.
            connect: Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]),
            // From a tenth of a second to an hour.
            session: Histogram::new([0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0]),
        };
        new.register();
        new.begin_at_zero();
        new
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "connections_open",
            "Connections of visitors that are still HTTP",
            self.connections_open.clone(),
        );
        registry.register("sessions_open", "Sessions that are open", self.sessions_open.clone());
        let help = "Sessions that have ended, by the word that closed them and by who ended them";
        registry.register("sessions", help, self.sessions.clone());
        let help = "Sessions that the relay refused, by the reason that the page was told";
        registry.register("refusals", help, self.refusals.clone());
        let help = "Requests for the tunnel that were refused before a session began, by HTTP status";
        registry.register("handshakes_refused", help, self.handshakes_refused.clone());
        registry.register(
            "quota_refusals",
            "Refusals since a limit was reached, by limit",
            self.quota_refusals.clone(),
        );
        registry.register("lookups", "Answers to look-ups of pages, by DNS response code", self.lookups.clone());
        let help = "Attempts to get the relay's own certificate by ACME, by result";
        registry.register("certificate_orders", help, self.certificate_orders.clone());
        let help = "When the relay's own certificate ends, in seconds since 1970";
        registry.register("certificate_not_after_timestamp_seconds", help, self.certificate_not_after.clone());
        let help = "Octets of sessions that have ended, to targets (sent) and from them (received)";
        registry.register_with_unit("session", help, Unit::Bytes, self.octets.clone());
        let help = "Time from the page's request until the connection to its target stood";
        registry.register_with_unit("connect_duration", help, Unit::Seconds, self.connect.clone());
        let help = "Time that sessions lasted, from the upgrade to their end";
        registry.register_with_unit("session_duration", help, Unit::Seconds, self.session.clone());
    }

    /// A series that is there before its first event shows that event as a rise.
    fn begin_at_zero(&self) {
        for limit in ["sessions", "lookups", "day", "target"] {
            drop(self.quota_refusals.get_or_create(&[("limit", limit)]));
        }
        for result in ["done", "failed"] {
            drop(self.certificate_orders.get_or_create(&[("result", result)]));
        }
        for direction in ["sent", "received"] {
            drop(self.octets.get_or_create(&[("direction", direction)]));
        }
    }

    /// A session has ended.
    pub(crate) fn ended(&self, end: &End, sent: u64, received: u64, lasted: Duration) {
        self.sessions.get_or_create(&[("result", end.word()), ("by", end.by())]).inc();
        if let End::Denied(deny) = end {
            self.refusals.get_or_create(&[("reason", deny.code.word())]).inc();
        }
        self.octets.get_or_create(&[("direction", "sent")]).inc_by(sent);
        self.octets.get_or_create(&[("direction", "received")]).inc_by(received);
        self.session.observe(lasted.as_secs_f64());
    }

    /// A request for the tunnel was refused.
    pub(crate) fn handshake_refused(&self, status: StatusCode) {
        self.handshakes_refused.get_or_create(&[("status", status.as_u16())]).inc();
    }

    /// A limit was reached; `limit` is a fixed word.
    pub(crate) fn quota_refused(&self, limit: &'static str) {
        self.quota_refusals.get_or_create(&[("limit", limit)]).inc();
    }

    /// A look-up was answered.
    pub(crate) fn looked_up(&self, rcode: Rcode) {
        let word = match rcode {
            Rcode::NoError => "noerror",
            Rcode::NxDomain => "nxdomain",
            Rcode::ServFail => "servfail",
            Rcode::Refused => "refused",
            Rcode::Timeout => "timeout",
            Rcode::Other => "other",
        };
        self.lookups.get_or_create(&[("rcode", word)]).inc();
    }

    /// A certificate was asked for by ACME.
    pub(crate) fn certificate_ordered(&self, done: bool) {
        let result = if done { "done" } else { "failed" };
        self.certificate_orders.get_or_create(&[("result", result)]).inc();
    }

    /// A connection to a target stands.
    pub(crate) fn connected(&self, took: Duration) {
        self.connect.observe(took.as_secs_f64());
    }

    /// All of it, as OpenMetrics text, which Prometheus reads.
    fn text(&self, connections: usize, sessions: usize, certificate_ends: Option<SystemTime>) -> Option<String> {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.certificate_not_after.clear();
        if let Some(since) = certificate_ends.and_then(|ends| ends.duration_since(UNIX_EPOCH).ok()) {
            self.certificate_not_after.get_or_create(&[]).set(since.as_secs().cast_signed());
        }
        self.connections_open.set(count(connections));
        self.sessions_open.set(count(sessions));
        let mut text = String::new();
        encode(&mut text, &self.registry).ok()?;
        Some(text)
    }
}

/// What the operator's listener tells of.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) sites: watch::Receiver<Arc<Site>>,
    pub(crate) open: watch::Receiver<usize>,
    pub(crate) drain: watch::Receiver<bool>,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Watched {
    fn respond(&self, request: &Request<Incoming>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return not_allowed();
        }
        // A name that somebody else has bound to this address is in the hands of a web page.
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !self.sites.borrow().may_be_watched_as(host) {
            return plain(StatusCode::MISDIRECTED_REQUEST);
        }
        match request.uri().path() {
            "/metrics" => self.metrics(),
            "/healthz" => plain(StatusCode::OK),
            "/readyz" if *self.drain.borrow() || !self.sites.borrow().may_shake_hands() => {
                plain(StatusCode::SERVICE_UNAVAILABLE)
            }
            "/readyz" => plain(StatusCode::OK),
            _ => plain(StatusCode::NOT_FOUND),
        }
    }

    fn metrics(&self) -> Response<Body> {
        let site = Arc::clone(&self.sites.borrow());
        let open = *self.open.borrow();
        let ends = site.certificate_ends();
        let Some(text) = site.context.metrics.text(site.connections_open(), open, ends) else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut response = plain(StatusCode::OK);
        let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        *response.body_mut() = Full::new(Bytes::from(text));
        response
    }
}

/// Answers the operator's monitoring until the relay stops.
pub(crate) async fn serve(listener: TcpListener, watched: Watched) {
    let places = Arc::new(Semaphore::new(ASKING_MAX));
    let mut stop = watched.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        let Ok((tcp, _)) = accepted else {
            // No descriptor is left; it will be tried again.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let watched = watched.clone();
            tokio::spawn(async move {
                let _ = timeout(ASKING_TIME, answer(tcp, watched)).await;
                drop(place);
            });
        }
    }
}

async fn answer(tcp: TcpStream, watched: Watched) {
    let mut stop = watched.stop.clone();
    let service = service_fn(|request| {
        let response = watched.respond(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let http =
        http1::Builder::new().timer(TokioTimer::new()).keep_alive(false).serve_connection(TokioIo::new(tcp), service);
    tokio::select! {
        served = http => if let Err(error) = served {
            tracing::debug!(%error, "a connection to the metrics ended badly");
        },
        () = stopped(&mut stop) => {}
    }
}

/// Opens the operator's listener.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
