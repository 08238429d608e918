//! Bytes both ways between one WebSocket and one TCP connection.
//!
//! Each direction awaits its write before its next read, so a side that stalls stops the other, and nothing
//! grows. The two directions and the clock are futures of one task that share a [`Line`]. It does not know whom it connects.

mod down;
mod up;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ehlo_core::tunnel::{Closer, Code};
use futures_util::{Sink, SinkExt, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::guard::Guard;
use crate::config::Limits;
use crate::tunnel::refusal::End;

/// The time for the target's last words once it has stopped taking ours.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The octets that have gone through, for the last word and the log.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// What both directions know of one connection.
struct Line<'a> {
    limits: &'a Limits,
    counters: &'a Counters,
    /// Whether a greeting that is none is shown.
    reveal: bool,
    guard: Mutex<Guard>,
    /// The guard has nothing to say any more.
    open: AtomicBool,
    /// The guard has made up its mind.
    judged: Notify,
    /// When the last byte went through, either way.
    last_byte: Mutex<Instant>,
    page_done: AtomicBool,
    target_done: AtomicBool,
    /// The target refuses to take more; what it still says is being read.
    target_deaf: AtomicBool,
    /// One of the two above has become true.
    changed: Notify,
    /// Pings without an answer, counted only while we listen for one.
    unanswered: AtomicU32,
    listening: AtomicBool,
}

/// Runs one connection to its end.
pub(crate) async fn run<W, R, I, O>(
    page_out: &mut W,
    page_in: &mut R,
    (target_in, target_out): (I, O),
    limits: &Limits,
    counters: &Counters,
    (guard, reveal): (Guard, bool),
) -> End
where
    W: Sink<Message, Error = Error> + Unpin,
    R: Stream<Item = Result<Message, Error>> + Unpin,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let line = Line {
        limits,
        counters,
        reveal,
        guard: Mutex::new(guard),
        open: AtomicBool::new(false),
        judged: Notify::new(),
        last_byte: Mutex::new(Instant::now()),
        page_done: AtomicBool::new(false),
        target_done: AtomicBool::new(false),
        target_deaf: AtomicBool::new(false),
        changed: Notify::new(),
        unanswered: AtomicU32::new(0),
        listening: AtomicBool::new(false),
    };
    let end = tokio::select! {
        end = line.down(target_in, page_out) => end,
        end = line.up(page_in, target_out) => end,
        end = line.clock() => end,
    };
    end.unwrap_or_else(|end| end)
}

/// A direction ends with the end of the connection, on either path.
type Over = Result<End, End>;

impl Line<'_> {
    /// Sends to the page, which may be slow, but not for longer than a dead one would be pinged.
    async fn send<W>(&self, page: &mut W, message: Message) -> Result<(), End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        match timeout(self.limits.ping * (self.limits.pings_unanswered + 1), page.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Closed { by: Closer::Relay, code: Code::Idle }),
        }
    }

    /// Ends what is silent or old.
    async fn clock(&self) -> Over {
        let old = Instant::now() + self.limits.lifetime;
        loop {
            if self.target_deaf.load(Relaxed) {
                sleep(LAST_WORDS).await;
                return Ok(End::Closed { by: Closer::Target, code: Code::Reset });
            }
            let (patience, by, code) = if self.target_done.load(Relaxed) {
                (self.limits.half_closed, Closer::Target, Code::Done)
            } else {
                (self.limits.idle, Closer::Relay, Code::Idle)
            };
            let silent = self.quiet_since() + patience;
            if Instant::now() >= silent {
                return Ok(End::Closed { by, code });
            }
            tokio::select! {
                () = sleep_until(old) => return Ok(End::Closed { by: Closer::Relay, code: Code::Lifetime }),
                () = sleep_until(silent) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    fn moved(&self) {
        *self.last_byte.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn quiet_since(&self) -> Instant {
        *self.last_byte.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
