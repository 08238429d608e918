//! The conversation as a state machine: `(now, input)` in, outputs out, nothing else.
//!
//! Drive it in three steps: hand it what happened with [`Session::handle`], call [`Session::poll`] and do what it says
//! until it says [`Output::Idle`], and only then come back. One session is one connection; it is never used again.

mod act;
pub mod ending;
pub mod input;
mod life;
pub mod output;
pub mod probes;
mod propose;
mod protection;
mod receive;
mod replay;
pub mod report;
pub mod secure;
mod sending;
mod show;
mod sign_in;
pub mod summary;
pub mod timers;
pub mod view;

use std::collections::VecDeque;
use std::sync::Arc;

pub use crate::setup::{Mistake, Setup};
pub use ending::{Ending, How};
pub use input::{Action, Closed, Input, Risk, Secured, SocketContext, TypedEnd};
pub use output::Output;
pub use secure::Stage;
pub use sending::WINDOW;

use crate::explain::Phrases;
use crate::record::Transcript;
use crate::record::transaction::Transaction;
use crate::time::Now;
use crate::tunnel::Connected;
use crate::wire::command::Verb;
use crate::wire::ehlo::Capabilities;
use crate::wire::enhanced::Enhanced;
use crate::wire::oddity::Oddity;
use crate::wire::reply::ReplyReader;
use crate::wire::rules::Phase;
use timers::Asked;

/// One conversation over one connection.
#[derive(Debug)]
pub struct Session {
    setup: Setup,
    zero: Now,
    now: Now,
    link: Link,
    phase: Phase,
    reader: ReplyReader,
    transcript: Transcript,
    replies: Vec<ReplyRecord>,
    /// Questions that wait for a reply, in the order of asking.
    pending: VecDeque<Pending>,
    /// Entries of the reply that is being received.
    receiving: Vec<usize>,
    partial_since: Option<u64>,
    hello: Hello,
    transactions: Vec<Transaction>,
    wants_mail: bool,
    /// The server announced its end: 421 at any time, or 221 without QUIT.
    closing: bool,
    /// QUIT was answered by something else than goodbye.
    quit_refused: bool,
    tls: secure::Tls,
    auth: sign_in::Auth,
    in_auth: bool,
    /// What the person has given their word for.
    allowed: Allowed,
    /// What was typed of a command line that has no line end yet, with secrets masked.
    open_line: Option<String>,
    /// What was sent of the message since its last CR LF.
    body_line: Vec<u8>,
    runner: Runner,
    recipes: probes::Recipes,
    connected: Option<Connected>,
    refusal: Option<crate::tunnel::Refusal>,
    attempts: usize,
    overdue: bool,
    page_origin: String,
    ending: Option<Ending>,
    out: VecDeque<Output>,
    /// A saved talk is held again: what it says is taken as it stands.
    replays: bool,
    message: Arc<Vec<u8>>,
    sending: sending::Sending,
    phrases: Phrases,
}

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// The relay is called.
    Calling,
    /// The relay calls the server.
    Dialing,
    /// Octets flow.
    Up,
    /// The end is agreed on; it has not come yet.
    Closing,
    /// It has ended.
    Over,
}

/// What the server said to our greeting.
#[derive(Debug, Default)]
struct Hello {
    greeting: u16,
    greeting_name: Option<String>,
    ehlo: Option<u16>,
    helo: Option<u16>,
    accepted: Option<Verb>,
    capabilities: Capabilities,
}

/// A question that waits for its reply.
#[derive(Clone, Debug)]
struct Pending {
    asked: Asked,
    /// The entry of the question.
    entry: Option<usize>,
    since: Now,
    /// Which transaction it belongs to.
    mail: Option<usize>,
    /// For RCPT: which recipient of the transaction.
    recipient: Option<usize>,
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

/// One reply, as it stands in the transcript.
#[derive(Clone, Debug)]
pub struct ReplyRecord {
    /// Its code; 0 if it has none.
    pub code: u16,
    /// Its enhanced status code.
    pub enhanced: Option<Enhanced>,
    /// Its text, all lines.
    pub text: String,
    /// What it answers.
    pub asked: Option<Asked>,
    /// The entry of the question.
    pub question: Option<usize>,
    /// Its own entries.
    pub entries: Vec<usize>,
    /// When it was whole, in milliseconds since the beginning.
    pub at: u64,
    /// Milliseconds since the question.
    pub took: Option<u64>,
    /// What is odd about it as a whole.
    pub oddities: Vec<Oddity>,
    /// For an accepted EHLO: what it offered.
    pub capabilities: Option<Capabilities>,
}

impl Session {
    /// A conversation that has not begun; the driver opens the relay's WebSocket and then says [`Input::Reached`].
    pub fn new(now: Now, setup: Setup) -> Self {
        Self::knowing(now, setup, Phrases::BUILT_IN)
    }

