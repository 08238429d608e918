//! Who a visitor is where a proxy of the operator stands in front.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::Config;
use crate::front::listen::Peer;
use crate::out::address::in_networks;

/// What proxies write whom they speak for into; each adds the address that it sees at the end.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies of the operator, which are believed whom they speak for.
#[derive(Debug)]
pub(crate) struct Proxies {
    networks: Vec<IpNet>,
    /// Whether who comes over a Unix socket is believed too.
    sockets: bool,
}

impl Proxies {
    pub(crate) fn of(config: &Config) -> Self {
        Self { networks: config.trusted_proxies.clone(), sockets: config.trust_sockets }
    }

    /// Whether this is the address of a proxy.
    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        in_networks(&self.networks, ip)
    }

    /// Whether a peer is believed whom it speaks for.
    pub(crate) fn believes(&self, peer: Peer) -> bool {
        if peer.local { self.sockets } else { self.trusts(peer.address.ip()) }
    }

    /// The address that counts as the client's, from the headers of a request.
    pub(crate) fn client(&self, peer: Peer, headers: &HeaderMap) -> SocketAddr {
        client(peer.address, self.believes(peer), headers, &self.networks)
    }
}

/// The address that counts as the client's: the peer's, or where that is `believed`, as a proxy of the operator is, the last
/// one in the header that is none. Everything before that one may have been written by the client itself.
fn client(peer: SocketAddr, believed: bool, headers: &HeaderMap, trusted: &[IpNet]) -> SocketAddr {
    let mut seen = peer.ip();
    let mut believed = believed;
    let mut said = headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|value| {
        let value = value.to_str().unwrap_or("not an address");
        value.split(',').rev().map(|one| address(one.trim())).collect::<Vec<_>>()
    });
    while believed {
        match said.next() {
            // What is no address was not written by a proxy that is trusted: the last one who was known counts.
            None | Some(None) => break,
            Some(Some(before)) => seen = before,
        }
        believed = in_networks(trusted, seen);
    }
    if seen == peer.ip() { peer } else { SocketAddr::new(seen, 0) }
}

/// An address as proxies write it: some add the port, and some put IPv6 into brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, values: &[&str]) -> String {
        let trusted = ["127.0.0.0/8".parse().unwrap(), "192.0.2.0/24".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let peer: SocketAddr = peer.parse().unwrap();
        client(peer, in_networks(&trusted, peer.ip()), &headers, &trusted).ip().to_string()
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_proxy_of_the_operator() {
        for (values, client) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
            (&["203.0.113.9", "198.51.100.1, 192.0.2.7"], "198.51.100.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&[], "127.0.0.1"),
            (&["192.0.2.7"], "192.0.2.7"),
            (&["198.51.100.1, nonsense"], "127.0.0.1"),
            (&["198.51.100.1,"], "127.0.0.1"),
        ] {
            assert_eq!(told("127.0.0.1:1", values), client, "{values:?}");
        }
    }

    #[test]
    fn a_proxy_at_a_unix_socket_is_believed_where_the_operator_says_so_and_not_for_its_address() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, "203.0.113.9, 198.51.100.1".parse().unwrap());
        let local = "127.0.0.1:0".parse().unwrap();
        assert_eq!(client(local, true, &headers, &[]).ip().to_string(), "198.51.100.1");
        assert_eq!(client(local, true, &HeaderMap::new(), &[]), local);
        assert_eq!(client(local, false, &headers, &["127.0.0.0/8".parse().unwrap()]), local);
    }

    #[test]
    fn who_is_no_proxy_of_the_operator_is_not_believed() {
        assert_eq!(told("198.51.100.9:1", &["203.0.113.9"]), "198.51.100.9");
        assert_eq!(told("198.51.100.9:1", &["127.0.0.1"]), "198.51.100.9");
    }
}
