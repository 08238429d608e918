//! What must hold for any input at all: bodies for fuzzing, property tests and the saved corpus alike.
//!
//! Each takes octets and panics where something does not hold.

use ehlo_core::base64;
use ehlo_core::case::Case;
use ehlo_core::machine::{Action, Closed, Input, Output, Risk, Session, SocketContext, TypedEnd};
use ehlo_core::printable;
use ehlo_core::reading::lint::{complete, lint};
use ehlo_core::record::talk::{Item, Talk};
use ehlo_core::record::{OCTETS_MAX, Side, masked};
use ehlo_core::sasl::{
    AuthStep, Binding, BindingKind, Credentials, Decoder, Exchange, Mechanism, ServerProof, mask_proof,
};
use ehlo_core::secret::Secret;
use ehlo_core::setup::{PlanChange, Setup, Until};
use ehlo_core::time::Now;
use ehlo_core::tls::layer::{Layer, Out};
use ehlo_core::tls::{Failure, MAX_CERTIFICATES, Settings, describe};
use ehlo_core::tunnel::{Closer, Code, FromRelay, Refusal};
use ehlo_core::wire::command::Command;
use ehlo_core::wire::line::LINE_MAX;
use ehlo_core::wire::oddity::Oddity;
use ehlo_core::wire::reply::{LINES_MAX, ReadLine, Reply, ReplyReader};

/// One line as the reader told it: octets, oddities, whether in a reply, and the reply that it ends.
type Told = (Vec<u8>, Vec<Oddity>, bool, Option<Reply>);

fn read(pieces: &[&[u8]]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut each = |read: ReadLine<'_>| {
        told.push((read.line.raw.to_vec(), read.oddities.clone(), read.in_reply, read.reply.cloned()));
    };
    let mut reader = ReplyReader::default();
    for piece in pieces {
        reader.feed(piece, &mut each);
        assert!(reader.pending().len() <= LINE_MAX);
    }
    reader.finish(&mut each);
    told
}

/// The reply reader: the first octet decides how the rest is cut into pieces.
pub(crate) fn reply_reader(data: &[u8]) {
    let Some((&size, input)) = data.split_first() else { return };
    let whole = read(&[input]);
    let pieces: Vec<&[u8]> = input.chunks(usize::from(size % 9) + 1).collect();
    assert_eq!(read(&pieces), whole, "in pieces of {}", size % 9 + 1);
    let octets: Vec<u8> = whole.iter().flat_map(|told| told.0.clone()).collect();
    assert_eq!(octets, input, "not one octet is lost");
    for reply in whole.iter().filter_map(|told| told.3.as_ref()) {
        assert!(reply.code < 1000 && (1..=LINES_MAX).contains(&reply.lines().count()));
        harmless(&reply.text());
        if let Some(code) = reply.enhanced() {
            assert!(matches!(code.class, 2 | 4 | 5) && code.subject < 1000 && code.detail < 1000);
        }
    }
}

/// Text for a person holds nothing that a terminal or a page would obey.
pub(crate) fn harmless(text: &str) {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}');
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' || turns(c)), "{text:?}");
}

/// Octets as decisions.
struct Dice<'a>(&'a [u8]);

impl<'a> Dice<'a> {
    fn octet(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    fn octets(&mut self, most: usize) -> &'a [u8] {
        let wanted = usize::from(self.octet()) % most;
        let (head, tail) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = tail;
        head
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.octets(48)).into_owned()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::from(self.octet()) % of.len()].clone()
    }
}

