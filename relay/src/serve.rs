//! Listens, speaks HTTP, and hands WebSockets on to [`crate::tunnel`].
//!
//! The accept loop is our own, since the time limit for a request's head needs a timer that must be installed.
//! Before the upgrade a no is a plain status without detail; everything else is said where the page can read it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ehlo_core::tunnel::{MESSAGE_MAX, PATH, SUBPROTOCOL};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::assets;
use crate::config::{Config, ConfigError, DEFAULT_PORT, default_listen};
use crate::dns::Dns;
use crate::limits::Gauges;
use crate::practice::{self, PracticeTarget};
use crate::resolve::Resolver;
use crate::target::Policy;
use crate::tunnel::{self, Context, Names, Visitor};

/// How often the tables of rates are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// A body that is there already.
pub(crate) type Body = Full<Bytes>;

/// The relay. See [`Relay::start`].
#[derive(Debug)]
pub struct Relay;

/// A relay that runs; dropping it stops it without grace.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    url: String,
    practice: Vec<PracticeTarget>,
    stop: watch::Sender<bool>,
    /// Closed when the last session and connection has ended.
    at_work: mpsc::Receiver<Infallible>,
    grace: Duration,
}

/// Why a relay did not start, and what to do.
#[derive(Debug)]
pub enum StartError {
    /// The configuration is not allowed.
    Config(ConfigError),
    /// An address cannot be listened on.
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The DNS resolver cannot be set up.
    Dns(String),
    /// The practice server cannot be started.
    Practice(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "port {} of {} is in use, perhaps by another Ehlo; stop that one, or take another port: \
                 --listen 127.0.0.1:{}",
                address.port(),
                address.ip(),
                if address.port() == DEFAULT_PORT { DEFAULT_PORT + 1 } else { 0 }
            ),
            Self::Listen { address, error } => {
                write!(f, "cannot listen on {address} ({error}); take another address: --listen 127.0.0.1:0")
            }
            Self::Dns(error) => write!(f, "cannot set up DNS ({error}); name a server: --dns ADDR:PORT"),
            Self::Practice(error) => write!(f, "cannot start the practice server ({error}); start without --practice"),
        }
    }
}

impl std::error::Error for StartError {}

impl Relay {
    /// Opens the listeners of `config`, and serves until [`Running::stop`].
    ///
    /// # Errors
    /// The configuration is not allowed, or an address cannot be listened on.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        config.check().map_err(StartError::Config)?;
        let listeners = listen(&config.listen).await?;
        Self::start_on(config, listeners).await
    }

    /// Serves on listeners that are open already; `config.listen` only says how the address is shown.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub async fn start_on(config: Config, listeners: Vec<TcpListener>) -> Result<Running, StartError> {
        let mut addresses = Vec::new();
        for listener in &listeners {
            let address = listener.local_addr();
            addresses.push(address.map_err(|error| StartError::Listen { address: config.listen[0], error })?);
        }
        config.check().map_err(StartError::Config)?;
        let checked = Config { listen: addresses.clone(), ..config.clone() };
        checked.check().map_err(StartError::Config)?;

        let (stop, stopping) = watch::channel(false);
        let practice = match config.practice {
            true => practice::start(&stopping).await.map_err(StartError::Practice)?,
            false => Vec::new(),
        };
        let url = url(&config, &addresses);
        let grace = config.limits.grace;
        let site = Arc::new(Site::new(config, &addresses, &practice)?);
        let (working, at_work) = mpsc::channel(1);
        for listener in listeners {
            tokio::spawn(accept(listener, Arc::clone(&site), stopping.clone(), working.clone()));
        }
        tokio::spawn(sweep(Arc::downgrade(&site), stopping));
        Ok(Running { addresses, url, practice, stop, at_work, grace })
    }
}

impl Running {
    /// The first address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that are listened on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What to open in a browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the tunnel.
    pub fn tunnel_url(&self) -> String {
        format!("ws://{}{PATH}", self.address())
    }

