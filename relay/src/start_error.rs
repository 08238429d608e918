//! Why a relay did not start, and what to do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::{fmt, io};

use crate::config::{ConfigError, DEFAULT_PORT};
use crate::front::tls::TlsError;

/// Why a relay did not start, and what to do.
#[derive(Debug)]
pub enum StartError {
    /// The configuration is not allowed.
    Config(ConfigError),
    /// An address cannot be listened on.
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// A Unix socket cannot be listened on.
    Socket {
        /// Its file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// Certificate or key cannot be used.
    Tls(TlsError),
    /// What is needed for a certificate by ACME cannot be used: which, and why.
    Acme(String),
    /// The DNS resolver cannot be set up.
    Dns(String),
    /// The practice server cannot be started.
    Practice(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "port {} of {} is in use, perhaps by another Ehlo; stop that one, or take another port: \
                 --listen 127.0.0.1:{}",
                address.port(),
                address.ip(),
                if address.port() == DEFAULT_PORT { DEFAULT_PORT + 1 } else { 0 }
            ),
            Self::Listen { address, error } => {
                write!(f, "cannot listen on {address} ({error}); take another address: --listen 127.0.0.1:0")
            }
            Self::Socket { path, error } => write!(
                f,
                "cannot listen on the Unix socket {} ({error}); name a file that there is not yet, in a folder that this user \
                 may write to",
                path.display()
            ),
            Self::Tls(error) => write!(f, "HTTPS: {error}"),
            Self::Acme(error) => write!(f, "ACME: {error}"),
            Self::Dns(error) => write!(f, "cannot set up DNS ({error}); name a server: --dns ADDR:PORT"),
            Self::Practice(error) => write!(f, "cannot start the practice server ({error}); start without --practice"),
        }
    }
}

impl std::error::Error for StartError {}