/// What a server says now and then, so that dice get deep into a conversation.
const SAID: [&[u8]; 19] = [
    b"250-mx.example\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=1\r\n",
    b"220 mx.example ESMTP\r\n",
    b"250 ok\r\n",
    b"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n",
    b"354 go\r\n",
    b"550 5.1.1 no\r\n",
    b"221 bye\r\n",
    b"421 4.4.2 later\r\n",
    b"334 \r\n",
    b"235 ok\r\n",
    b"450 4.2.0 Greylisted\r\n",
    b"220-wait\r\n",
    b"250-",
    b"250OK\r\n",
    b"hello\n",
    b"\r\n",
    b"\xff\0\x1b[0m",
    b"500 what\r\n",
    b"250-a\r\n550 b\r\n",
];

/// What a person types now and then.
const TYPED: [&str; 24] = [
    "BDAT 5",
    "BDAT 12 LAST",
    "BDAT 0 LAST",
    "XCLIENT NAME=client.example",
    "ETRN mx.example",
    "EHLO client.example",
    "HELO client.example",
    "LHLO client.example",
    "MAIL FROM:<a@client.example>",
    "MAIL FROM: a@b SIZE=9",
    "RCPT TO:<b@mx.example>",
    "RCPT TO:<\u{202E}c@mx.example>",
    "DATA",
    ".",
    "..",
    "",
    "RSET",
    "NOOP",
    "QUIT",
    "AUTH LOGIN",
    "AUTH PLAIN AHgAeQ==",
    "*",
    "STARTTLS",
    "a\r\n.\r\nb\rc",
];

const ENDS: [TypedEnd; 6] =
    [TypedEnd::CrLf, TypedEnd::CrLf, TypedEnd::CrLf, TypedEnd::Lf, TypedEnd::Cr, TypedEnd::None];

/// A session, its clock, and what the server has said so far.
struct Played {
    session: Session,
    now: Now,
    fed: Vec<u8>,
}

impl Played {
    fn input(&mut self, input: Input<'_>) -> bool {
        let taken = self.session.handle(self.now, input).is_ok();
        self.drain();
        taken
    }

    fn drain(&mut self) -> Option<Now> {
        for _ in 0..10_000 {
            if let Output::Idle(until) = self.session.poll() {
                return until;
            }
        }
        panic!("a session comes to rest");
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.session.record().ending().is_none() {
            self.fed.extend_from_slice(bytes);
        }
        self.input(Input::Bytes(bytes));
    }

    fn roll(&mut self, dice: &mut Dice<'_>) {
        match dice.octet() % 20 {
            0..8 => self.bytes(dice.one(&SAID)),
            8 => self.bytes(dice.octets(80)),
            9..13 => {
                let action = Action::Send { line: dice.one(&TYPED).to_owned(), end: dice.one(&ENDS) };
                self.input(Input::Do(action));
            }
            13 => {
                let action = Action::Send { line: dice.text(), end: dice.one(&ENDS) };
                self.input(Input::Do(action));
            }
            14 => {
                self.now = self.now.plus(u64::from(dice.octet()) * 97);
                self.input(Input::Tick);
            }
            15 => {
                self.now = self.drain().unwrap_or(self.now);
                self.input(Input::Tick);
            }
            16 => {
                let text = dice.octet().is_multiple_of(2).then(|| dice.text());
                self.input(Input::Do(Action::Message { text }));
            }
            17 => {
                let bytes = dice.octets(64).to_vec();
                self.input(Input::Do(Action::MessageBytes { bytes }));
            }
            18 => {
                let action = self.change(dice);
                self.input(Input::Do(action));
            }
            _ => self.turn_of_fate(dice),
        }
    }

    fn change(&self, dice: &mut Dice<'_>) -> Action {
        match dice.octet() % 8 {
            0 => Action::Run {},
            6 => Action::Allow(Risk::Recipes),
            7 => Action::Recipe { id: dice.one(&ehlo_core::probe::ALL.each_ref()).id().to_owned() },
            1 => Action::Pause {},
            2 => Action::Next {},
            3 => Action::Plan(Box::new(PlanChange {
                to: Some(vec![dice.text(), "b@mx.example".into()]),
                ..PlanChange::default()
            })),
            4 => Action::Plan(Box::new(PlanChange {
                from: Some(dice.text()),
                pipelining: Some(true),
                ..PlanChange::default()
            })),
            _ => {
                let until =
                    dice.one(&[Until::Connect, Until::Hello, Until::Mail, Until::Rcpt, Until::Data, Until::Dot]);
                Action::Plan(Box::new(PlanChange { until: Some(until), ..PlanChange::default() }))
            }
        }
    }

