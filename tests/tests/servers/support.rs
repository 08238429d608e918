//! What the scenarios share: a server with a relay in front of it, and short questions to a session.

use std::net::SocketAddr;

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::{Session, Setup};
use ehlo_tests::conversation::{self, Conversation, told};
use ehlo_tests::relay::Relay;
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

/// A small message with all that a message needs.
pub(crate) const MESSAGE: &str = "From: <a@client.example>\nTo: <recipient@domain.test>\n\
     Date: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@client.example>\nSubject: Test\n\ntesting\n";

/// A relay that may reach one server, and what is said to it unless a scenario says otherwise.
pub(crate) struct Line {
    relay: Relay,
    to: SocketAddr,
}

impl Line {
    pub(crate) async fn to(server: SocketAddr) -> TestResult<Self> {
        Ok(Self { relay: Relay::to(&[server]).await?, to: server })
    }

    /// The setup of a mail for `recipient@domain.test`, with these fields in place of the usual ones.
    pub(crate) fn setup(&self, fields: Value) -> Value {
        let mut setup = json!({
            "host": self.to.ip().to_string(),
            "port": self.to.port(),
            "hello": "client.example",
            "from": "a@client.example",
            "to": ["recipient@domain.test"],
            "message": MESSAGE,
        });
        if let (Some(all), Value::Object(fields)) = (setup.as_object_mut(), fields) {
            all.extend(fields);
        }
        setup
    }

    /// The whole conversation, unattended.
    pub(crate) async fn run(&self, fields: Value) -> TestResult<Session> {
        conversation::run(&self.relay.tunnel_url(), self.setup(fields)).await
    }

    /// A conversation step by step; nothing has come yet.
    pub(crate) async fn call(&self, fields: Value) -> TestResult<Conversation> {
        let setup = Setup::from_json(&self.setup(fields).to_string())?;
        Conversation::open(&self.relay.tunnel_url(), setup).await
    }

    /// A conversation step by step; the greeting has come, or all is over.
    pub(crate) async fn open(&self, fields: Value) -> TestResult<Conversation> {
        let mut conversation = self.call(fields).await?;
        conversation.turn().await?;
        Ok(conversation)
    }
}

/// What is found in any conversation in clear text with these servers: the scenarios are about something else.
const IN_CLEAR: [&str; 2] = ["password-in-clear-offered", "tls-not-taken"];

/// The findings' stable words, sorted; those that clear text alone leads to are left out.
pub(crate) fn findings(session: &Session) -> Vec<&'static str> {
    let mut ids: Vec<_> =
        session.view().findings.iter().map(|finding| finding.id).filter(|id| !IN_CLEAR.contains(id)).collect();
    ids.sort_unstable();
    ids
}

/// The codes of all replies in order.
pub(crate) fn codes(session: &Session) -> Vec<u16> {
    session.record().replies().iter().map(|reply| reply.code).collect()
}

/// The commands that were sent, each by its first word.
pub(crate) fn sent(session: &Session) -> String {
    let said = session.report().transcript;
    let client = said.into_iter().filter(|line| line.side == ehlo_core::record::Side::Client);
    client.map(|line| line.text.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(" ")
}

/// What a mail administrator would say about a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    verdict: Outcome,
    /// The code and the step of the reply that decided it; none where no reply did.
    by: Option<(u16, &'static str)>,
    findings: Vec<&'static str>,
    /// Kind of the ending, and who ended it.
    ended: Option<(&'static str, &'static str)>,
}

/// Checks outcome, deciding reply, findings and ending. `findings` are sorted, with spaces between.
pub(crate) fn expect(
    session: &Session,
    verdict: Outcome,
    by: Option<(u16, &'static str)>,
    wanted: &'static str,
    ended: (&'static str, &'static str),
) -> TestResult {
    let (summary, view) = (session.summary(), session.view());
    let decided = summary.reply.and_then(|id| session.record().replies().get(id));
    let is = Judged {
        verdict: summary.outcome,
        by: decided.map(|reply| (reply.code, reply.asked.map_or("", |asked| asked.step()))),
        findings: findings(session),
        ended: view.ending.map(|ending| (ending.kind, ending.by)),
    };
    let should = Judged { verdict, by, findings: wanted.split_whitespace().collect(), ended: Some(ended) };
    if is == should {
        return Ok(());
    }
    Err(Failure::new(format!("the session's verdict is\n{is:?}\nand should be\n{should:?}")).with(told(session)))
}

/// How a conversation ends that ends as it should.
pub(crate) const IN_ORDER: (&str, &str) = ("quit", "you");
