//! The message on its way out: piece by piece, with no more unsent at a time than a window, by DATA or by BDAT.

use std::sync::Arc;

use super::{Output, Session};
use crate::record::Happened;
use crate::time::Now;
use crate::wire::body::{Stuffing, measure};

/// Bytes of a piece; the relay takes twice as many.
const PIECE: usize = 32 * 1024;

/// Bytes of a message that may wait for the network at a time; a smaller message goes out in one go.
pub const WINDOW: u64 = 256 * 1024;

/// Milliseconds between two words on how far a big message is: each is a transcript to draw.
const TELL_EVERY: u64 = 100;

/// A message that is being sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    bytes: Arc<Vec<u8>>,
    form: Form,
    /// Whether a line end has to come first.
    begins: bool,
    total: u64,
    made: u64,
    /// Bytes handed out that have not left for the network yet, as far as the driver tells.
    flight: u64,
    /// When a page was last told how far it is.
    told: Now,
}

#[derive(Debug)]
enum Form {
    /// Dots doubled, final dot added (RFC 5321 §4.5.2).
    Stuffed(Stuffing),
    /// As it is: the bytes between these two (RFC 3030 §2).
    Raw(usize, usize),
}

impl Outgoing {
    /// The next piece; true with the last.
    fn piece(&mut self) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(PIECE + 8);
        if std::mem::take(&mut self.begins) {
            out.extend_from_slice(b"\r\n");
        }
        let done = match &mut self.form {
            Form::Stuffed(stuffing) => stuffing.piece(&self.bytes, PIECE, &mut out),
            Form::Raw(at, end) => {
                let upto = (*at + PIECE).min(*end);
                out.extend_from_slice(&self.bytes[*at..upto]);
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
        self.outgoing.is_some()
    }

    /// How far a big message is: bytes that have left, and all its bytes as they cross.
    pub fn progress(&self) -> Option<(u64, u64)> {
        let outgoing = self.outgoing.as_ref()?;
        Some((outgoing.made.saturating_sub(outgoing.flight), outgoing.total))
    }

    /// Sends a message, or the bytes that BDAT has announced; none for the planned ones.
    pub(super) fn send_message(&mut self, given: Option<Vec<u8>>) {
        if self.record().chunk_left() > 0 {
            return self.send_chunk(given);
        }
        // After DATA with no recipient some servers still say 354: then an empty message ends it (RFC 2920 §3.1).
        let nobody = self.record().transactions().last().is_some_and(|mail| mail.accepted().next().is_none());
        let bytes = match given {
            Some(given) => Arc::new(given),
            None if nobody && self.runner.running => Arc::default(),
            None => self.message.clone(),
        };
        // A line that was typed without its end would take the first line of the message for its own.
        let begins = self.record().is_within_line();
        let total = measure(&bytes).1 + if begins { 2 } else { 0 };
        self.stream(bytes, Form::Stuffed(Stuffing::default()), begins, total);
    }

    fn send_chunk(&mut self, given: Option<Vec<u8>>) {
        let left = self.record().chunk_left();
        let (bytes, from) = match given {
            Some(given) => (Arc::new(given), 0),
            None => (self.message.clone(), self.record().transactions().last().map_or(0, |mail| mail.chunked)),
        };
        let from = from.min(bytes.len());
        let upto = (from + left).min(bytes.len());
        if from < upto {
            self.stream(bytes, Form::Raw(from, upto), false, upto - from);
        }
    }

    fn stream(&mut self, bytes: Arc<Vec<u8>>, form: Form, begins: bool, total: usize) {
        self.outgoing = Some(Outgoing { bytes, form, begins, total: total as u64, made: 0, flight: 0, told: Now(0) });
        self.pump();
    }

    /// Bytes have left for the network.
    pub(super) fn written(&mut self, bytes: u64) {
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.flight = outgoing.flight.saturating_sub(bytes);
            self.pump();
        }
    }

    /// Whether a page has been told how far the message is so lately that it need not be told again.
    pub(super) fn has_just_told_progress(&mut self) -> bool {
        let Some(outgoing) = &mut self.outgoing else { return false };
        let is_lately = self.now.since(outgoing.told) < TELL_EVERY;
        if !is_lately {
            outgoing.told = self.now;
        }
        is_lately
    }

    /// Hands out what the window leaves room for.
    fn pump(&mut self) {
        while let Some(outgoing) = self.outgoing.as_mut().filter(|one| one.flight + PIECE as u64 <= WINDOW) {
            let (piece, ends) = outgoing.piece();
            let whole = outgoing.total <= WINDOW;
            // The last piece takes the message out of the record's hands, and so out of ours.
            self.apply(Happened::Message { bytes: &piece, whole, ends });
            self.out.push_back(Output::Send(piece));
        }
    }
}
