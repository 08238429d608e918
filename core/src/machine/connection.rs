//! A session and the TLS beneath it, as one machine without I/O: what every driver drives, in the page and natively.
//!
//! Drive it as a session: hand it what happened with [`Connection::handle`], then do what [`Connection::poll`] says until
//! it says [`Do::Idle`], and only then come back. The session decides when a handshake is due; from then on its bytes
//! go through the TLS layer, and the driver sees nothing of that but ciphertext.

use std::collections::VecDeque;
use std::fmt;

use super::{Action, Closed, Direct, Input, Output, Secured, Session};
use crate::setup::{Message, Mistake, Security, Setup, Until};
use crate::time::Now;
use crate::tls::layer::{Layer, Out};
use crate::tls::{Legacy, Settings};
use crate::tunnel::{Closer, Code, FromRelay, ToRelay};

/// Something that happened, told by whoever drives the connection.
#[derive(Debug)]
pub enum Arrived<'a> {
    /// The WebSocket to the relay is open.
    Reached,
    /// The connection is up, and nothing else is known of it: the practice server in the page.
    Opened,
    /// A control message came from the relay.
    Relay(FromRelay),
    /// The driver connects by itself, without a relay.
    Direct(Direct),
    /// Bytes came from the mail server, encrypted or not.
    Bytes(&'a [u8]),
    /// The way to the mail server is closed, and nothing more will come.
    Closed(Closed),
    /// So many bytes of [`Do::Send`] have left for the network.
    Left(u64),
    /// What the second connection found out that [`Do::Probe`] asked for; none where it found nothing.
    Probed(Option<Box<Legacy>>),
    /// The deadline has come that [`Do::Idle`] named.
    Tick,
    /// The person does something.
    Act(Action),
}

/// Something for the driver to do.
pub enum Do {
    /// Send these bytes to the mail server.
    Send(Vec<u8>),
    /// Send this control message to the relay.
    Control(ToRelay),
    /// Close the way to the mail server.
    Hangup,
    /// The handshake failed in a way that an old server's would: open a second connection with this setup, by the same
    /// way, and hand over with [`Arrived::Probed`] what [`Connection::legacy`] says at its end.
    Probe(Box<Setup>),
    /// That second connection is no longer wanted.
    EndProbe,
    /// What is seen has changed: draw again.
    Changed,
    /// Nothing more for now; come back with [`Arrived::Tick`] at this moment, if there is one.
    Idle(Option<Now>),
}

/// What is sent may be a password: only its length is told.
impl fmt::Debug for Do {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Control(message) => f.debug_tuple("Control").field(message).finish(),
            Self::Hangup => f.write_str("Hangup"),
            Self::Probe(setup) => f.debug_tuple("Probe").field(setup).finish(),
            Self::EndProbe => f.write_str("EndProbe"),
            Self::Changed => f.write_str("Changed"),
            Self::Idle(until) => f.debug_tuple("Idle").field(until).finish(),
        }
    }
}

/// Whether a second connection asks the server what it would agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    NotWanted,
    Running,
    Done,
}

/// Bytes on their way to the network.
#[derive(Debug)]
struct Owed {
    /// As they cross the network.
    bytes: u64,
    /// How many of the session's bytes are in them.
    plain: u64,
}

/// One connection to one mail server; it is never used again.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    layer: Option<Box<Layer>>,
    /// When the handshake began.
    began: Now,
    /// What the session was last told of the ciphertext.
    carried: (u64, u64),
    owed: VecDeque<Owed>,
    /// Bytes of the session's that the layer was given, and whose ciphertext it has not handed out.
    unsealed: u64,
    probe: Probe,
    changed: bool,
    due: Option<Now>,
    out: VecDeque<Do>,
}

impl Connection {
    /// A connection that has not begun; the driver calls the relay and then says [`Arrived::Reached`].
    pub fn new(now: Now, setup: Setup) -> Self {
        let mut connection = Self {
            session: Session::new(now, setup),
            layer: None,
            began: now,
            carried: (0, 0),
            owed: VecDeque::new(),
            unsealed: 0,
            probe: Probe::NotWanted,
            changed: false,
            due: None,
            out: VecDeque::new(),
        };
        connection.work(now);
        connection
    }

    /// The session, to look at.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session alone, when all is said.
    pub fn into_session(self) -> Session {
        self.session
    }

