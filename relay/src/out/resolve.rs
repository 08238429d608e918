//! A name becomes addresses, once a session; and the name of the relay's own address.
//!
//! The hosts file is honoured here, as by every other program of this machine; answers that are shown to a person
//! are the business of [`crate::dns`].

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ehlo_core::tunnel::{Code, Family};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::RData;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::dns::name::plain;
use crate::dns::servers::Servers;
use crate::socket::own_address_towards;
use crate::tunnel::refusal::Deny;

/// How long the name of an own address is remembered.
const OWN_NAME_AGE: Duration = Duration::from_secs(300);

/// The addresses of a name, in the order of trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The full name that had them, without the final dot.
    pub(crate) name: String,
    pub(crate) addresses: Vec<IpAddr>,
}

/// The names of own addresses, and when they were found.
type OwnNames = HashMap<IpAddr, (Instant, Option<String>)>;

/// Looks names up for the tunnel.
#[derive(Clone)]
pub(crate) struct Resolver {
    dns: TokioResolver,
    search: bool,
    limit: Duration,
    own_names: Arc<Mutex<OwnNames>>,
}

impl Resolver {
    pub(crate) fn new(servers: &Servers, search: bool, limit: Duration) -> Result<Self, NetError> {
        let dns = servers.resolver(ResolveHosts::Always)?;
        Ok(Self { dns, search, limit, own_names: Arc::default() })
    }

    /// All addresses of a name, those of one family where one is wanted.
    pub(crate) async fn addresses(&self, host: &str, family: Option<Family>) -> Result<Resolved, Deny> {
        let absolute = !self.search || host.contains('.');
        let name = if absolute && !host.ends_with('.') { format!("{host}.") } else { host.to_owned() };
        let found = match timeout(self.limit, self.dns.lookup_ip(name.as_str())).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return Err(why(&error, host)),
            Err(_) => return Err(timed_out(host)),
        };
        let addresses = in_order(found.iter(), family);
        if addresses.is_empty() {
            return Err(Deny::new(Code::NoSuchHost, no_address(host, family)));
        }
        Ok(Resolved { name: plain(found.query().name()), addresses })
    }

    /// Begins to look up the name of the address from which `target` is reached, while the connection is made. None where
    /// there is no need: the connection will say its own address, and names that are remembered are there at once.
    /// `source` is the own address where it is set.
    pub(crate) fn own_name_ahead(&self, target: SocketAddr, source: Option<IpAddr>) -> Option<(IpAddr, OwnName)> {
        let same_family = |own: &IpAddr| own.is_ipv4() == target.is_ipv4();
        let knows = |(own, (at, _)): (&IpAddr, &(Instant, _))| same_family(own) && at.elapsed() < OWN_NAME_AGE;
        if target.ip().to_canonical().is_loopback() || self.own_names().iter().any(knows) {
            return None;
        }
        let own = source.or_else(|| own_address_towards(target))?;
        Some((own, self.own_name(own)))
    }

    /// The name of an own address, remembered or asked for.
    pub(crate) fn own_name(&self, own: IpAddr) -> OwnName {
        if own.to_canonical().is_loopback() {
            return OwnName::Known(None);
        }
        if let Some((at, name)) = self.own_names().get(&own)
            && at.elapsed() < OWN_NAME_AGE
        {
            return OwnName::Known(name.clone());
        }
        let resolver = self.clone();
        OwnName::Asked(tokio::spawn(async move {
            let name = timeout(resolver.limit, resolver.confirmed_name(own)).await.ok().flatten();
            resolver.own_names().insert(own, (Instant::now(), name.clone()));
            name
        }))
    }

    fn own_names(&self) -> MutexGuard<'_, OwnNames> {
        self.own_names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The PTR name of an address, where that name has the address.
    async fn confirmed_name(&self, ip: IpAddr) -> Option<String> {
        let answer = self.dns.reverse_lookup(ip).await.ok()?;
        for record in answer.answers() {
            let RData::PTR(name) = &record.data else { continue };
            let mut name = name.0.clone();
            name.set_fqdn(true);
            let back = self.dns.lookup_ip(name.clone()).await;
            if back.is_ok_and(|found| found.iter().any(|found| found == ip)) {
                return Some(plain(&name));
            }
        }
        None
    }
}

