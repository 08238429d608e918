//! Every talk over a real socket: a scripted server speaks its `S:` lines, the session runs through the real relay, and
//! comes to the same as in the core alone. Times are not reproduced, and not compared.

use std::fs;
use std::path::Path;

use ehlo_core::machine::{Action, Risk, Session, TypedEnd};
use ehlo_core::record::event::Event;
use ehlo_core::record::play::TalkStep as Play;
use ehlo_core::record::talk::{Item, Talk};
use ehlo_core::setup::{PlanChange, Setup};
use ehlo_core::tunnel::Closer;
use ehlo_tests::conversation::{Conversation, told};
use ehlo_tests::dns::Dns;
use ehlo_tests::fake::{FakeServer, script};
use ehlo_tests::relay::Relay;
use ehlo_tests::{Failure, TestResult};

use crate::stage::{Pieces, play};

/// How many talks must take part at least.
const ENOUGH: usize = 80;

fn all() -> TestResult<Vec<(String, Talk)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("talks");
    let mut talks = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "talk") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            talks.push((name, Talk::parse(&fs::read_to_string(&path)?)?));
        }
    }
    talks.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(talks)
}

/// Why a talk cannot be held over a socket and at once, by its `@` lines; none where it can.
fn left_out(talk: &Talk) -> Option<&'static str> {
    let begins_tls = |pair: &[(usize, Item)]| match pair {
        [(_, Item::Client(asked)), (_, Item::Server(reply))] => asked == b"STARTTLS\r\n" && reply.starts_with(b"220"),
        _ => false,
    };
    if talk.items.windows(2).any(begins_tls) {
        return Some("the handshake is only told of");
    }
    talk.steps().find_map(|(_, step)| match step {
        Play::At(1_000..) => Some("it takes its time"),
        Play::Event(event) => match event {
            Event::Refused { .. } | Event::Attempt { .. } | Event::RelayLost { .. } | Event::NoRelay { .. } => {
                Some("the relay or the network fails")
            }
            Event::Closed { by: Closer::Relay, .. } => Some("the relay cuts the connection"),
            Event::Practice { .. } | Event::Dialing { .. } | Event::NotConnected { .. } => Some("there is no relay"),
            Event::Proxy(_) => Some("the relay's own octets come first"),
            Event::Secured(_) | Event::TlsFailed(_) => Some("the handshake is only told of"),
            Event::Overdue => Some("it takes minutes"),
            // The relay on loopback has no name of its own to greet with.
            Event::Connected { local_name: Some(_), .. } => Some("the relay's name is part of it"),
            _ => None,
        },
        _ => None,
    })
}

/// The client's part: does what the person does, and waits for the rest.
struct Client {
    conversation: Conversation,
    running: bool,
    /// Octets that must have come and gone by now.
    received: u64,
    sent: u64,
}

impl Client {
    async fn step(&mut self, step: Play<'_>) -> TestResult {
        match step {
            Play::Server(bytes) => {
                self.received += bytes.len() as u64;
                Ok(())
            }
            Play::Client(bytes) => {
                self.caught_up().await?;
                self.sent += bytes.len() as u64;
                if self.running { Ok(()) } else { self.types(bytes).await }
            }
            Play::Event(event) => {
                self.caught_up().await?;
                self.event(event).await
            }
            Play::Setting(word, rest) => {
                self.caught_up().await?;
                self.direction(word, rest).await
            }
            Play::At(_) | Play::Omitted(_) | Play::Decoded(_) | Play::Fact(..) | Play::Finding(_) => Ok(()),
        }
    }

    /// Waits until the server has said all that it says before this place of the talk.
    async fn caught_up(&mut self) -> TestResult {
        let (received, sent) = (self.received, self.sent);
        let there = |session: &Session| {
            let transcript = session.record().transcript();
            session.record().ending().is_some() || (transcript.received >= received && transcript.sent >= sent)
        };
        self.conversation.until("the next line of the talk", there).await
    }

    async fn types(&mut self, bytes: &[u8]) -> TestResult {
        let (text, end) = TypedEnd::split(bytes);
        let line = String::from_utf8(text.to_vec())?;
        self.conversation.act(Action::Send { line, end }).await
    }

