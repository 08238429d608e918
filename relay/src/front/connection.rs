//! One connection of a visitor: PROXY header, TLS, HTTP.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1::{self, Parts};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::front::acme;
use crate::front::listen::Peer;
use crate::front::proxy_header;
use crate::front::stream::{HttpWire, Wire};
use crate::http::site::{Body, Granted, Place, Site};
use crate::serve::{Caller, Life, stopped};
use crate::watch::metrics::Broken;

/// The time for the last bytes of an answer, and for the word that nothing follows.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// The most octets of what came in clear that are read where TLS should have.
const CLEAR_MAX: usize = 4096;

/// Too many connections: a word without a task, in the socket's own buffer.
pub(crate) fn turn_away(wire: &Wire) {
    let word = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let _ = match wire {
        Wire::Tcp(tcp) => tcp.try_write(word),
        #[cfg(unix)]
        Wire::Unix(stream) => stream.try_write(word),
    };
}

/// One connection to its end. HTTP and session are in boxes: while there is one, the room for the other is not held.
pub(crate) async fn connection(wire: Wire, peer: Peer, sites: watch::Receiver<Arc<Site>>, life: Life, place: Place) {
    let upgraded = Box::pin(http(wire, peer, sites, life, place)).await;
    if let Some((granted, wire, rest)) = upgraded {
        Box::pin(granted.run(wire, rest)).await;
    }
}

/// A connection that has become a session's, and what has been read of it already.
type Upgraded = (Granted, HttpWire, Bytes);

/// A visitor's PROXY header, TLS and HTTP, until the connection is over or is to be a session's.
async fn http(
    mut wire: Wire,
    peer: Peer,
    sites: watch::Receiver<Arc<Site>>,
    life: Life,
    mut place: Place,
) -> Option<Upgraded> {
    let mut stop = life.stop.clone();
    let site = Arc::clone(&sites.borrow());
    let metrics = Arc::clone(&site.context.metrics);
    // One deadline for all that comes before the first request, however slowly each part comes. TLS takes two round trips
    // more, and on a bad line a packet that is lost in one of them costs seconds.
    let head = site.context.limits.http_head;
    let first_request = Instant::now() + if site.tls.is_some() { head * 2 } else { head };
    let begun = tokio::select! {
        begun = timeout_at(first_request, begin(&mut wire, peer, &site, &mut place)) => begun,
        () = stopped(&mut stop) => return None,
    };
    let (client, local) = match begun {
        Ok(Ok(client)) => client,
        Ok(Err(why)) => {
            metrics.connection_refused(Broken::ProxyHeader);
            tracing::warn!(client = %peer.address.ip(), "a connection was refused: {why}");
            return None;
        }
        Err(_) => {
            metrics.connection_refused(Broken::Timeout);
            return None;
        }
    };
    let caller = Caller { client, local, life };
    let Some(tls) = &site.tls else { return serve(HttpWire::Plain(wire), sites, caller, first_request).await };
    let shaken = tokio::select! {
        // In a box: connections without TLS need not hold the room for a handshake.
        shaken = timeout_at(first_request, Box::pin(secure(wire, tls.acceptor()))) => shaken,
        () = stopped(&mut stop) => return None,
    };
    drop(site);
    match shaken {
        // The authority has seen what it came for (RFC 8737 §3).
        Ok(Ok(mut stream)) if acme::asked_by(&stream) => {
            let _ = timeout(LAST_BYTES, stream.shutdown()).await;
            None
        }
        Ok(Ok(stream)) => serve(HttpWire::Tls(Box::new(stream)), sites, caller, first_request).await,
        Ok(Err(error)) => {
            let clear = error.kind() == io::ErrorKind::Unsupported;
            metrics.connection_refused(if clear { Broken::Clear } else { Broken::Tls });
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            metrics.connection_refused(Broken::Timeout);
            None
        }
    }
}

