//! The PROXY protocol header that a page has asked for, as octets (HAProxy's `proxy-protocol.txt`, sections 2.1, 2.2).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ehlo_core::tunnel::{ProxyHeader, ProxyVersion};

/// What every header of version 2 begins with; no text protocol does.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Version 2, and the command PROXY: the addresses are those of the real client.
const VERSION_COMMAND: u8 = 0x21;

/// Address family and transport: a TCP stream over IPv4 or IPv6.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// The header's octets: at most 107 in version 1, 28 or 52 in version 2.
pub(crate) fn octets(header: &ProxyHeader) -> Vec<u8> {
    match header.version {
        ProxyVersion::V1 => text(header.source, header.destination).into_bytes(),
        ProxyVersion::V2 => binary(header.source, header.destination),
    }
}

fn text(source: SocketAddr, destination: SocketAddr) -> String {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (plain(source.ip()), plain(destination.ip()));
    format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port())
}

/// The address in the form that the header knows: no dots in an IPv6 address.
fn plain(ip: IpAddr) -> String {
    match ip {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            let [.., high, low] = Ipv6Addr::segments(&v6);
            format!("::ffff:{high:x}:{low:x}")
        }
        _ => ip.to_string(),
    }
}

fn binary(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let mut addresses = Vec::with_capacity(36);
    for address in [source, destination] {
        match address.ip() {
            IpAddr::V4(v4) => addresses.extend(v4.octets()),
            IpAddr::V6(v6) => addresses.extend(v6.octets()),
        }
    }
    addresses.extend(source.port().to_be_bytes());
    addresses.extend(destination.port().to_be_bytes());
    let mut header = SIGNATURE.to_vec();
    header.extend([VERSION_COMMAND, if source.is_ipv4() { TCP4 } else { TCP6 }]);
    // Two addresses and two ports: 12 or 36.
    header.extend([0, addresses.len() as u8]);
    header.extend(addresses);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(version: ProxyVersion, source: &str, destination: &str) -> Vec<u8> {
        octets(&ProxyHeader::new(version, source.parse().unwrap(), destination.parse().unwrap()).unwrap())
    }

    #[test]
    fn version_1_is_one_line_of_text() {
        for (source, destination, line) in [
            ("192.0.2.1:56324", "198.51.100.7:443", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"),
            (
                "255.255.255.255:65535",
                "255.255.255.255:65535",
                "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            ),
            ("[2001:db8::1]:4711", "[2001:db8:0:1::2]:25", "PROXY TCP6 2001:db8::1 2001:db8:0:1::2 4711 25\r\n"),
            ("[::ffff:192.0.2.1]:1", "[::1]:2", "PROXY TCP6 ::ffff:c000:201 ::1 1 2\r\n"),
        ] {
            assert_eq!(String::from_utf8(written(ProxyVersion::V1, source, destination)).unwrap(), line);
        }
        let longest = "[1111:2222:3333:4444:5555:6666:7777:8888]:65535";
        assert!(written(ProxyVersion::V1, longest, longest).len() <= 107);
    }

    #[test]
    fn version_2_over_ipv4_is_28_octets() {
        let expected = [
            0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, // signature
            0x21, 0x11, 0x00, 0x0c, // version and command, family and transport, length
            192, 0, 2, 1, 198, 51, 100, 7, // source, destination
            0xdc, 0x04, 0x01, 0xbb, // ports 56324, 443
        ];
        assert_eq!(written(ProxyVersion::V2, "192.0.2.1:56324", "198.51.100.7:443"), expected);
    }

    #[test]
    fn version_2_over_ipv6_is_52_octets() {
        let mut expected = vec![0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
        expected.extend([0x21, 0x21, 0x00, 0x24]);
        expected.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        expected.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd]);
        expected.extend([0x12, 0x67, 0x00, 0x19]);
        assert_eq!(expected.len(), 52);
        assert_eq!(written(ProxyVersion::V2, "[2001:db8::1]:4711", "[2001:db8::abcd]:25"), expected);
    }
}
