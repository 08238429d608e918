//! What a relay is told before it starts.

mod acme;
mod file;
mod name_server;
pub mod options;
mod out;
mod tell;
mod through;
mod token;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use ehlo_core::tunnel::MAIL_PORTS;
use ipnet::IpNet;
use serde::Deserialize;

pub use acme::AcmeFault;
pub(crate) use acme::Wanted;
pub use file::FileError;
pub use name_server::NameServer;
pub use out::Prefer;
pub(crate) use out::source_towards;
pub use through::{ProxyKind, Through};
pub(crate) use token::find as find_token;
pub use token::{TOKEN_MIN, Token, TokenError};

use crate::limits::Limits;
use crate::target::{AddressPolicy, is_host_name};

/// The port that the relay listens on when it is told nothing.
pub const DEFAULT_PORT: u16 = 2580;

/// Loopback, IPv4 and IPv6, on [`DEFAULT_PORT`].
pub fn default_listen() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(), (Ipv6Addr::LOCALHOST, DEFAULT_PORT).into()]
}

/// For whom the relay is: a word that decides all defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// For the person at this machine: loopback only, any mail server may be named.
    #[default]
    Personal,
    /// For the people of one network: the servers and networks that the operator names.
    Intranet,
    /// For whoever has a token: mail servers at public addresses, and nothing private ever.
    Public,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Personal, Self::Intranet, Self::Public];

    /// The word that configures it, and that the page is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Intranet => "intranet",
            Self::Public => "public",
        }
    }

    /// Whether a refusal names the rule and the address, and a strange greeting is shown.
    pub(crate) const fn explains(self) -> bool {
        matches!(self, Self::Personal)
    }

    /// Whether a page may have a PROXY header written: only the person at this machine, to servers of their own.
    pub(crate) const fn writes_proxy_headers(self) -> bool {
        matches!(self, Self::Personal)
    }

    /// Whether a name without a dot is looked for in the search domains.
    pub(crate) const fn uses_search_domains(self) -> bool {
        matches!(self, Self::Personal | Self::Intranet)
    }

    /// Whether an IP address may stand where a host name is asked for.
    pub(crate) const fn takes_addresses(self) -> bool {
        matches!(self, Self::Personal | Self::Intranet)
    }

    const fn addresses(self) -> AddressPolicy {
        match self {
            Self::Personal => AddressPolicy::Any,
            Self::Intranet => AddressPolicy::Networks,
            Self::Public => AddressPolicy::Public,
        }
    }
}

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Lines for a person.
    Human,
}

impl LogFormat {
    /// The word that configures it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Human => "human",
        }
    }
}

/// A server that the operator has given a name; rules for ports and addresses do not concern it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTarget {
    /// A host name, or an IP address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether a page may have a PROXY header written to it.
    #[serde(default)]
    pub allow_proxy_header: bool,
}

