//! What can be said of a configuration before anything is opened.

use std::net::{IpAddr, Ipv6Addr};

use super::names::is_host_name;
use super::{Config, ConfigError, NamedTarget, Profile, acme, out};

impl Config {
    /// Checks what can be checked before anything is opened.
    ///
    /// # Errors
    /// What is not allowed, and what to do about it.
    pub fn check(&self) -> Result<(), ConfigError> {
        let network = self.listen.iter().find(|address| !is_loopback(address.ip()));
        match (self.profile, network) {
            (Profile::Personal, Some(&address)) => return Err(ConfigError::NotLoopback(address)),
            (Profile::Intranet, _) if self.targets.is_empty() && self.allow_networks.is_empty() => {
                return Err(ConfigError::NoTargets);
            }
            (Profile::Public, _) if !self.allow_networks.is_empty() => return Err(ConfigError::PublicNetworks),
            (Profile::Public, _) if self.tokens.is_empty() && !self.open_to_everybody => {
                return Err(ConfigError::OpenToEverybody);
            }
            (Profile::Intranet | Profile::Public, Some(&address))
                if address.ip().is_unspecified() && self.public_names.is_empty() =>
            {
                return Err(ConfigError::NoPublicName(address));
            }
            _ => {}
        }
        if self.listen.is_empty() && self.listen_sockets.is_empty() {
            return Err(ConfigError::NoListener);
        }
        if self.listen.is_empty() && self.public_names.is_empty() {
            return Err(ConfigError::NoName);
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return Err(ConfigError::HalfOfTls);
        }
        acme::check(self)?;
        let strangers = !self.listen.is_empty() && self.trusted_proxies.is_empty();
        if self.proxy_protocol && (strangers || (!self.listen_sockets.is_empty() && !self.trust_sockets)) {
            return Err(ConfigError::NoProxies);
        }
        if let Some(address) = self.metrics_listen
            && !self.metrics_to_others
            && !is_loopback(address.ip())
        {
            return Err(ConfigError::MetricsToOthers(address));
        }
        if self.ports().contains(&0) || self.targets.values().any(|target| target.port == 0) {
            return Err(ConfigError::PortZero);
        }
        if let Some((name, target)) = self.targets.iter().find(|(name, target)| !is_target(name, target)) {
            return Err(ConfigError::Target { name: name.clone(), host: target.host.clone() });
        }
        if let Some(name) = self.public_names.iter().find(|name| !is_authority(name)) {
            return Err(ConfigError::PublicName(name.clone()));
        }
        out::check_sources(&self.source_address)?;
        self.allow_origins.iter().try_for_each(|origin| check_origin(origin))
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn is_target(name: &str, target: &NamedTarget) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=64).contains(&name.len())
        && name.chars().all(plain)
        && name != "practice"
        && (target.host.parse::<IpAddr>().is_ok() || is_host_name(&target.host))
}

/// Whether this can be the `Host` of a request (RFC 9110 §7.2), in small letters as browsers write it.
fn is_authority(name: &str) -> bool {
    let (host, port) = match name.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !name.ends_with(']') => (host, Some(port)),
        _ => (name, None),
    };
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let named = is_host_name(host) && host.chars().all(|c| !c.is_ascii_uppercase());
    (named || literal.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok()))
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
}

/// An origin is `scheme://host[:port]`, in lower case and without path (RFC 6454 §6.2); `null` and `*` are none.
fn check_origin(origin: &str) -> Result<(), ConfigError> {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:[]".contains(c);
    match host {
        Some(host) if !host.is_empty() && host.chars().all(plain) => Ok(()),
        _ => Err(ConfigError::Origin(origin.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn an_address_that_others_can_reach_is_refused_with_the_profile_it_needs() {
        for address in ["0.0.0.0:2580", "[::]:2580", "192.0.2.1:2580", "[2001:db8::1]:25"] {
            let config = Config { listen: vec![address.parse().unwrap()], ..Config::default() };
            let told = config.check().unwrap_err().to_string();
            assert!(told.contains("intranet") && told.contains("public"), "{told}");
        }
        for address in ["127.0.0.1:0", "127.3.2.1:80", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
            let config = Config { listen: vec![address.parse().unwrap()], ..Config::default() };
            assert_eq!(config.check(), Ok(()));
        }
    }

    #[test]
    fn an_open_combination_is_refused_with_what_to_write() {
        let all: SocketAddr = "0.0.0.0:2580".parse().unwrap();
        let named = || vec!["ehlo.corp.example:2580".to_owned()];
        let network = || vec!["192.0.2.0/24".parse().unwrap()];
        let intranet = || Config { listen: vec![all], public_names: named(), ..Config::of(Profile::Intranet) };
        let public = || Config { listen: vec![all], public_names: named(), ..Config::of(Profile::Public) };
        for (config, word) in [
            (intranet(), "--target"),
            (Config { allow_networks: network(), public_names: Vec::new(), ..intranet() }, "--public-name"),
            (public(), "ehlo token"),
            (Config { open_to_everybody: true, allow_networks: network(), ..public() }, "intranet"),
            (Config { open_to_everybody: true, public_names: Vec::new(), ..public() }, "--public-name"),
        ] {
            let told = config.check().unwrap_err().to_string();
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(Config { allow_networks: network(), ..intranet() }.check(), Ok(()));
        assert_eq!(Config { open_to_everybody: true, ..public() }.check(), Ok(()));
    }

    #[test]
    fn a_public_name_is_what_a_browser_sends_as_host() {
        for good in
            ["ehlo.example", "ehlo.example:2580", "localhost", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80"]
        {
            assert!(is_authority(good), "{good}");
        }
        for bad in ["", "Ehlo.example", "https://ehlo.example", "ehlo.example/", "ehlo.example:", "ehlo.example:0", "*"]
        {
            assert!(!is_authority(bad), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for good in ["https://docs.example", "http://localhost:8080", "http://[::1]:80"] {
            assert_eq!(check_origin(good), Ok(()), "{good}");
        }
        for bad in ["*", "null", "", "docs.example", "https://", "https://docs.example/", "HTTPS://docs.example"] {
            assert!(check_origin(bad).is_err(), "{bad}");
        }
    }
}
