//! What the page has named, and whether it may be reached: ports, names, addresses.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ehlo_core::tunnel::{Answer, Code, Connect, Record};
use ipnet::IpNet;

use crate::config::NamedTarget;
use crate::refusal::Deny;

/// Which addresses may be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// All of them, private ones and loopback included.
    #[default]
    Any,
    /// Only public unicast ones, as [`public_unicast`] tells them.
    Public,
    /// Only those in the networks that the operator has named.
    Networks,
}

/// What one relay lets its pages reach.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) ports: Vec<u16>,
    pub(crate) addresses: AddressPolicy,
    pub(crate) allow_networks: Vec<IpNet>,
    pub(crate) deny_networks: Vec<IpNet>,
    /// Whether an IP address may stand in place of a host name.
    pub(crate) literals: bool,
    /// Whether a refusal names the rule and the address.
    pub(crate) explains: bool,
    /// Whether a page may have a PROXY header written.
    pub(crate) proxy_headers: bool,
    /// The relay's own listeners, which it must not connect to.
    pub(crate) own: Vec<SocketAddr>,
    /// Targets with a name; they are exempt from the rules for ports and addresses.
    pub(crate) named: BTreeMap<String, NamedTarget>,
}

/// Whom to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A target of the operator.
    Named { name: String, host: String, port: u16, proxy_header: bool },
    /// An address, given as such.
    Address(SocketAddr),
    /// A name to be looked up.
    Host { name: String, port: u16 },
}

impl Target {
    /// What was asked for, for the log.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Named { name, .. } => name.clone(),
            Self::Address(address) => address.to_string(),
            Self::Host { name, port } => format!("{name}:{port}"),
        }
    }
}

impl Policy {
    /// Reads what the page has asked for, and checks all that can be checked before the name is looked up.
    pub(crate) fn target(&self, connect: &Connect) -> Result<Target, Deny> {
        let (host, port) = match (&connect.host, connect.port, &connect.target) {
            (None, None, Some(name)) => return self.named(name),
            (Some(host), Some(port), None) => (host, port),
            _ => return Err(Deny::bad_request("A connection needs either a host and a port, or a target.")),
        };
        if !self.ports.contains(&port) {
            return Err(self.port_denied(port));
        }
        match host.parse::<IpAddr>() {
            Ok(_) if !self.literals => Err(self.denied(|| format!("it is an address, {host}"))),
            Ok(ip) => Ok(Target::Address((ip, port).into())),
            Err(_) if is_host_name(host) => Ok(Target::Host { name: host.clone(), port }),
            Err(_) => Err(Deny::bad_request(
                "The host must be a name of letters, digits, dashes and dots (other scripts as xn--…), or an IP address.",
            )),
        }
    }

    fn named(&self, name: &str) -> Result<Target, Deny> {
        match self.named.get(name) {
            Some(target) => Ok(Target::Named {
                name: name.to_owned(),
                host: target.host.clone(),
                port: target.port,
                proxy_header: target.allow_proxy_header,
            }),
            None if name == "practice" || name.starts_with("practice/") => {
                Err(Deny::new(Code::Forbidden, "This relay offers no such practice server. Start it with --practice."))
            }
            None => Err(Deny::new(Code::Forbidden, "This relay has no target of that name.")),
        }
    }

    /// Whether a PROXY header may be written to this target: it makes the target believe another client.
    pub(crate) fn proxy_header(&self, target: &Target) -> Result<(), Deny> {
        match target {
            Target::Named { proxy_header: true, .. } => Ok(()),
            Target::Named { .. } => Err(Deny::new(
                Code::Forbidden,
                "This target takes no PROXY header. Ask for none, or name a host and a port.",
            )),
            Target::Address(_) | Target::Host { .. } if self.proxy_headers => Ok(()),
            Target::Address(_) | Target::Host { .. } => {
                Err(Deny::new(Code::Forbidden, "This relay writes no PROXY headers."))
            }
        }
    }