    /// Endings, and messages of the relay that may come at any time.
    fn turn_of_fate(&mut self, dice: &mut Dice<'_>) {
        let input = match dice.octet() % 12 {
            0 => Input::Do(Action::Hangup {}),
            1 => Input::Relay(FromRelay::Eof {}),
            2 => {
                let by = dice.one(&[Closer::Target, Closer::Client, Closer::Relay]);
                Input::Relay(FromRelay::Closed { by, code: dice.one(&Code::ALL), sent: 0, received: 0 })
            }
            3 => {
                let refusal = Refusal {
                    code: dice.one(&Code::ALL),
                    message: dice.text(),
                    session: String::new(),
                    retry_after: None,
                    guess: None,
                };
                Input::Relay(FromRelay::Error(refusal))
            }
            4 => Input::Closed(Closed::Practice),
            5 => Input::Closed(Closed::Socket { code: 1006, context: SocketContext::default() }),
            6 => {
                let addresses = vec![dice.text(), dice.text()];
                Input::Relay(FromRelay::Resolved { name: dice.text(), addresses, ms: 1 })
            }
            7 => {
                let address = dice.text();
                Input::Relay(FromRelay::Attempt { address, error: dice.one(&Code::ALL), ms: 1 })
            }
            _ => return,
        };
        self.input(input);
    }

    /// Everything that a page would ask for.
    fn look(&self) {
        let view = self.session.view();
        let entries = self.session.entries(0);
        assert_eq!(view.entries, entries.len());
        assert!(view.settled <= entries.len());
        for segment in entries.iter().flat_map(|entry| &entry.lines).flat_map(|line| &line.segments) {
            harmless(&segment.text);
        }
        harmless(&view.summary.sentence);
        if let Some(ending) = view.ending {
            harmless(&ending.sentence);
        }
    }

    /// Everything that leaves, when all is over.
    fn judge(&mut self) {
        self.input(Input::Closed(Closed::Practice));
        assert!(self.session.record().ending().is_some(), "a closed connection is the end");
        self.look();
        let entries = self.session.record().transcript().entries();
        let said: Vec<u8> =
            entries.iter().filter(|entry| entry.side == Side::Server).flat_map(|entry| entry.bytes.clone()).collect();
        assert!(said.len() <= OCTETS_MAX + LINE_MAX);
        if self.session.record().transcript().dropped == 0 {
            assert_eq!(said, self.fed, "the transcript holds what the server said");
        }
        for id in 0..self.session.record().replies().len() {
            let _ = ehlo_core::reading::meaning::of(self.session.case(), id).expect("every reply has a meaning");
        }
        harmless(&self.session.plain());
        harmless(&self.session.markdown());
        let _ = self.session.json();
        reread(self.session.case());
    }
}

/// The export, read again, is the same conversation.
fn reread(session: &Case) {
    let exported = session.talk().to_string();
    let again = Case::open(&exported).expect("an export can be read");
    assert_eq!(again.plain(), session.plain(), "{exported}");
    assert_eq!(again.talk().to_string(), exported);
    assert_eq!(again.summary(), session.summary(), "{exported}");
}

