//! The operator's listener: a page for the operator, metrics, and whether the relay is well.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::http::answer::{Body, not_allowed, plain};
use crate::http::site::Site;
use crate::life::stopped;
use crate::watch::status::{self, LastReload, Status};

/// The most that ask at once, and how long each may take.
const ASKING_MAX: usize = 16;
const ASKING_TIME: Duration = Duration::from_secs(10);

/// What the operator's listener tells of.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) sites: watch::Receiver<Arc<Site>>,
    pub(crate) open: watch::Receiver<usize>,
    pub(crate) drain: watch::Receiver<bool>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) started: SystemTime,
    pub(crate) reload: LastReload,
    /// Whether the listener is for this machine alone.
    pub(crate) at_home: bool,
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
            "/" => self.status(),
            "/status.css" => status::style(),
            "/metrics" => self.metrics(),
            "/healthz" => plain(StatusCode::OK),
            "/readyz" if *self.drain.borrow() || !self.sites.borrow().entrance.may_shake_hands() => {
                plain(StatusCode::SERVICE_UNAVAILABLE)
            }
            "/readyz" => plain(StatusCode::OK),
            _ => plain(StatusCode::NOT_FOUND),
        }
    }

    fn status(&self) -> Response<Body> {
        let site = Arc::clone(&self.sites.borrow());
        let status = Status {
            site: &site,
            started: self.started,
            draining: *self.drain.borrow(),
            sessions_open: *self.open.borrow(),
            reload: &self.reload,
            at_home: self.at_home,
        };
        status.page()
    }

    fn metrics(&self) -> Response<Body> {
        let site = Arc::clone(&self.sites.borrow());
        let open = *self.open.borrow();
        let ends = site.entrance.certificate_ends();
        let Some(text) = site.context.metrics.text(site.entrance.connections_open(), open, ends) else {
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
