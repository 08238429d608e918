//! The conversation as a state machine: `(now, input)` in, outputs out, nothing else.
//!
//! Drive it in three steps: hand it what happened with [`Session::handle`], call [`Session::poll`] and do what it says
//! until it says [`Output::Idle`], and only then come back. One session is one connection; it is never used again.
//!
//! What happened it writes into its [`Record`], and from the record it learns how the conversation stands. Here is only
//! what decides: whose turn it is, what to send, how long to wait.

mod act;
#[cfg(feature = "tls")]
pub mod connection;
pub mod input;
mod link;
pub mod output;
mod probes;
mod propose;
mod react;
mod secure;
mod sending;
mod sign_in;
pub mod timers;

use std::collections::VecDeque;
use std::sync::Arc;

pub use input::{Action, Closed, Direct, Input, Risk, Secured, SocketContext, TypedEnd};
pub use output::Output;
pub use sending::WINDOW;

pub use crate::setup::{Mistake, Setup};

use crate::case::Case;
use crate::record::Record;
use crate::time::Now;
use crate::tls::Binding;

/// One conversation over one connection.
#[derive(Debug)]
pub struct Session {
    case: Case,
    zero: Now,
    now: Now,
    runner: Runner,
    /// Whether the plan has a mail to send.
    wants_mail: bool,
    /// Recipients that had their mail already, where the server's limits ask for several.
    served: Vec<String>,
    /// What the person has given their word for.
    allowed: Allowed,
    auth: sign_in::Auth,
    /// Values that bind a sign-in to the TLS session.
    binding: Option<Binding>,
    handshake_asked: bool,
    probe: Option<probes::Run>,
    message: Arc<Vec<u8>>,
    message_is_8bit: bool,
    outgoing: Option<sending::Outgoing>,
    out: VecDeque<Output>,
}

/// What may be done although it is risky.
#[derive(Clone, Copy, Debug, Default)]
struct Allowed {
    credentials: bool,
    recipes: bool,
}

/// "Run the rest".
#[derive(Debug, Default)]
struct Runner {
    running: bool,
    paused: Option<String>,
}

impl Session {
    /// A conversation that has not begun. The driver opens the relay's WebSocket and then says [`Input::Reached`]; one
    /// that connects by itself says [`Input::Direct`].
    pub fn new(now: Now, setup: Setup) -> Self {
        let mut session = Self {
            runner: Runner { running: !setup.attended, paused: None },
            case: Case::new(setup),
            zero: now,
            now,
            wants_mail: true,
            served: Vec::new(),
            allowed: Allowed::default(),
            auth: sign_in::Auth::default(),
            binding: None,
            handshake_asked: false,
            probe: None,
            message: Arc::default(),
            message_is_8bit: false,
            outgoing: None,
            out: VecDeque::new(),
        };
        session.compose();
        session
    }

    /// Takes in what happened.
    ///
    /// # Errors
    /// Only for mistakes of the caller: a setting that cannot be, or an action where there is nothing left to act on.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Result<(), Mistake> {
        self.now = self.now.max(now);
        let is_progress = matches!(input, Input::Written(_) | Input::Carried { .. });
        let result = match input {
            Input::Written(_) if !self.is_sending() => return Ok(()),
            Input::Do(action) => self.act(action),
            input => {
                self.happened(input);
                Ok(())
            }
        };
        self.advance();
        if !(is_progress && self.has_just_told_progress()) {
            self.out.push_back(Output::Changed);
        }
        result
    }

    /// The next thing to do; [`Output::Idle`] when there is none.
    pub fn poll(&mut self) -> Output {
        self.out.pop_front().unwrap_or_else(|| Output::Idle(self.deadline()))
    }

    /// What was wanted, and what happened.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// What happened.
    pub fn record(&self) -> &Record {
        &self.case.record
    }

    /// How it was set up; the plan in it is the present one.
    pub fn setup(&self) -> &Setup {
        &self.case.setup
    }

    /// The message as planned, before dots are doubled.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Whether the plan runs by itself at the moment.
    pub fn is_running(&self) -> bool {
        self.runner.running
    }

    /// Why "run the rest" has paused, as a sentence.
    pub fn paused(&self) -> Option<&str> {
        self.runner.paused.as_deref()
    }

    /// A moment of the record on the driver's clock.
    pub fn moment(&self, at: u64) -> Now {
        self.zero.plus(at)
    }

    /// Whether the person has given their word that credentials may go out over this connection.
    pub fn may_send_credentials(&self) -> bool {
        self.allowed.credentials || self.setup().allow_credentials
    }

    fn elapsed(&self) -> u64 {
        self.now.since(self.zero)
    }
}