/// The name of an own address: known, or still asked for.
pub(crate) enum OwnName {
    Known(Option<String>),
    Asked(JoinHandle<Option<String>>),
}

impl OwnName {
    /// The name, if it comes in time; the question goes on for the next session.
    pub(crate) async fn within(self, limit: Duration) -> Option<String> {
        match self {
            Self::Known(name) => name,
            Self::Asked(asked) => timeout(limit, asked).await.ok()?.ok()?,
        }
    }
}

/// One of each family in turn, so that a family that does not work costs one attempt. IPv4 first: attempts come one
/// after another, and it is the family that works in more places.
fn in_order(found: impl Iterator<Item = IpAddr>, family: Option<Family>) -> Vec<IpAddr> {
    let mut fours = Vec::new();
    let mut sixes = Vec::new();
    for ip in found {
        let side = if ip.is_ipv4() { &mut fours } else { &mut sixes };
        if !side.contains(&ip) {
            side.push(ip);
        }
    }
    match family {
        Some(Family::V4) => fours,
        Some(Family::V6) => sixes,
        None => {
            let most = fours.len().max(sixes.len());
            (0..most).flat_map(|at| [fours.get(at), sixes.get(at)]).flatten().copied().collect()
        }
    }
}

fn why(error: &NetError, host: &str) -> Deny {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(_)) => Deny::new(Code::NoSuchHost, no_address(host, None)),
        NetError::Timeout => timed_out(host),
        _ => Deny::new(
            Code::DnsFailed,
            format!("The DNS server could not say what address {host} has. Try again, or give the IP address."),
        ),
    }
}

fn timed_out(host: &str) -> Deny {
    Deny::new(
        Code::DnsTimeout,
        format!("The DNS server did not answer in time when asked for {host}. Try again, or give the IP address."),
    )
}

fn no_address(host: &str, family: Option<Family>) -> String {
    let address = match family {
        None => "address",
        Some(Family::V4) => "IPv4 address",
        Some(Family::V6) => "IPv6 address",
    };
    format!("The DNS knows no {address} of {host}. Check the spelling.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::zone;

    #[tokio::test]
    async fn an_own_address_has_a_name_only_where_that_name_has_the_address() {
        // The reverse zone says that 192.0.2.1 is mx.zone.example, and knows no other address.
        for (records, address, name) in [
            ("mx IN A 192.0.2.1\n", "192.0.2.1", Some("mx.zone.example")),
            ("mx IN A 192.0.2.9\nmx IN A 192.0.2.1\n", "192.0.2.1", Some("mx.zone.example")),
            ("mx IN A 192.0.2.9\n", "192.0.2.1", None),
            ("", "192.0.2.1", None),
            ("mx IN A 192.0.2.1\n", "192.0.2.2", None),
        ] {
            let zone = zone::zone(records).await;
            let config = Config { dns: vec![zone.address.into()], ..Config::default() };
            let servers = Servers::of(&config).unwrap();
            let resolver = Resolver::new(&servers, false, Duration::from_secs(5)).unwrap();
            let found = resolver.confirmed_name(address.parse().unwrap()).await;
            assert_eq!(found.as_deref(), name, "{records}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_name_of_an_own_address_is_not_waited_for_long() {
        let asked = OwnName::Asked(tokio::spawn(std::future::pending()));
        let started = Instant::now();
        assert_eq!(asked.within(Duration::from_millis(500)).await, None);
        assert_eq!(started.elapsed().as_millis(), 500);
        assert_eq!(
            OwnName::Known(Some("mx.example".to_owned())).within(Duration::ZERO).await.as_deref(),
            Some("mx.example")
        );
    }

    #[test]
    fn families_take_turns_and_a_wanted_family_is_alone() {
        let ips = ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.1", "2001:db8::3"].map(|ip| ip.parse().unwrap());
        let order = |family| in_order(ips.into_iter(), family).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(order(None), ["192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"]);
        assert_eq!(order(Some(Family::V4)), ["192.0.2.1"]);
        assert_eq!(order(Some(Family::V6)), ["2001:db8::1", "2001:db8::2", "2001:db8::3"]);
    }
}
