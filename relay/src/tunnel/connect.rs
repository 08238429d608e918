//! A session that connects: the target's addresses, one connection that the policy allows, and the bridge to it.

use std::net::{IpAddr, SocketAddr};

use ehlo_core::tunnel::{Code, Connect, Connected, Family, FromRelay};
use futures_util::{Sink, Stream};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::context::Context;
use super::refusal::{Deny, End};
use super::send::tell;
use super::session::{Session, enough_today, speaks_too_early};
use crate::config::Limits;
use crate::elapsed::millis;
use crate::out::bridge;
use crate::out::dial::{Dialled, dial};
use crate::out::guard::Guard;
use crate::out::proxy_header;
use crate::out::resolve::Resolved;
use crate::out::target::Target;
use crate::quotas::{Lease, Use};

impl Session<'_> {
    /// Connects, and bridges until the end.
    pub(super) async fn connect<W, R>(&self, connect: &Connect, page_out: &mut W, page_in: &mut R) -> Result<End, End>
    where
        W: Sink<Message, Error = Error> + Unpin,
        R: Stream<Item = Result<Message, Error>> + Unpin,
    {
        let started = Instant::now();
        let target = self.context.policy.target(connect).map_err(End::Denied)?;
        if connect.proxy_header.is_some() {
            self.context.policy.proxy_header(&target).map_err(End::Denied)?;
        }
        self.note(|facts| facts.target = Some(target.describe()));
        let reached = tokio::select! {
            reached = Box::pin(self.reach(&target, connect.family, page_out)) => reached?,
            end = speaks_too_early(page_in) => return Err(end),
        };
        let Reached { mut tcp, address, local, local_name, _place } = reached;
        self.context.metrics.connected(started.elapsed());
        if target.is_practice() {
            self.context.metrics.practised();
        }
        self.note(|facts| facts.address = Some(address));
        if let Some(header) = &connect.proxy_header {
            self.note(|facts| facts.proxied = Some(header.source));
            // It is the relay's own, so neither the guard nor the page's budget is asked.
            tcp.write_all(&proxy_header::octets(header)).await.map_err(|_| {
                End::Denied(Deny::new(Code::Reset, format!("{address} broke the connection off at once.")))
            })?;
        }
        let connected = Connected {
            session: self.id.to_owned(),
            address: address.ip().to_string(),
            port: address.port(),
            local: local.map(|local| local.to_string()),
            local_name,
            ms: millis(started.elapsed()),
        };
        tell(page_out, &FromRelay::Connected(connected)).await?;
        let reveal = self.context.profile.explains();
        // A client's day may have less left than a session may take.
        let left = self.context.quotas.octets_left(self.who()).await;
        let limits = Limits { sent: self.context.limits.sent.min(left), ..self.context.limits.clone() };
        let guard = Guard::new(self.context.policy.begins_with_tls(&target));
        Ok(bridge::run(page_out, page_in, tcp.into_split(), &limits, self.counters, (guard, reveal)).await)
    }

    async fn reach<W>(&self, target: &Target, family: Option<Family>, page: &mut W) -> Result<Reached, End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        let Context { limits, policy, quotas, metrics, resolver, outbound, .. } = self.context;
        let started = Instant::now();
        let (name, addresses) = self.candidates(target, family).await.map_err(End::Denied)?;
        // Each that may be tried counts: a dead address in front must not hide the one behind it.
        for address in &addresses {
            quotas.take(Use::Today(self.who(), address.ip())).await.map_err(|reached| {
                metrics.quota_refused("day");
                enough_today(reached.retry_after)
            })?;
        }
        let shown = addresses.iter().map(|address| address.ip().to_string()).collect();
        let ms = millis(started.elapsed());
        tell(page, &FromRelay::Resolved { name, addresses: shown, ms }).await?;

        let expected = addresses[0];
        let ahead = match outbound.proxy(expected) {
            Some(_) => None,
            None => resolver.own_name_ahead(expected, outbound.source(expected)),
        };
        let Dialled { tcp, address, place } =
            dial(&addresses, outbound, limits, quotas.as_ref(), page).await.inspect_err(|end| {
                if matches!(end, End::Denied(deny) if deny.code == Code::Busy) {
                    metrics.quota_refused("target");
                }
            })?;
        if !matches!(target, Target::Named { .. }) && outbound.comes_back(policy, &tcp, address) {
            return Err(End::Denied(policy.denied(|| format!("{address} is this relay itself."))));
        }
        let local = outbound.local(&tcp, address);
        let local_name = match (local, ahead) {
            (None, _) => None,
            (Some(local), Some((own, name))) if own == local.ip() => name.within(limits.local_name).await,
            (Some(local), _) => resolver.own_name(local.ip()).within(limits.local_name).await,
        };
        Ok(Reached { tcp, address, local, local_name, _place: place })
    }

    /// The full name, and the addresses to try: at least one, and only those that the policy allows.
    async fn candidates(&self, target: &Target, family: Option<Family>) -> Result<(String, Vec<SocketAddr>), Deny> {
        let Context { policy, prefer, .. } = self.context;
        match target {
            Target::Named { name, host, port, .. } => {
                let found = match host.parse::<IpAddr>() {
                    Ok(ip) => Resolved { name: name.clone(), addresses: vec![ip] },
                    Err(_) => self.context.resolver.addresses(host, prefer.family(family)).await?,
                };
                let most = self.context.limits.connect_addresses.max(1);
                let ips = prefer.in_turn(&found.addresses);
                let addresses = ips.into_iter().map(|ip| SocketAddr::from((ip, *port))).take(most).collect();
                Ok((found.name, addresses))
            }
            Target::Address(address) => {
                policy.address(*address)?;
                let fits = match family {
                    None => true,
                    Some(Family::V4) => address.is_ipv4(),
                    Some(Family::V6) => address.is_ipv6(),
                };
                if !fits {
                    return Err(Deny::bad_request("The address is not of the family that is asked for."));
                }
                Ok((address.ip().to_string(), vec![*address]))
            }
            Target::Host { name, port } => {
                let found = self.context.resolver.addresses(name, prefer.family(family)).await.map_err(|deny| {
                    match deny.code {
                        // What does not exist and what is not allowed look alike to those who are not told reasons.
                        Code::NoSuchHost if !policy.explains => policy.denied(String::new),
                        _ => deny,
                    }
                })?;
                let ips = prefer.in_turn(&found.addresses);
                let addresses = ips.into_iter().map(|ip| SocketAddr::from((ip, *port)));
                let (allowed, refused): (Vec<_>, Vec<_>) =
                    addresses.map(|address| (address, policy.address(address))).partition(|(_, no)| no.is_ok());
                if let (true, Some((_, Err(deny)))) = (allowed.is_empty(), refused.into_iter().next()) {
                    return Err(deny);
                }
                let most = self.context.limits.connect_addresses.max(1);
                Ok((found.name, allowed.into_iter().map(|(address, _)| address).take(most).collect()))
            }
        }
    }
}

/// A connection that stands.
struct Reached {
    tcp: tokio::net::TcpStream,
    address: SocketAddr,
    local: Option<SocketAddr>,
    local_name: Option<String>,
    _place: Lease,
}
