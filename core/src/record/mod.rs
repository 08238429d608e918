//! The account of what happened in one conversation, and the only place that derives the state of the protocol from it.
//!
//! A [`Record`] is written through one door, [`Record::apply`], and never changed otherwise. It decides nothing: it knows
//! no plan, no timer and no words for a person. A live session writes one, and a saved talk *is* one.

mod apply;
pub mod asked;
pub mod ending;
pub mod entries;
pub mod event;
pub mod play;
pub mod probes;
mod replies;
mod sent;
pub mod sign_in;
mod state;
pub mod talk;
pub mod tls;
pub mod transaction;

use std::collections::VecDeque;

pub use apply::Happened;
pub use asked::Asked;
pub use ending::{Ending, How};
pub use entries::{ENTRIES_MAX, Entry, OCTETS_MAX, Piece, Side, Transcript, masked};
pub use replies::ReplyRecord;
pub use sign_in::{SignIn, SignInState};
pub use state::{Hello, Link, Terms, Via};
pub use tls::{Stage, Tls};

use crate::tunnel::{Connected, Refusal};
use crate::wire::ehlo::Capabilities;
use crate::wire::reply::ReplyReader;
use crate::wire::rules::Phase;
use probes::Probes;
use sent::Chunk;
use transaction::Transaction;

/// A question that waits for its reply.
#[derive(Clone, Debug)]
struct Pending {
    asked: Asked,
    /// The entry of the question.
    entry: Option<usize>,
    /// When it was asked, in milliseconds since the beginning.
    since: u64,
    /// Which transaction it belongs to.
    mail: Option<usize>,
    /// For RCPT: which recipient of the transaction.
    recipient: Option<usize>,
}

/// What happened in one conversation, in order, and the state of the protocol after it.
#[derive(Debug)]
pub struct Record {
    terms: Terms,
    /// The moment of what was told last.
    at: u64,
    link: Link,
    via: Via,
    phase: Phase,
    transcript: Transcript,
    reader: ReplyReader,
    /// Entries of the reply that is being received.
    receiving: Vec<usize>,
    partial_since: Option<u64>,
    replies: Vec<ReplyRecord>,
    /// Questions that wait for a reply, in the order of asking.
    pending: VecDeque<Pending>,
    overdue: bool,
    hello: Hello,
    transactions: Vec<Transaction>,
    /// The server announced its end: 421 at any time, or 221 without QUIT.
    closing: bool,
    /// QUIT was answered by something else than goodbye.
    quit_refused: bool,
    tls: Tls,
    sign_in: SignIn,
    /// What was typed of a command line that has no line end yet, with secrets masked.
    open_line: Option<String>,
    /// What was sent of the message since its last CR LF.
    body_line: Vec<u8>,
    /// The entry of the message that is on its way.
    growing: Option<usize>,
    /// The next bytes of the message belong to the entry before, behind those that were not kept.
    resumes: bool,
    chunk: Option<Chunk>,
    /// The server refused the message while it was on the way.
    cut_short: bool,
    /// What ETRN last asked for.
    etrn: String,
    /// What XCLIENT last said, and the code of its reply; 0 while there is none.
    xclient: Option<(String, u16)>,
    probes: Probes,
    connected: Option<Connected>,
    refusal: Option<Refusal>,
    ending: Option<Ending>,
}

impl Record {
    /// A conversation that has not begun: the relay is called.
    pub fn new(terms: Terms) -> Self {
        let mut record = Self {
            terms,
            at: 0,
            link: Link::Calling,
            via: Via::Relay,
            phase: Phase::Start,
            transcript: Transcript::default(),
            reader: ReplyReader::default(),
            receiving: Vec::new(),
            partial_since: None,
            replies: Vec::new(),
            pending: VecDeque::new(),
            overdue: false,
            hello: Hello::default(),
            transactions: Vec::new(),
            closing: false,
            quit_refused: false,
            tls: Tls::default(),
            sign_in: SignIn::default(),
            open_line: None,
            body_line: Vec::new(),
            growing: None,
            resumes: false,
            chunk: None,
            cut_short: false,
            etrn: String::new(),
            xclient: None,
            probes: Probes::default(),
            connected: None,
            refusal: None,
            ending: None,
        };
        record.await_reply(Asked::Relay, None);
        record
    }

    /// The moment of what was told last, in milliseconds since the beginning.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How far the connection is.
    pub fn link(&self) -> Link {
        self.link
    }

    /// By which way the server is reached.
    pub fn via(&self) -> Via {
        self.via
    }

    /// Whether bytes can be sent, and no end is agreed on.
    pub fn is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// Whether the connection has ended.
    pub fn is_over(&self) -> bool {
        self.link == Link::Over
    }

    /// The phase of the mail transaction.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Everything that was said, and what happened.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The entries of the transcript.
    pub fn entries(&self) -> &[Entry] {
        self.transcript.entries()
    }