/// The configuration of one relay; [`Config::default`] is the personal profile on its default addresses.
#[derive(Clone, Debug)]
pub struct Config {
    /// For whom.
    pub profile: Profile,
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Unix sockets to listen on too.
    pub listen_sockets: Vec<PathBuf>,
    /// The certificate chain, PEM, with which the relay serves HTTPS itself.
    pub tls_certificate: Option<PathBuf>,
    /// The private key to it, PEM.
    pub tls_key: Option<PathBuf>,
    /// The directory (RFC 8555 §7.1.1) of the ACME server from which the relay gets its certificate itself, as a URL; naming it
    /// agrees to its terms of service.
    pub acme_directory: Option<String>,
    /// Whom the ACME server may write to: mail addresses, or URLs.
    pub acme_contact: Vec<String>,
    /// The names of that certificate; where there are none, the host names among [`Config::public_names`].
    pub acme_names: Vec<String>,
    /// The folder where the account's key, the certificate and its key are kept.
    pub acme_folder: Option<PathBuf>,
    /// The authorities, PEM, that vouch for the ACME server, in place of the well-known ones.
    pub acme_authority: Option<PathBuf>,
    /// Whether each connection begins with a PROXY protocol header, which proxies of the operator send.
    pub proxy_protocol: bool,
    /// The names, with a port where it is not the usual one, by which browsers know the page.
    pub public_names: Vec<String>,
    /// The ports that may be reached.
    pub ports: Vec<u16>,
    /// Ports beside [`Config::ports`] that may be reached.
    pub allow_ports: Vec<u16>,
    /// Which addresses may be reached.
    pub addresses: AddressPolicy,
    /// The networks whose addresses may be reached, where the policy is [`AddressPolicy::Networks`].
    pub allow_networks: Vec<IpNet>,
    /// Networks whose addresses are not reached, whatever else is said.
    pub deny_networks: Vec<IpNet>,
    /// Servers with a name.
    pub targets: BTreeMap<String, NamedTarget>,
    /// Origins beside the relay's own whose pages may use the tunnel, exactly as a browser writes them.
    pub allow_origins: Vec<String>,
    /// The proxies in front of the relay: what they say of whom they speak for (`X-Forwarded-For`) is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the proxies that come over the Unix sockets are believed as well.
    pub trust_sockets: bool,
    /// One of these is wanted of every page; where there is none, no page is asked.
    pub tokens: Vec<Token>,
    /// Whether a public relay may serve whoever comes.
    pub open_to_everybody: bool,
    /// Own addresses, one of a family at most, from which targets are dialled; a family without one is left to the system.
    pub source_address: Vec<IpAddr>,
    /// Which addresses of a name are tried, and which first.
    pub prefer: Prefer,
    /// The proxy through which mail servers are reached.
    pub through: Option<Through>,
    /// The DNS servers to ask, in place of the system's.
    pub dns: Vec<NameServer>,
    /// The authorities, PEM, that vouch for DNS servers asked over TLS, in place of the well-known ones.
    pub dns_authority: Option<PathBuf>,
    /// The keys that DNSSEC begins with, as DNSKEY records, in place of the root's.
    pub dnssec_anchor: Option<PathBuf>,
    /// Whether the practice server is offered over TCP.
    pub practice: bool,
    /// Where metrics are told to the operator's monitoring, beside `/healthz` and `/readyz`; nowhere by default.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether metrics may be told to other machines.
    pub metrics_to_others: bool,
    /// What the program logs, as `tracing_subscriber` writes filters.
    pub log: String,
    /// How the program's log looks.
    pub log_format: LogFormat,
    /// Numbers and times.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self::of(Profile::Personal)
    }
}

impl Config {
    /// The defaults of a profile.
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            listen: default_listen(),
            listen_sockets: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            acme_directory: None,
            acme_contact: Vec::new(),
            acme_names: Vec::new(),
            acme_folder: None,
            acme_authority: None,
            proxy_protocol: false,
            public_names: Vec::new(),
            ports: MAIL_PORTS.to_vec(),
            allow_ports: Vec::new(),
            addresses: profile.addresses(),
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
            targets: BTreeMap::new(),
            allow_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            trust_sockets: false,
            tokens: Vec::new(),
            open_to_everybody: false,
            source_address: Vec::new(),
            prefer: Prefer::default(),
            through: None,
            dns: Vec::new(),
            dns_authority: None,
            dnssec_anchor: None,
            practice: false,
            metrics_listen: None,
            metrics_to_others: false,
            log: "warn,ehlo_relay=info".to_owned(),
            log_format: LogFormat::default(),
            limits: Limits::of(profile),
        }
    }

    /// The ports that may be reached.
    pub fn ports(&self) -> Vec<u16> {
        let mut ports = self.ports.clone();
        ports.extend(self.allow_ports.iter().copied().filter(|port| !self.ports.contains(port)));
        ports
    }

    /// Whether the relay speaks HTTPS itself.
    pub(crate) fn serves_https(&self) -> bool {
        self.tls_key.is_some() || self.acme_directory.is_some()
    }

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

