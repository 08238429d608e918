//! What this side sent: lines of command, answers of AUTH, a message by DATA or by BDAT.

use super::transaction::{Answer, Recipient, Transaction};
use super::{Asked, Link, Piece, Record, masked};
use crate::wire::command::{Command, Verb};
use crate::wire::rules::Phase;

/// A piece of a message that BDAT has announced (RFC 3030 §2).
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) left: usize,
    last: bool,
    /// The entry of the command.
    entry: usize,
}

impl Record {
    /// Of what is about to be sent, what belongs together for the server, and the rest: a line, or bytes that BDAT has
    /// announced.
    pub fn first_piece<'t>(&self, typed: &'t [u8]) -> (&'t [u8], &'t [u8]) {
        let line = memchr::memchr(b'\n', typed).map_or(typed.len(), |at| at + 1);
        match self.chunk_left().min(line) {
            0 => typed.split_at(line),
            // The end of the typed line is none of the bytes that were announced, and no command either.
            raw if &typed[raw..line] == b"\r\n" => (&typed[..raw], &typed[line..]),
            raw => typed.split_at(raw),
        }
    }

    /// Whether `bytes` end the message: a dot alone between two CR LF (RFC 5321 §4.1.1.4).
    pub fn ends_message(&self, bytes: &[u8]) -> bool {
        match bytes.len() {
            0..5 => {
                let line = [&self.body_line, bytes].concat();
                line == b".\r\n" || line.ends_with(b"\r\n.\r\n")
            }
            _ => bytes.ends_with(b"\r\n.\r\n"),
        }
    }

    /// `decodes`: whether base64 within AUTH is to be made readable.
    pub(super) fn sent(&mut self, bytes: &[u8], decodes: bool) {
        if !matches!(self.link, Link::Up | Link::Closing) {
            return;
        }
        if self.chunk_left() > 0 {
            self.transcript.client(self.at, Piece::Line, bytes.to_vec(), bytes.len());
            self.chunk_sent(bytes.len());
        } else if self.expects_message() {
            let entry = self.transcript.client(self.at, Piece::Line, bytes.to_vec(), bytes.len());
            self.body_sent(entry, bytes);
        } else {
            self.command_sent(&String::from_utf8_lossy(bytes), decodes);
        }
    }

    /// A line of command, or a part of one that its line end does not close yet.
    fn command_sent(&mut self, piece: &str, decodes: bool) {
        let text = piece.trim_end_matches(['\r', '\n']);
        let opened = self.open_line.take();
        let so_far = opened.as_deref().unwrap_or_default();
        let whole = [so_far, text].concat();
        let command = Command::of(&whole);
        let answers_auth = self.answers_auth(&command);
        // Where AUTH itself is in this piece, only what stands behind its mechanism is secret.
        let begun = opened.is_some() && command.verb == Verb::Auth && Command::of(text).verb != Verb::Auth;
        let secret = answers_auth && text != "*" || begun;
        let shown = [&masked(text, secret), &piece[text.len()..]].concat();
        let entry = self.transcript.client(self.at, Piece::Line, shown.clone().into_bytes(), piece.len());
        if answers_auth || command.verb == Verb::Auth {
            let decoded = self.decode_sent(&command, text, answers_auth);
            if let Some(decoded) = decoded.filter(|_| decodes) {
                self.transcript.decode(entry, decoded);
            }
        }
        if !piece.ends_with('\n') {
            // Without a line end the server sees no command yet, so no reply is due.
            self.open_line = Some([so_far, &shown].concat());
            return;
        }
        if answers_auth {
            return self.await_reply(Asked::AuthAnswer, Some(entry));
        }
        self.begin_step(&command);
        if command.verb == Verb::Bdat && self.begin_chunk(&command, entry) {
            return;
        }
        self.await_reply(Asked::Command(command.verb), Some(entry));
        if let (Verb::Rcpt, Some(pending)) = (command.verb, self.pending.back_mut()) {
            pending.recipient = self.transactions.last().map(|mail| mail.recipients.len() - 1);
        }
    }

    /// Notes in the transaction what was asked.
    fn begin_step(&mut self, command: &Command<'_>) {
        let address = || command.path().map_or_else(|| command.rest.to_owned(), |path| path.address.to_owned());
        match command.verb {
            Verb::Mail if self.phase <= Phase::Idle => {
                let of_recipe = self.probes.running().is_some();
                self.transactions.push(Transaction { reverse_path: address(), of_recipe, ..Transaction::default() });
            }
            Verb::Rcpt => {
                let recipient = Recipient { address: address(), ..Recipient::default() };
                // After a refused MAIL or DATA the recipients still belong to that attempt.
                let open = self.transactions.last().is_some_and(|mail| !mail.aborted && !mail.dot_sent);
                if !open {
                    self.transactions.push(Transaction { aborted: true, ..Transaction::default() });
                }
                if let Some(mail) = self.transactions.last_mut() {
                    mail.recipients.push(recipient);
                }
            }
            Verb::Data => {
                if let Some(mail) = self.transactions.last_mut() {
                    mail.data_sent = true;
                }
            }
            Verb::Etrn => self.etrn = command.rest.to_owned(),
            Verb::Other if command.word.eq_ignore_ascii_case("XCLIENT") => {
                self.xclient = Some((command.rest.to_owned(), 0));
            }
            _ => {}
        }
    }

    /// Bytes of a message as they stand in a talk.
    pub(super) fn body(&mut self, bytes: &[u8]) {
        let entry = match std::mem::take(&mut self.resumes) {
            true => self.transcript.resume(bytes),
            false => self.transcript.client(self.at, Piece::Message, bytes.to_vec(), bytes.len()),
        };
        match self.chunk_left() {
            0 => self.body_sent(entry, bytes),
            _ => self.chunk_sent(bytes.len()),
        }
    }

    /// Bytes of a message that were sent, and that the talk does not hold.
    pub(super) fn omitted(&mut self, bytes: u64) {
        if (self.expects_message() || self.chunk_left() > 0) && self.transcript.omit(bytes) {
            self.resumes = true;
            self.chunk_sent(usize::try_from(bytes).unwrap_or(usize::MAX).min(self.chunk_left().saturating_sub(1)));
        }
    }

    /// Bytes of a composed message.
    pub(super) fn message(&mut self, bytes: &[u8], whole: bool, ends: bool) {
        // Where something happened in between, what is sent now comes behind it.
        let last = self.growing.filter(|entry| entry + 1 == self.entries().len());
        let entry = last.unwrap_or_else(|| self.transcript.client(self.at, Piece::Message, Vec::new(), 0));
        self.transcript.grow(entry, bytes, whole);
        self.growing = (!ends).then_some(entry);
        match self.chunk_left() {
            0 if ends => self.body_ended(entry),
            0 => {}
            _ => self.chunk_sent(bytes.len()),
        }
    }

    /// Notes bytes of the message that went out as `entry`.
    fn body_sent(&mut self, entry: usize, bytes: &[u8]) {
        if !self.ends_message(bytes) {
            self.body_line.extend_from_slice(bytes);
            let last = self.body_line.windows(2).rposition(|pair| pair == b"\r\n");
            self.body_line.drain(..last.map_or(0, |at| at + 2));
            return;
        }
        self.body_ended(entry);
    }

    /// The message is out to its final dot, or to its last piece.
    fn body_ended(&mut self, entry: usize) {
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

    /// BDAT was sent: true where its reply is due only after its bytes, or is awaited already.
    fn begin_chunk(&mut self, command: &Command<'_>, entry: usize) -> bool {
        let mut words = command.rest.split_whitespace();
        let Some(left) = words.next().and_then(|bytes| bytes.parse::<usize>().ok()) else { return false };
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        if left == 0 && !(last && self.has_open_mail()) {
            return false;
        }
        if left == 0 {
            self.body_ended(entry);
            return true;
        }
        self.chunk = Some(Chunk { left, last, entry });
        true
    }

    fn has_open_mail(&self) -> bool {
        self.phase != Phase::Data && self.transactions.last().is_some_and(|mail| !mail.is_finished())
    }

    /// Bytes of BDAT's went out: with the last of them its reply is due.
    fn chunk_sent(&mut self, bytes: usize) {
        let Some(chunk) = &mut self.chunk else { return };
        chunk.left = chunk.left.saturating_sub(bytes);
        let (left, last, entry) = (chunk.left, chunk.last, chunk.entry);
        let open = self.has_open_mail();
        if let Some(mail) = self.transactions.last_mut().filter(|_| open) {
            mail.chunked += bytes;
        }
        if left > 0 {
            return;
        }
        self.chunk = None;
        match last && open {
            true => self.body_ended(entry),
            false => self.await_reply(Asked::Command(Verb::Bdat), Some(entry)),
        }
    }
}
