//! One connection of a visitor: PROXY header, TLS, HTTP.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::listen::Peer;
use crate::proxy_in;
use crate::serve::{Caller, Life, stopped};
use crate::site::{Place, Site};
use crate::wire::{HttpWire, Wire};

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

/// One connection, until it is over or has become a session.
pub(crate) async fn connection(
    mut wire: Wire,
    peer: Peer,
    sites: watch::Receiver<Arc<Site>>,
    life: Life,
    mut place: Place,
) {
    let mut stop = life.stop.clone();
    let site = Arc::clone(&sites.borrow());
    let head = site.context.limits.http_head;
    let begun = tokio::select! {
        begun = timeout(head, begin(&mut wire, peer, &site, &mut place)) => begun,
        () = stopped(&mut stop) => return,
    };
    let (client, believed) = match begun {
        Ok(Ok(client)) => client,
        Ok(Err(why)) => return tracing::warn!(client = %peer.address.ip(), "a connection was refused: {why}"),
        Err(_) => return,
    };
    let caller = Caller { client, believed, life };
    let Some(tls) = &site.tls else { return serve(HttpWire::Plain(wire), sites, caller).await };
    let shaken = tokio::select! {
        // In a box: connections without TLS need not hold the room for a handshake.
        shaken = timeout(head, Box::pin(secure(wire, tls.acceptor()))) => shaken,
        () = stopped(&mut stop) => return,
    };
    drop(site);
    match shaken {
        Ok(Ok(stream)) => serve(HttpWire::Tls(Box::new(stream)), sites, caller).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => {}
    }
}

/// Reads the PROXY header where one is expected: who the client is, and whether what it says of others is believed.
async fn begin(wire: &mut Wire, peer: Peer, site: &Site, place: &mut Place) -> Result<(SocketAddr, bool), String> {
    if !site.proxy_protocol {
        return Ok((peer.address, peer.local));
    }
    if !peer.local && !site.trusts(peer.address.ip()) {
        return Err("with proxy_protocol only proxies in trusted_proxies may come".to_owned());
    }
    match proxy_in::read(wire).await.map_err(|fault| fault.to_string())? {
        // The proxy itself, which looks whether the relay is well.
        None => Ok((peer.address, false)),
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
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it spoke in clear"));
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

/// Speaks HTTP.
async fn serve(wire: HttpWire, sites: watch::Receiver<Arc<Site>>, caller: Caller) {
    let mut stop = caller.life.stop.clone();
    let (head, longest) = {
        let limits = &sites.borrow().context.limits;
        (limits.http_head, limits.http)
    };
    let service = service_fn(|request| {
        // The configuration may have changed since the connection was made.
        let site = Arc::clone(&sites.borrow());
        let response = site.respond(request, &caller);
        async move { Ok::<_, Infallible>(response) }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    let mut http = std::pin::pin!(http);
    let served = tokio::select! {
        served = http.as_mut() => served,
        // A browser opens another when it has more to ask.
        () = sleep(longest) => {
            http.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), http).await.unwrap_or(Ok(()))
        }
        () = stopped(&mut stop) => {
            http.as_mut().graceful_shutdown();
            timeout(Duration::from_secs(1), http).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended badly");
    }
}