    /// As [`Self::new`], with the phrases that are known so far.
    pub fn knowing(now: Now, setup: Setup, phrases: Phrases) -> Self {
        let mut session = Self {
            runner: Runner { running: !setup.attended, paused: None },
            setup,
            zero: now,
            now,
            link: Link::Calling,
            phase: Phase::Start,
            reader: ReplyReader::default(),
            transcript: Transcript::default(),
            replies: Vec::new(),
            pending: VecDeque::new(),
            receiving: Vec::new(),
            partial_since: None,
            hello: Hello::default(),
            transactions: Vec::new(),
            wants_mail: true,
            closing: false,
            quit_refused: false,
            tls: secure::Tls::default(),
            auth: sign_in::Auth::default(),
            in_auth: false,
            allowed: Allowed::default(),
            open_line: None,
            body_line: Vec::new(),
            recipes: probes::Recipes::default(),
            connected: None,
            refusal: None,
            attempts: 0,
            overdue: false,
            page_origin: String::new(),
            ending: None,
            out: VecDeque::new(),
            replays: false,
            message: Arc::default(),
            sending: sending::Sending::default(),
            phrases,
        };
        session.await_reply(Asked::Relay, None);
        session.compose();
        session
    }

    /// Takes in what happened.
    ///
    /// # Errors
    /// Only for mistakes of the caller: a setting that cannot be, or an action where there is nothing left to act on.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Result<(), Mistake> {
        self.now = self.now.max(now);
        let result = match input {
            Input::Reached => {
                self.reached();
                Ok(())
            }
            Input::Opened => {
                self.opened_here();
                Ok(())
            }
            Input::Relay(message) => {
                self.relay_says(message);
                Ok(())
            }
            Input::Bytes(bytes) => {
                self.receive(bytes);
                Ok(())
            }
            Input::Closed(closed) => {
                self.closed(closed);
                Ok(())
            }
            Input::Handshaking => {
                self.handshaking();
                Ok(())
            }
            Input::Secured(secured) => {
                self.secured(secured);
                Ok(())
            }
            Input::TlsFailed(failure) => {
                self.tls_failed(failure);
                Ok(())
            }
            Input::Probed(legacy) => {
                self.probed(legacy);
                Ok(())
            }
            Input::CloseNotify => {
                self.closed_in_order();
                Ok(())
            }
            Input::Carried { sent, received } => {
                self.tls.carried = (sent, received);
                Ok(())
            }
            Input::Written(_) if !self.is_sending() => return Ok(()),
            Input::Written(octets) => {
                self.written(octets);
                Ok(())
            }
            Input::Tick => {
                self.tick();
                Ok(())
            }
            Input::Do(action) => self.act(action),
        };
        self.advance();
        self.out.push_back(Output::Changed);
        result
    }

    /// The next thing to do; [`Output::Idle`] when there is none.
    pub fn poll(&mut self) -> Output {
        self.out.pop_front().unwrap_or_else(|| Output::Idle(self.deadline()))
    }

    /// Everything that was said, and what happened.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The phrases that findings and meanings are told by.
    pub fn phrases(&self) -> Phrases {
        self.phrases
    }

    /// Whether there is a reply that phrases would tell more of, and none are known.
    pub fn wants_phrases(&self) -> bool {
        self.phrases.is_none() && self.replies.iter().any(crate::reading::findings::may_say_more)
    }

    /// From now on these phrases are known.
    pub fn learn(&mut self, phrases: Phrases) {
        self.phrases = phrases;
    }

    /// The replies in order.
    pub fn replies(&self) -> &[ReplyRecord] {
        &self.replies
    }

    /// How it was set up; the plan in it is the present one.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The mail transactions in order.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The phase of the mail transaction.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.hello.capabilities
    }

    /// What the server is asked at the moment.
    pub fn awaiting(&self) -> Option<Asked> {
        self.pending.front().map(|pending| pending.asked)
    }

    /// Whether what is typed next is the answer to a 334, and so a secret.
    pub fn is_in_auth(&self) -> bool {
        self.in_auth
    }

    /// The message as planned, in octets, before dots are doubled.
    pub fn message(&self) -> &[u8] {
        &self.message
    }
}
