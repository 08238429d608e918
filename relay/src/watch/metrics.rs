//! What the relay counts for Prometheus.
//!
//! No label holds what a page or a server says: neither host names nor addresses of clients, so that the number of
//! series is bounded.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ehlo_core::tunnel::Rcode;
use hyper::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::tunnel::refusal::End;
use crate::watch::tally::Tally;

/// A label and its value.
type Label<V> = [(&'static str, V); 1];

/// Why a connection ended before a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// There are too many.
    Busy,
    /// No PROXY header came, or a wrong one, or from somebody else.
    ProxyHeader,
    /// It spoke HTTP in clear where TLS should be.
    Clear,
    /// The TLS handshake failed.
    Tls,
    /// It was too slow.
    Timeout,
    /// What it said is no HTTP, or has a head that is too long.
    NotHttp,
}

impl Broken {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::ProxyHeader => "proxy_header",
            Self::Clear => "clear",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::NotHttp => "not_http",
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Its `Host` is no name of the relay.
    Host,
    /// Its `Origin` is a page that may not use the tunnel, or there is none.
    Origin,
    /// It asks for the tunnel, but not as a WebSocket of this protocol does.
    WebSocket,
    /// There are too many sessions.
    Busy,
}

impl Unfit {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::WebSocket => "websocket",
            Self::Busy => "busy",
        }
    }
}

/// What is counted from the relay's start; a reload does not begin anew.
pub(crate) struct Metrics {
    registry: Registry,
    connections_open: Gauge,
    sessions_open: Gauge,
    sessions: Family<[(&'static str, &'static str); 2], Counter>,
    refusals: Family<Label<&'static str>, Counter>,
    handshakes_refused: Family<Label<u16>, Counter>,
    quota_refusals: Family<Label<&'static str>, Counter>,
    connections_refused: Family<Label<&'static str>, Counter>,
    requests_refused: Family<Label<&'static str>, Counter>,
    practice_sessions: Counter,
    lookups: Family<Label<&'static str>, Counter>,
    mta_sts_lookups: Family<Label<&'static str>, Counter>,
    certificate_orders: Family<Label<&'static str>, Counter>,
    /// Without a label, and without a value where there is no certificate.
    certificate_not_after: Family<[(&'static str, &'static str); 0], Gauge>,
    octets: Family<Label<&'static str>, Counter<u64, AtomicU64>>,
    connect: Histogram,
    session: Histogram,
    /// How sessions ended, and what was refused before one, for the operator's page.
    pub(crate) ends: Tally,
    pub(crate) connections: Tally,
    pub(crate) requests: Tally,
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
            connections_refused: Family::default(),
            requests_refused: Family::default(),
            practice_sessions: Counter::default(),
            lookups: Family::default(),
            mta_sts_lookups: Family::default(),
            certificate_orders: Family::default(),
            certificate_not_after: Family::default(),
            octets: Family::default(),
            // From a millisecond to half a minute, when connecting ends.
            connect: Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]),
            // From a tenth of a second to an hour.
            session: Histogram::new([0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0]),
            ends: Tally::default(),
            connections: Tally::default(),
            requests: Tally::default(),
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
        let help = "Connections that ended before a request: busy (too many), proxy_header (none, or a wrong one), clear (HTTP where TLS \
                    should be), tls (the handshake failed), timeout (too slow), not_http (something else than HTTP, or a head that is \
                    too long)";
        registry.register("connections_refused", help, self.connections_refused.clone());
        let help = "Requests that were refused: host (another name), origin (another page), websocket (no upgrade to the tunnel), busy \
                    (too many sessions)";
        registry.register("requests_refused", help, self.requests_refused.clone());
        let help = "Sessions that were connected to the practice server";
        registry.register("practice_sessions", help, self.practice_sessions.clone());
        registry.register("lookups", "Answers to look-ups of pages, by DNS response code", self.lookups.clone());
        let help = "Look-ups of policies of MTA-STS, by whether one was found";
        registry.register("mta_sts_lookups", help, self.mta_sts_lookups.clone());
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
        for reason in [Broken::Busy, Broken::ProxyHeader, Broken::Clear, Broken::Tls, Broken::Timeout, Broken::NotHttp]
        {
            drop(self.connections_refused.get_or_create(&[("reason", reason.word())]));
        }
        for reason in [Unfit::Host, Unfit::Origin, Unfit::WebSocket, Unfit::Busy] {
            drop(self.requests_refused.get_or_create(&[("reason", reason.word())]));
        }
        for result in ["found", "none"] {
            drop(self.mta_sts_lookups.get_or_create(&[("result", result)]));
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
        self.ends.count(end.word());
        if let End::Denied(deny) = end {
            self.refusals.get_or_create(&[("reason", deny.code.word())]).inc();
        }
        self.octets.get_or_create(&[("direction", "sent")]).inc_by(sent);
        self.octets.get_or_create(&[("direction", "received")]).inc_by(received);
        self.session.observe(lasted.as_secs_f64());
    }

    /// A connection ended before a request.
    pub(crate) fn connection_refused(&self, why: Broken) {
        self.connections_refused.get_or_create(&[("reason", why.word())]).inc();
        self.connections.count(why.word());
    }

    /// A request was refused.
    pub(crate) fn request_refused(&self, why: Unfit) {
        self.requests_refused.get_or_create(&[("reason", why.word())]).inc();
        self.requests.count(why.word());
    }

    /// A session was connected to the practice server.
    pub(crate) fn practised(&self) {
        self.practice_sessions.inc();
    }

    /// A policy of MTA-STS was looked for.
    pub(crate) fn looked_for_policy(&self, found: bool) {
        let result = if found { "found" } else { "none" };
        self.mta_sts_lookups.get_or_create(&[("result", result)]).inc();
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
    pub(crate) fn text(
        &self,
        connections: usize,
        sessions: usize,
        certificate_ends: Option<SystemTime>,
    ) -> Option<String> {
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
