//! Plays a talk against a live session: the talk's server speaks, the talk's client is the person, or what the plan must send.

use ehlo_core::export::view::RecipientView;
use ehlo_core::machine::{Action, Closed, Direct, Input, Output, Risk, Secured, Session, SocketContext, TypedEnd};
use ehlo_core::plan::What;
use ehlo_core::record::event::{Event, NoRelay};
use ehlo_core::record::play::TalkStep;
use ehlo_core::record::talk::{Talk, escape};
use ehlo_core::setup::{PlanChange, Setup};
use ehlo_core::time::Now;
use ehlo_core::tunnel::{Connected, FromRelay, Refusal};

/// How the server's octets are cut into pieces.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pieces {
    /// A line of the talk is a piece.
    Whole,
    /// Each octet is.
    Bytes,
    /// Pieces of lengths that this seed decides.
    Random(u64),
}

/// A session on the stage, and what it has sent that no line of the talk has named yet.
pub(crate) struct Stage {
    pub session: Session,
    now: Now,
    pieces: Pieces,
    sent: Vec<u8>,
    running: bool,
    up: bool,
    hung_up: bool,
}

/// Plays the whole talk.
///
/// # Errors
/// The first line of the talk at which the session does something else.
pub(crate) fn play(name: &str, talk: &Talk, pieces: Pieces) -> Result<Stage, String> {
    let mut stage = Stage {
        session: Session::new(Now(0), Setup::of_talk(talk)),
        now: Now(0),
        pieces,
        sent: Vec::new(),
        running: false,
        up: false,
        hung_up: false,
    };
    for (line, step) in talk.steps() {
        if let Err(wrong) = stage.step(step) {
            return Err(format!("{name}:{line} ({pieces:?}): {wrong}\n\n{}", stage.session.plain()));
        }
    }
    if !stage.sent.is_empty() {
        return Err(format!("{name} ({pieces:?}): the session also sent {:?}", escape(&stage.sent)));
    }
    Ok(stage)
}

impl Stage {
    fn step(&mut self, step: TalkStep<'_>) -> Result<(), String> {
        match step {
            TalkStep::At(at) => {
                self.now = Now(at);
                self.input(Input::Tick);
                Ok(())
            }
            TalkStep::Server(bytes) => {
                self.begin();
                self.server(bytes);
                Ok(())
            }
            TalkStep::Client(bytes) => {
                self.begin();
                self.client(bytes)
            }
            TalkStep::Event(Event::Recipe { id }) => {
                self.begin();
                self.act(Action::Allow(Risk::Recipes))?;
                self.running = true;
                self.act(Action::Recipe { id })
            }
            TalkStep::Event(event) => self.event(event),
            TalkStep::Setting(word, rest) => self.direction(word, rest),
            TalkStep::Fact(word, rest) => self.fact(word, rest),
            TalkStep::Finding(_) | TalkStep::Decoded(_) => Ok(()),
            TalkStep::Omitted(_) => Err("a live session leaves nothing out".into()),
        }
    }

    /// A talk that begins with the server's words takes the connection for granted.
    fn begin(&mut self) {
        if !self.up {
            self.up = true;
            self.input(Input::Opened);
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let result = self.session.handle(self.now, input);
        assert_eq!(result, Ok(()), "what happens is never a mistake");
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.session.poll() {
                Output::Send(bytes) => self.sent.extend(bytes),
                Output::Hangup => self.hung_up = true,
                Output::Control(_) | Output::Handshake(_) | Output::Changed => {}
                Output::Idle(_) => break,
            }
        }
    }

    fn server(&mut self, bytes: &[u8]) {
        match self.pieces {
            Pieces::Whole => self.input(Input::Bytes(bytes)),
            Pieces::Bytes => bytes.chunks(1).for_each(|byte| self.input(Input::Bytes(byte))),
            Pieces::Random(seed) => {
                let mut state = seed ^ bytes.len() as u64;
                let mut rest = bytes;
                while !rest.is_empty() {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let cut = (1 + (state >> 33) as usize % 7).min(rest.len());
                    self.input(Input::Bytes(&rest[..cut]));
                    rest = &rest[cut..];
                }
            }
        }
    }

