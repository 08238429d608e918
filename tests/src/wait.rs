//! Waiting for something that happens elsewhere: always with an end, never for a fixed time.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::failure::{Failure, TestResult};
use crate::process::Process;

/// How long a server or a browser may take to start, and a mail to arrive, on a slow and busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until `look` finds something.
///
/// # Errors
/// When `limit` has passed; `what` says what was waited for.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> TestResult<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() >= end {
            return Err(Failure::new(format!("waited {limit:?} for {what}, in vain")));
        }
        sleep(PAUSE).await;
    }
}

/// Waits until something listens on `addr`, without connecting to it: a server's first connection is the test's.
///
/// # Errors
/// When `process` ends, or does not listen in time; its log is part of the text.
pub async fn listening(addr: SocketAddr, process: &mut Process) -> TestResult {
    let name = process.name().to_owned();
    let look = || match process.has_ended() {
        Some(how) => Some(Err(Failure::new(format!("{name} ended at once ({how})")))),
        None => is_listening(addr.port()).then_some(Ok(())),
    };
    let waited = until(&format!("{name} to listen on {addr}"), PATIENCE, look).await;
    waited.and_then(|found| found).map_err(|failure| failure.with(process.log()))
}

/// Whether some process of this thread's network listens on this TCP port, by the kernel's own table.
fn is_listening(port: u16) -> bool {
    const LISTEN: &str = "0A";
    ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"]
        .into_iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .any(|table| {
            table.lines().skip(1).any(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let local_port = fields.next().and_then(|local| local.rsplit(':').next());
                let state = fields.nth(1);
                state == Some(LISTEN) && local_port.and_then(|hex| u16::from_str_radix(hex, 16).ok()) == Some(port)
            })
        })
}
