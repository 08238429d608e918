//! The relay's WebSocket (RFC 6455), opened as a page of the relay's own opens it.

use ehlo_core::tunnel::SUBPROTOCOL;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A WebSocket to a relay.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens the tunnel at `url`, such as `ws://127.0.0.1:2580/relay`, with the Origin (RFC 6454) of that relay's own page.
///
/// # Errors
/// When nobody answers there, or the relay does not want it.
pub async fn tunnel(url: &str) -> Result<Socket, Error> {
    let mut request = url.into_client_request()?;
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let scheme = if request.uri().scheme_str() == Some("wss") { "https" } else { "http" };
    let headers = request.headers_mut();
    headers.insert("origin", format!("{scheme}://{host}").parse()?);
    headers.insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
    let (mut socket, _) = connect_async(request).await?;
    if let MaybeTlsStream::Plain(stream) = socket.get_mut() {
        // A keystroke is a small message, and must not wait for more to send.
        stream.set_nodelay(true)?;
    }
    Ok(socket)
}