    fn port_denied(&self, port: u16) -> Deny {
        match self.explains {
            true => {
                let ports = self.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "Port {port} is not among the ports of this relay ({ports}). Start it with --allow-port {port}."
                );
                Deny::new(Code::Forbidden, message)
            }
            false => self.denied(String::new),
        }
    }

    /// Whether this address, found by a look-up or given as such, may be connected to.
    pub(crate) fn address(&self, address: SocketAddr) -> Result<(), Deny> {
        if self.own.iter().any(|own| same_place(*own, address)) {
            return Err(self.address_denied(address, "it is this relay itself"));
        }
        if in_networks(&self.deny_networks, address.ip()) {
            return Err(self.address_denied(address, "it is in a network that is denied"));
        }
        match self.addresses {
            AddressPolicy::Any => Ok(()),
            AddressPolicy::Public => {
                public_unicast(address.ip()).map_err(|why| self.address_denied(address, &why.to_string()))
            }
            AddressPolicy::Networks if in_networks(&self.allow_networks, address.ip()) => Ok(()),
            AddressPolicy::Networks => Err(self.address_denied(address, "it is in no network that is allowed")),
        }
    }

    /// Whether an answer of the DNS with this address may be shown: what is inside is nobody's business but of those
    /// who may reach it.
    pub(crate) fn may_be_shown(&self, ip: IpAddr) -> bool {
        match self.addresses {
            AddressPolicy::Any => true,
            AddressPolicy::Public => public_unicast(ip).is_ok(),
            AddressPolicy::Networks => public_unicast(ip).is_ok() || in_networks(&self.allow_networks, ip),
        }
    }

    /// Whether a connection that stands goes to the relay itself, or in the public profile to its machine, by an address
    /// that no list told before.
    pub(crate) fn is_own(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let listens = |own: &SocketAddr| own.ip().is_unspecified() && own.port() == peer.port();
        local.ip().to_canonical() == peer.ip().to_canonical()
            && (self.addresses == AddressPolicy::Public || self.own.iter().any(listens))
    }

    fn address_denied(&self, address: SocketAddr, why: &str) -> Deny {
        self.denied(|| format!("This relay does not connect to {address}: {why}."))
    }

    /// A no: with its reason for the person at this machine, and the same for all reasons elsewhere.
    pub(crate) fn denied(&self, why: impl FnOnce() -> String) -> Deny {
        let message = if self.explains { why() } else { NOT_ALLOWED.to_owned() };
        Deny::new(Code::Forbidden, message)
    }
}

/// What is told where reasons are not: what exists inside is nobody's business.
pub(crate) const NOT_ALLOWED: &str =
    "This relay does not allow that target. Its operator finds the reason by the session's name.";

/// The answer without records, where one of them may not be shown.
pub(crate) fn shown(policy: &Policy, answer: Answer) -> Answer {
    let inside = answer.records.iter().any(|record| match record {
        Record::A { address } | Record::Aaaa { address } => {
            address.parse().is_ok_and(|ip: IpAddr| !policy.may_be_shown(ip))
        }
        _ => false,
    });
    match inside {
        true => Answer { records: Vec::new(), ttl: None, ..answer },
        false => answer,
    }
}

/// Whether one of the networks has this address, in whatever dress it comes.
pub(crate) fn in_networks(networks: &[IpNet], ip: IpAddr) -> bool {
    let plain = ip.to_canonical();
    networks.iter().any(|network| network.contains(&plain) || network.contains(&ip))
}

