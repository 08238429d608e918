//! The places where visitors come in: TCP addresses and Unix sockets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use crate::front::stream::Stream;
use crate::socket::prompt;
use crate::start_error::StartError;

/// A place where visitors come in.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The address; loopback for a Unix socket, which has none.
    pub(crate) address: SocketAddr,
    /// Whether it came over a Unix socket, where only a proxy of the operator comes.
    pub(crate) local: bool,
}

impl Listener {
    pub(crate) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (tcp, address) = listener.accept().await?;
                prompt(&tcp);
                Ok((Stream::Tcp(tcp), Peer { address, local: false }))
            }
            #[cfg(unix)]
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer { address: (Ipv4Addr::LOCALHOST, 0).into(), local: true }))
            }
        }
    }
}

/// Listens on all addresses; IPv6 may be missing where IPv4 is there.
pub(crate) async fn addresses(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for &address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if address.is_ipv6() && !listeners.is_empty() && error.kind() != io::ErrorKind::AddrInUse => {
                tracing::debug!(%address, %error, "no IPv6 here");
            }
            Err(error) => return Err(StartError::Listen { address, error }),
        }
    }
    Ok(listeners)
}

/// The file of a Unix socket; it goes with the listener.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Listens on Unix sockets, for the owner and the group of their files.
#[cfg(unix)]
pub(crate) fn sockets(paths: &[PathBuf]) -> Result<Vec<Listener>, StartError> {
    let listener = |path: &PathBuf| socket(path).map_err(|error| StartError::Socket { path: path.clone(), error });
    paths.iter().map(listener).collect()
}

#[cfg(not(unix))]
pub(crate) fn sockets(paths: &[PathBuf]) -> Result<Vec<Listener>, StartError> {
    match paths.first() {
        Some(path) => Err(StartError::Socket { path: path.clone(), error: io::ErrorKind::Unsupported.into() }),
        None => Ok(Vec::new()),
    }
}

#[cfg(unix)]
fn socket(path: &Path) -> io::Result<Listener> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    use std::os::unix::net::UnixStream;

    // What a relay that was killed has left behind; a file of another kind, or one that somebody serves, stays.
    let left = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if left && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    let _file = SocketFile(path.to_owned());
    fs::set_permissions(path, Permissions::from_mode(0o660))?;
    Ok(Listener::Unix { listener, _file })
}
