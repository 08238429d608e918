//! The way out of the relay's network: from which own address, and by which proxy.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ehlo_core::tunnel::Code;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

use super::target::Policy;
use super::through;
use crate::config::{Config, Through, source_towards};
use crate::socket::{own_address_towards, prompt};

/// The way out of the relay's network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbound {
    pub(super) sources: Vec<IpAddr>,
    pub(super) through: Option<Through>,
}

impl Outbound {
    pub(crate) fn of(config: &Config) -> Self {
        Self { sources: config.source_address.clone(), through: config.through.clone() }
    }

    /// The own address from which a target is dialled, if one is set for its family.
    pub(crate) fn source(&self, target: SocketAddr) -> Option<IpAddr> {
        source_towards(&self.sources, target)
    }

    /// The proxy on the way to a target. This machine itself is not behind it: it would be the proxy's own.
    pub(crate) fn proxy(&self, target: SocketAddr) -> Option<&Through> {
        self.through.as_ref().filter(|_| !target.ip().to_canonical().is_loopback())
    }

    /// The own end of a connection to a target. Behind a proxy that is the proxy's matter, and nobody here knows it.
    pub(crate) fn local(&self, tcp: &TcpStream, target: SocketAddr) -> Option<SocketAddr> {
        tcp.local_addr().ok().filter(|_| self.proxy(target).is_none())
    }

    /// Whether a connection that stands has come back to the relay itself.
    pub(crate) fn comes_back(&self, policy: &Policy, tcp: &TcpStream, target: SocketAddr) -> bool {
        self.local(tcp, target).is_some_and(|local| {
            // A source address that is set says nothing of where the target is; what the system would take does.
            let set = self.source(target).is_some();
            let own = set.then(|| own_address_towards(target)).flatten().unwrap_or(local.ip());
            policy.is_own((own, 0).into(), target)
        })
    }
}

/// One connection to one address, by the way out.
///
/// # Errors
/// Why there is none.
pub(crate) async fn one(address: SocketAddr, outbound: &Outbound, limit: Duration) -> Result<TcpStream, Code> {
    let connected = async {
        match outbound.proxy(address) {
            Some(proxy) => through::ask(reach_proxy(proxy, outbound).await?, proxy, address).await,
            None => connect(address, outbound.source(address)).await.map_err(|error| code_of(&error)),
        }
    };
    let tcp = timeout(limit, connected).await.unwrap_or(Err(Code::ConnectTimeout))?;
    // A connection to a port of the own ephemeral range can meet itself.
    if tcp.local_addr().ok() == Some(address) {
        return Err(Code::ConnectRefused);
    }
    prompt(&tcp);
    Ok(tcp)
}

async fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(source) = source else { return TcpStream::connect(address).await };
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind((source, 0).into())?;
    socket.connect(address).await
}

/// A connection to the proxy; why there is none is the operator's matter, and is logged.
async fn reach_proxy(proxy: &Through, outbound: &Outbound) -> Result<TcpStream, Code> {
    let mut why = "it has no address".to_owned();
    match lookup_host((proxy.host.as_str(), proxy.port)).await {
        Ok(addresses) => {
            for address in addresses {
                match connect(address, outbound.source(address)).await {
                    Ok(tcp) => return Ok(tcp),
                    Err(error) => why = error.to_string(),
                }
            }
        }
        Err(error) => why = error.to_string(),
    }
    tracing::warn!(%proxy, why, "the proxy cannot be reached");
    Err(Code::Internal)
}

/// The code for an error of the operating system while connecting or on a connection.
fn code_of(error: &io::Error) -> Code {
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