/// A configuration that the relay does not start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The personal profile listens on loopback only.
    NotLoopback(SocketAddr),
    /// The intranet profile reaches nobody yet.
    NoTargets,
    /// The public profile reaches public addresses only, and all of them.
    PublicNetworks,
    /// The public profile without token.
    OpenToEverybody,
    /// A listener on all addresses, and no name by which the page is opened.
    NoPublicName(SocketAddr),
    /// Nowhere to listen.
    NoListener,
    /// Unix sockets alone, and no name by which the page is opened.
    NoName,
    /// A certificate without its key, or a key alone.
    HalfOfTls,
    /// What is said of ACME cannot be done.
    Acme(AcmeFault),
    /// PROXY headers from nobody.
    NoProxies,
    /// Metrics where other machines can read them.
    MetricsToOthers(SocketAddr),
    /// A public name that is no host name.
    PublicName(String),
    /// A named target that cannot be one.
    Target {
        /// Its name.
        name: String,
        /// Its host.
        host: String,
    },
    /// A source address that is not one of this machine.
    Source(IpAddr),
    /// A second source address of the same family.
    TwoSources(IpAddr),
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
                "{address} can be reached from other machines, and a relay of the profile \"personal\" serves the person \
                 at this machine only; use --listen 127.0.0.1:{}, or choose --profile intranet or --profile public",
                address.port()
            ),
            Self::NoTargets => f.write_str(
                "a relay of the profile \"intranet\" reaches only what its operator names: give it a server, as in \
                 --target exchange=mail.corp.example:25, or a network, as in --allow-network 192.0.2.0/24",
            ),
            Self::PublicNetworks => f.write_str(
                "a relay of the profile \"public\" reaches all public addresses and no others; leave allow_networks out, \
                 name single servers as targets, or choose the profile \"intranet\"",
            ),
            Self::OpenToEverybody => f.write_str(
                "a relay of the profile \"public\" wants a token of each visitor: make one with \"ehlo token\" and put its \
                 hash under [tokens] in the file; if really everybody may use it, say --open-to-everybody",
            ),
            Self::NoPublicName(address) => write!(
                f,
                "{address} is every address of this machine, and the relay must know by which name people open the page: \
                 --public-name ehlo.corp.example, with the port where it is not 80 or 443"
            ),
            Self::NoListener => f.write_str("there is nowhere to listen; leave listen out, or name an address in it"),
            Self::NoName => f.write_str(
                "a Unix socket has no name by which people open the page: say --public-name ehlo.corp.example, as the web \
                 server in front of it is called",
            ),
            Self::HalfOfTls => f.write_str(
                "HTTPS needs both tls_certificate and tls_key; name the two files, or neither where a web server in front \
                 speaks HTTPS",
            ),
            Self::Acme(fault) => fault.fmt(f),
            Self::NoProxies => f.write_str(
                "with proxy_protocol each connection must come from a proxy that is trusted: name its network, as in \
                 --trusted-proxy 192.0.2.1/32, and \"unix\" for the one at a Unix socket",
            ),
            Self::MetricsToOthers(address) => write!(
                f,
                "{address} can be reached from other machines, and metrics tell how much the relay is used; use \
                 --metrics-listen 127.0.0.1:{}, or say --metrics-to-others if they may know",
                address.port()
            ),
            Self::PublicName(name) => write!(
                f,
                "{name:?} is no name by which a page is opened; write a host name in small letters, with the port where \
                 it is not 80 or 443: ehlo.corp.example or ehlo.corp.example:2580"
            ),
            Self::Target { name, host } => write!(
                f,
                "the target {name:?} at {host:?} cannot be one: its name has letters, digits, dots, dashes and underscores \
                 and is not \"practice\", and its host is a host name or an IP address"
            ),
            Self::Source(address) => write!(
                f,
                "the relay cannot dial from {address}: that is no address of this machine; name one of those that \"ip \
                 address\" lists, or leave source_address out"
            ),
            Self::TwoSources(address) => write!(
                f,
                "{address} is the second source address of its family; name one IPv4 address and one IPv6 address at most"
            ),
            Self::PortZero => f.write_str("port 0 cannot be reached; give a number from 1 to 65535"),
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

    #[test]
    fn a_port_is_named_once_however_often_it_is_allowed() {
        let config = Config { allow_ports: vec![25, 1025], ..Config::default() };
        assert_eq!(config.ports(), [25, 465, 587, 2525, 2465, 1025]);
    }
}
