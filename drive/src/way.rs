//! The way to the mail server: what a conversation is carried over.

use std::time::Duration;

use ehlo_core::tunnel::ToRelay;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::relay::Socket;
use crate::tcp::{self, Came, Dial, Dialed};

/// How long the relay has to answer the close of its WebSocket; a browser waits about as long.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the other end did.
#[derive(Debug)]
pub(crate) enum Event {
    /// Something on the way to a TCP connection.
    Dialed(Dialed),
    /// Bytes of the mail server.
    Bytes(Vec<u8>),
    /// A control message of the relay, as text.
    Control(String),
    /// The WebSocket has ended, with its close code (RFC 6455 §7.4); 1006 where there was none.
    SocketEnd(u16),
    /// The TCP connection has ended.
    TcpEnd { reset: bool },
}

/// A way to the mail server.
#[derive(Debug)]
pub(crate) enum Way {
    /// Through a relay.
    Relay(Box<Socket>),
    /// A TCP connection that is being made.
    Dialing(Dial),
    /// A TCP connection.
    Tcp(TcpStream),
}

impl Way {
    /// What the other end does next. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self) -> Event {
        match self {
            Self::Relay(socket) => message(socket).await,
            Self::Dialing(dial) => Event::Dialed(dial.next().await),
            Self::Tcp(stream) => match tcp::read(stream).await {
                Came::Bytes(bytes) => Event::Bytes(bytes),
                Came::End { reset } => Event::TcpEnd { reset },
            },
        }
    }

    /// Sends bytes to the mail server, and returns when they have left. Where the other end is gone, [`Self::next`] says so.
    pub(crate) async fn send(&mut self, bytes: Vec<u8>) {
        match self {
            Self::Relay(socket) => drop(socket.send(Message::binary(bytes)).await),
            Self::Tcp(stream) => drop(stream.write_all(&bytes).await),
            Self::Dialing(_) => {}
        }
    }

    /// Does what a relay is asked to do.
    pub(crate) async fn control(&mut self, message: &ToRelay) {
        match (self, message) {
            (Self::Relay(socket), message) => drop(socket.send(Message::text(message.to_json())).await),
            // The one thing that a relay does for a connection that stands.
            (Self::Tcp(stream), ToRelay::Eof {}) => drop(stream.shutdown().await),
            _ => {}
        }
    }

    /// Closes, and waits for the answer, so that nothing that was sent before is lost to a reset.
    pub(crate) async fn close(self) {
        match self {
            Self::Relay(socket) => {
                let mut socket = *socket;
                let goodbye = async {
                    let _ = socket.close(None).await;
                    while let Some(Ok(_)) = socket.next().await {}
                };
                let _ = timeout(GOODBYE, goodbye).await;
            }
            Self::Tcp(stream) => tcp::close(stream).await,
            Self::Dialing(_) => {}
        }
    }
}

async fn message(socket: &mut Socket) -> Event {
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => return Event::Bytes(bytes.into()),
            Some(Ok(Message::Text(text))) => return Event::Control(text.as_str().to_owned()),
            Some(Ok(Message::Close(frame))) => return Event::SocketEnd(frame.map_or(1005, |frame| frame.code.into())),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Event::SocketEnd(1006),
        }
    }
}
