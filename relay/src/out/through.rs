//! A connection through a proxy of the operator: SOCKS5 (RFC 1928) or CONNECT of HTTP (RFC 9110 §9.3.6).
//!
//! The relay has looked the name up and judged the address; the proxy is given that address and no name.

use std::io;
use std::net::SocketAddr;

use ehlo_core::tunnel::Code;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_socks::Error;
use tokio_socks::tcp::Socks5Stream;

use crate::config::{ProxyKind, Through};

/// The most octets of the head of a proxy's answer.
const HEAD_MAX: usize = 8 * 1024;

/// Asks the proxy at the other end of `tcp` for a connection to `address`. What the mail server has said by then is still
/// to be read.
///
/// # Errors
/// Why there is none; where that is the proxy's own matter, it is logged, and the code is [`Code::Internal`].
pub(crate) async fn ask(tcp: TcpStream, through: &Through, address: SocketAddr) -> Result<TcpStream, Code> {
    match through.kind {
        ProxyKind::Socks5 => socks(tcp, through, address).await,
        ProxyKind::Http => connect(tcp, through, address).await,
    }
}

async fn socks(tcp: TcpStream, through: &Through, address: SocketAddr) -> Result<TcpStream, Code> {
    let connected = match &through.credentials {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(tcp, address, user, password.reveal()).await
        }
        None => Socks5Stream::connect_with_socket(tcp, address).await,
    };
    connected.map(Socks5Stream::into_inner).map_err(|error| match error {
        Error::ConnectionRefused => Code::ConnectRefused,
        Error::HostUnreachable | Error::NetworkUnreachable => Code::Unreachable,
        Error::TtlExpired => Code::ConnectTimeout,
        own => complain(through, address, &own.to_string()),
    })
}

async fn connect(mut tcp: TcpStream, through: &Through, address: SocketAddr) -> Result<TcpStream, Code> {
    let status = match exchange(&mut tcp, through, address).await {
        Ok(status) => status,
        Err(error) => return Err(complain(through, address, &error.to_string())),
    };
    match status {
        200..=299 => Ok(tcp),
        // What a proxy answers for a server that it cannot reach (RFC 9110 §15.6): squid 503, tinyproxy 500.
        500 | 502 | 503 => Err(Code::Unreachable),
        504 => Err(Code::ConnectTimeout),
        403 | 405 => Err(complain(through, address, &format!("it does not allow this (status {status})"))),
        401 | 407 => Err(complain(through, address, &format!("it wants another user or password (status {status})"))),
        _ => Err(complain(through, address, &format!("it answered with status {status}"))),
    }
}

/// Sends the request, and reads the head of the answer and nothing behind it.
async fn exchange(tcp: &mut TcpStream, through: &Through, address: SocketAddr) -> io::Result<u16> {
    let mut request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n");
    if let Some((user, password)) = &through.credentials {
        let both = [user, ":", password.reveal()].concat();
        request += &format!("Proxy-Authorization: Basic {}\r\n", ehlo_core::base64::encode(both.as_bytes()));
    }
    request += "\r\n";
    tcp.write_all(request.as_bytes()).await?;
    let strange = || io::Error::new(io::ErrorKind::InvalidData, "it does not answer as an HTTP proxy does");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() == HEAD_MAX {
            return Err(strange());
        }
        head.push(tcp.read_u8().await?);
        // Not after kilobytes, but at once.
        if head.len() == 5 && head != *b"HTTP/" {
            return Err(strange());
        }
    }
    let status =
        head.split(|octet| *octet == b' ').nth(1).and_then(|status| std::str::from_utf8(status.get(..3)?).ok());
    status.and_then(|status| status.parse().ok()).ok_or_else(strange)
}

fn complain(through: &Through, address: SocketAddr, why: &str) -> Code {
    tracing::warn!(proxy = %through, target = %address, why, "the proxy made no connection");
    Code::Internal
}
