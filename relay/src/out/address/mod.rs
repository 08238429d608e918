//! What an IP address is, and which IPv4 address may be inside: public or not, in a network of the operator or not.
//!
//! It does not know what is allowed; that is the business of [`super::target`].

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Why an address is not public unicast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic {
    /// What the block of addresses is for.
    pub purpose: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is no public address ({})", self.purpose)
    }
}

impl std::error::Error for NotPublic {}

/// IPv4 blocks that are not public unicast: network, prefix length, purpose (IANA's special-purpose registry).
const IPV4: [(Ipv4Addr, u32, &str); 19] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a provider"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's own services"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "automatic multicast tunneling"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// IPv6 blocks inside `2000::/3`, the only block of global unicast addresses, that are not public unicast.
const IPV6: [(Ipv6Addr, u32, &str); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "AS112"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
];

/// The well-known prefix of NAT64, whose last 32 bits are an IPv4 address (RFC 6052 §2.1).
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// NAT64's prefix for local use (RFC 8215), in which an operator lays the IPv4 address as RFC 6052 §2.2 says.
const NAT64_LOCAL: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0);

/// The address that connecting to this one surely reaches: IPv4-mapped addresses and those of NAT64's well-known prefix
/// are the IPv4 address inside.
pub(crate) fn reached(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) if in_block(v6.to_bits(), NAT64.to_bits(), 96, 128) => IpAddr::V4(low_v4(v6.to_bits())),
        other => other,
    }
}

/// Every IPv4 address that some gateway may read in this one, and how long a network must be to name that way itself.
fn inside(ip: Ipv6Addr) -> Vec<(Ipv4Addr, u8)> {
    let bits = ip.to_bits();
    let block = |net: Ipv6Addr, length| in_block(bits, net.to_bits(), length, 128);
    let mut found = Vec::new();
    // IPv4-compatible (RFC 4291 §2.5.5.1), -translated (RFC 2765 §2.1), and NAT64's well-known prefix.
    if block(Ipv6Addr::UNSPECIFIED, 96) && bits > 1
        || block(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96)
        || block(NAT64, 96)
    {
        found.push((low_v4(bits), 96));
    }
    if block(NAT64_LOCAL, 48) {
        // A prefix of 48, 56, 64 or 96 bits; bits 64 to 71 are left out by the first three.
        let whole = (bits >> 64 << 56) | (bits & (u128::MAX >> 72));
        found.extend([40, 32, 24].map(|shift| (low_v4(whole >> shift), 48)));
        found.push((low_v4(bits), 48));
    }
    if block(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16) {
        found.push((low_v4(bits >> 80), 16));
    }
    // Teredo: its server, and its client with all bits turned (RFC 4380 §4).
    if block(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32) {
        found.extend([(low_v4(bits >> 64), 32), (low_v4(!bits), 32)]);
    }
    if is_isatap(ip) {
        found.push((low_v4(bits), 96));
    }
    found
}

/// The last 32 bits as an IPv4 address.
fn low_v4(bits: u128) -> Ipv4Addr {
    Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32)
}

/// Whether the interface identifier is ISATAP's, with an IPv4 address behind it (RFC 5214 §6.1).
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [_, _, _, _, high, low, ..] = ip.segments();
    high & !0x0200 == 0 && low == 0x5efe
}

/// Whether one of the networks has this address, in whatever dress it comes.
pub(crate) fn in_networks(networks: &[IpNet], ip: IpAddr) -> bool {
    let plain = ip.to_canonical();
    networks.iter().any(|network| network.contains(&plain) || network.contains(&ip))
}

/// Whether one of the networks that are denied has this address, or an IPv4 address that may be inside.
pub(crate) fn is_denied(networks: &[IpNet], ip: IpAddr) -> bool {
    let dressed = match ip {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(v6) => inside(v6),
    };
    in_networks(networks, ip) || dressed.iter().any(|(v4, _)| in_networks(networks, (*v4).into()))
}

/// Whether the networks that are allowed have this address, and every IPv4 address that may be inside: `::/0` allows none
/// of those, and a network within `2002::/16` allows its own.
pub(crate) fn is_allowed(networks: &[IpNet], ip: IpAddr) -> bool {
    let plain = ip.to_canonical();
    let holds =
        |ip: IpAddr, least: u8| networks.iter().any(|network| network.contains(&ip) && network.prefix_len() >= least);
    match plain {
        IpAddr::V4(_) => holds(plain, 0),
        IpAddr::V6(v6) => match inside(v6) {
            none if none.is_empty() => holds(plain, 0),
            found => found.iter().all(|(v4, length)| holds((*v4).into(), 0) || holds(plain, *length)),
        },
    }
}

/// Whether this is a public unicast address. IPv4-mapped addresses and NAT64's well-known prefix are judged by
/// the IPv4 address inside; every other embedding of IPv4 is refused.
///
/// # Errors
/// What the address is for instead.
pub fn public_unicast(ip: IpAddr) -> Result<(), NotPublic> {
    match ip {
        IpAddr::V4(v4) => public_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => public_v4(v4),
            None if in_block(v6.to_bits(), NAT64.to_bits(), 96, 128) => public_v4(low_v4(v6.to_bits())),
            None => public_v6(v6),
        },
    }
}

fn public_v4(ip: Ipv4Addr) -> Result<(), NotPublic> {
    let in_it = |net: Ipv4Addr, length| in_block(ip.to_bits().into(), net.to_bits().into(), length, 32);
    match IPV4.iter().find(|(net, length, _)| in_it(*net, *length)) {
        Some((_, _, purpose)) => Err(NotPublic { purpose }),
        None => Ok(()),
    }
}

fn public_v6(ip: Ipv6Addr) -> Result<(), NotPublic> {
    if ip.segments()[0] & 0xe000 != 0x2000 {
        return Err(NotPublic { purpose: "outside of 2000::/3" });
    }
    if is_isatap(ip) {
        return Err(NotPublic { purpose: "ISATAP" });
    }
    match IPV6.iter().find(|(net, length, _)| in_block(ip.to_bits(), net.to_bits(), *length, 128)) {
        Some((_, _, purpose)) => Err(NotPublic { purpose }),
        None => Ok(()),
    }
}

/// Whether the first `length` of `width` bits agree.
fn in_block(ip: u128, net: u128, length: u32, width: u32) -> bool {
    (ip ^ net) >> (width - length) == 0
}

#[cfg(test)]
mod tests;