    /// Whether a second connection is asking the server what it would agree to, because the handshake failed.
    pub fn is_probing(&self) -> bool {
        self.probe == Probe::Running
    }

    /// What this connection found out about an old server, if that is what it was made for.
    pub fn legacy(&self) -> Option<&Legacy> {
        self.session.record().tls().failure()?.legacy.as_ref()
    }

    /// Takes in what happened.
    ///
    /// # Errors
    /// Only for mistakes of the person: see [`Session::handle`].
    pub fn handle(&mut self, now: Now, arrived: Arrived<'_>) -> Result<(), Mistake> {
        let result = match arrived {
            Arrived::Reached => self.tell(now, Input::Reached),
            Arrived::Opened => self.tell(now, Input::Opened),
            Arrived::Relay(message) => self.relay_says(now, message),
            Arrived::Bytes(bytes) => match &mut self.layer {
                Some(layer) => {
                    layer.receive(bytes);
                    Ok(())
                }
                None => self.tell(now, Input::Bytes(bytes)),
            },
            Arrived::Direct(direct) => self.tell(now, Input::Direct(direct)),
            Arrived::Closed(closed) => {
                if let Closed::Tcp { reset } = closed {
                    self.layer_ends(now, reset);
                }
                let result = self.tell(now, Input::Closed(closed));
                self.layer = None;
                result
            }
            Arrived::Left(bytes) => self.left(now, bytes),
            Arrived::Probed(legacy) => self.probed(now, legacy),
            Arrived::Tick => self.tell(now, Input::Tick),
            Arrived::Act(Action::Hangup {}) if self.is_probing() => {
                self.probe = Probe::Done;
                self.changed = true;
                self.out.push_back(Do::EndProbe);
                Ok(())
            }
            Arrived::Act(action) => self.tell(now, Input::Do(action)),
        };
        self.work(now);
        result
    }

    /// The next thing to do; [`Do::Idle`] when there is none.
    pub fn poll(&mut self) -> Do {
        self.out.pop_front().unwrap_or(Do::Idle(self.due))
    }

    fn tell(&mut self, now: Now, input: Input<'_>) -> Result<(), Mistake> {
        self.session.handle(now, input)
    }

    /// As [`Self::tell`], for what happens by itself: the session takes that as it comes.
    fn note(&mut self, now: Now, input: Input<'_>) {
        let told = self.tell(now, input);
        debug_assert!(told.is_ok(), "what happens is never a mistake: {told:?}");
    }

    /// The end of the server's bytes is the TLS layer's first: it knows in the middle of what they ended.
    fn relay_says(&mut self, now: Now, message: FromRelay) -> Result<(), Mistake> {
        match message {
            FromRelay::Closed { by: Closer::Target, code, .. } => self.layer_ends(now, code == Code::Reset),
            FromRelay::Eof {} => self.layer_ends(now, false),
            _ => {}
        }
        self.tell(now, Input::Relay(message))
    }

    fn layer_ends(&mut self, now: Now, reset: bool) {
        if let Some(layer) = &mut self.layer {
            if reset {
                layer.reset();
            } else {
                layer.eof();
            }
            self.work(now);
        }
    }

    /// The session counts its own bytes, not those of the ciphertext around them.
    fn left(&mut self, now: Now, mut bytes: u64) -> Result<(), Mistake> {
        let mut plain = 0;
        while let Some(piece) = self.owed.front_mut() {
            if bytes < piece.bytes {
                piece.bytes -= bytes;
                break;
            }
            bytes -= piece.bytes;
            plain += piece.plain;
            self.owed.pop_front();
        }
        if plain == 0 { Ok(()) } else { self.tell(now, Input::Written(plain)) }
    }

    fn probed(&mut self, now: Now, legacy: Option<Box<Legacy>>) -> Result<(), Mistake> {
        if self.probe != Probe::Running {
            return Ok(());
        }
        self.probe = Probe::Done;
        self.changed = true;
        legacy.map_or(Ok(()), |legacy| self.tell(now, Input::Probed(legacy)))
    }

