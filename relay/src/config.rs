//! What a relay is told before it starts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ehlo_core::tunnel::MAIL_PORTS;

use crate::limits::Limits;
use crate::target::AddressPolicy;

/// The port that the relay listens on when it is told nothing.
pub const DEFAULT_PORT: u16 = 2580;

/// Loopback, IPv4 and IPv6, on [`DEFAULT_PORT`].
pub fn default_listen() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(), (Ipv6Addr::LOCALHOST, DEFAULT_PORT).into()]
}

/// For whom the relay is: a word that decides all defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// For the person at this machine: loopback only, any mail server may be named.
    #[default]
    Personal,
}

impl Profile {
    /// The word that the page is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Personal => "personal",
        }
    }

    /// Whether a refusal names the rule and the address, and a strange greeting is shown.
    pub(crate) const fn explains(self) -> bool {
        match self {
            Self::Personal => true,
        }
    }

    /// Whether a page may have a PROXY header written: only the person at this machine, to servers of their own.
    pub(crate) const fn writes_proxy_headers(self) -> bool {
        match self {
            Self::Personal => true,
        }
    }

    /// Whether a name without a dot is looked for in the search domains.
    pub(crate) const fn uses_search_domains(self) -> bool {
        match self {
            Self::Personal => true,
        }
    }
}

/// The configuration of one relay; [`Config::default`] is the personal profile on its default addresses.
#[derive(Clone, Debug)]
pub struct Config {
    /// For whom.
    pub profile: Profile,
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Ports beside [`MAIL_PORTS`] that may be reached.
    pub allow_ports: Vec<u16>,
    /// Which addresses may be reached.
    pub addresses: AddressPolicy,
    /// Origins beside the relay's own whose pages may use the tunnel, exactly as a browser writes them.
    pub allow_origins: Vec<String>,
    /// The DNS server to ask, in place of the system's.
    pub dns: Option<SocketAddr>,
    /// Whether the practice server is offered over TCP.
    pub practice: bool,
    /// Numbers and times.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profile: Profile::Personal,
            listen: default_listen(),
            allow_ports: Vec::new(),
            addresses: AddressPolicy::Any,
            allow_origins: Vec::new(),
            dns: None,
            practice: false,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The ports that may be reached.
    pub fn ports(&self) -> Vec<u16> {
        let mut ports = MAIL_PORTS.to_vec();
        ports.extend(self.allow_ports.iter().copied().filter(|port| !MAIL_PORTS.contains(port)));
        ports
    }

    /// Checks what can be checked before anything is opened.
    ///
    /// # Errors
    /// What is not allowed, and what to do about it.
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Some(&address) = self.listen.iter().find(|address| !is_loopback(address.ip())) {
            return Err(ConfigError::NotLoopback(address));
        }
        if self.allow_ports.contains(&0) {
            return Err(ConfigError::PortZero);
        }
        self.allow_origins.iter().try_for_each(|origin| check_origin(origin))
    }
}

/// A configuration that the relay does not start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The personal profile listens on loopback only.
    NotLoopback(SocketAddr),
    /// `--allow-port 0`.
    PortZero,
    /// Not an origin as browsers write it.
    Origin(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => write!(
                f,
                "{address} can be reached from other machines, and this relay serves the person at this machine only; \
                 other machines will need the profile \"intranet\" or \"public\", which do not exist yet. \
                 Use --listen 127.0.0.1:{}",
                address.port()
            ),
            Self::PortZero => f.write_str("port 0 cannot be reached; give --allow-port a number from 1 to 65535"),
            Self::Origin(origin) => write!(
                f,
                "{origin:?} is not an origin; write it as a browser does, scheme, host and port only, \
                 for example --allow-origin https://docs.example"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
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
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for good in ["https://docs.example", "http://localhost:8080", "http://[::1]:80"] {
            assert_eq!(check_origin(good), Ok(()), "{good}");
        }
        for bad in ["*", "null", "", "docs.example", "https://", "https://docs.example/", "HTTPS://docs.example"] {
            assert!(check_origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_port_is_named_once_however_often_it_is_allowed() {
        let config = Config { allow_ports: vec![25, 1025], ..Config::default() };
        assert_eq!(config.ports(), [25, 465, 587, 2525, 2465, 1025]);
    }
}
