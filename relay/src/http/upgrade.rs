//! The upgrade from HTTP to the tunnel's WebSocket (RFC 6455 §4.2).

use std::sync::Arc;

use ehlo_core::tunnel::{MESSAGE_MAX, SUBPROTOCOL};
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::answer::Body;
use crate::front::stream::HttpStream;
use crate::life::Open;
use crate::tunnel::context::Context;
use crate::tunnel::session::{Visitor, session};

/// The key of a handshake (RFC 6455 §4.2.1), or the status that answers what is none.
pub(super) fn websocket_key(headers: &HeaderMap) -> Result<&str, StatusCode> {
    let websocket =
        has_token(headers, &header::CONNECTION, "upgrade") && has_token(headers, &header::UPGRADE, "websocket");
    if !websocket || only(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = only(headers, &header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    key.filter(|_| has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)).ok_or(StatusCode::BAD_REQUEST)
}

/// The answer that grants a handshake with this key.
pub(super) fn switching(key: &str) -> hyper::http::Result<Response<Body>> {
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        .body(Body::default())
}

/// A session whose upgrade has been granted; it runs once HTTP has let go of the connection.
pub(crate) struct Granted {
    pub(super) context: Arc<Context>,
    pub(super) visitor: Visitor,
    pub(super) drain: watch::Receiver<bool>,
    pub(super) open: Open,
    pub(super) place: OwnedSemaphorePermit,
}

impl Granted {
    /// Runs the session over the connection; `rest` is what HTTP has read of it already.
    pub(crate) async fn run(self, stream: HttpStream, rest: Bytes) {
        // Buffers of 8 KiB: a mail server is no faster, and the library's own are most of an idle session's memory. The
        // last word and the close frame go out together.
        let buffers = WebSocketConfig::default()
            .read_buffer_size(8 * 1024)
            .write_buffer_size(1024)
            .max_write_buffer_size(64 * 1024)
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX));
        let ws = WebSocketStream::from_partially_read(stream, rest.to_vec(), Role::Server, Some(buffers)).await;
        session(ws, &self.context, &self.visitor, self.drain).await;
        drop((self.open, self.place));
    }
}

/// The value of a header that comes exactly once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether a header's list has this word.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}
