//! What is asked of the system's sockets, whoever is at the other end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use tokio::net::TcpStream;

/// The most octets that the system may hold of what has not gone out yet.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_MAX: u32 = 128 * 1024;

/// Nothing waits in the system's buffers that need not: short lines go out at once, and a side that stalls is felt by the
/// other, whose progress would else run megabytes ahead of the truth.
pub(crate) fn prompt(tcp: &TcpStream) {
    // Where the system cannot, more is buffered and nothing is lost.
    let _ = tcp.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(tcp).set_tcp_notsent_lowat(UNSENT_MAX);
}

/// A datagram socket that is connected has its address without a packet having been sent.
pub(crate) fn own_address_towards(target: SocketAddr) -> Option<IpAddr> {
    let any = if target.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
