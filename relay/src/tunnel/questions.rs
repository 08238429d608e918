//! A session that asks: what the DNS says, which policy a domain has, what this relay is.

use std::net::IpAddr;

use ehlo_core::domain::mta_sts::PolicyAnswer;
use ehlo_core::secret::Secret;
use ehlo_core::tunnel::{About, Answer, Code, Dnssec, FromRelay, Lookup, Rcode, RecordType, ToRelay};
use futures_util::{Sink, Stream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::context::Context;
use super::refusal::{Deny, End};
use super::send::tell;
use super::session::{Session, busy, request};
use crate::config::find_token;
use crate::dns::mta_sts::Way;
use crate::out::target::{Policy, shown};
use crate::quotas::Use;

impl Session<'_> {
    /// Answers questions until the page goes.
    pub(super) async fn answer<W, R>(&self, first: ToRelay, page_out: &mut W, page_in: &mut R) -> Result<End, End>
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
            let taken = quotas.take(Use::Today(self.who(), ip)).await;
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
            page_hash: self.context.page_hash.map(str::to_owned),
        }
    }
}
