//! Target to page, and the pings.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, ready};
use std::time::Duration;

use ehlo_core::tunnel::{Closer, Code, FromRelay};
use futures_util::Sink;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::{Line, Over};
use crate::out::guard::Decision;
use crate::tunnel::refusal::{Deny, End};
use crate::tunnel::send::text;

/// The most octets of one message to the page.
const TO_PAGE: usize = 16 * 1024;

/// How much more of a strange greeting is read for a person to see, and for how long.
const STRANGE_MAX: usize = 4 * 1024;
const STRANGE_QUIET: Duration = Duration::from_millis(500);
const STRANGE_ALL: Duration = Duration::from_secs(2);

impl Line<'_> {
    /// Target → page, and the pings, which share the page's ear.
    pub(super) async fn down<T, W>(&self, mut target: T, page: &mut W) -> Over
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
