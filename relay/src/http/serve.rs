//! HTTP over one connection, until that is over or has become a session's.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1::{self, Parts};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::answer::Body;
use super::site::Site;
use super::upgrade::Granted;
use crate::front::connection::Entered;
use crate::front::stream::HttpStream;
use crate::life::{Life, stopped};
use crate::watch::metrics::Broken;

/// The time for the last bytes of an answer, and for the word that nothing follows.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// A connection that has become a session's, and what has been read of it already.
type Upgraded = (Granted, HttpStream, Bytes);

/// Speaks HTTP, until the connection is over or is to be a session's; the head of the first request must have come by then.
pub(crate) async fn serve(entered: Entered, sites: watch::Receiver<Arc<Site>>, life: Life) -> Option<Upgraded> {
    let Entered { stream, peer, first_request } = entered;
    let mut stop = life.stop.clone();
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
        ready(Ok::<_, Infallible>(site.respond(&request, peer, &life, &mut granted)))
    });
    let mut http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let served = tokio::select! {
        served = poll_fn(|cx| http.poll_without_shutdown(cx)) => Some(served),
        () = over => finish(&mut http).await,
        () = stopped(&mut stop) => finish(&mut http).await,
    };
    let Parts { io, read_buf, .. } = http.into_parts();
    let mut stream = io.into_inner();
    match (&served, granted.into_inner().unwrap_or_else(PoisonError::into_inner)) {
        (Some(Ok(())), Some(granted)) => return Some((granted, stream, read_buf)),
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
        let _ = timeout(LAST_BYTES, stream.shutdown()).await;
    }
    None
}

/// Lets the answer that is on its way go out, if it does so soon, and takes no further request.
async fn finish<S>(http: &mut http1::Connection<TokioIo<HttpStream>, S>) -> Option<hyper::Result<()>>
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Unpin,
    S::Future: Unpin,
{
    Pin::new(&mut *http).graceful_shutdown();
    timeout(LAST_BYTES, poll_fn(|cx| http.poll_without_shutdown(cx))).await.ok()
}
