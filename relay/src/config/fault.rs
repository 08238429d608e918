//! Why a relay does not start, in words that say what to write instead.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::AcmeFault;

/// A configuration that the relay does not start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The personal profile listens on loopback only.
    NotLoopback(SocketAddr),
    /// The intranet profile reaches nobody yet.
    NoTargets,
    /// The public profile reaches public addresses only, and all of them.
    PublicNetworks,
    /// The public profile without token.
    OpenToEverybody,
    /// A listener on all addresses, and no name by which the page is opened.
    NoPublicName(SocketAddr),
    /// Nowhere to listen.
    NoListener,
    /// Unix sockets alone, and no name by which the page is opened.
    NoName,
    /// A certificate without its key, or a key alone.
    HalfOfTls,
    /// What is said of ACME cannot be done.
    Acme(AcmeFault),
    /// PROXY headers from nobody.
    NoProxies,
    /// Metrics where other machines can read them.
    MetricsToOthers(SocketAddr),
    /// A public name that is no host name.
    PublicName(String),
    /// A named target that cannot be one.
    Target {
        /// Its name.
        name: String,
        /// Its host.
        host: String,
    },
    /// A source address that is not one of this machine.
    Source(IpAddr),
    /// A second source address of the same family.
    TwoSources(IpAddr),
    /// `--allow-port 0`.
    PortZero,
    /// Not an origin as browsers write it.
    Origin(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => write!(
                f,
                "{address} can be reached from other machines, and a relay of the profile \"personal\" serves the person \
                 at this machine only; use --listen 127.0.0.1:{}, or choose --profile intranet or --profile public",
                address.port()
            ),
            Self::NoTargets => f.write_str(
                "a relay of the profile \"intranet\" reaches only what its operator names: give it a server, as in \
                 --target exchange=mail.corp.example:25, or a network, as in --allow-network 192.0.2.0/24",
            ),
            Self::PublicNetworks => f.write_str(
                "a relay of the profile \"public\" reaches all public addresses and no others; leave allow_networks out, \
                 name single servers as targets, or choose the profile \"intranet\"",
            ),
            Self::OpenToEverybody => f.write_str(
                "a relay of the profile \"public\" wants a token of each visitor: make one with \"ehlo token\" and put its \
                 hash under [tokens] in the file; if really everybody may use it, say --open-to-everybody",
            ),
            Self::NoPublicName(address) => write!(
                f,
                "{address} is every address of this machine, and the relay must know by which name people open the page: \
                 --public-name ehlo.corp.example, with the port where it is not 80 or 443"
            ),
            Self::NoListener => f.write_str("there is nowhere to listen; leave listen out, or name an address in it"),
            Self::NoName => f.write_str(
                "a Unix socket has no name by which people open the page: say --public-name ehlo.corp.example, as the web \
                 server in front of it is called",
            ),
            Self::HalfOfTls => f.write_str(
                "HTTPS needs both tls_certificate and tls_key; name the two files, or neither where a web server in front \
                 speaks HTTPS",
            ),
            Self::Acme(fault) => fault.fmt(f),
            Self::NoProxies => f.write_str(
                "with proxy_protocol each connection must come from a proxy that is trusted: name its network, as in \
                 --trusted-proxy 192.0.2.1/32, and \"unix\" for the one at a Unix socket",
            ),
            Self::MetricsToOthers(address) => write!(
                f,
                "{address} can be reached from other machines, and metrics tell how much the relay is used; use \
                 --metrics-listen 127.0.0.1:{}, or say --metrics-to-others if they may know",
                address.port()
            ),
            Self::PublicName(name) => write!(
                f,
                "{name:?} is no name by which a page is opened; write a host name in small letters, with the port where \
                 it is not 80 or 443: ehlo.corp.example or ehlo.corp.example:2580"
            ),
            Self::Target { name, host } => write!(
                f,
                "the target {name:?} at {host:?} cannot be one: its name has letters, digits, dots, dashes and underscores \
                 and is not \"practice\", and its host is a host name or an IP address"
            ),
            Self::Source(address) => write!(
                f,
                "the relay cannot dial from {address}: that is no address of this machine; name one of those that \"ip \
                 address\" lists, or leave source_address out"
            ),
            Self::TwoSources(address) => write!(
                f,
                "{address} is the second source address of its family; name one IPv4 address and one IPv6 address at most"
            ),
            Self::PortZero => f.write_str("port 0 cannot be reached; give a number from 1 to 65535"),
            Self::Origin(origin) => write!(
                f,
                "{origin:?} is not an origin; write it as a browser does, scheme, host and port only, \
                 for example --allow-origin https://docs.example"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}
