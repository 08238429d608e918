//! Whom a visitor counts as.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// How many times as much as one client a site or a token may use. An IPv6 /64 is a network, a /48 a site of 65,536 of them
/// (RFC 6177), and one visitor may have it; a token may be several people's, and is often one's.
pub(super) const SEVERAL: u32 = 4;

/// A token, as far as its uses are counted: the beginning of its hash, which a reload does not change.
pub(crate) type TokenId = [u8; 8];

/// Who uses something: a client, and the token that it has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) client: IpAddr,
    pub(crate) token: Option<TokenId>,
}

impl Who {
    /// Whom it counts as.
    pub(super) fn parties(self) -> impl Iterator<Item = Party> {
        parties(self.client).chain(self.token.map(Party::Token))
    }
}

/// Whom a client counts as: an IPv4 address or an IPv6 /64; and where it has one, the site, an IPv6 /48.
pub(super) fn parties(client: IpAddr) -> impl Iterator<Item = Party> {
    let first = |v6: Ipv6Addr, bits: u32| IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << (128 - bits))));
    let (own, site) = match client.to_canonical() {
        IpAddr::V6(v6) => (first(v6, 64), Some(first(v6, 48))),
        v4 => (v4, None),
    };
    // The smaller first: who is over its own limit takes nothing of its neighbours'.
    [Some(Party::Client(own)), site.map(Party::Site)].into_iter().flatten()
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(address @ IpAddr::V4(_)) => write!(f, "{address}"),
            Self::Client(address) => write!(f, "{address}/64"),
            Self::Site(address) => write!(f, "{address}/48"),
            Self::Token(_) => f.write_str("a token"),
        }
    }
}

/// One that uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// An IPv4 address or an IPv6 /64.
    Client(IpAddr),
    /// The IPv6 /48 that a client is in.
    Site(IpAddr),
    /// Whoever shows this token.
    Token(TokenId),
}

impl Party {
    /// A client by itself.
    pub(crate) fn of(client: IpAddr) -> Self {
        parties(client).next().unwrap_or(Self::Client(client))
    }

    /// How many times a client's limit is its own.
    pub(super) const fn share(self) -> u32 {
        match self {
            Self::Client(_) => 1,
            Self::Site(_) | Self::Token(_) => SEVERAL,
        }
    }
}
