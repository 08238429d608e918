//! Whom a client counts as.

use std::net::{IpAddr, Ipv6Addr};

/// How many times as much as one IPv6 /64 the /48 around it may use: a /64 is a network, a /48 a site of 65,536 of them
/// (RFC 6177), and one visitor may have it.
pub(super) const SITE: u32 = 4;

/// Whom a client counts as: an IPv4 address or an IPv6 /64; and where it has one, the site, an IPv6 /48.
pub(super) fn parties(client: IpAddr) -> impl Iterator<Item = Party> {
    let first = |v6: Ipv6Addr, bits: u32| IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << (128 - bits))));
    let (own, site) = match client.to_canonical() {
        IpAddr::V6(v6) => (first(v6, 64), Some(first(v6, 48))),
        v4 => (v4, None),
    };
    // The smaller first: who is over its own limit takes nothing of its neighbours'.
    [Some(Party { address: own, site: false }), site.map(|address| Party { address, site: true })].into_iter().flatten()
}

/// One that uses: a client, or the site that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Party {
    pub(super) address: IpAddr,
    pub(super) site: bool,
}

impl Party {
    /// How many times a client's limit is its own.
    pub(super) const fn share(self) -> u32 {
        if self.site { SITE } else { 1 }
    }
}