    async fn direction(&mut self, word: &str, rest: &str) -> TestResult {
        match word {
            "run" => {
                self.running = true;
                self.conversation.act(Action::Run {}).await
            }
            "person" => {
                self.running = false;
                self.conversation.act(Action::Pause {}).await
            }
            "next" => {
                self.running = true;
                self.conversation.act(Action::Next {}).await
            }
            "change" => self.conversation.act(Action::Plan(Box::new(PlanChange::from_json(rest)?))).await,
            "unattended" => {
                self.running = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn event(&mut self, event: Event) -> TestResult {
        match event {
            Event::Recipe { id } => {
                self.running = true;
                self.conversation.act(Action::Allow(Risk::Recipes)).await?;
                self.conversation.act(Action::Recipe { id }).await
            }
            Event::HungUp if self.conversation.session().record().ending().is_none() => {
                self.conversation.act(Action::Hangup {}).await
            }
            Event::Eof | Event::Closed { .. } => self.conversation.end().await,
            _ => Ok(()),
        }
    }
}

/// Holds the talk over a socket.
async fn hold(talk: &Talk) -> TestResult<Session> {
    let server = FakeServer::start(script(talk)).await?;
    let dns = Dns::start(&[("example.", "* 60 IN A 127.0.0.1"), ("domain.example.", "* 60 IN A 127.0.0.1")]).await?;
    let allow_ports = vec![server.addr().port()];
    let relay =
        Relay::start(ehlo_relay::Config { dns: vec![dns.addr().into()], allow_ports, ..Default::default() }).await?;

    let mut setup = Setup::of_talk(talk);
    if !setup.host.ends_with(".example") {
        setup.host = server.addr().ip().to_string();
    }
    setup.port = server.addr().port();
    setup.target = None;
    let conversation = Conversation::open(&relay.tunnel_url(), setup).await?;
    let mut client = Client { conversation, running: false, received: 0, sent: 0 };
    // In a talk that begins with the server's words the connection stands before anything else is done.
    let stands = |session: &Session| session.view().connection.is_some() || session.record().ending().is_some();
    client.conversation.until("the connection", stands).await?;
    for (line, step) in talk.steps() {
        client.step(step).await.map_err(|failure| failure.with(format!("line {line} of the talk")))?;
    }
    client.caught_up().await?;
    let session = client.conversation.into_session();
    let heard = server.heard().await.map_err(|failure| failure.with(told(&session)))?;
    let wanted: Vec<u8> = said_by_client(talk);
    if heard != wanted {
        let (heard, wanted) = (String::from_utf8_lossy(&heard), String::from_utf8_lossy(&wanted));
        return Err(Failure::new(format!("the server heard\n{heard}\nin place of\n{wanted}")).with(told(&session)));
    }
    Ok(session)
}

fn said_by_client(talk: &Talk) -> Vec<u8> {
    let client =
        talk.items.iter().filter_map(|(_, item)| if let Item::Client(bytes) = item { Some(bytes) } else { None });
    client.flatten().copied().collect()
}

/// All that does not depend on time, address or port.
fn verdict(session: &Session) -> String {
    let (report, summary) = (session.report(), session.summary());
    let mut text = format!("{:?} {:?} by reply {:?}\n", summary.outcome, summary.queue_id, summary.reply);
    for reply in report.replies {
        text +=
            &format!("{} {:?} {:?} {:?} {:?}\n", reply.code, reply.enhanced, reply.text, reply.step, reply.oddities);
    }
    for one in report.envelope.recipients {
        text += &format!("{} {:?} {:?}\n", one.address, one.code, one.accepted);
    }
    let findings: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    let ending = report.ending.map(|ending| (ending.kind, ending.by));
    format!("{text}findings {findings:?}\nended {ending:?}\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_talk_over_a_real_socket_comes_to_the_same_as_in_the_core_alone() -> TestResult {
    let (mut held, mut wrong, mut absent) = (0, Vec::new(), Vec::new());
    for (name, talk) in all()? {
        if let Some(why) = left_out(&talk) {
            absent.push(format!("{name}: {why}"));
            continue;
        }
        held += 1;
        let alone = play(&name, &talk, Pieces::Whole).map_err(Failure::new)?.session;
        match hold(&talk).await {
            Ok(session) if verdict(&session) == verdict(&alone) => {}
            Ok(session) => wrong.push(format!(
                "{name}: over the socket\n{}\nin the core alone\n{}\n{}",
                verdict(&session),
                verdict(&alone),
                told(&session)
            )),
            Err(failure) => wrong.push(format!("{name}: {failure:?}")),
        }
    }
    assert!(held >= ENOUGH, "only {held} talks took part; left out:\n{}", absent.join("\n"));
    assert!(wrong.is_empty(), "{} of {held} talks:\n\n{}", wrong.len(), wrong.join("\n\n"));
    Ok(())
}
