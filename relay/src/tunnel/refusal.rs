//! The relay's no, how a session ends, and the last word to the page.

use std::io;
use std::time::Duration;

use ehlo_core::tunnel::{Closer, Code, FromRelay, Guess, Refusal};
use futures_util::{Sink, SinkExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The time that the last word may take to leave, and then the page to hang up.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The most octets that are read and thrown away while the page hangs up.
const DRAIN_MAX: usize = 1 << 20;

/// A no, before the session's name is put to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deny {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) guess: Option<Guess>,
}

impl Deny {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, guess: None }
    }

    /// The request itself is wrong.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// A limit is reached.
    pub(crate) fn busy(retry_after: u64, message: impl Into<String>) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::Busy, message) }
    }

    fn into_refusal(self, session: &str) -> Refusal {
        Refusal {
            code: self.code,
            message: self.message,
            session: session.to_owned(),
            retry_after: self.retry_after,
            guess: self.guess,
        }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// No connection came about, or what was reached is not a mail server.
    Denied(Deny),
    /// A connection that stood has ended, or look-ups are done.
    Closed { by: Closer, code: Code },
    /// The page does not speak as a WebSocket does (RFC 6455), so it is told by a close frame alone.
    Violated(Violation),
    /// The page has gone; there is nobody to tell.
    Gone,
}

/// What was wrong with a WebSocket frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// The frame itself: not masked, reserved bits, a control frame that is too long, a continuation of nothing.
    Protocol,
    /// A text that is no UTF-8.
    Utf8,
}

impl Violation {
    /// The close code (RFC 6455 §7.4.1), with its word.
    const fn close(self) -> (u16, &'static str) {
        match self {
            Self::Protocol => (1002, "protocol_error"),
            Self::Utf8 => (1007, "not_utf8"),
        }
    }
}

/// What the end of a WebSocket by an error is: the page's fault, or that it has gone.
pub(crate) fn broken(error: &Error) -> End {
    match error {
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake
            | ProtocolError::ReceivedAfterClosing
            | ProtocolError::SendAfterClosing,
        ) => End::Gone,
        Error::Protocol(_) => End::Violated(Violation::Protocol),
        Error::Utf8(_) => End::Violated(Violation::Utf8),
        _ => End::Gone,
    }
}

impl End {
    /// The word for the log.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Denied(deny) => deny.code.word(),
            Self::Closed { code, .. } => code.word(),
            Self::Violated(violation) => violation.close().1,
            Self::Gone => Code::Done.word(),
        }
    }

    /// Who ended it, for the log.
    pub(crate) fn by(&self) -> &'static str {
        match self {
            Self::Denied(_) | Self::Violated(_) | Self::Closed { by: Closer::Relay, .. } => "relay",
            Self::Closed { by: Closer::Target, .. } => "target",
            Self::Closed { by: Closer::Client, .. } | Self::Gone => "client",
        }
    }
}

/// The message as a WebSocket text message.
pub(crate) fn text(message: &FromRelay) -> Message {
    Message::text(message.to_json())
}

/// Sends a control message.
///
/// # Errors
/// [`End::Gone`] where the page does not take it.
pub(crate) async fn tell<W>(sink: &mut W, message: &FromRelay) -> Result<(), End>
where
    W: Sink<Message, Error = Error> + Unpin,
{
    match timeout(LAST_WORD, sink.send(text(message))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// Says the last word and the close frame, and hangs up once the page has, so that neither is lost to a reset.
pub(crate) async fn last_word<S>(mut ws: WebSocketStream<S>, end: End, session: &str, sent: u64, received: u64)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (message, code) = match end {
        End::Violated(violation) => {
            let (code, word) = violation.close();
            farewell(&mut ws, None, code, word).await;
            return;
        }
        End::Gone => {
            // The answer to a close frame waits to be sent.
            let _ = timeout(LAST_WORD, ws.flush()).await;
            return;
        }
        End::Denied(deny) => {
            let code = deny.code;
            (FromRelay::Error(deny.into_refusal(session)), code)
        }
        End::Closed { by, code } => (FromRelay::Closed { by, code, sent, received }, code),
    };
    farewell(&mut ws, Some(&message), code.close_code(), code.word()).await;
}

async fn farewell<S>(ws: &mut WebSocketStream<S>, message: Option<&FromRelay>, code: u16, word: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = CloseFrame { code: code.into(), reason: word.into() };
    let said = async {
        if let Some(message) = message {
            ws.feed(text(message)).await?;
        }
        ws.close(Some(frame)).await
    };
    if matches!(timeout(LAST_WORD, said).await, Ok(Ok(()))) {
        let _ = timeout(LAST_WORD, hang_up(ws.get_mut())).await;
    }
}

/// Shuts the sending side, and reads what still comes until the other side is done.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut scrap = [0; 2048];
    let mut left = DRAIN_MAX;
    while left > 0 {
        match stream.read(&mut scrap).await? {
            0 => break,
            n => left = left.saturating_sub(n),
        }
    }
    Ok(())
}

/// The code for an error of the operating system while connecting or on a connection.
pub(crate) fn code_of(error: &io::Error) -> Code {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Code::ConnectRefused,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::NotConnected => Code::Reset,
        Kind::TimedOut => Code::ConnectTimeout,
        // A local firewall's "reject" shows as one of the permission errors.
        Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::AddrNotAvailable
        | Kind::PermissionDenied => Code::Unreachable,
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_tcp_has_its_code() {
        for (kind, code) in [
            (io::ErrorKind::ConnectionRefused, Code::ConnectRefused),
            (io::ErrorKind::ConnectionReset, Code::Reset),
            (io::ErrorKind::BrokenPipe, Code::Reset),
            (io::ErrorKind::TimedOut, Code::ConnectTimeout),
            (io::ErrorKind::HostUnreachable, Code::Unreachable),
            (io::ErrorKind::NetworkUnreachable, Code::Unreachable),
            (io::ErrorKind::PermissionDenied, Code::Unreachable),
            (io::ErrorKind::OutOfMemory, Code::Internal),
        ] {
            assert_eq!(code_of(&kind.into()), code);
        }
    }
}
