//! The way to the mail server: what a conversation is carried over.

use std::time::Duration;

use ehlo_core::tunnel::ToRelay;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::relay::Socket;

/// How long the relay has to answer the close of its WebSocket; a browser waits about as long.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the other end did.
#[derive(Debug)]
pub(crate) enum Event {
    /// Bytes of the mail server.
    Bytes(Vec<u8>),
    /// A control message of the relay, as text.
    Control(String),
    /// It has ended, with a WebSocket's close code (RFC 6455 §7.4); 1006 where there was none.
    End(u16),
}

/// A way to the mail server that is open.
#[derive(Debug)]
pub(crate) enum Way {
    /// Through a relay.
    Relay(Box<Socket>),
}

impl Way {
    /// What the other end does next. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self) -> Event {
        let Self::Relay(socket) = self;
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Event::Bytes(bytes.into()),
                Some(Ok(Message::Text(text))) => return Event::Control(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => return Event::End(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Event::End(1006),
            }
        }
    }

    /// Sends bytes to the mail server, and returns when they have left. Where the other end is gone, [`Self::next`] says so.
    pub(crate) async fn send(&mut self, bytes: Vec<u8>) {
        let Self::Relay(socket) = self;
        let _ = socket.send(Message::binary(bytes)).await;
    }

    /// Sends a control message to the relay.
    pub(crate) async fn control(&mut self, message: &ToRelay) {
        let Self::Relay(socket) = self;
        let _ = socket.send(Message::text(message.to_json())).await;
    }

    /// Closes, and waits for the answer, so that nothing that was sent before is lost to a reset.
    pub(crate) async fn close(self) {
        let Self::Relay(socket) = self;
        let mut socket = *socket;
        let goodbye = async {
            let _ = socket.close(None).await;
            while let Some(Ok(_)) = socket.next().await {}
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}
