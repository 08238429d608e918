//! Both ends: the server, and the client that speaks through the hop.

use std::io;
use std::net::SocketAddr;

use ehlo_core::tunnel::{Connect, FromRelay, PATH, SUBPROTOCOL, ToRelay};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::hop::Hop;
use crate::{BULK, Fallible, GREETING, LINE};

/// A server that greets, and then does what the first octet says: echo, send (`d`), take (`u`), or nothing.
pub(crate) async fn target(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut tcp, _) = listener.accept().await?;
        tokio::spawn(async move {
            tcp.set_nodelay(true)?;
            tcp.write_all(GREETING).await?;
            let mut buffer = vec![0; LINE];
            tcp.read_exact(&mut buffer).await?;
            match buffer[0] {
                b'd' => {
                    buffer.resize(64 * 1024, b'x');
                    loop {
                        tcp.write_all(&buffer).await?;
                    }
                }
                b'u' => {
                    buffer.resize(64 * 1024, 0);
                    let mut left = BULK;
                    while left > 0 {
                        left = left.saturating_sub(tcp.read(&mut buffer).await?.max(1));
                    }
                    tcp.write_all(&[b'k'; LINE]).await?;
                    // What is still unread at the end would reset the connection, and the answer with it.
                    tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await.map(drop)
                }
                b'e' => loop {
                    tcp.write_all(&buffer).await?;
                    tcp.read_exact(&mut buffer).await?;
                },
                _ => std::future::pending().await,
            }
        });
    }
}

/// The client's end of a connection, greeted.
pub(crate) enum Link {
    Tcp(TcpStream),
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

impl Link {
    pub(crate) async fn open(hop: Hop, near: SocketAddr, target: SocketAddr) -> Fallible<Self> {
        let tcp = TcpStream::connect(near).await?;
        tcp.set_nodelay(true)?;
        let mut link = Self::Tcp(tcp);
        if matches!(hop, Hop::Bare | Hop::Relay) {
            let Self::Tcp(tcp) = link else { unreachable!() };
            let mut request = format!("ws://{near}{PATH}").into_client_request()?;
            request.headers_mut().insert("origin", format!("http://{near}").parse()?);
            request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
            let buffers = WebSocketConfig::default().read_buffer_size(16 * 1024).write_buffer_size(0);
            let (mut ws, _) = client_async_with_config(request, tcp, Some(buffers)).await?;
            let (host, port) = (Some(target.ip().to_string()), Some(target.port()));
            ws.send(Message::text(ToRelay::Connect(Connect { host, port, ..Connect::default() }).to_json())).await?;
            loop {
                let Some(Ok(Message::Text(text))) = ws.next().await else { return Err("no answer".into()) };
                match FromRelay::from_json(&text) {
                    Ok(FromRelay::Connected(_)) => break,
                    Ok(FromRelay::Resolved { .. }) => {}
                    other => return Err(format!("{other:?}").into()),
                }
            }
            link = Self::WebSocket(Box::new(ws));
        }
        link.take(GREETING.len()).await?;
        Ok(link)
    }

    /// Closes, and waits until the other side has.
    pub(crate) async fn leave(self) -> Fallible<()> {
        match self {
            Self::Tcp(mut tcp) => {
                tcp.shutdown().await?;
                // The target waits for more; what lies between has seen the end.
                Ok(())
            }
            Self::WebSocket(mut ws) => {
                WebSocketStream::close(&mut ws, None).await?;
                while let Some(Ok(_)) = ws.next().await {}
                Ok(())
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: &Bytes) -> Fallible<()> {
        match self {
            Self::Tcp(tcp) => Ok(tcp.write_all(bytes).await?),
            Self::WebSocket(ws) => Ok(ws.send(Message::Binary(bytes.clone())).await?),
        }
    }

    /// Reads at least so many octets.
    pub(crate) async fn take(&mut self, length: usize) -> Fallible<()> {
        let mut buffer = vec![0; length.min(64 * 1024)];
        let mut left = length;
        while left > 0 {
            let got = match self {
                Self::Tcp(tcp) => tcp.read(&mut buffer).await?,
                Self::WebSocket(ws) => match ws.next().await.ok_or("closed")?? {
                    Message::Binary(bytes) => bytes.len(),
                    Message::Ping(_) => continue,
                    other => return Err(format!("{other:?}").into()),
                },
            };
            if got == 0 {
                return Err("closed".into());
            }
            left = left.saturating_sub(got);
        }
        Ok(())
    }
}