    /// The practice servers that this relay offers.
    pub fn practice(&self) -> &[PracticeTarget] {
        &self.practice
    }

    /// Stops: nothing new is taken, sessions have their grace and are then told, and all have ended on return.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = timeout(self.grace + Duration::from_secs(10), self.at_work.recv()).await;
    }
}

/// Waits until the relay is being stopped.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the `Running` is gone, which stops as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Listens on all addresses; IPv6 may be missing where IPv4 is there.
async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for &address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if address.is_ipv6() && !listeners.is_empty() && error.kind() != io::ErrorKind::AddrInUse => {
                tracing::debug!(%address, %error, "no IPv6 here");
            }
            Err(error) => return Err(StartError::Listen { address, error }),
        }
    }
    Ok(listeners)
}

fn url(config: &Config, addresses: &[SocketAddr]) -> String {
    if config.listen == default_listen() {
        format!("http://localhost:{}/", addresses[0].port())
    } else {
        format!("http://{}/", addresses[0])
    }
}

/// One relay as HTTP sees it.
struct Site {
    context: Arc<Context>,
    /// The `Host` values that are answered: DNS rebinding brings others.
    hosts: Vec<String>,
    /// The `Origin` values whose pages may use the tunnel.
    origins: Vec<String>,
    /// `frame-ancestors` of the page that may be embedded.
    embedders: String,
    connections: Arc<Semaphore>,
    sessions: Arc<Semaphore>,
}

impl Site {
    fn new(config: Config, addresses: &[SocketAddr], practice: &[PracticeTarget]) -> Result<Self, StartError> {
        let dns_error = |error: hickory_resolver::net::NetError| StartError::Dns(error.to_string());
        let hosts = hosts(addresses);
        let mut origins: Vec<_> = hosts.iter().map(|host| format!("http://{host}")).collect();
        origins.extend(config.allow_origins.iter().cloned());
        let mut named: BTreeMap<_, _> = practice.iter().map(|target| (target.name.clone(), target.address)).collect();
        named.extend(practice.first().map(|target| ("practice".to_owned(), target.address)));
        let limits = config.limits.clone();
        let policy = Policy {
            ports: config.ports(),
            addresses: config.addresses,
            explains: config.profile.explains(),
            own: addresses.to_vec(),
            named,
        };
        let context = Context {
            profile: config.profile,
            policy,
            gauges: Gauges::new(&limits),
            resolver: Resolver::new(config.dns, config.profile.uses_search_domains(), limits.resolve)
                .map_err(dns_error)?,
            dns: Dns::new(config.dns, limits.resolve).map_err(dns_error)?,
            names: Names::new(),
            limits,
        };
        Ok(Self {
            hosts,
            origins,
            embedders: config.allow_origins.join(" "),
            connections: Arc::new(Semaphore::new(context.limits.connections)),
            sessions: Arc::new(Semaphore::new(context.limits.sessions)),
            context: Arc::new(context),
        })
    }

    fn respond(self: &Arc<Self>, request: Request<Incoming>, caller: &Caller) -> Response<Body> {
        let host = only(request.headers(), &header::HOST).unwrap_or_default().to_ascii_lowercase();
        if !self.hosts.contains(&host) {
            tracing::warn!(client = %caller.client.ip(), "a request for another host was refused");
            return plain(StatusCode::MISDIRECTED_REQUEST);
        }
        match request.uri().path() {
            PATH => self.upgrade(request, caller),
            "/healthz" => match *request.method() {
                Method::GET | Method::HEAD => plain(StatusCode::OK),
                _ => assets::not_allowed(),
            },
            path => assets::respond(request.method(), path, request.headers(), &self.embedders),
        }
    }

