//! What may be reached: the operator's word for addresses, and servers with a name.

use serde::Deserialize;

/// Which addresses may be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// All of them, private ones and loopback included.
    #[default]
    Any,
    /// Only public unicast ones, as [`crate::public_unicast`] tells them.
    Public,
    /// Only those in the networks that the operator has named.
    Networks,
}

/// A server that the operator has given a name; rules for ports and addresses do not concern it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTarget {
    /// A host name, or an IP address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether a page may begin with TLS, at a port that is not one of those where it may anyhow.
    #[serde(default)]
    pub implicit_tls: bool,
    /// Whether a page may have a PROXY header written to it.
    #[serde(default)]
    pub allow_proxy_header: bool,
}