/// Whether connecting to `address` reaches the listener `own`, in whatever way it is written.
fn same_place(own: SocketAddr, address: SocketAddr) -> bool {
    let plain = |ip: IpAddr| match ip.to_canonical() {
        // Connecting to the unspecified address reaches loopback.
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    own.port() == address.port() && plain(own.ip()) == plain(address.ip())
}

/// Whether this is a host name: letters, digits, dashes, and underscores, which exist; at most 253 octets.
pub(crate) fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    };
    (1..=253).contains(&name.len()) && name.split('.').all(label)
}

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
            None if in_block(v6.to_bits(), NAT64.to_bits(), 96, 128) => {
                let [.., a, b, c, d] = v6.octets();
                public_v4(Ipv4Addr::new(a, b, c, d))
            }
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
    // ISATAP's interface identifier has an IPv4 address behind it (RFC 5214 §6.1).
    let [_, _, _, _, high, low, ..] = ip.segments();
    if high & !0x0200 == 0 && low == 0x5efe {
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
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            ports: vec![25, 587],
            addresses: AddressPolicy::Any,
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
            literals: true,
            explains: true,
            proxy_headers: true,
            own: vec!["127.0.0.1:2525".parse().unwrap()],
            named: BTreeMap::from([
                ("practice".to_owned(), named("127.0.0.1", 40000, false)),
                ("exchange".to_owned(), named("mail.corp.example", 25, true)),
            ]),
        }
    }

    fn named(host: &str, port: u16, allow_proxy_header: bool) -> NamedTarget {
        NamedTarget { host: host.to_owned(), port, allow_proxy_header }
    }

    fn host(host: &str, port: u16) -> Connect {
        Connect { host: Some(host.to_owned()), port: Some(port), ..Connect::default() }
    }

    fn code(connect: &Connect) -> Code {
        policy().target(connect).unwrap_err().code
    }

    #[test]
    fn a_host_and_a_port_or_a_target_and_never_both() {
        assert_eq!(code(&Connect::default()), Code::BadRequest);
        assert_eq!(code(&Connect { port: None, ..host("mx.example", 25) }), Code::BadRequest);
        assert_eq!(code(&Connect { target: Some("practice".into()), ..host("mx.example", 25) }), Code::BadRequest);
        let named = Connect { target: Some("practice".into()), ..Connect::default() };
        assert!(matches!(policy().target(&named), Ok(Target::Named { .. })));
        let other = Connect { target: Some("other".into()), ..Connect::default() };
        assert_eq!(code(&other), Code::Forbidden);
    }

    #[test]
    fn a_proxy_header_goes_to_a_named_target_only_where_its_operator_says_so() {
        let strict = Policy { proxy_headers: false, ..policy() };
        for (name, allowed) in [("exchange", true), ("practice", false)] {
            let target = strict.target(&Connect { target: Some(name.into()), ..Connect::default() }).unwrap();
            assert_eq!(strict.proxy_header(&target).is_ok(), allowed, "{name}");
        }
        assert!(strict.proxy_header(&strict.target(&host("mx.example", 25)).unwrap()).is_err());
    }

    #[test]
    fn of_networks_only_the_allowed_are_reached_and_a_denied_one_never() {
        let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpNet>>();
        let policy = Policy {
            addresses: AddressPolicy::Networks,
            allow_networks: networks(&["192.0.2.0/24", "2001:db8::/32"]),
            deny_networks: networks(&["192.0.2.128/25"]),
            explains: false,
            ..policy()
        };
        for good in ["192.0.2.1:25", "[::ffff:192.0.2.1]:25", "[2001:db8::1]:25"] {
            assert_eq!(policy.address(good.parse().unwrap()), Ok(()), "{good}");
        }
        for bad in ["192.0.2.129:25", "[::ffff:192.0.2.129]:25", "198.51.100.1:25", "127.0.0.1:25", "[2001:db9::1]:25"]
        {
            let deny = policy.address(bad.parse().unwrap()).unwrap_err();
            assert_eq!((deny.code, deny.message.as_str()), (Code::Forbidden, NOT_ALLOWED), "{bad}");
        }
    }

    #[test]
    fn where_only_names_are_taken_an_address_is_refused_as_all_else_is() {
        let policy = Policy { literals: false, explains: false, ..policy() };
        for bad in ["192.0.2.1", "2001:db8::1"] {
            assert_eq!(policy.target(&host(bad, 25)).unwrap_err().message, NOT_ALLOWED);
        }
        assert!(policy.target(&host("mx.example", 25)).is_ok());
    }

    #[test]
    fn only_the_listed_ports_are_reached_and_the_refusal_says_how_to_add_one() {
        let deny = policy().target(&host("mx.example", 80)).unwrap_err();
        assert_eq!(deny.code, Code::Forbidden);
        assert!(deny.message.contains("--allow-port 80"), "{}", deny.message);
        let closed = Policy { explains: false, ..policy() };
        assert!(!closed.target(&host("mx.example", 80)).unwrap_err().message.contains("80"));
    }

    #[test]
    fn a_host_is_a_name_or_an_address_without_zone_and_brackets() {
        for good in ["mx.example", "mx.example.", "mx", "_dmarc.example", "xn--bcher-kva.example"] {
            assert!(matches!(policy().target(&host(good, 25)), Ok(Target::Host { .. })), "{good}");
        }
        for good in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            assert!(matches!(policy().target(&host(good, 25)), Ok(Target::Address(_))), "{good}");
        }
        let long = "a.".repeat(128);
        for bad in ["", ".", "a..b", "bücher.example", "mx example", "[::1]", "fe80::1%eth0", "a/b", "a\0b", &long] {
            assert_eq!(code(&host(bad, 25)), Code::BadRequest, "{bad:?}");
        }
    }

    #[test]
    fn the_relay_never_connects_to_itself_however_it_is_written() {
        for own in ["127.0.0.1:2525", "0.0.0.0:2525", "[::ffff:127.0.0.1]:2525"] {
            assert_eq!(policy().address(own.parse().unwrap()).unwrap_err().code, Code::Forbidden, "{own}");
        }
        for other in ["127.0.0.1:2526", "127.0.0.2:2525", "10.0.0.1:25", "[::1]:2525"] {
            assert_eq!(policy().address(other.parse().unwrap()), Ok(()), "{other}");
        }
    }

    #[test]
    fn no_special_purpose_address_counts_as_public() {
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.1.1",
            "192.175.48.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "2620:4f:8000::1",
            "3fff::1",
            "5f00::1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(public_unicast(text.parse().unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_public_in_every_form_that_networks_use() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "168.63.129.17",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "3ffe::1",
        ] {
            assert_eq!(public_unicast(text.parse().unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn no_embedding_of_a_refused_ipv4_address_is_public() {
        for (net, length, purpose) in IPV4 {
            let last = net.to_bits() | u32::MAX.checked_shr(length).unwrap_or(0);
            for bits in [net.to_bits(), last] {
                let low = u128::from(bits);
                for prefix in [0, 0xffff << 32, NAT64.to_bits(), 0x64_ff9b_0001 << 80, 0xffff_0000 << 32] {
                    let ip = Ipv6Addr::from_bits(prefix | low);
                    assert!(public_unicast(ip.into()).is_err(), "{ip} {purpose}");
                }
                for prefix in [0x2606_4700_u128 << 96 | 0x5efe << 32, 0x2606_4700_u128 << 96 | 0x0200_5efe << 32] {
                    let ip = Ipv6Addr::from_bits(prefix | low);
                    assert!(public_unicast(ip.into()).is_err(), "{ip} {purpose}");
                }
                for (prefix, shift) in [(0x2002_u128 << 112, 80), (0x2001_u128 << 112, 64)] {
                    let ip = Ipv6Addr::from_bits(prefix | low << shift);
                    assert!(public_unicast(ip.into()).is_err(), "{ip} {purpose}");
                }
            }
        }
    }
}
