//! How the relay dials out: from which address, and which address family of a name comes first.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ehlo_core::tunnel::Family;
use serde::Deserialize;
use tokio::net::TcpSocket;

use super::ConfigError;

/// Which addresses of a name are tried, and which first; families take turns (RFC 8305 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prefer {
    /// IPv4 first.
    #[default]
    Ipv4,
    /// IPv6 first.
    Ipv6,
    /// IPv4 and nothing else, unless the page asks for IPv6.
    OnlyIpv4,
    /// IPv6 and nothing else, unless the page asks for IPv4.
    OnlyIpv6,
}

impl Prefer {
    /// The word that configures it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::OnlyIpv4 => "only-ipv4",
            Self::OnlyIpv6 => "only-ipv6",
        }
    }

    /// The one family of a name that is tried, if it is one; what the page asks for comes first.
    pub(crate) const fn family(self, asked: Option<Family>) -> Option<Family> {
        match (asked, self) {
            (Some(family), _) => Some(family),
            (None, Self::OnlyIpv4) => Some(Family::V4),
            (None, Self::OnlyIpv6) => Some(Family::V6),
            (None, Self::Ipv4 | Self::Ipv6) => None,
        }
    }

    /// One of each family in turn, the preferred one first, so that a family that does not work costs little.
    pub(crate) fn in_turn(self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let (first, second): (Vec<IpAddr>, Vec<IpAddr>) =
            addresses.iter().partition(|ip| ip.is_ipv6() == matches!(self, Self::Ipv6 | Self::OnlyIpv6));
        let most = first.len().max(second.len());
        (0..most).flat_map(|at| [first.get(at), second.get(at)]).flatten().copied().collect()
    }
}

/// The own address from which a target is dialled, if one is set for its family.
pub(crate) fn source_towards(sources: &[IpAddr], target: SocketAddr) -> Option<IpAddr> {
    sources.iter().copied().find(|source| source.is_ipv4() == target.is_ipv4())
}

/// Each must be an address of this machine, and the only one of its family.
pub(super) fn check_sources(sources: &[IpAddr]) -> Result<(), ConfigError> {
    for (at, source) in sources.iter().enumerate() {
        if sources[..at].iter().any(|before| before.is_ipv4() == source.is_ipv4()) {
            return Err(ConfigError::TwoSources(*source));
        }
        // The system lets these be bound, and then connects from them to nobody.
        let nobody = source.is_multicast() || source.is_unspecified() || *source == Ipv4Addr::BROADCAST;
        let socket = if source.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        if nobody || socket.and_then(|socket| socket.bind((*source, 0).into())).is_err() {
            return Err(ConfigError::Source(*source));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_preferred_one_begins() {
        let ips = ["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"].map(|ip| ip.parse().unwrap());
        let order = |prefer: Prefer| prefer.in_turn(&ips).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(order(Prefer::Ipv4), ["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"]);
        assert_eq!(order(Prefer::Ipv6), ["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    }

    #[test]
    fn what_the_page_asks_for_comes_before_what_the_operator_prefers() {
        assert_eq!(Prefer::OnlyIpv4.family(None), Some(Family::V4));
        assert_eq!(Prefer::OnlyIpv4.family(Some(Family::V6)), Some(Family::V6));
        assert_eq!(Prefer::Ipv6.family(None), None);
    }

    #[test]
    fn a_source_address_is_of_this_machine_and_alone_in_its_family() {
        let check = |texts: &[&str]| check_sources(&texts.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<_>>());
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["127.0.0.1"]), Ok(()));
        for bad in ["192.0.2.1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "2001:db8::1"] {
            assert_eq!(check(&[bad]), Err(ConfigError::Source(bad.parse().unwrap())));
        }
        let two = check(&["127.0.0.1", "127.0.0.2"]);
        assert_eq!(two, Err(ConfigError::TwoSources("127.0.0.2".parse().unwrap())));
    }
}