/// A conversation in which the octets decide what server, person, relay and clock do.
pub(crate) fn session(data: &[u8]) {
    let mut dice = Dice(data);
    let mut setup = Setup { practice: Some("accepting".into()), ..Setup::default() };
    setup.attended = dice.octet() % 4 != 0;
    setup.plan.from = "a@client.example".into();
    setup.plan.to = vec!["b@mx.example".into(), "c@mx.example".into()];
    setup.plan.pipelining = dice.octet() % 2 == 0;
    setup.plan.options.chunking = dice.octet() % 2 == 0;
    setup.plan.options.chunk = Some(usize::from(dice.octet()) + 1);
    setup.lmtp = dice.octet().is_multiple_of(4);
    let mut played = Played { session: Session::new(Now(0), setup), now: Now(0), fed: Vec::new() };
    played.input(Input::Opened);
    for roll in 0_usize.. {
        if dice.0.is_empty() {
            break;
        }
        played.roll(&mut dice);
        // To look at all of it after each step would take most of the time.
        if roll.is_multiple_of(8) {
            played.look();
        }
    }
    played.judge();
}

/// A talk: whatever can be read can be printed, read again, and held as a conversation.
pub(crate) fn talk(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(talk) = Talk::parse(&text) else { return };
    let printed = talk.to_string();
    let again = Talk::parse(&printed).expect("what was printed can be read");
    let items = |talk: &Talk| talk.items.iter().map(|(_, item)| item.clone()).collect::<Vec<Item>>();
    assert_eq!(items(&again), items(&talk), "{printed:?}");
    let session = Case::from_talk(&talk);
    let _ = (session.view(), session.entries(0), session.json());
    harmless(&session.plain());
    // A talk may name things in an order that never happens; its export tells what came of it, and that stays.
    let again = Case::open(&session.talk().to_string()).expect("an export can be read");
    assert_eq!(again.plain(), session.plain(), "{text:?}");
    reread(&again);
}

/// A typed line: read, masked, judged and completed without a panic, and masked only once.
pub(crate) fn command(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let command = Command::of(&line);
    assert!(line.contains(command.word) && line.contains(command.rest));
    if let Some(path) = command.path() {
        assert!(path.address.len() <= line.len());
        let plain = path.opened && path.closed && !path.address.contains(['>', '"', '\\']);
        if plain && path.params.is_empty() && !path.address.contains(char::is_whitespace) {
            let verb = if command.verb.word() == "MAIL" { "MAIL FROM" } else { "RCPT TO" };
            let clean = format!("{verb}:<{}>", path.address);
            let again = Command::of(&clean).path().map(|path| path.address.to_owned());
            assert_eq!(again.as_deref(), Some(path.address), "{clean:?}");
        }
    }
    let shown = masked(&line, false);
    assert_eq!(masked(&shown, false), shown, "{line:?}");
    harmless(&printable::text(shown.as_bytes()).replace('\n', " "));
    let mut fresh = Session::new(Now(0), Setup { practice: Some("accepting".into()), ..Setup::default() });
    for said in [&b"220 mx.example\r\n"[..], b"250-mx.example\r\n250 SIZE 10\r\n"] {
        let _ = fresh.handle(Now(0), Input::Opened);
        let _ = (lint(fresh.case(), &line), complete(fresh.case(), &line));
        let _ = fresh.handle(Now(0), Input::Bytes(said));
        let _ = fresh.handle(Now(0), Input::Do(Action::Send { line: "EHLO c.example".into(), end: TypedEnd::CrLf }));
    }
    for advice in lint(fresh.case(), &line) {
        assert!(!advice.message.is_empty());
        assert!(advice.fix.is_none_or(|fix| fix != line), "a fix changes something: {line:?}");
    }
}

