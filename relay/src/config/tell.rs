//! The effective policy in sentences, as `ehlo check-config` prints them.

use std::fmt::Display;

use super::targets::AddressPolicy;
use super::{Config, Prefer, Profile, options};

impl Config {
    /// What this configuration means, a sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let mut told = vec![
            format!("The profile is {}.", self.profile.word()),
            format!("It listens on {}.", options::listeners_told(self)),
        ];
        if let Some(certificate) = &self.tls_certificate {
            told.push(format!("It serves HTTPS with the certificate in {}.", certificate.display()));
        }
        if let Some(wanted) = self.acme() {
            told.push(format!(
                "It serves HTTPS with a certificate for {} that it gets by ACME from {}, and agrees to the terms of service \
                 there; that server must reach it at port 443 of these names.",
                list(&wanted.names),
                wanted.directory
            ));
        }
        if self.proxy_protocol {
            told.push("Each connection must begin with a PROXY protocol header.".to_owned());
        }
        if !self.public_names.is_empty() {
            told.push(format!("The page is opened as {}.", list(&self.public_names)));
        }
        if !self.allow_origins.is_empty() {
            told.push(format!("Pages of {} may use it too.", list(&self.allow_origins)));
        }
        if !self.trusted_proxies.is_empty() {
            told.push(format!("Proxies in {} are believed whom they speak for.", list(&self.trusted_proxies)));
        }
        match (self.listen_sockets.is_empty(), self.trust_sockets) {
            (true, _) => {}
            (false, true) => told.push("Who comes over a Unix socket is believed whom it speaks for.".to_owned()),
            (false, false) => told.push("All that come over a Unix socket count as one client.".to_owned()),
        }
        if let Some(address) = self.metrics_listen {
            told.push(format!("Metrics are told at {address} to whoever asks."));
        }
        told.push(self.who());
        told.extend(self.whom());
        told.extend(self.how_out());
        told.extend(self.how_much());
        told
    }

    /// Each option that is not as its profile has it, as `name = value`.
    pub fn changed(&self) -> Vec<String> {
        let defaults = Self::of(self.profile);
        let told = options::ALL.iter().map(|entry| (entry, entry.told(self)));
        told.filter(|(entry, value)| *value != entry.told(&defaults))
            .map(|(entry, value)| format!("{} = {value}", entry.name))
            .collect()
    }

    fn who(&self) -> String {
        if !self.tokens.is_empty() {
            return format!("A page needs the token of {}.", list(self.tokens.iter().map(|token| &token.name)));
        }
        match self.profile {
            Profile::Personal => "Only this machine reaches it, and no token is wanted.".to_owned(),
            Profile::Intranet => "Whoever reaches it may use it: there is no token.".to_owned(),
            Profile::Public => "EVERYBODY may use it: there is no token.".to_owned(),
        }
    }

    fn whom(&self) -> Vec<String> {
        let ports = list(self.ports());
        let mut told = vec![match self.addresses {
            AddressPolicy::Any => format!("Any address may be reached, at the ports {ports}."),
            AddressPolicy::Public => {
                format!("Every public address may be reached, and no other, at the ports {ports}.")
            }
            AddressPolicy::Networks if self.allow_networks.is_empty() => {
                "Only the servers named here are reached.".to_owned()
            }
            AddressPolicy::Networks => {
                format!("Addresses in {} may be reached, at the ports {ports}.", list(&self.allow_networks))
            }
        }];
        told.push(match (self.implicit_tls_anywhere, self.implicit_tls_ports.is_empty()) {
            (true, _) => "A page may begin with TLS at every port.".to_owned(),
            (false, true) => "A page may begin with TLS at no port.".to_owned(),
            (false, false) => {
                format!("A page may begin with TLS at the ports {}, and nowhere else.", list(&self.implicit_tls_ports))
            }
        });
        if !self.deny_networks.is_empty() {
            told.push(format!(
                "Addresses in {} are never reached, except for servers named here.",
                list(&self.deny_networks)
            ));
        }
        told.extend(self.targets.iter().map(|(name, target)| {
            let header = if target.allow_proxy_header { ", with a PROXY header where the page wants one" } else { "" };
            let tls = if target.implicit_tls { ", where a page may begin with TLS" } else { "" };
            format!("The server \"{name}\" is {}, port {}{header}{tls}.", target.host, target.port)
        }));
        if self.practice {
            told.push("It offers its own practice servers.".to_owned());
        }
        told
    }

    fn how_out(&self) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(through) = &self.through {
            told.push(format!("It reaches mail servers, and the hosts of MTA-STS policies, through {through}, but for those on this machine."));
        }
        if !self.dns.is_empty() {
            told.push(format!("It asks the DNS at {}.", list(&self.dns)));
        }
        if !self.source_address.is_empty() {
            told.push(format!("It dials out from {}.", list(&self.source_address)));
        }
        told.extend(match self.prefer {
            Prefer::Ipv4 => None,
            Prefer::Ipv6 => Some("IPv6 addresses of a name are tried before IPv4 ones.".to_owned()),
            Prefer::OnlyIpv4 => {
                Some("Only IPv4 addresses of a name are tried, unless the page asks for IPv6.".to_owned())
            }
            Prefer::OnlyIpv6 => {
                Some("Only IPv6 addresses of a name are tried, unless the page asks for IPv4.".to_owned())
            }
        });
        told
    }

    fn how_much(&self) -> Vec<String> {
        let limits = &self.limits;
        let mut told = vec![
            format!(
                "One conversation may last {} minutes, be silent for {} minutes, send {} KiB and receive {} KiB.",
                limits.lifetime.as_secs() / 60,
                limits.idle.as_secs() / 60,
                limits.sent / 1024,
                limits.received / 1024
            ),
            format!(
                "One client may begin {} conversations a minute, and have {} at once; all together {}.",
                limits.sessions_per_minute, limits.sessions_per_client, limits.sessions
            ),
            format!(
                "One address is connected to {} times a minute at most, and {} times at once.",
                limits.per_minute_per_target, limits.at_once_per_target
            ),
        ];
        if let Some(sessions) = limits.sessions_per_day {
            told.push(format!("One client may begin {sessions} conversations a day."));
        }
        if let Some(octets) = limits.octets_per_day {
            told.push(format!("One client may send {} KiB a day.", octets / 1024));
        }
        if let Some(times) = limits.per_day_to_target {
            told.push(format!("One client may reach the same address {times} times a day."));
        }
        if limits.sessions_per_day.or(limits.per_day_to_target).is_some() || limits.octets_per_day.is_some() {
            told.push("One token has four times as much a day, however many addresses show it.".to_owned());
        }
        told
    }
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_relay_without_token_says_so_loudly() {
        let open = Config { open_to_everybody: true, ..Config::of(Profile::Public) };
        let told = open.sentences().join("\n");
        assert!(told.contains("EVERYBODY") && told.contains("and no other") && told.contains("a day"), "{told}");
        assert!(!Config::default().sentences().join("\n").contains("EVERYBODY"));
    }

    #[test]
    fn the_way_out_is_told_where_it_is_not_the_usual_one() {
        let sources = vec!["192.0.2.1".parse().unwrap()];
        let config = Config { source_address: sources, prefer: Prefer::OnlyIpv6, ..Config::default() };
        let told = config.sentences().join("\n");
        assert!(told.contains("from 192.0.2.1.") && told.contains("Only IPv6"), "{told}");
        assert!(!Config::default().sentences().join("\n").contains("IPv"));
    }

    #[test]
    fn a_named_server_and_a_network_are_named() {
        let networks = vec!["192.0.2.0/24".parse().unwrap()];
        let told = Config { allow_networks: networks, ..Config::of(Profile::Intranet) }.sentences().join("\n");
        assert!(told.contains("192.0.2.0/24"), "{told}");
    }
}
