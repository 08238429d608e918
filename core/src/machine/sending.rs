//! The message on its way out: piece by piece, with no more unsent at a time than a window, by DATA or by BDAT.

use std::sync::Arc;

use super::timers::Asked;
use super::view::Progress;
use super::{Output, Session};
use crate::record::Piece;
use crate::record::transaction::Answer;
use crate::wire::body::{Stuffing, measure};
use crate::wire::command::{Command, Verb};
use crate::wire::rules::Phase;

/// Octets of a piece; the relay takes twice as many.
const PIECE: usize = 32 * 1024;

/// Octets of a message that may wait for the network at a time; a smaller message goes out in one go.
pub const WINDOW: u64 = 256 * 1024;

/// What a session knows of messages on their way, and of steps that are taken once.
#[derive(Debug, Default)]
pub(super) struct Sending {
    outgoing: Option<Outgoing>,
    chunk: Option<Chunk>,
    /// The server refused the message while it was on the way.
    pub(super) cut_short: bool,
    /// Recipients that had their mail already, where the server's limits ask for several.
    pub(super) served: Vec<String>,
    /// What ETRN last asked for.
    pub(super) etrn: String,
    /// What XCLIENT last said, and the code of its reply; 0 while there is none.
    pub(super) xclient: Option<(String, u16)>,
    /// In a replay: the next octets of the message belong to the entry before.
    pub(super) resumes: bool,
}

/// A message that is being sent.
#[derive(Debug)]
struct Outgoing {
    octets: Arc<Vec<u8>>,
    form: Form,
    entry: usize,
    /// Whether a line end has to come first.
    begins: bool,
    total: u64,
    made: u64,
    /// Octets handed out that have not left for the network yet, as far as the driver tells.
    flight: u64,
}

#[derive(Debug)]
enum Form {
    /// Dots doubled, final dot added (RFC 5321 §4.5.2).
    Stuffed(Stuffing),
    /// As it is: the octets between these two (RFC 3030 §2).
    Raw(usize, usize),
}

/// A piece that BDAT has announced.
#[derive(Debug)]
struct Chunk {
    left: usize,
    last: bool,
    /// The entry of the command.
    entry: usize,
}

impl Outgoing {
    /// The next piece; true with the last.
    fn piece(&mut self) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(PIECE + 8);
        if std::mem::take(&mut self.begins) {
            out.extend_from_slice(b"\r\n");
        }
        let done = match &mut self.form {
            Form::Stuffed(stuffing) => stuffing.piece(&self.octets, PIECE, &mut out),
            Form::Raw(at, end) => {
                let upto = (*at + PIECE).min(*end);
                out.extend_from_slice(&self.octets[*at..upto]);
                *at = upto;
                upto == *end
            }
        };
        self.made += out.len() as u64;
        self.flight += out.len() as u64;
        (out, done)
    }
}

impl Session {
    /// Whether a message is on its way and not all of it has been handed out.
    pub fn is_sending(&self) -> bool {
        self.sending.outgoing.is_some()
    }

    /// Octets that BDAT has announced and that have not been sent: what comes next is no command.
    pub fn chunk_left(&self) -> usize {
        self.sending.chunk.as_ref().map_or(0, |chunk| chunk.left)
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        let outgoing = self.sending.outgoing.as_ref()?;
        Some(Progress { sent: outgoing.made.saturating_sub(outgoing.flight), total: outgoing.total })
    }

    /// The entry that still grows.
    pub(super) fn growing(&self) -> Option<usize> {
        self.sending.outgoing.as_ref().map(|outgoing| outgoing.entry)
    }

    /// Sends a message, or the octets that BDAT has announced; none for the planned ones.
    pub(super) fn send_message(&mut self, given: Option<Vec<u8>>) {
        if self.chunk_left() > 0 {
            return self.send_chunk(given);
        }
        // After DATA with no recipient some servers still say 354: then an empty message ends it (RFC 2920 §3.1).
        let nobody = self.transactions.last().is_some_and(|mail| mail.accepted().next().is_none());
        let octets = match given {
            Some(given) => Arc::new(given),
            None if nobody && self.runner.running => Arc::default(),
            None => self.message.clone(),
        };
        // A line that was typed without its end would take the first line of the message for its own.
        let begins = !self.body_line.is_empty();
        let total = measure(&octets).1 + if begins { 2 } else { 0 };
        self.stream(octets, Form::Stuffed(Stuffing::default()), begins, total);
    }

    fn send_chunk(&mut self, given: Option<Vec<u8>>) {
        let left = self.chunk_left();
        let (octets, from) = match given {
            Some(given) => (Arc::new(given), 0),
            None => (self.message.clone(), self.transactions.last().map_or(0, |mail| mail.chunked)),
        };
        let from = from.min(octets.len());
        let upto = (from + left).min(octets.len());
        if from < upto {
            self.stream(octets, Form::Raw(from, upto), false, upto - from);
        }
    }

