//! One session: the page's first message, then look-ups, or one connection until its end.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use ehlo_core::secret::Secret;
use ehlo_core::tunnel::mta_sts::PolicyAnswer;
use ehlo_core::tunnel::{
    About, Answer, Closer, Code, Connect, Connected, Dnssec, FIRST_MESSAGE_MAX, Family, FromRelay, Lookup, Rcode,
    RecordType, ToRelay,
};
use futures_util::{FutureExt, Sink, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::assets;
use crate::bridge::{self, Counters};
use crate::config::{Prefer, Profile, Token, find_token};
use crate::dial::{Dialled, Outbound, dial, millis};
use crate::dns::Dns;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::mta_sts::{MtaSts, Way};
use crate::proxy;
use crate::quotas::{Lease, Quotas, Use};
use crate::refusal::{Deny, End, broken, last_word, tell};
use crate::resolve::{Resolved, Resolver, own_address_towards};
use crate::serve::stopped;
use crate::target::{Policy, Target, shown};

/// What all sessions of one relay share.
pub(crate) struct Context {
    pub(crate) profile: Profile,
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
    pub(crate) quotas: Arc<dyn Quotas>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) resolver: Resolver,
    pub(crate) dns: Dns,
    pub(crate) mta_sts: MtaSts,
    pub(crate) names: Names,
    /// The way out.
    pub(crate) outbound: Outbound,
    pub(crate) prefer: Prefer,
    pub(crate) tokens: Vec<Token>,
}

/// Gives each session a name that finds its log line.
pub(crate) struct Names {
    relay: u32,
    next: AtomicU64,
}

impl Names {
    pub(crate) fn new() -> Self {
        // The hasher's seed is random for each start of the relay.
        let seed = RandomState::new().hash_one("relay");
        Self { relay: (seed >> 32) as u32, next: AtomicU64::new(1) }
    }

    fn next(&self) -> String {
        format!("{:08x}-{}", self.relay, self.next.fetch_add(1, Relaxed))
    }
}

/// Who opened a session.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) client: SocketAddr,
    pub(crate) origin: String,
}

/// What the log line tells of a session, as far as it has become known.
#[derive(Debug, Default)]
struct Facts {
    asked: String,
    /// Whose token was shown.
    token: Option<String>,
    target: Option<String>,
    address: Option<SocketAddr>,
    /// The client that a PROXY header has named.
    proxied: Option<SocketAddr>,
}

/// Runs one session from the upgrade to the log line.
pub(crate) async fn session<S>(
    mut ws: WebSocketStream<S>,
    context: &Context,
    visitor: &Visitor,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let id = context.names.next();
    let started = Instant::now();
    let counters = Counters::default();
    let facts = Mutex::new(Facts::default());
    let session = Session { context, visitor, id: &id, counters: &counters, facts: &facts };
    let end = tokio::select! {
        end = contained(&id, session.converse(&mut ws)) => end,
        () = stopped_and(&mut stop, context.limits.grace) => session.going_away(),
    };
    let (sent, received) = (counters.sent.load(Relaxed), counters.received.load(Relaxed));
    context.quotas.sent(visitor.client.ip(), sent).await;
    context.metrics.ended(&end, sent, received, started.elapsed());
    let facts = facts.into_inner().unwrap_or_else(PoisonError::into_inner);
    tracing::info!(
        target: "ehlo_relay::session",
        id,
        client = %visitor.client.ip(),
        origin = visitor.origin,
        asked = facts.asked,
        token = facts.token,
        target = facts.target,
        address = facts.address.map(|address| address.to_string()),
        proxied = facts.proxied.map(|source| source.to_string()),
        result = end.word(),
        by = end.by(),
        sent,
        received,
        ms = millis(started.elapsed()),
        "session"
    );
    // In a box, as all that a session which stands does not need.
    Box::pin(last_word(ws, end, &id, sent, received)).await;
}

