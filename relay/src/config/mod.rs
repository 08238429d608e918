//! What a relay is told before it starts.
//!
//! It knows of no connection: the same file says the same, whoever comes.

mod acme;
mod check;
mod fault;
mod file;
mod limits;
mod name_server;
mod names;
pub mod options;
mod out;
mod profile;
mod targets;
mod tell;
mod through;
mod token;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use ehlo_core::tunnel::{IMPLICIT_TLS_PORTS, MAIL_PORTS};
use ipnet::IpNet;
use serde::Deserialize;

pub use acme::AcmeFault;
pub(crate) use acme::Wanted;
pub use fault::ConfigError;
pub use file::FileError;
pub use limits::Limits;
pub use name_server::NameServer;
pub(crate) use names::is_host_name;
pub use out::Prefer;
pub(crate) use out::source_towards;
pub use profile::Profile;
pub use targets::{AddressPolicy, NamedTarget};
pub use through::{ProxyKind, Through};
pub(crate) use token::find as find_token;
pub use token::{TOKEN_MIN, Token, TokenError};

/// The port that the relay listens on when it is told nothing.
pub const DEFAULT_PORT: u16 = 2580;

/// Loopback, IPv4 and IPv6, on [`DEFAULT_PORT`].
pub fn default_listen() -> Vec<SocketAddr> {
    vec![(Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(), (Ipv6Addr::LOCALHOST, DEFAULT_PORT).into()]
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
    /// The ports at which a page may begin with TLS before the server has greeted (RFC 8314 §3).
    pub implicit_tls_ports: Vec<u16>,
    /// Whether it may do so at every port.
    pub implicit_tls_anywhere: bool,
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
            implicit_tls_ports: IMPLICIT_TLS_PORTS.to_vec(),
            implicit_tls_anywhere: profile.begins_with_tls_anywhere(),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_once_however_often_it_is_allowed() {
        let config = Config { allow_ports: vec![25, 1025], ..Config::default() };
        assert_eq!(config.ports(), [25, 465, 587, 2525, 2465, 1025]);
    }
}
