//! What the page has named, and whether it may be reached: ports, names, addresses.
//!
//! It looks nothing up and opens nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ehlo_core::tunnel::{Answer, Code, Connect, Record};
use ipnet::IpNet;

use crate::config::{AddressPolicy, Config, NamedTarget, is_host_name};
use crate::out::address::{is_allowed, is_denied, public_unicast, reached};
use crate::tunnel::refusal::Deny;

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
    /// The ports at which a page may begin with TLS; none where it may at all.
    pub(crate) implicit_tls: Option<Vec<u16>>,
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

    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Named { port, .. } | Self::Host { port, .. } => *port,
            Self::Address(address) => address.port(),
        }
    }

    /// Whether it is the practice server.
    pub(crate) fn is_practice(&self) -> bool {
        matches!(self, Self::Named { name, .. } if Policy::is_practice(name))
    }
}

impl Policy {
    /// From a configuration, with the relay's own listeners and practice servers.
    pub(crate) fn of(config: &Config, own: &[SocketAddr], practice: BTreeMap<String, NamedTarget>) -> Self {
        let mut named = practice;
        named.extend(config.targets.clone());
        Self {
            ports: config.ports(),
            addresses: config.addresses,
            allow_networks: config.allow_networks.clone(),
            deny_networks: config.deny_networks.clone(),
            literals: config.profile.takes_addresses(),
            explains: config.profile.explains(),
            proxy_headers: config.profile.writes_proxy_headers(),
            implicit_tls: (!config.implicit_tls_anywhere).then(|| config.implicit_tls_ports.clone()),
            own: own.to_vec(),
            named,
        }
    }

    /// Whether this target may be offered TLS before it has greeted.
    pub(crate) fn begins_with_tls(&self, target: &Target) -> bool {
        let named =
            matches!(target, Target::Named { name, .. } if self.named.get(name).is_some_and(|one| one.implicit_tls));
        named || self.implicit_tls.as_ref().is_none_or(|ports| ports.contains(&target.port()))
    }

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
            Err(_) if ends_in_a_number(host) => Err(Deny::bad_request(
                "An IPv4 address is written as four decimal numbers with dots, such as 192.0.2.1.",
            )),
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
            None if Self::is_practice(name) => {
                Err(Deny::new(Code::Forbidden, "This relay offers no such practice server. Start it with --practice."))
            }
            None => Err(Deny::new(Code::Forbidden, "This relay has no target of that name.")),
        }
    }

    /// Whether the name is one of the practice server's, whose names are no secret.
    pub(crate) fn is_practice(name: &str) -> bool {
        name == "practice" || name.starts_with("practice/")
    }

    /// Whether a page may name a host or an address at all; else there are the named targets alone.
    pub(crate) fn hosts_may_be_named(&self) -> bool {
        self.addresses != AddressPolicy::Networks || !self.allow_networks.is_empty()
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
        if is_denied(&self.deny_networks, address.ip()) {
            return Err(self.address_denied(address, "it is in a network that is denied"));
        }
        match self.addresses {
            AddressPolicy::Any => Ok(()),
            AddressPolicy::Public => {
                public_unicast(address.ip()).map_err(|why| self.address_denied(address, &why.to_string()))
            }
            AddressPolicy::Networks if is_allowed(&self.allow_networks, address.ip()) => Ok(()),
            AddressPolicy::Networks => Err(self.address_denied(address, "it is in no network that is allowed")),
        }
    }

    /// Whether an answer of the DNS with this address may be shown: what is inside is nobody's business but of those
    /// who may reach it.
    pub(crate) fn may_be_shown(&self, ip: IpAddr) -> bool {
        match self.addresses {
            AddressPolicy::Any => true,
            AddressPolicy::Public => public_unicast(ip).is_ok(),
            AddressPolicy::Networks => public_unicast(ip).is_ok() || is_allowed(&self.allow_networks, ip),
        }
    }

    /// Whether a policy may be fetched from there: where an answer with the address may be shown, and nothing denies it.
    pub(crate) fn may_fetch_from(&self, address: SocketAddr) -> bool {
        let own = self.own.iter().any(|own| same_place(*own, address));
        !own && !is_denied(&self.deny_networks, address.ip()) && self.may_be_shown(address.ip())
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

/// Whether connecting to `address` reaches the listener `own`, in whatever way it is written.
fn same_place(own: SocketAddr, address: SocketAddr) -> bool {
    let plain = |ip: IpAddr| match reached(ip) {
        // Connecting to the unspecified address reaches loopback.
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    own.port() == address.port() && plain(own.ip()) == plain(address.ip())
}

/// Whether the last label is a number: no name ends so (RFC 3696 §2), but many a program reads `127.1` or `0x7f000001`
/// as an address.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.strip_suffix('.').unwrap_or(name).rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    match hex {
        Some(hex) => hex.bytes().all(|octet| octet.is_ascii_hexdigit()),
        None => !last.is_empty() && digits(last),
    }
}

#[cfg(test)]
mod tests;
