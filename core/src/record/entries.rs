//! Every byte of both directions with its time, and what happened between them.
//!
//! Everything else (replies, explanations, findings, the summary) is derived from the transcript and points back into it.

use serde::Serialize;

use super::event::Event;
use crate::secret::MASK;
use crate::wire::command::{Command, Verb};
use crate::wire::oddity::Oddity;

/// How many octets from the server are kept.
pub const OCTETS_MAX: usize = 4 * 1024 * 1024;

/// How many entries are kept.
pub const ENTRIES_MAX: usize = 20_000;

/// Octets that are kept of each end of a big message.
const EDGE: usize = 32 * 1024;

/// Who an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// What was sent to the server.
    Client,
    /// What was received from it.
    Server,
    /// What the relay and the network did.
    Relay,
}

/// What kind of piece an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// One line.
    Line,
    /// A whole message with its final dot.
    Message,
    /// Something that happened.
    Event,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When its first octet came or went, in milliseconds since the conversation began.
    pub started: u64,
    /// When it was whole.
    pub at: u64,
    /// Who said it.
    pub side: Side,
    /// What kind of piece it is.
    pub piece: Piece,
    /// Its octets, line ends included; empty for an event.
    pub bytes: Vec<u8>,
    /// For an event, what happened.
    pub event: Option<Event>,
    /// For a server's line, the reply that it belongs to.
    pub reply: Option<usize>,
    /// What is odd about it.
    pub oddities: Vec<Oddity>,
    /// For base64 within AUTH: what it says, without its secrets.
    pub decoded: Vec<String>,
    /// Of a big message only head and tail are kept: where in `bytes` something is left out, and how many octets.
    pub omitted: Option<(usize, u64)>,
}

/// The entries in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    entries: Vec<Entry>,
    kept: usize,
    /// Octets that the server sent, those that were not kept included.
    pub received: u64,
    /// Octets that were sent to the server.
    pub sent: u64,
    /// Octets that were not kept.
    pub dropped: u64,
}

impl Transcript {
    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether another line of the server would be too much.
    pub fn is_full(&self) -> bool {
        self.kept >= OCTETS_MAX || self.entries.len() >= ENTRIES_MAX
    }

    /// Adds a line of the server.
    pub(super) fn server_line(&mut self, started: u64, at: u64, bytes: &[u8], oddities: Vec<Oddity>) -> usize {
        self.kept += bytes.len();
        self.push(Entry {
            started,
            at,
            side: Side::Server,
            piece: Piece::Line,
            bytes: bytes.to_vec(),
            event: None,
            reply: None,
            oddities,
            decoded: Vec::new(),
            omitted: None,
        })
    }

    /// Adds something that was sent; `shown` is what the transcript keeps of it, with secrets masked already.
    pub(super) fn client(&mut self, at: u64, piece: Piece, shown: Vec<u8>, octets: usize) -> usize {
        self.sent += octets as u64;
        self.push(Entry {
            started: at,
            at,
            side: Side::Client,
            piece,
            bytes: shown,
            event: None,
            reply: None,
            oddities: Vec::new(),
            decoded: Vec::new(),
            omitted: None,
        })
    }

    /// Adds octets of a message to the entry that began it; of a big one only its ends are kept.
    pub(super) fn grow(&mut self, entry: usize, octets: &[u8], all: bool) {
        self.sent += octets.len() as u64;
        let entry = &mut self.entries[entry];
        entry.bytes.extend_from_slice(octets);
        let surplus = entry.bytes.len().saturating_sub(2 * EDGE);
        if surplus > 0 && !all {
            entry.bytes.drain(EDGE..EDGE + surplus);
            entry.omitted = Some((EDGE, entry.omitted.map_or(0, |(_, before)| before) + surplus as u64));
        }
    }

    /// From a talk: bytes of the last entry that were not kept; false where it is no message of this side.
    pub(super) fn omit(&mut self, octets: u64) -> bool {
        let whole = |entry: &&mut Entry| entry.piece == Piece::Message && entry.omitted.is_none();
        let Some(entry) = self.entries.last_mut().filter(whole) else { return false };
        entry.omitted = Some((entry.bytes.len(), octets));
        self.sent += octets;
        true
    }

