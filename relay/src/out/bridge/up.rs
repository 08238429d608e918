//! Page to target.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use ehlo_core::tunnel::{Closer, Code, MESSAGE_MAX, ToRelay};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::{Line, Over};
use crate::out::guard::Misplaced;
use crate::tunnel::refusal::{Deny, End, broken};

/// The page's octets that may wait for the greeting before the page itself has to.
const HELD_MAX: usize = MESSAGE_MAX;

/// Why what the page has sent before the greeting goes nowhere, and what to do instead.
fn misplaced(why: Misplaced) -> End {
    End::Denied(match why {
        Misplaced::TlsFirst => Deny::new(
            Code::ClearFirst,
            "This relay lets a conversation begin with TLS only at the ports that are for it. Other ports begin \
             unencrypted: use STARTTLS there, or ask the relay's operator to add the port (implicit_tls_ports).",
        ),
        Misplaced::StrangeHello => Deny::new(
            Code::BadHello,
            "What should begin TLS is not what TLS clients send, so the relay has not passed it on. Reload the page; \
             another program must send a plain ClientHello of at most 4,096 bytes.",
        ),
    })
}

impl Line<'_> {
    /// Page → target.
    pub(super) async fn up<R, T>(&self, page: &mut R, mut target: T) -> Over
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
            let passes = self.guard().hear_page(bytes).map_err(misplaced)?;
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
        assert!(bytes != super::tests::ON_PURPOSE, "on purpose");
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
}