    /// The person types it, or, in a run, the plan must have sent it.
    fn client(&mut self, bytes: &[u8]) -> Result<(), String> {
        if !self.running {
            let (text, end) = TypedEnd::split(bytes);
            let line = String::from_utf8(text.to_vec()).map_err(|_| "a typed line is text")?;
            self.act(Action::Send { line, end })?;
        }
        if !self.sent.starts_with(bytes) {
            return Err(format!("the session should send {:?}, and sent {:?}", escape(bytes), escape(&self.sent)));
        }
        self.sent.drain(..bytes.len());
        Ok(())
    }

    fn act(&mut self, action: Action) -> Result<(), String> {
        self.session.handle(self.now, Input::Do(action)).map_err(|mistake| mistake.to_string())?;
        self.drain();
        Ok(())
    }

    fn direction(&mut self, word: &str, rest: &str) -> Result<(), String> {
        match word {
            "run" => {
                self.begin();
                self.running = true;
                self.act(Action::Run {})
            }
            "person" => {
                self.running = false;
                self.act(Action::Pause {})
            }
            "next" => {
                self.act(Action::Next {})?;
                self.running = true;
                Ok(())
            }
            "allow" => self.act(Action::from_json(&format!(r#"{{"do":"allow","what":"{rest}"}}"#)).unwrap()),
            "change" => {
                let change = PlanChange::from_json(rest).map_err(|error| error.to_string())?;
                self.act(Action::Plan(Box::new(change)))
            }
            "unattended" => {
                self.running = true;
                Ok(())
            }
            "started" | "until" | "plan" | "port" | "security" | "protocol" => Ok(()),
            _ => Err(format!("{word:?} is no stage direction")),
        }
    }

    fn event(&mut self, event: Event) -> Result<(), String> {
        if let Some(message) = message_of(&event) {
            self.up = true;
            self.input(Input::Relay(message));
            return Ok(());
        }
        match event {
            Event::Calling { .. } => self.input(Input::Reached),
            Event::Practice { .. } => {
                self.up = true;
                self.input(Input::Opened);
            }
            Event::RelayLost { code } => {
                let context = SocketContext { reached: true, ..SocketContext::default() };
                self.input(Input::Closed(Closed::Socket { code, context }));
            }
            Event::NoRelay { why, relay, page } => {
                let context = SocketContext {
                    page_secure: why == NoRelay::HttpsPage,
                    local_network: Some(why == NoRelay::LocalNetwork),
                    relay,
                    page_origin: page.unwrap_or_default(),
                    ..SocketContext::default()
                };
                self.input(Input::Closed(Closed::Socket { code: 1006, context }));
            }
            Event::Dialing { .. } => self.input(Input::Direct(Direct::Dialing)),
            Event::NotConnected { code } => self.input(Input::Direct(Direct::NotConnected(code))),
            Event::Secured(report) => self.input(Input::Secured(Secured { report, binding: None })),
            Event::CloseNotify => self.input(Input::CloseNotify),
            Event::TlsFailed(failure) => self.input(Input::TlsFailed(failure)),
            Event::Probed(legacy) => self.input(Input::Probed(legacy)),
            Event::HungUp if self.session.record().ending().is_none() => self.act(Action::Hangup {})?,
            // What the session does by itself must have been done when the talk names it.
            own => {
                let last = self.session.record().entries().iter().rev().find_map(|entry| entry.event.clone());
                if last.as_ref() != Some(&own) {
                    return Err(format!("the session should have noted {own:?}, and its last event is {last:?}"));
                }
            }
        }
        Ok(())
    }

    fn fact(&mut self, word: &str, rest: &str) -> Result<(), String> {
        let summary = self.session.summary();
        let view = self.session.view();
        let is = match word {
            "outcome" => json_word(&summary.outcome),
            "queue-id" => summary.queue_id.unwrap_or_default(),
            "ended" => self.session.record().ending().map_or("not", |ending| ending.how.word()).to_owned(),
            "by" => view.ending.map_or_else(String::new, |ending| ending.by.to_owned()),
            "turn" => json_word(&view.turn),
            "paused" => view.paused.is_some().to_string(),
            "hung-up" => self.hung_up.to_string(),
            "replies" => self.session.record().replies().len().to_string(),
            "code" => self.session.record().replies().last().map_or_else(String::new, |reply| reply.code.to_string()),
            "enhanced" => self
                .session
                .record()
                .replies()
                .last()
                .and_then(|reply| reply.enhanced)
                .map_or_else(|| "none".into(), |code| code.to_string()),
            "offers" => self
                .session
                .record()
                .capabilities()
                .extensions
                .iter()
                .map(|one| one.keyword.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            "server" => view.server.name.unwrap_or_default(),
            "recipients" => {
                let one = |one: &RecipientView| format!("{}={}", one.address, one.code.unwrap_or_default());
                view.envelope.recipients.iter().map(one).collect::<Vec<_>>().join(" ")
            }
            "final" => {
                let one = |one: &RecipientView| format!("{}={}", one.address, one.final_code.unwrap_or_default());
                view.envelope.recipients.iter().map(one).collect::<Vec<_>>().join(" ")
            }
            "shows" => {
                let plain = self.session.plain();
                if plain.contains(rest) { rest.to_owned() } else { plain }
            }
            "dropped" => (view.traffic.dropped > 0).to_string(),
            "waiting" => view.waiting.map_or_else(|| "nothing".into(), |waiting| waiting.what),
            "verdict" => view.recipes.last().map_or("none", |last| last.verdict.unwrap_or(last.state)).to_owned(),
            "tls" => view.tls.map_or_else(|| "clear".into(), |tls| tls.stage.to_owned()),
            "sign-in" => json_word(&view.sign_in.state),
            "overdue" => view.waiting.is_some_and(|waiting| waiting.overdue).to_string(),
            "proposes" => match self.session.proposal().map(|step| step.what) {
                Some(What::Command(_, text) | What::SignIn(_, text) | What::Answer(text)) => text,
                Some(What::Message) => "the message".into(),
                Some(What::Hangup) => "to hang up".into(),
                None => "nothing".into(),
            },
            "odd" => {
                let odd: Vec<String> = self.session.entries(0).into_iter().flat_map(|entry| entry.oddities).collect();
                if odd.iter().any(|words| words.contains(rest)) { rest.to_owned() } else { odd.join(" / ") }
            }
            "says" => {
                let all = [summary.sentence, view.ending.map_or_else(String::new, |ending| ending.sentence)].join(" ");
                if all.contains(rest) { rest.to_owned() } else { all }
            }
            _ => return Err(format!("{word:?} is no fact that can be checked")),
        };
        if is == rest { Ok(()) } else { Err(format!("{word} is {is:?}, and the talk says {rest:?}")) }
    }
}

fn json_word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn message_of(event: &Event) -> Option<FromRelay> {
    Some(match event.clone() {
        Event::Resolved { name, addresses, ms } => FromRelay::Resolved { name, addresses, ms },
        Event::Attempt { address, error, ms } => FromRelay::Attempt { address, error, ms },
        Event::Connected { address, port, local, local_name, ms } => {
            FromRelay::Connected(Connected { session: "s1".into(), address, port, local, local_name, ms })
        }
        Event::Eof => FromRelay::Eof {},
        Event::Closed { by, code } => FromRelay::Closed { by, code, sent: 0, received: 0 },
        Event::Refused { code, message, guess, .. } => {
            FromRelay::Error(Refusal { code, message, session: "s1".into(), retry_after: None, guess })
        }
        _ => return None,
    })
}

/// The session after `text`, a talk.
pub(crate) fn after(text: &str) -> Session {
    let talk = Talk::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    play("a talk", &talk, Pieces::Whole).unwrap_or_else(|wrong| panic!("{wrong}")).session
}

/// A talk up to each phase of a mail transaction: `start`, `idle`, `mail`, `rcpt`, `data`.
pub(crate) fn at(phase: &str) -> Session {
    const STEPS: [(&str, &str); 5] = [
        ("start", "@ plan {\"from\":\"a@client.example\",\"to\":[\"b@mx.example\"]}\nS: 220 mx.example\n"),
        ("idle", "C: EHLO client.example\nS: 250-mx.example\nS: 250-SIZE 1000\nS: 250 VRFY\n"),
        ("mail", "C: MAIL FROM:<a@client.example>\nS: 250 ok\n"),
        ("rcpt", "C: RCPT TO:<b@mx.example>\nS: 250 ok\n"),
        ("data", "C: DATA\nS: 354 go\n"),
    ];
    let last = STEPS.iter().position(|(name, _)| *name == phase).expect("a phase");
    after(&STEPS[..=last].iter().map(|(_, steps)| *steps).collect::<String>())
}