    /// From a talk: the bytes behind those that were not kept.
    pub(super) fn resume(&mut self, octets: &[u8]) -> usize {
        self.sent += octets.len() as u64;
        let at = self.entries.len().saturating_sub(1);
        self.entries[at].bytes.extend_from_slice(octets);
        at
    }

    /// Adds something that happened.
    pub(super) fn event(&mut self, at: u64, event: Event) -> usize {
        self.push(Entry {
            started: at,
            at,
            side: Side::Relay,
            piece: Piece::Event,
            bytes: Vec::new(),
            event: Some(event),
            reply: None,
            oddities: Vec::new(),
            decoded: Vec::new(),
            omitted: None,
        })
    }

    /// Adds octets to the last entry, if it is `entry` and its line has not ended.
    pub(super) fn lengthen(&mut self, entry: usize, at: u64, bytes: &[u8]) -> bool {
        let is_last = entry + 1 == self.entries.len();
        let Some(last) = self.entries.last_mut().filter(|last| is_last && !last.bytes.ends_with(b"\n")) else {
            return false;
        };
        last.bytes.extend_from_slice(bytes);
        last.at = at;
        self.kept += bytes.len();
        true
    }

    pub(super) fn belongs(&mut self, entry: usize, reply: usize) {
        self.entries[entry].reply = Some(reply);
    }

    pub(super) fn odd(&mut self, entry: usize, oddity: Oddity) {
        self.entries[entry].oddities.push(oddity);
    }

    /// Takes an oddity back.
    pub(super) fn pardon(&mut self, entry: usize, oddity: &Oddity) {
        self.entries[entry].oddities.retain(|known| known != oddity);
    }

    pub(super) fn decode(&mut self, entry: usize, lines: Vec<String>) {
        self.entries[entry].decoded = lines;
    }

    /// Takes something secret out of a server's line.
    pub(super) fn mask(&mut self, entry: usize, masked: Vec<u8>) {
        self.entries[entry].bytes = masked;
    }

    pub(super) fn decode_last(&mut self, line: String) {
        if let Some(last) = self.entries.last_mut() {
            last.decoded.push(line);
        }
    }

    fn push(&mut self, entry: Entry) -> usize {
        self.entries.push(entry);
        self.entries.len() - 1
    }
}

/// `line` with what is secret in it replaced: the initial response of AUTH (RFC 4954 §4), or the whole line.
pub fn masked(line: &str, whole: bool) -> String {
    if whole {
        return MASK.to_owned();
    }
    let command = Command::of(line);
    let (mechanism, secret) = command.rest.split_once(char::is_whitespace).unwrap_or((command.rest, ""));
    // A slip in the verb must not show a password: the mechanism gives it away as well.
    if command.verb != Verb::Auth && !MECHANISMS.iter().any(|known| known.eq_ignore_ascii_case(mechanism)) {
        return line.to_owned();
    }
    let kept = line.trim_end_matches(['\r', '\n']).len() - command.rest.len();
    match (is_mechanism(mechanism), secret.trim().is_empty()) {
        (false, _) if !mechanism.is_empty() => format!("{}{MASK}", &line[..kept]),
        (true, false) => format!("{} {MASK}", &line[..kept + mechanism.len()]),
        _ => line.to_owned(),
    }
}

/// Mechanisms that carry a secret in their first answer.
const MECHANISMS: [&str; 8] =
    ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "NTLM"];

/// Whether `word` can be the name of a SASL mechanism (RFC 4422 §3.1).
fn is_mechanism(word: &str) -> bool {
    (1..=20).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_response_of_auth_is_masked_and_nothing_else() {
        assert_eq!(masked("AUTH PLAIN AHVzZXIAcGFzcw==", false), format!("AUTH PLAIN {MASK}"));
        assert_eq!(masked("auth plain", false), "auth plain");
        assert_eq!(masked("MAIL FROM:<a@b> X=1", false), "MAIL FROM:<a@b> X=1");
        assert_eq!(masked("cGFzcw==", true), MASK);
        for line in
            [" AUTH PLAIN s3cret", "AUTH\tPLAIN s3cret", "AUTH  PLAIN\ts3cret", "AUHT PLAIN s3cret", "AUTH s3cret=="]
        {
            assert!(!masked(line, false).contains("s3cret"), "{line}");
            assert_eq!(masked(&masked(line, false), false), masked(line, false), "{line}");
        }
    }
}
