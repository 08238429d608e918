//! No address that is refused gets through in another dress, nor in another spelling.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

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

/// Every way known to us in which an IPv6 address leads to an IPv4 address; `noise` fills the bits that do not matter.
fn dresses(v4: Ipv4Addr, noise: u128) -> Vec<Ipv6Addr> {
    let low = u128::from(v4.to_bits());
    let keep = |length: u32| noise & (u128::MAX >> length);
    let local = NAT64_LOCAL.to_bits();
    let mut all = vec![
        low,
        0xffff << 32 | low,
        0xffff_0000 << 32 | low,
        NAT64.to_bits() | low,
        local | low,
        local | keep(48) & !u128::from(u32::MAX) | low,
        0x2002 << 112 | low << 80 | keep(48),
        0x2001 << 112 | low << 64 | keep(64),
        0x2001 << 112 | keep(32) & !u128::from(u32::MAX) | u128::from(!v4.to_bits()),
        0x2606_4700 << 96 | keep(32) >> 64 << 64 | 0x5efe << 32 | low,
        0x2606_4700 << 96 | keep(32) >> 64 << 64 | 0x0200_5efe << 32 | low,
    ];
    // RFC 6052 §2.2: prefixes of 48, 56 and 64 bits, around the octet that is nought.
    for prefix in [48, 56, 64] {
        let whole = low << (120 - prefix - 32);
        all.push(local | whole >> 56 << 64 | whole & (u128::MAX >> 72));
    }
    all.into_iter().map(Ipv6Addr::from_bits).collect()
}

/// An IPv4 address that no public relay connects to.
fn refused_v4() -> impl Strategy<Value = Ipv4Addr> {
    (0..IPV4.len(), any::<u32>()).prop_map(|(at, noise)| {
        let (net, length, _) = IPV4[at];
        Ipv4Addr::from_bits(net.to_bits() | noise & u32::MAX.checked_shr(length).unwrap_or(0))
    })
}

/// The same address as people and programs write it: groups padded, in capitals, shortened somewhere, with a dotted end.
fn spelling(ip: Ipv6Addr, padded: bool, capitals: bool, dotted: bool, shorten: usize) -> String {
    let segments = ip.segments();
    let groups = if dotted { 6 } else { 8 };
    let write = |group: &u16| if padded { format!("{group:04x}") } else { format!("{group:x}") };
    let zeros = segments[..groups].iter().skip(shorten).take_while(|group| **group == 0).count();
    let mut text = if zeros > 1 && shorten < groups {
        let before = segments[..shorten].iter().map(write).collect::<Vec<_>>().join(":");
        let after = segments[shorten + zeros..groups].iter().map(write).collect::<Vec<_>>().join(":");
        format!("{before}::{after}")
    } else {
        segments[..groups].iter().map(write).collect::<Vec<_>>().join(":")
    };
    if dotted {
        text += if text.ends_with("::") { "" } else { ":" };
        text += &low_v4(ip.to_bits()).to_string();
    }
    if capitals { text.to_uppercase() } else { text }
}

proptest! {
    #[test]
    fn no_dress_makes_a_refused_ipv4_address_public(v4 in refused_v4(), noise in any::<u128>()) {
        prop_assert!(public_unicast(v4.into()).is_err());
        for ip in dresses(v4, noise) {
            prop_assert!(public_unicast(ip.into()).is_err(), "{ip} has {v4} inside");
        }
    }

    #[test]
    fn no_dress_gets_past_a_network_that_is_denied(bits in any::<u32>(), length in 1_u8..=32, noise in any::<u128>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        let denied = [ipnet::Ipv4Net::new(v4, length).unwrap().trunc().into()];
        for ip in dresses(v4, noise) {
            // `::` and `::1` are addresses of their own.
            prop_assume!(ip.to_bits() > 1);
            prop_assert!(is_denied(&denied, ip.into()), "{ip} has {v4} inside");
        }
    }

    #[test]
    fn networks_of_ipv6_allow_no_ipv4_address_in_any_dress(bits in 2_u32.., noise in any::<u128>()) {
        let everything: [IpNet; 3] = ["::/0", "2000::/3", "192.0.2.0/24"].map(|network| network.parse().unwrap());
        let v4 = Ipv4Addr::from_bits(bits);
        prop_assume!(!in_networks(&everything, v4.into()));
        for ip in dresses(v4, noise) {
            prop_assert!(!is_allowed(&everything, ip.into()), "{ip} has {v4} inside");
        }
    }

    #[test]
    fn the_spelling_of_an_address_does_not_matter(
        v4 in refused_v4(),
        noise in any::<u128>(),
        (padded, capitals, dotted) in any::<(bool, bool, bool)>(),
        shorten in 0_usize..8,
    ) {
        for ip in dresses(v4, noise) {
            let text = spelling(ip, padded, capitals, dotted, shorten);
            let read: IpAddr = text.parse().unwrap_or_else(|_| panic!("{text} is {ip}"));
            prop_assert_eq!(read, IpAddr::V6(ip));
            prop_assert!(public_unicast(read).is_err(), "{text}");
        }
    }

    #[test]
    fn what_counts_as_public_lies_in_no_block_for_another_purpose(groups in vec(any::<u16>(), 8)) {
        let ip = Ipv6Addr::from(<[u16; 8]>::try_from(groups).unwrap());
        let ip = Ipv6Addr::from_bits(ip.to_bits() & !(7 << 125) | 1 << 125);
        if public_unicast(ip.into()).is_ok() {
            prop_assert!(inside(ip).is_empty(), "{ip}");
        }
    }
}

#[test]
fn an_address_behind_nat64_or_mapped_is_the_ipv4_address_that_is_reached() {
    for (text, v4) in
        [("64:ff9b::c000:201", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1")]
    {
        assert_eq!(reached(text.parse().unwrap()).to_string(), v4);
    }
    assert_eq!(reached("2001:db8::1".parse().unwrap()).to_string(), "2001:db8::1");
}

#[test]
fn a_network_that_names_a_way_through_a_gateway_allows_that_way() {
    let networks = |text: &str| [text.parse::<IpNet>().unwrap()];
    for (network, address, allowed) in [
        ("64:ff9b:1::/48", "64:ff9b:1::c000:201", true),
        ("64:ff9b::/96", "64:ff9b::c000:201", true),
        ("192.0.2.0/24", "64:ff9b::c000:201", true),
        ("192.0.2.0/24", "64:ff9b::c000:301", false),
        ("192.0.2.0/24", "::ffff:192.0.2.1", true),
        ("2002:c000:201::/48", "2002:c000:201::1", true),
        ("2000::/3", "2002:c000:201::1", false),
        ("2001:db8::/32", "2001:db8::1", true),
        ("::/0", "::1", true),
        ("::/0", "::ffff:192.0.2.1", false),
    ] {
        assert_eq!(is_allowed(&networks(network), address.parse().unwrap()), allowed, "{network} {address}");
    }
}
