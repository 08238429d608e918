//! A mail server to practise on, with several personalities.
//!
//! It speaks SMTP as RFC 5321 has it, with PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8
//! (RFC 6531), ENHANCEDSTATUSCODES (RFC 2034) and CHUNKING (RFC 3030), and delivers nothing. Like the rest of the
//! core it does no I/O: call [`Practice::handle`] with what happened, then [`Practice::poll`] until it returns
//! [`Output::Idle`]. All memory that a client can fill is bounded.
//!
//! ```
//! use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
//! use ehlo_core::time::Now;
//!
//! let mut server = Practice::new(Personality::AcceptsAll, Memory::default());
//! server.handle(Now(0), Input::Opened);
//! let Output::Send(greeting) = server.poll() else { panic!("a greeting comes first") };
//! assert!(greeting.starts_with(b"220 practice.ehlo.example ESMTP"));
//! assert!(matches!(server.poll(), Output::Idle(Some(_))));
//! ```

mod answer;
mod command;
mod content;
mod dialogue;
mod envelope;
mod memory;
mod personality;
mod reply;

use std::collections::VecDeque;

pub use self::memory::Memory;
pub use self::personality::Personality;

use self::content::{Content, DataReader, LineReader};
use self::dialogue::Hello;
use self::envelope::Envelope;
use self::reply::Reply;
use crate::time::Now;

/// The host name of the practice server, and the one domain that it calls its own.
pub const HOST: &str = "practice.ehlo.example";

/// Milliseconds of silence after which the server closes (RFC 5321 section 4.5.3.2.7).
const TIMEOUT: u64 = 300_000;

/// Octets of replies that may wait to be sent; a client that asks for more at once is cut off.
const WAITING_LIMIT: usize = 1 << 20;

/// What happened on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The connection is there. Comes first and once.
    Opened,
    /// Octets from the client, in pieces of any size.
    Bytes(&'a [u8]),
    /// The client closed, or the connection is lost: nothing more will be sent.
    Closed,
    /// The moment of the last [`Output::Idle`] has come.
    Tick,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these octets.
    Send(Vec<u8>),
    /// Close the connection, once all is sent. Comes once at most.
    Hangup,
    /// Nothing more for now; with a moment, call with [`Input::Tick`] then, unless something happens before.
    Idle(Option<Now>),
}

/// A mail that the server accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The name given in the reply, `queued as …`.
    pub queue_id: String,
    /// The sender's address without `< >`; empty for the null reverse-path.
    pub reverse_path: String,
    /// The accepted recipients without `< >` and source route, in order.
    pub forward_paths: Vec<String>,
    /// The content: doubled dots undone, the final dot left out.
    pub bytes: Vec<u8>,
}

/// One connection of the practice server. See the [module](self) for how to drive it.
#[derive(Debug)]
pub struct Practice {
    personality: Personality,
    memory: Memory,
    received: Vec<Received>,
    /// Octets of `received`, to be bounded.
    stored: usize,
    stage: Stage,
    now: Now,
    /// When the silence began that leads to the time-out.
    quiet_since: Now,
    outbox: VecDeque<(Now, Item)>,
    /// Octets in `outbox`.
    waiting: usize,
    /// When the last of what was put into `outbox` is due.
    last_due: Now,
    reading: Reading,
    line: LineReader,
    hello: Option<Hello>,
    envelope: Option<Envelope>,
    errors: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotOpened,
    Open,
    /// A hang-up waits in the outbox; input is ignored.
    Ending,
    Over,
}

#[derive(Debug)]
enum Item {
    Send(Vec<u8>),
    Hangup,
}

/// What the next octets are.
#[derive(Debug)]
enum Reading {
    Commands,
    Data(DataReader),
    Chunk { left: u64, last: bool, refusal: Option<Reply> },
}

impl Practice {
    /// A server for one connection. `memory` comes from the connection before, or is empty.
    pub fn new(personality: Personality, memory: Memory) -> Self {
        Self {
            personality,
            memory,
            received: Vec::new(),
            stored: 0,
            stage: Stage::NotOpened,
            now: Now::default(),
            quiet_since: Now::default(),
            outbox: VecDeque::new(),
            waiting: 0,
            last_due: Now::default(),
            reading: Reading::Commands,
            line: LineReader::default(),
            hello: None,
            envelope: None,
            errors: 0,
        }
    }