    fn stream(&mut self, octets: Arc<Vec<u8>>, form: Form, begins: bool, total: usize) {
        let entry = self.transcript.client(self.elapsed(), Piece::Message, Vec::new(), 0);
        let total = total as u64;
        self.sending.outgoing = Some(Outgoing { octets, form, entry, begins, total, made: 0, flight: 0 });
        self.pump();
    }

    /// Octets have left for the network.
    pub(super) fn written(&mut self, octets: u64) {
        if let Some(outgoing) = &mut self.sending.outgoing {
            outgoing.flight = outgoing.flight.saturating_sub(octets);
            self.pump();
        }
    }

    /// Hands out what the window leaves room for.
    fn pump(&mut self) {
        while let Some(outgoing) = &mut self.sending.outgoing {
            if outgoing.flight + PIECE as u64 > WINDOW {
                return;
            }
            let (piece, done) = outgoing.piece();
            let (mut entry, all) = (outgoing.entry, outgoing.total <= WINDOW);
            if entry + 1 != self.transcript.entries().len() {
                // Something happened in between: what is sent now comes behind it.
                entry = self.transcript.client(self.now.since(self.zero), Piece::Message, Vec::new(), 0);
                outgoing.entry = entry;
            }
            self.transcript.grow(entry, &piece, all);
            let raw = matches!(outgoing.form, Form::Raw(..));
            let octets = piece.len();
            if done {
                self.sending.outgoing = None;
            }
            self.out.push_back(Output::Send(piece));
            match (raw, done) {
                (true, _) => self.chunk_sent(octets),
                (false, true) => self.body_ended(entry),
                (false, false) => {}
            }
        }
    }

    /// The connection ended, or the server does not want the rest.
    pub(super) fn stop_sending(&mut self) {
        self.sending.outgoing = None;
    }

    /// The message is out to its final dot, or to its last piece.
    pub(super) fn body_ended(&mut self, entry: usize) {
        self.body_line.clear();
        let Some(mail) = self.transactions.last_mut() else { return self.await_reply(Asked::Message, Some(entry)) };
        mail.dot_sent = true;
        // An LMTP server answers for each recipient that it took (RFC 2033 §4.2).
        let taken = |at: &usize| mail.recipients[*at].answer.is_some_and(Answer::is_positive);
        let each: Vec<usize> = match self.hello.accepted {
            Some(Verb::Lhlo) => (0..mail.recipients.len()).filter(taken).collect(),
            _ => Vec::new(),
        };
        if each.is_empty() {
            self.await_reply(Asked::Message, Some(entry));
        }
        for at in each {
            self.await_reply(Asked::Message, Some(entry));
            self.pending.iter_mut().next_back().into_iter().for_each(|pending| pending.recipient = Some(at));
        }
    }

    /// BDAT was sent: true where its reply is due only after its octets, or is awaited already.
    pub(super) fn begin_chunk(&mut self, command: &Command<'_>, entry: usize) -> bool {
        let mut words = command.rest.split_whitespace();
        let Some(left) = words.next().and_then(|octets| octets.parse::<usize>().ok()) else { return false };
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        if left == 0 && !(last && self.has_open_mail()) {
            return false;
        }
        if left == 0 {
            self.body_ended(entry);
            return true;
        }
        self.sending.chunk = Some(Chunk { left, last, entry });
        true
    }

    fn has_open_mail(&self) -> bool {
        self.phase != Phase::Data && self.transactions.last().is_some_and(|mail| !mail.is_finished())
    }

    /// Sends octets that were typed behind BDAT.
    pub(super) fn send_chunk_piece(&mut self, octets: &[u8]) {
        self.transcript.client(self.elapsed(), Piece::Line, octets.to_vec(), octets.len());
        self.send(octets);
        self.chunk_sent(octets.len());
    }

    /// Octets of BDAT's went out: with the last of them its reply is due.
    pub(super) fn chunk_sent(&mut self, octets: usize) {
        let Some(chunk) = &mut self.sending.chunk else { return };
        chunk.left = chunk.left.saturating_sub(octets);
        let (left, last, entry) = (chunk.left, chunk.last, chunk.entry);
        let open = self.has_open_mail();
        if let Some(mail) = self.transactions.last_mut().filter(|_| open) {
            mail.chunked += octets;
        }
        if left > 0 {
            return;
        }
        self.sending.chunk = None;
        match last && open {
            true => self.body_ended(entry),
            false => self.await_reply(Asked::Command(Verb::Bdat), Some(entry)),
        }
    }
}