/// SASL: the first two octets say which exchange, every line behind them is a challenge, and then what somebody typed.
pub(crate) fn sasl(data: &[u8]) {
    let [which, how, rest @ ..] = data else { return };
    let mechanism = Mechanism::ALL[usize::from(*which) % Mechanism::ALL.len()];
    let secret = Secret::new("correct horse battery");
    let who = Credentials {
        user: "user".into(),
        password: Some(secret.clone()),
        token: Some(secret.clone()),
        authorization_id: if how & 1 == 0 { String::new() } else { "other".into() },
        host: "mx.example".into(),
        port: u16::from(*how),
    };
    let binding = Binding { kind: BindingKind::TlsExporter, data: vec![*how; 32] };
    let mut exchange = Exchange::new(mechanism, who, "fyko", Some(&binding), how & 2 == 0).expect("nothing is missing");
    let mut decoder = Decoder::new((how & 4 == 0).then_some(mechanism));
    let mut typed = Decoder::new(Some(mechanism));
    let mut shown = String::new();
    let first = (how & 8 == 0).then(|| exchange.initial()).flatten();
    shown.extend(first.map(|octets| format!("{:?}", decoder.initial(&base64::encode(&octets)))));
    for line in rest.split(|&b| b == b'\n') {
        shown += &format!("{:?}", decoder.challenge(base64::encode(line).as_bytes()));
        match exchange.step(line) {
            AuthStep::Answer(octets) => shown += &format!("{:?}", decoder.answer(&base64::encode(&octets))),
            // A fuzzer would make of every input one that takes a minute.
            AuthStep::Working { left, .. } => assert!(left > 0),
            AuthStep::Cancel { why } => assert!(!why.is_empty()),
        }
        let _ = mask_proof(line).map(|masked| assert_eq!(mask_proof(&masked), None, "masked once and for all"));
        if let Some((octets, _)) = base64::decode(line) {
            assert_eq!(base64::decode(base64::encode(&octets).as_bytes()).map(|(again, _)| again), Some(octets));
        }
        for read in
            [typed.challenge(line), typed.initial(&String::from_utf8_lossy(line)), typed.answer(&base64::encode(line))]
        {
            read.parts.iter().for_each(|part| harmless(&part.text));
        }
    }
    shown += &format!("{exchange:?}");
    assert!(!shown.contains(secret.reveal()), "{shown}");
    assert_ne!(exchange.finish(true, Some(rest)), ServerProof::ServerProved, "nobody knows the password");
}

/// A certificate.
pub(crate) fn certificate(data: &[u8]) {
    let shown = describe::chain(&[data; MAX_CERTIFICATES + 1]);
    assert_eq!(shown.len(), MAX_CERTIFICATES);
    let one = &shown[0];
    assert_eq!(base64::decode(one.der.as_bytes()).map(|(octets, _)| octets).as_deref(), Some(data));
    let texts = [&one.role, &one.subject, &one.issuer, &one.serial, &one.not_before, &one.not_after, &one.key];
    for text in texts.into_iter().chain([&one.signature]).chain(&one.sans) {
        harmless(text);
    }
}

/// A server's octets in a handshake: the first octet says the pieces, and whether it is asked for old versions only.
pub(crate) fn handshake(data: &[u8]) {
    let [how, octets @ ..] = data else { return };
    let settings = Settings { probe: how & 0x80 != 0, ..Settings::new("mx.example", 25, how & 0x40 == 0, 0) };
    let mut layer = Layer::new(settings).expect("the settings are in order");
    layer.start();
    for piece in octets.chunks(usize::from(how & 0x3F) + 1) {
        layer.receive(piece);
        assert!(!layer.send(b"QUIT"), "there are no keys");
    }
    layer.eof();
    let mut failed = 0;
    loop {
        match layer.poll() {
            Out::ToNetwork(bytes) => assert!(!bytes.is_empty()),
            Out::Failed(failure) => {
                failed += 1;
                assert_eq!(Failure::from_json(&failure.to_json()).as_ref(), Ok(&*failure));
                for text in failure.records.iter().chain([&failure.sentence, &failure.openssl]) {
                    harmless(text);
                }
            }
            Out::Idle => break,
            other => panic!("no server that is made of chance has the keys: {other:?}"),
        }
    }
    assert_eq!(failed, 1, "the end is told once");
    assert_eq!(layer.carried().1, octets.len() as u64);
}