    /// What has come of a line whose end has not.
    pub fn partial(&self) -> &[u8] {
        self.reader.pending()
    }

    /// When the first byte of [`Self::partial`] came, in milliseconds since the beginning.
    pub fn partial_since(&self) -> Option<u64> {
        self.partial_since
    }

    /// How many entries, from the first, will never change again.
    pub fn settled(&self) -> usize {
        self.growing.or(self.receiving.first().copied()).unwrap_or(self.entries().len())
    }

    /// The replies in order.
    pub fn replies(&self) -> &[ReplyRecord] {
        &self.replies
    }

    /// What the server is asked at the moment.
    pub fn awaiting(&self) -> Option<Asked> {
        self.pending.front().map(|pending| pending.asked)
    }

    /// What is waited for, and since when in milliseconds since the beginning.
    ///
    /// A wait begins when its question was asked, or when the reply before it came: replies come one by one.
    pub fn waiting(&self) -> Option<(Asked, u64)> {
        self.pending.front().map(|pending| (pending.asked, self.wait_begin(pending)))
    }

    /// Whether the standard's time for the present wait has passed.
    pub fn is_overdue(&self) -> bool {
        self.overdue
    }

    /// What the server said to our greeting.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.hello.capabilities
    }

    /// The mail transactions in order.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// Whether the server announced its end: 421 at any time, or 221 without QUIT.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether QUIT was answered by something else than goodbye.
    pub fn is_quit_refused(&self) -> bool {
        self.quit_refused
    }

    /// How TLS stands.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// How signing in stands.
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Whether part of a command line was sent, and its end was not.
    pub fn has_open_line(&self) -> bool {
        self.open_line.is_some()
    }

    /// Whether a message is on its way.
    pub fn is_sending(&self) -> bool {
        self.growing.is_some()
    }

    /// Whether what is sent next is part of a message.
    pub fn expects_message(&self) -> bool {
        self.phase == Phase::Data && self.pending.is_empty() && !self.is_sending()
    }

    /// Whether a line of the message was begun, and its end was not sent.
    pub fn is_within_line(&self) -> bool {
        !self.body_line.is_empty()
    }

    /// Bytes that BDAT has announced and that have not been sent: what comes next is no command.
    pub fn chunk_left(&self) -> usize {
        self.chunk.as_ref().map_or(0, |chunk| chunk.left)
    }

    /// Whether the server refused the message while it was on the way.
    pub fn is_cut_short(&self) -> bool {
        self.cut_short
    }

    /// What ETRN last asked for.
    pub fn etrn(&self) -> &str {
        &self.etrn
    }

    /// What XCLIENT last said, and the code of its reply; 0 while there is none.
    pub fn xclient(&self) -> Option<(&str, u16)> {
        self.xclient.as_ref().map(|(said, code)| (said.as_str(), *code))
    }

    /// The tests that break rules on purpose.
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    /// The connection, once it stands.
    pub fn connected(&self) -> Option<&Connected> {
        self.connected.as_ref()
    }

    /// The relay's no.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Whether what is sent now can be read in between only by the server that proved its name.
    pub fn is_protected(&self) -> bool {
        self.tls.stage == Stage::Secured && self.tls.report().is_some_and(|report| report.verdict.trusted)
    }

    /// Whether what is typed now would be the answer to a question of AUTH, or AUTH with an answer in it.
    pub fn is_secret(&self, line: &str) -> bool {
        self.sign_in.is_asked() || masked(line, false) != line
    }

    /// Bytes that crossed in clear text, and as ciphertext: each sent and received.
    pub fn carried(&self) -> ((u64, u64), (u64, u64)) {
        let clear = match self.tls.stage {
            Stage::Clear | Stage::Due => (self.transcript.sent, self.transcript.received),
            _ => self.tls.clear,
        };
        (clear, self.tls.carried)
    }

    /// The mechanisms that the last EHLO offered.
    pub fn offered_mechanisms(&self) -> Vec<&str> {
        let auth = self.hello.capabilities.extensions.iter().filter(|one| one.keyword == "AUTH");
        let mut all: Vec<&str> = Vec::new();
        for word in auth.flat_map(|one| one.params.split_whitespace()) {
            // Some servers say it twice, once for clients older than RFC 2554.
            if !all.contains(&word) {
                all.push(word);
            }
        }
        all
    }

    fn await_reply(&mut self, asked: Asked, entry: Option<usize>) {
        self.overdue = false;
        let mail = self.transactions.len().checked_sub(1);
        self.pending.push_back(Pending { asked, entry, since: self.at, mail, recipient: None });
    }

    fn stop_awaiting(&mut self, asked: Asked) {
        self.pending.retain(|pending| pending.asked != asked);
    }

    fn wait_begin(&self, pending: &Pending) -> u64 {
        pending.since.max(self.replies.last().map_or(0, |reply| reply.at))
    }

    fn note(&mut self, event: event::Event) -> usize {
        self.transcript.event(self.at, event)
    }
}