/// Contains a panic to its session. What it said is not logged, since it may hold what went through. No `async fn`, which
/// would hold the room for the session twice.
fn contained(id: &str, session: impl Future<Output = End>) -> impl Future<Output = End> {
    AssertUnwindSafe(session).catch_unwind().map(move |ended| {
        ended.unwrap_or_else(|_| {
            tracing::error!(id, "a session panicked");
            End::Denied(Deny::new(Code::Internal, "Something went wrong in the relay; its log says more."))
        })
    })
}

async fn stopped_and(stop: &mut watch::Receiver<bool>, grace: std::time::Duration) {
    stopped(stop).await;
    sleep(grace).await;
}

/// One session and what it needs.
struct Session<'a> {
    context: &'a Context,
    visitor: &'a Visitor,
    id: &'a str,
    counters: &'a Counters,
    facts: &'a Mutex<Facts>,
}

impl Session<'_> {
    fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn going_away(&self) -> End {
        let connected = self.facts.lock().unwrap_or_else(PoisonError::into_inner).address.is_some();
        match connected {
            true => End::Closed { by: Closer::Relay, code: Code::GoingAway },
            false => End::Denied(Deny::new(Code::GoingAway, "The relay is being stopped.")),
        }
    }

    async fn converse<S>(&self, ws: &mut WebSocketStream<S>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut page_out, mut page_in) = ws.split();
        self.begin(&mut page_out, &mut page_in).await.unwrap_or_else(|end| end)
    }

    async fn begin<W, R>(&self, page_out: &mut W, page_in: &mut R) -> Result<End, End>
    where
        W: Sink<Message, Error = Error> + Unpin,
        R: Stream<Item = Result<Message, Error>> + Unpin,
    {
        let client = self.visitor.client.ip();
        let _place = self.context.quotas.take(Use::Session(client)).await.map_err(|reached| {
            let wait = reached.retry_after;
            self.context.metrics.quota_refused("sessions");
            busy(wait, format!("Too many connections from one place; try again in {wait} seconds."))
        })?;
        let limits = &self.context.limits;
        let late = || {
            let seconds = limits.first_message.as_secs();
            Deny::bad_request(format!("The page has asked for nothing within {seconds} seconds (connect_expected)."))
        };
        match request(page_in, Instant::now() + limits.first_message, late).await? {
            ToRelay::Connect(connect) => {
                self.note(|facts| facts.asked = "connect".to_owned());
                self.authorise(connect.token.as_ref())?;
                self.connect(&connect, page_out, page_in).await
            }
            question @ (ToRelay::Lookup(_) | ToRelay::MtaSts(_) | ToRelay::About { .. }) => {
                self.note(|facts| facts.asked = "lookup".to_owned());
                // In a box, as what comes before a connection: a session that stands need not hold the room for it.
                Box::pin(self.answer(question, page_out, page_in)).await
            }
            ToRelay::Eof {} => Err(End::Denied(Deny::bad_request("There is no connection to end yet."))),
        }
    }

    /// Whether the page knows a token, where one is wanted.
    fn authorise(&self, shown: Option<&Secret>) -> Result<(), End> {
        let tokens = &self.context.tokens;
        if tokens.is_empty() {
            return Ok(());
        }
        let message = match shown {
            None => "This relay wants a token, which its operator gives out. Write it under \u{201c}Relay\u{201d}.",
            Some(shown) => match find_token(tokens, shown) {
                Some(token) => {
                    self.note(|facts| facts.token = Some(token.name.clone()));
                    return Ok(());
                }
                None => "This relay does not know that token. Ask its operator for the right one.",
            },
        };
        Err(End::Denied(Deny::new(Code::Unauthorized, message)))
    }

    /// Answers questions until the page goes.
    async fn answer<W, R>(&self, first: ToRelay, page_out: &mut W, page_in: &mut R) -> Result<End, End>
    where
        W: Sink<Message, Error = Error> + Unpin,
        R: Stream<Item = Result<Message, Error>> + Unpin,
    {
        let mut question = first;
        let mut authorised = false;
        let limits = &self.context.limits;
        let oldest = Instant::now() + limits.lifetime;
        let late = || match Instant::now() < oldest {
            true => Deny::new(Code::Idle, "No further question came."),
            false => Deny::new(Code::Lifetime, "These questions have gone on for long enough; ask again."),
        };
        loop {
            self.context.quotas.take(Use::Lookup(self.visitor.client.ip())).await.map_err(|reached| {
                let wait = reached.retry_after;
                self.context.metrics.quota_refused("lookups");
                busy(wait, format!("Too many questions; try again in {wait} seconds."))
            })?;
            let answer = match &question {
                ToRelay::Lookup(lookup) => {
                    if !authorised {
                        self.authorise(lookup.token.as_ref())?;
                        authorised = true;
                    }
                    FromRelay::Answer(self.look_up(lookup).await.map_err(End::Denied)?)
                }
                ToRelay::MtaSts(question) => {
                    if !authorised {
                        self.authorise(question.token.as_ref())?;
                        authorised = true;
                    }
                    FromRelay::MtaSts(Box::new(self.mta_sts(&question.domain).await.map_err(End::Denied)?))
                }
                ToRelay::About { token } => FromRelay::About(self.about(token.as_ref())),
                ToRelay::Connect(_) | ToRelay::Eof {} => {
                    return Err(End::Denied(Deny::bad_request("A connection needs a WebSocket of its own.")));
                }
            };
            tell(page_out, &answer).await?;
            question = request(page_in, oldest.min(Instant::now() + limits.next_lookup), late).await?;
        }
    }

    /// What the DNS says, as far as it may be shown: the names of what is inside are not for strangers.
    async fn look_up(&self, lookup: &Lookup) -> Result<Answer, Deny> {
        let policy = &self.context.policy;
        let asked: Option<IpAddr> = lookup.name.parse().ok();
        if lookup.rtype == RecordType::Ptr && asked.is_some_and(|ip| !policy.may_be_shown(ip)) {
            return Ok(Answer {
                name: lookup.name.clone(),
                rtype: lookup.rtype,
                rcode: Rcode::NxDomain,
                records: Vec::new(),
                ttl: None,
                dnssec: Dnssec::Unknown,
                ms: 0,
            });
        }
        let answer = self.context.dns.answer(lookup).await?;
        self.context.metrics.looked_up(answer.rcode);
        Ok(shown(policy, answer))
    }

    async fn mta_sts(&self, domain: &str) -> Result<PolicyAnswer, Deny> {
        let Context { mta_sts, dns, policy, outbound, quotas, .. } = self.context;
        let counts = |ip| async move {
            let taken = quotas.take(Use::Today(self.visitor.client.ip(), ip)).await;
            taken.map(drop).map_err(|reached| {
                let wait = reached.retry_after;
                Deny::busy(wait, format!("That is enough for one day; try again in {} minutes.", wait / 60 + 1))
            })
        };
        let answer = mta_sts.answer(domain, Way { dns, policy, outbound }, counts).await?;
        self.context.metrics.looked_for_policy(answer.policy.is_some());
        Ok(answer)
    }

    /// What this relay is; who has no token, where one is wanted, is not told the names of servers.
    fn about(&self, shown: Option<&Secret>) -> About {
        let Context { tokens, policy, .. } = &self.context;
        let admitted = tokens.is_empty() || shown.is_some_and(|shown| find_token(tokens, shown).is_some());
        let named = policy.named.keys().filter(|name| admitted || Policy::is_practice(name));
        About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            profile: self.context.profile.word().to_owned(),
            ports: policy.ports.clone(),
            hosts: policy.hosts_may_be_named(),
            targets: named.cloned().collect(),
            token: !tokens.is_empty(),
            admitted,
            page_hash: assets::hash().map(str::to_owned),
        }
    }

    /// Connects, and bridges until the end.
    async fn connect<W, R>(&self, connect: &Connect, page_out: &mut W, page_in: &mut R) -> Result<End, End>
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
            tcp.write_all(&proxy::octets(header)).await.map_err(|_| {
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
        let left = self.context.quotas.octets_left(self.visitor.client.ip()).await;
        let limits = Limits { sent: self.context.limits.sent.min(left), ..self.context.limits.clone() };
        Ok(bridge::run(page_out, page_in, tcp.into_split(), &limits, self.counters, reveal).await)
    }

    async fn reach<W>(&self, target: &Target, family: Option<Family>, page: &mut W) -> Result<Reached, End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        let Context { limits, quotas, metrics, resolver, outbound, .. } = self.context;
        let started = Instant::now();
        let (name, addresses) = self.candidates(target, family).await.map_err(End::Denied)?;
        // Each that may be tried counts: a dead address in front must not hide the one behind it.
        for address in &addresses {
            quotas.take(Use::Today(self.visitor.client.ip(), address.ip())).await.map_err(|reached| {
                let wait = reached.retry_after;
                metrics.quota_refused("day");
                busy(wait, format!("That is enough for one day; try again in {} minutes.", wait / 60 + 1))
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
        // Behind a proxy the mail server sees the proxy's address, which nobody here knows.
        let local = outbound.proxy(address).is_none().then(|| tcp.local_addr().ok()).flatten();
        let own = local.filter(|_| !matches!(target, Target::Named { .. })).is_some_and(|local| {
            // A source address that is set says nothing of where the target is; what the system would take does.
            let set = outbound.source(address).is_some();
            let own = set.then(|| own_address_towards(address)).flatten().unwrap_or(local.ip());
            self.context.policy.is_own((own, 0).into(), address)
        });
        if own {
            return Err(End::Denied(self.context.policy.denied(|| format!("{address} is this relay itself."))));
        }
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

fn busy(retry_after: u64, message: String) -> End {
    End::Denied(Deny::busy(retry_after, message))
}

/// The page's next request.
async fn request<R>(page: &mut R, deadline: Instant, late: impl Fn() -> Deny) -> Result<ToRelay, End>
where
    R: Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        let message = timeout_at(deadline, page.next()).await.map_err(|_| End::Denied(late()))?;
        match message {
            Some(Ok(Message::Text(text))) if text.len() <= FIRST_MESSAGE_MAX => {
                return ToRelay::from_json(&text).map_err(|mistake| {
                    let why = mistake.to_string();
                    let why = why.trim_start_matches(": ");
                    End::Denied(Deny::bad_request(format!("The page's request is not understood: {why}.")))
                });
            }
            Some(Ok(Message::Text(_)) | Err(Error::Capacity(_))) => {
                return Err(End::Denied(Deny::new(Code::TooBig, "The page's request is too long.")));
            }
            Some(Ok(Message::Binary(_))) => {
                return Err(End::Denied(Deny::bad_request("The page must say first what it wants.")));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(broken(&error)),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
        }
    }
}

/// Waits for what must not come before the connection stands: anything but a close is an error of the page.
async fn speaks_too_early<R>(page: &mut R) -> End
where
    R: Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        match page.next().await {
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Text(_) | Message::Binary(_)) | Err(Error::Capacity(_))) => {
                return End::Denied(Deny::bad_request("The page must wait until the connection stands."));
            }
            Some(Err(error)) => return broken(&error),
            Some(Ok(Message::Close(_))) | None => return End::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_its_own_session_as_our_fault() {
        assert_eq!(contained("test-1", async { End::Gone }).await, End::Gone);
        let end = contained("test-2", async { panic!("on purpose") }).await;
        let (relay, page) = tokio::io::duplex(1024);
        let relay = WebSocketStream::from_raw_socket(relay, Role::Server, None).await;
        let mut page = WebSocketStream::from_raw_socket(page, Role::Client, None).await;
        tokio::spawn(last_word(relay, end, "test-2", 0, 0));
        let Some(Ok(Message::Text(text))) = page.next().await else { panic!("the last word") };
        let FromRelay::Error(refusal) = FromRelay::from_json(&text).unwrap() else { panic!("{text}") };
        assert_eq!((refusal.code, refusal.session.as_str()), (Code::Internal, "test-2"));
        let Some(Ok(Message::Close(Some(frame)))) = page.next().await else { panic!("the close frame") };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4500, "internal"));
    }

    #[test]
    fn no_two_sessions_have_the_same_name() {
        let names = Names::new();
        assert_ne!(names.next(), names.next());
    }
}
