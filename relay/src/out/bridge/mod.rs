//! Bytes both ways between one WebSocket and one TCP connection.
//!
//! Each direction awaits its write before its next read, so a side that stalls stops the other, and nothing
//! grows. The two directions and the clock are futures of one task that share a [`Line`].

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use ehlo_core::tunnel::{Closer, Code, FromRelay, MESSAGE_MAX, ToRelay};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use crate::config::Limits;
use crate::out::guard::{Decision, Guard};
use crate::tunnel::refusal::{Deny, End, broken};
use crate::tunnel::send::text;

/// The most octets of one message to the page.
const TO_PAGE: usize = 16 * 1024;

/// The page's octets that may wait for the greeting before the page itself has to.
const HELD_MAX: usize = MESSAGE_MAX;

/// How much more of a strange greeting is read for a person to see, and for how long.
const STRANGE_MAX: usize = 4 * 1024;
const STRANGE_QUIET: Duration = Duration::from_millis(500);
const STRANGE_ALL: Duration = Duration::from_secs(2);

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
    reveal: bool,
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
        guard: Mutex::new(Guard::new()),
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
    /// Page → target.
    async fn up<R, T>(&self, page: &mut R, mut target: T) -> Over
    where
        R: Stream<Item = Result<Message, Error>> + Unpin,
        T: AsyncWrite + Unpin,
    {
        let mut shut = false;
        loop {
            self.pass(&mut target, &[]).await?;
            // An end waits for the greeting, as bytes do, unless there will be none.
            let may_end = self.open.load(Relaxed) || self.target_done.load(Relaxed) || self.guard().is_shut();
            if self.page_done.load(Relaxed) && may_end && !shut {
                shut = true;
                if let Err(error) = target.shutdown().await {
                    self.deafened(&error)?;
                }
                if self.target_done.load(Relaxed) {
                    return Ok(End::Closed { by: Closer::Target, code: Code::Done });
                }
            }
            let room = self.guard().held() < HELD_MAX;
            self.listening.store(room, Relaxed);
            let message = tokio::select! {
                message = page.next(), if room => message,
                () = self.judged.notified() => continue,
            };
            self.listening.store(false, Relaxed);
            self.unanswered.store(0, Relaxed);
            if let Some(bytes) = self.understand(message)? {
                self.pass(&mut target, &bytes).await?;
            }
        }
    }

    /// Sends to the target what the guard lets pass: what it has held comes first.
    async fn pass<T: AsyncWrite + Unpin>(&self, target: &mut T, bytes: &[u8]) -> Result<(), End> {
        if !self.open.load(Relaxed) {
            let passes = self.guard().hear_page(bytes);
            return self.write(target, &passes).await;
        }
        let held = self.guard().release();
        self.write(target, &held).await?;
        self.write(target, bytes).await
    }

    /// What a message of the page asks for: bytes to be sent, or nothing.
    fn understand(&self, message: Option<Result<Message, Error>>) -> Result<Option<Bytes>, End> {
        let refused = |code| End::Closed { by: Closer::Relay, code };
        match message {
            Some(Ok(Message::Binary(bytes))) if self.page_done.load(Relaxed) && !bytes.is_empty() => {
                Err(refused(Code::BadRequest))
            }
            Some(Ok(Message::Binary(bytes))) => Ok((!bytes.is_empty()).then_some(bytes)),
            Some(Ok(Message::Text(text))) => match ToRelay::from_json(&text) {
                Ok(ToRelay::Eof {}) => {
                    self.page_done.store(true, Relaxed);
                    Ok(None)
                }
                _ => Err(refused(Code::BadRequest)),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Err(Error::Capacity(_))) => Err(refused(Code::TooBig)),
            Some(Err(error)) => Err(broken(&error)),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
        }
    }

    async fn write<T: AsyncWrite + Unpin>(&self, target: &mut T, bytes: &[u8]) -> Result<(), End> {
        #[cfg(test)]
        assert!(bytes != tests::ON_PURPOSE, "on purpose");
        if bytes.is_empty() || self.target_deaf.load(Relaxed) {
            return Ok(());
        }
        let sent = self.counters.sent.load(Relaxed) + bytes.len() as u64;
        if sent > self.limits.sent {
            return Err(End::Closed { by: Closer::Relay, code: Code::ByteLimit });
        }
        match target.write_all(bytes).await {
            Ok(()) => {
                self.counters.sent.store(sent, Relaxed);
                self.moved();
            }
            Err(error) => self.deafened(&error)?,
        }
        Ok(())
    }

    /// The target takes no more; it may have said why, and that is read before the connection counts as broken.
    fn deafened(&self, error: &io::Error) -> Result<(), End> {
        tracing::debug!(%error, "the target takes no more");
        if self.target_done.load(Relaxed) {
            return Err(End::Closed { by: Closer::Target, code: Code::Reset });
        }
        self.target_deaf.store(true, Relaxed);
        self.changed.notify_one();
        Ok(())
    }

    /// Target → page, and the pings, which share the page's ear.
    async fn down<T, W>(&self, mut target: T, page: &mut W) -> Over
    where
        T: AsyncRead + Unpin,
        W: Sink<Message, Error = Error> + Unpin,
    {
        let mut unseen = Vec::new();
        let mut pings = interval_at(Instant::now() + self.limits.ping, self.limits.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let read = tokio::select! {
                read = read_some(&mut target), if !self.target_done.load(Relaxed) => read,
                _ = pings.tick() => {
                    self.ping(page).await?;
                    continue;
                }
            };
            let bytes = match read {
                Ok(bytes) if bytes.is_empty() => {
                    self.target_ended(page).await?;
                    continue;
                }
                Ok(bytes) => bytes,
                Err(error) => {
                    tracing::debug!(%error, "the target's connection broke");
                    return Ok(End::Closed { by: Closer::Target, code: Code::Reset });
                }
            };
            self.moved();
            if self.open.load(Relaxed) {
                self.deliver(page, bytes).await?;
                continue;
            }
            unseen.extend_from_slice(&bytes);
            let decision = self.guard().hear_target(&bytes);
            match decision {
                Decision::Wait if !self.reveal => {}
                Decision::Wait => self.deliver(page, std::mem::take(&mut unseen).into()).await?,
                Decision::Listen => {
                    self.deliver(page, std::mem::take(&mut unseen).into()).await?;
                    self.judged.notify_one();
                }
                Decision::Open => {
                    self.deliver(page, std::mem::take(&mut unseen).into()).await?;
                    self.open.store(true, Relaxed);
                    self.judged.notify_one();
                }
                Decision::Refuse => return self.refuse(&mut target, page, unseen).await,
            }
        }
    }

    /// The target has closed its side: everything before has been delivered, and the page is told.
    async fn target_ended<W>(&self, page: &mut W) -> Result<(), End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        if self.target_deaf.load(Relaxed) {
            return Err(End::Closed { by: Closer::Target, code: Code::Reset });
        }
        self.target_done.store(true, Relaxed);
        self.moved();
        self.changed.notify_one();
        self.send(page, text(&FromRelay::Eof {})).await?;
        if self.page_done.load(Relaxed) {
            return Err(End::Closed { by: Closer::Client, code: Code::Done });
        }
        Ok(())
    }

    /// What greeted is no mail server. A little more is read, so that it can be guessed and, where that is allowed, seen.
    async fn refuse<T, W>(&self, target: &mut T, page: &mut W, mut strange: Vec<u8>) -> Over
    where
        T: AsyncRead + Unpin,
        W: Sink<Message, Error = Error> + Unpin,
    {
        let deadline = Instant::now() + STRANGE_ALL;
        while strange.len() < STRANGE_MAX && !strange.contains(&b'\n') {
            let read = timeout_at(deadline, timeout(STRANGE_QUIET, read_some(target))).await;
            let Ok(Ok(Ok(more))) = read else { break };
            if more.is_empty() {
                break;
            }
            self.guard().hear_target(&more);
            strange.extend_from_slice(&more);
        }
        if self.reveal {
            self.deliver(page, strange.into()).await?;
        }
        let guess = self.guard().guess();
        let message = "What answered does not greet like a mail server. Check the host and the port.";
        Ok(End::Denied(Deny { guess: Some(guess), ..Deny::new(Code::NotSmtp, message) }))
    }

    async fn deliver<W>(&self, page: &mut W, mut bytes: Bytes) -> Result<(), End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        let received = self.counters.received.load(Relaxed) + bytes.len() as u64;
        if received > self.limits.received {
            return Err(End::Closed { by: Closer::Relay, code: Code::ByteLimit });
        }
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(TO_PAGE));
            self.send(page, Message::binary(piece)).await?;
        }
        self.counters.received.store(received, Relaxed);
        self.moved();
        Ok(())
    }

    async fn ping<W>(&self, page: &mut W) -> Result<(), End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        if self.unanswered.load(Relaxed) >= self.limits.pings_unanswered {
            tracing::debug!("the page answers no pings");
            return Err(End::Closed { by: Closer::Relay, code: Code::Idle });
        }
        self.send(page, Message::Ping(Bytes::new())).await?;
        // While the target stalls nobody reads the page's answers, so they are not missed either.
        if self.listening.load(Relaxed) {
            self.unanswered.fetch_add(1, Relaxed);
        }
        Ok(())
    }

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

/// What the target says next; empty at its end. The space to read into is on the stack, so that a session that waits,
/// as nearly all do nearly always, holds no buffer.
async fn read_some<T: AsyncRead + Unpin>(target: &mut T) -> io::Result<Bytes> {
    poll_fn(|context| {
        let mut space = [MaybeUninit::uninit(); TO_PAGE];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *target).poll_read(context, &mut read))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(read.filled())))
    })
    .await
}

#[cfg(test)]
mod tests;
