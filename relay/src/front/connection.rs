//! One connection until it speaks HTTP: PROXY header and TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::front::acme;
use crate::front::entrance::{Entrance, Place};
use crate::front::listen::Peer;
use crate::front::proxy_header;
use crate::front::stream::{HttpStream, Stream};
use crate::front::warnings::Warning;
use crate::life::stopped;
use crate::watch::metrics::Broken;

/// The time for the word that nothing follows.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// The most octets of what came in clear that are read where TLS should have.
const CLEAR_MAX: usize = 4096;

/// Too many connections: a word without a task, in the socket's own buffer.
pub(crate) fn turn_away(stream: &Stream) {
    let word = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let _ = match stream {
        Stream::Tcp(tcp) => tcp.try_write(word),
        #[cfg(unix)]
        Stream::Unix(stream) => stream.try_write(word),
    };
}

/// A connection that speaks HTTP from here on.
pub(crate) struct Entered {
    pub(crate) stream: HttpStream,
    /// Whom it comes from, as a PROXY header has it where there is one.
    pub(crate) peer: Peer,
    /// When the head of its first request must have come.
    pub(crate) first_request: Instant,
}

/// A connection's PROXY header and TLS; none where it has ended by that.
pub(crate) async fn enter(
    mut stream: Stream,
    peer: Peer,
    entrance: Arc<Entrance>,
    place: &mut Place,
    stop: &mut watch::Receiver<bool>,
) -> Option<Entered> {
    let metrics = Arc::clone(&entrance.metrics);
    // One deadline for all that comes before the first request, however slowly each part comes. TLS takes two round trips
    // more, and on a bad line a packet that is lost in one of them costs seconds.
    let head = entrance.limits.http_head;
    let first_request = Instant::now() + if entrance.https.is_some() { head * 2 } else { head };
    let begun = tokio::select! {
        begun = timeout_at(first_request, begin(&mut stream, peer, &entrance, place)) => begun,
        () = stopped(stop) => return None,
    };
    let peer = match begun {
        Ok(Ok(peer)) => peer,
        Ok(Err(why)) => {
            metrics.connection_refused(Broken::ProxyHeader);
            entrance.warnings.warn(Warning::Begin, peer.address.ip(), &why);
            return None;
        }
        Err(_) => {
            metrics.connection_refused(Broken::Timeout);
            return None;
        }
    };
    let Some(https) = &entrance.https else {
        return Some(Entered { stream: HttpStream::Plain(stream), peer, first_request });
    };
    let shaken = tokio::select! {
        // In a box: connections without TLS need not hold the room for a handshake.
        shaken = timeout_at(first_request, Box::pin(secure(stream, https.acceptor()))) => shaken,
        () = stopped(stop) => return None,
    };
    match shaken {
        // The authority has seen what it came for (RFC 8737 §3).
        Ok(Ok(mut stream)) if acme::asked_by(&stream) => {
            let _ = timeout(LAST_BYTES, stream.shutdown()).await;
            None
        }
        Ok(Ok(stream)) => Some(Entered { stream: HttpStream::Tls(Box::new(stream)), peer, first_request }),
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

/// Reads the PROXY header where one is expected: who the client is.
async fn begin(stream: &mut Stream, peer: Peer, entrance: &Entrance, place: &mut Place) -> Result<Peer, String> {
    if !entrance.proxy_protocol {
        return Ok(peer);
    }
    if !entrance.proxies.believes(peer) {
        return Err("with proxy_protocol only proxies in trusted_proxies may come".to_owned());
    }
    match proxy_header::read(stream).await.map_err(|fault| fault.to_string())? {
        // The proxy itself, which looks whether the relay is well.
        None => Ok(peer),
        Some(address) => {
            entrance.count(place, address.ip()).ok_or("it has too many connections")?;
            Ok(Peer { address, local: false })
        }
    }
}

/// The handshake; who speaks HTTP in clear is told in clear that this is HTTPS.
async fn secure(mut stream: Stream, acceptor: TlsAcceptor) -> io::Result<TlsStream<Stream>> {
    if is_clear(&stream).await? {
        // What waits unread would make the answer be lost in a reset.
        let _ = stream.read(&mut [0; CLEAR_MAX]).await?;
        let word = "This is HTTPS: open the address with https:// in front.\n";
        let head = format!("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", word.len());
        stream.write_all(&[head.as_bytes(), word.as_bytes()].concat()).await?;
        stream.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it spoke in clear"));
    }
    acceptor.accept(stream).await
}

/// Whether what comes begins as a request does. Nobody comes in clear over a Unix socket by mistake.
async fn is_clear(stream: &Stream) -> io::Result<bool> {
    match stream {
        Stream::Tcp(tcp) => {
            let mut first = [0];
            Ok(tcp.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
        }
        #[cfg(unix)]
        Stream::Unix(_) => Ok(false),
    }
}