    /// Takes note of what happened at `now`. Call [`poll`](Self::poll) afterwards, until it is idle.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        self.now = self.now.max(now);
        match (input, self.stage) {
            (Input::Opened, Stage::NotOpened) => {
                self.stage = Stage::Open;
                self.quiet_since = self.now;
                self.greet();
            }
            (Input::Bytes(bytes), Stage::Open) if !bytes.is_empty() => {
                self.quiet_since = self.quiet_since.max(self.now);
                self.read(bytes);
            }
            (Input::Closed, _) => {
                self.stage = Stage::Over;
                self.outbox.clear();
                self.waiting = 0;
                self.reading = Reading::Commands;
                self.line = LineReader::default();
                self.envelope = None;
            }
            (Input::Tick, Stage::Open) if self.outbox.is_empty() && self.now.since(self.quiet_since) >= TIMEOUT => {
                self.end_with("4.4.2", "Nothing was said for 5 minutes");
            }
            _ => {}
        }
    }

    /// The next thing to do at the moment of the last [`handle`](Self::handle).
    pub fn poll(&mut self) -> Output {
        match self.outbox.front() {
            None if self.stage == Stage::Open => Output::Idle(Some(self.quiet_since.plus(TIMEOUT))),
            None => Output::Idle(None),
            Some((due, _)) if *due > self.now => Output::Idle(Some(*due)),
            Some(_) => match self.outbox.pop_front() {
                Some((_, Item::Send(bytes))) => {
                    self.waiting -= bytes.len();
                    Output::Send(bytes)
                }
                _ => {
                    self.stage = Stage::Over;
                    Output::Hangup
                }
            },
        }
    }

    /// What greylisting remembers: hand it to the next connection.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The mails accepted so far on this connection, also by [`Personality::DropsLine`], which took the mail and did
    /// not say so.
    pub fn received(&self) -> &[Received] {
        &self.received
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.stage == Stage::Open {
            let used = match &mut self.reading {
                Reading::Commands => {
                    let (used, line) = self.line.take(bytes);
                    if let Some((line, end)) = line {
                        self.command(&line, end);
                    }
                    used
                }
                Reading::Data(reader) => {
                    let (used, ended) = reader.take(bytes);
                    if ended {
                        let content = std::mem::take(&mut reader.content);
                        self.reading = Reading::Commands;
                        self.end_of_data(content);
                    }
                    used
                }
                Reading::Chunk { left, refusal, .. } => {
                    let used = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= used as u64;
                    let ended = *left == 0;
                    if let (None, Some(envelope)) = (refusal, &mut self.envelope) {
                        envelope.chunks.get_or_insert_with(Content::default).push(&bytes[..used]);
                    }
                    if ended {
                        self.end_of_chunk();
                    }
                    used
                }
            };
            bytes = &bytes[used..];
        }
    }

    /// Puts a reply into the outbox, due `delay` milliseconds after what is there already.
    fn say(&mut self, reply: &Reply, delay: u64) {
        let utf8 = self.envelope.as_ref().is_some_and(|envelope| envelope.utf8);
        self.send_later(reply.to_bytes(utf8), delay);
    }

    fn send_later(&mut self, bytes: Vec<u8>, delay: u64) {
        self.waiting += bytes.len();
        self.last_due = self.last_due.max(self.now).plus(delay);
        self.quiet_since = self.quiet_since.max(self.last_due);
        match self.outbox.back_mut() {
            Some((due, Item::Send(waiting))) if *due == self.last_due => waiting.extend_from_slice(&bytes),
            _ => self.outbox.push_back((self.last_due, Item::Send(bytes))),
        }
    }

    /// Says 421 and hangs up (RFC 5321 section 3.8).
    fn end_with(&mut self, enhanced: &'static str, why: &str) {
        let enhanced = if self.personality.is_old() { "" } else { enhanced };
        self.say(&Reply::new(421, enhanced, format!("{HOST} {why}, closing the connection")), 0);
        self.hang_up();
    }

    fn hang_up(&mut self) {
        self.stage = Stage::Ending;
        self.reading = Reading::Commands;
        self.envelope = None;
        let due = self.last_due.max(self.now);
        self.outbox.push_back((due, Item::Hangup));
    }
}