    /// Lets session and layer speak in turn until neither has anything to say.
    fn work(&mut self, now: Now) {
        loop {
            self.drain_session(now);
            let Some(out) = self.layer.as_mut().map(|layer| layer.poll()).filter(|out| *out != Out::Idle) else {
                if self.count(now) {
                    continue;
                }
                break;
            };
            self.layer_says(now, out);
        }
        self.ask_old_words();
        if std::mem::take(&mut self.changed) {
            self.out.push_back(Do::Changed);
        }
    }

    fn drain_session(&mut self, now: Now) {
        loop {
            match self.session.poll() {
                Output::Send(bytes) => self.send(bytes),
                Output::Control(message) => self.out.push_back(Do::Control(message)),
                Output::Handshake(settings) => self.shake_hands(now, *settings),
                Output::Hangup => self.hang_up(now),
                Output::Changed => self.changed = true,
                Output::Idle(due) => {
                    self.due = due;
                    return;
                }
            }
        }
    }

    fn send(&mut self, bytes: Vec<u8>) {
        let plain = bytes.len() as u64;
        let Some(layer) = &mut self.layer else {
            self.owed.push_back(Owed { bytes: plain, plain });
            return self.out.push_back(Do::Send(bytes));
        };
        self.unsealed += plain;
        layer.send(&bytes);
    }

    fn hand_out(&mut self, bytes: Vec<u8>) {
        let plain = std::mem::take(&mut self.unsealed);
        self.owed.push_back(Owed { bytes: bytes.len() as u64, plain });
        self.out.push_back(Do::Send(bytes));
    }

    fn shake_hands(&mut self, now: Now, settings: Settings) {
        match Layer::new(settings) {
            Ok(mut layer) => {
                layer.start();
                self.began = now;
                self.layer = Some(Box::new(layer));
                self.note(now, Input::Handshaking);
            }
            Err(failure) => self.note(now, Input::TlsFailed(failure)),
        }
    }

    fn hang_up(&mut self, now: Now) {
        if let Some(mut layer) = self.layer.take() {
            layer.close();
            loop {
                match layer.poll() {
                    Out::ToNetwork(bytes) => self.hand_out(bytes),
                    Out::Idle => break,
                    // The session has ended: it takes in nothing more.
                    _ => {}
                }
            }
            self.count_of(now, layer.carried());
        }
        self.out.push_back(Do::Hangup);
    }

    fn layer_says(&mut self, now: Now, out: Out) {
        match out {
            Out::ToNetwork(bytes) => self.hand_out(bytes),
            Out::Plain(bytes) => {
                self.count(now);
                self.note(now, Input::Bytes(&bytes));
            }
            Out::Done(mut report, binding) => {
                report.handshake_ms = Some(now.since(self.began));
                self.note(now, Input::Secured(Secured { report, binding: Some(binding) }));
            }
            Out::Failed(failure) => self.note(now, Input::TlsFailed(failure)),
            Out::CloseNotify => self.note(now, Input::CloseNotify),
            Out::Idle => {}
        }
    }

    /// Tells the session how much ciphertext has crossed, where that is news; returns whether it was.
    fn count(&mut self, now: Now) -> bool {
        self.layer.as_ref().map(|layer| layer.carried()).is_some_and(|carried| self.count_of(now, carried))
    }

    fn count_of(&mut self, now: Now, carried: (u64, u64)) -> bool {
        if carried == std::mem::replace(&mut self.carried, carried) {
            return false;
        }
        self.note(now, Input::Carried { sent: carried.0, received: carried.1 });
        true
    }

    fn ask_old_words(&mut self) {
        let setup = self.session.setup();
        let asks = self.probe == Probe::NotWanted && !setup.tls.probe && setup.practice.is_none();
        let failure =
            self.session.record().tls().failure().filter(|failure| failure.wants_probe && failure.legacy.is_none());
        if asks && failure.is_some() {
            let setup = probing(setup);
            self.probe = Probe::Running;
            self.changed = true;
            self.out.push_back(Do::Probe(Box::new(setup)));
        }
    }
}

/// The setup of the second connection: no words of the conversation go there, and nothing to sign in with.
fn probing(setup: &Setup) -> Setup {
    let mut setup = setup.clone();
    if setup.security != Security::Tls {
        setup.security = Security::Starttls;
    }
    setup.tls.client = None;
    setup.tls.probe = true;
    setup.attended = false;
    setup.plan.until = Until::Starttls;
    setup.plan.sign_in = None;
    setup.plan.message = Message::default();
    setup
}