/// Reads the PROXY header where one is expected: who the client is, and whether that is whoever came over
/// a Unix socket.
async fn begin(wire: &mut Wire, peer: Peer, site: &Site, place: &mut Place) -> Result<(SocketAddr, bool), String> {
    if !site.proxy_protocol {
        return Ok((peer.address, peer.local));
    }
    if !site.believes(peer.address.ip(), peer.local) {
        return Err("with proxy_protocol only proxies in trusted_proxies may come".to_owned());
    }
    match proxy_header::read(wire).await.map_err(|fault| fault.to_string())? {
        // The proxy itself, which looks whether the relay is well.
        None => Ok((peer.address, peer.local)),
        Some(client) => {
            site.count(place, client.ip()).ok_or("it has too many connections")?;
            Ok((client, false))
        }
    }
}

/// The handshake; who speaks HTTP in clear is told in clear that this is HTTPS.
async fn secure(mut wire: Wire, acceptor: TlsAcceptor) -> io::Result<TlsStream<Wire>> {
    if is_clear(&wire).await? {
        // What waits unread would make the answer be lost in a reset.
        let _ = wire.read(&mut [0; CLEAR_MAX]).await?;
        let word = "This is HTTPS: open the address with https:// in front.\n";
        let head = format!("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", word.len());
        wire.write_all(&[head.as_bytes(), word.as_bytes()].concat()).await?;
        wire.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it spoke in clear"));
    }
    acceptor.accept(wire).await
}

/// Whether what comes begins as a request does. Nobody comes in clear over a Unix socket by mistake.
async fn is_clear(wire: &Wire) -> io::Result<bool> {
    match wire {
        Wire::Tcp(tcp) => {
            let mut first = [0];
            Ok(tcp.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
        }
        #[cfg(unix)]
        Wire::Unix(_) => Ok(false),
    }
}

/// Speaks HTTP, until the connection is over or is to be a session's; the head of the first request must have come by then.
async fn serve(
    wire: HttpWire,
    sites: watch::Receiver<Arc<Site>>,
    caller: Caller,
    first_request: Instant,
) -> Option<Upgraded> {
    let mut stop = caller.life.stop.clone();
    let (head, longest, metrics) = {
        let context = &sites.borrow().context;
        (context.limits.http_head, Instant::now() + context.limits.http, Arc::clone(&context.metrics))
    };
    let (asked, ever) = (Notify::new(), AtomicBool::new(false));
    // A browser opens another when it has more to ask.
    let over = async {
        match timeout_at(first_request.min(longest), asked.notified()).await {
            Ok(()) => sleep_until(longest).await,
            Err(_) => metrics.connection_refused(Broken::Timeout),
        }
    };
    let granted = Mutex::new(None);
    let service = service_fn(|request| {
        asked.notify_one();
        ever.store(true, Relaxed);
        // The configuration may have changed since the connection was made.
        let site = Arc::clone(&sites.borrow());
        let mut granted = granted.lock().unwrap_or_else(PoisonError::into_inner);
        ready(Ok::<_, Infallible>(site.respond(&request, &caller, &mut granted)))
    });
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(wire), service);
    let served = tokio::select! {
        served = poll_fn(|cx| http.poll_without_shutdown(cx)) => Some(served),
        () = over => finish(&mut http).await,
        () = stopped(&mut stop) => finish(&mut http).await,
    };
    let Parts { io, read_buf, .. } = http.into_parts();
    let mut wire = io.into_inner();
    match (&served, granted.into_inner().unwrap_or_else(PoisonError::into_inner)) {
        (Some(Ok(())), Some(granted)) => return Some((granted, wire, read_buf)),
        (Some(Err(error)), _) => {
            let why =
                if error.is_timeout() { Some(Broken::Timeout) } else { error.is_parse().then_some(Broken::NotHttp) };
            if let (Some(why), false) = (why, ever.load(Relaxed)) {
                metrics.connection_refused(why);
            }
            tracing::debug!(%error, "a connection ended badly");
        }
        _ => {}
    }
    if served.is_some() {
        let _ = timeout(LAST_BYTES, wire.shutdown()).await;
    }
    None
}

/// Lets the answer that is on its way go out, if it does so soon, and takes no further request.
async fn finish<S>(http: &mut http1::Connection<TokioIo<HttpWire>, S>) -> Option<hyper::Result<()>>
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Unpin,
    S::Future: Unpin,
{
    Pin::new(&mut *http).graceful_shutdown();
    timeout(LAST_BYTES, poll_fn(|cx| http.poll_without_shutdown(cx))).await.ok()
}
