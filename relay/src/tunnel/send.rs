//! Words to the page: a message on the way, and the last word.

use std::io;
use std::time::Duration;

use ehlo_core::tunnel::FromRelay;
use futures_util::{Sink, SinkExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::refusal::End;

/// The time that the last word may take to leave, and then the page to hang up.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The most octets that are read and thrown away while the page hangs up.
const DRAIN_MAX: usize = 1 << 20;

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
