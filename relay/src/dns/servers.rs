//! The DNS servers that are asked, how, and what is trusted of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::{ResolverBuilder, TokioResolver};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::config::{Config, NameServer};

/// Into so many turns the time for a question is cut, so that a silent server or a lost datagram does not take all of it.
const TURNS: u32 = 5;

/// The DNS servers of a configuration.
#[derive(Clone)]
pub(crate) struct Servers {
    servers: Vec<NameServer>,
    /// How to ask over TLS.
    tls: ClientConfig,
    /// How long one server may take before the next is asked.
    each: Duration,
    pub(crate) anchors: Anchors,
}

/// The keys that DNSSEC begins with.
#[derive(Clone)]
pub(crate) struct Anchors {
    pub(crate) keys: Arc<TrustAnchors>,
    /// The zones whose keys they are.
    pub(crate) zones: Vec<Name>,
}

impl Servers {
    /// Those of the configuration.
    ///
    /// # Errors
    /// A file cannot be read or used: which, and why.
    pub(crate) fn of(config: &Config) -> Result<Self, String> {
        let told = |path: &Path, why: String| format!("{} {why}", path.display());
        let roots = match &config.dns_authority {
            Some(path) => authorities(path).map_err(|why| told(path, why))?,
            None => well_known(),
        };
        let anchors = match &config.dnssec_anchor {
            Some(path) => Anchors::read(path).map_err(|why| told(path, why))?,
            None => Anchors { keys: Arc::new(TrustAnchors::default()), zones: vec![Name::root()] },
        };
        let each = config.limits.resolve / TURNS;
        Ok(Self { servers: config.dns.clone(), tls: client(roots)?, each, anchors })
    }

    /// A resolver of the library that does not validate.
    pub(crate) fn resolver(&self, hosts: ResolveHosts) -> Result<TokioResolver, NetError> {
        self.builder(hosts).build()
    }

    /// A resolver of the library that validates by DNSSEC.
    pub(crate) fn validating(&self) -> Result<TokioResolver, NetError> {
        self.builder(ResolveHosts::Never).with_trust_anchor(Arc::clone(&self.anchors.keys)).build()
    }

    fn builder(&self, hosts: ResolveHosts) -> ResolverBuilder<TokioRuntimeProvider> {
        let mut builder = match self.servers.is_empty() {
            false => with_servers(self.servers.iter().map(name_server).collect()),
            true => TokioResolver::builder_tokio().unwrap_or_else(|error| {
                tracing::warn!(%error, "the system names no DNS server; use --dns ADDR:PORT");
                with_servers(Vec::new())
            }),
        };
        let options = builder.options_mut();
        options.use_hosts_file = hosts;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // Whoever repairs a zone wants to see it; the DNS server keeps its own cache.
        options.cache_size = 0;
        // Of two servers asked at once, the second answer that does not fit UDP ends the question before it is asked over
        // TCP (hickory-dns issue 3963).
        options.num_concurrent_reqs = 1;
        options.timeout = self.each;
        options.attempts = TURNS as usize - 1;
        builder.with_tls_config(self.tls.clone())
    }
}

impl Anchors {
    fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        let keys: TrustAnchors = text.parse().map_err(|error| format!("has no DNSKEY records ({error})"))?;
        // The library does not tell whose they are.
        let zone = |line: &str| {
            let mut words = line.split_whitespace();
            let name = Name::from_ascii(words.next()?).ok()?;
            words.any(|word| word.eq_ignore_ascii_case("DNSKEY")).then_some(name)
        };
        let mut zones: Vec<_> = text.lines().filter_map(zone).collect();
        zones.sort();
        zones.dedup();
        match zones.is_empty() {
            true => Err("has no DNSKEY records".to_owned()),
            false => Ok(Self { keys: Arc::new(keys), zones }),
        }
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read ({error})")
}

/// The authorities that everybody trusts.
pub(crate) fn well_known() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// The certificates of a file, PEM.
///
/// # Errors
/// What is wrong with the file, without its name.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let pem = fs::read(path).map_err(|error| unreadable(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| "is not PEM".to_owned())?;
        roots.add(certificate).map_err(|error| format!("has a certificate that cannot be used ({error})"))?;
    }
    if roots.is_empty() { Err("has no certificate in PEM form".to_owned()) } else { Ok(roots) }
}

/// TLS as a client that trusts these.
pub(crate) fn client(roots: RootCertStore) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn with_servers(servers: Vec<NameServerConfig>) -> ResolverBuilder<TokioRuntimeProvider> {
    TokioResolver::builder_with_config(ResolverConfig::from_name_servers(servers), TokioRuntimeProvider::default())
}

fn name_server(server: &NameServer) -> NameServerConfig {
    let ip = server.address.ip();
    let mut config = match &server.tls_name {
        Some(name) => NameServerConfig::new(ip, true, vec![ConnectionConfig::tls(name.as_str().into())]),
        None => NameServerConfig::udp_and_tcp(ip),
    };
    for connection in &mut config.connections {
        connection.port = server.address.port();
    }
    config
}