    /// Checks the upgrade (RFC 6455 §4.2.1), and starts the session that follows it.
    fn upgrade(self: &Arc<Self>, mut request: Request<Incoming>, caller: &Caller) -> Response<Body> {
        let headers = request.headers();
        if request.method() != Method::GET {
            return assets::not_allowed();
        }
        let origin = only(headers, &header::ORIGIN).filter(|origin| self.origins.iter().any(|ours| ours == origin));
        let Some(origin) = origin.map(str::to_owned) else {
            tracing::warn!(client = %caller.client.ip(), "a page of another origin was refused; see --allow-origin");
            return plain(StatusCode::FORBIDDEN);
        };
        let websocket =
            has_token(headers, &header::CONNECTION, "upgrade") && has_token(headers, &header::UPGRADE, "websocket");
        if !websocket || only(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
            let mut response = plain(StatusCode::UPGRADE_REQUIRED);
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            return response;
        }
        let Some(key) = only(headers, &header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24) else {
            return plain(StatusCode::BAD_REQUEST);
        };
        if !has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
            return plain(StatusCode::BAD_REQUEST);
        }
        let Ok(place) = Arc::clone(&self.sessions).try_acquire_owned() else {
            tracing::warn!(client = %caller.client.ip(), "too many sessions");
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        };
        let accept = derive_accept_key(key.as_bytes());
        let visitor = Visitor { client: caller.client, origin };
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(session(upgrade, Arc::clone(&self.context), visitor, caller.clone(), place));
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, accept)
            .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
            .body(Body::default());
        response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

/// Who is at the other end, and what tells the end of the relay.
#[derive(Clone)]
struct Caller {
    client: SocketAddr,
    stop: watch::Receiver<bool>,
    /// Held for as long as there is work to do.
    working: mpsc::Sender<Infallible>,
}

async fn accept(
    listener: TcpListener,
    site: Arc<Site>,
    mut stop: watch::Receiver<bool>,
    working: mpsc::Sender<Infallible>,
) {
    let mut back_off = Duration::from_millis(10);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((tcp, client)) => {
                back_off = Duration::from_millis(10);
                let caller = Caller { client, stop: stop.clone(), working: working.clone() };
                match Arc::clone(&site.connections).try_acquire_owned() {
                    Ok(place) => drop(tokio::spawn(connection(tcp, Arc::clone(&site), caller, place))),
                    Err(_) => turn_away(&tcp),
                }
            }
            // Descriptors may be used up: wait for some to come back instead of spinning.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(back_off).await;
                back_off = (back_off * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// Too many connections: a word without a task, in the socket's own buffer.
fn turn_away(tcp: &TcpStream) {
    let _ = tcp.try_write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

async fn connection(tcp: TcpStream, site: Arc<Site>, caller: Caller, _place: OwnedSemaphorePermit) {
    let _ = tcp.set_nodelay(true);
    let mut stop = caller.stop.clone();
    let head = site.context.limits.http_head;
    let service = service_fn(|request| {
        let response = site.respond(request, &caller);
        async move { Ok::<_, Infallible>(response) }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    let mut http = std::pin::pin!(http);
    let served = tokio::select! {
        served = http.as_mut() => served,
        () = stopped(&mut stop) => {
            http.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), http).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended badly");
    }
}

async fn session(
    upgrade: hyper::upgrade::OnUpgrade,
    context: Arc<Context>,
    visitor: Visitor,
    caller: Caller,
    _place: OwnedSemaphorePermit,
) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        tracing::error!("an upgraded connection is not the one that was accepted");
        return;
    };
    // Buffers of 8 KiB: a mail server is no faster, and the library's own are most of an idle session's memory.
    let buffers = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let Caller { stop, working: _working, .. } = caller;
    let tcp = parts.io.into_inner();
    let ws = WebSocketStream::from_partially_read(tcp, parts.read_buf.to_vec(), Role::Server, Some(buffers)).await;
    tunnel::session(ws, &context, &visitor, stop).await;
}

async fn sweep(site: std::sync::Weak<Site>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(SWEEP);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(site) = site.upgrade() else { return };
        site.context.gauges.forget_the_quiet();
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
            if address.port() == 80 {
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
