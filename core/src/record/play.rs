//! Playing a talk: its items as steps, and the record that they make.
//!
//! Whoever plays a talk walks over [`Talk::steps`]: a saved conversation is read so, a test plays the server's part
//! against a live session, and a fake server speaks it over a socket.

use super::event::Event;
use super::talk::{Item, Talk};
use super::{Happened, Record, Terms};

/// What the next item of a talk says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TalkStep<'t> {
    /// So many milliseconds have passed since the beginning.
    At(u64),
    /// The server says this.
    Server(&'t [u8]),
    /// This side says this.
    Client(&'t [u8]),
    /// So many bytes of a message follow that the talk does not hold.
    Omitted(u64),
    /// What stands in the base64 of the line before.
    Decoded(&'t str),
    /// Something happens.
    Event(Event),
    /// Any other stage direction: its first word, and what stands behind it.
    Setting(&'t str, &'t str),
    /// A fact that holds here: its first word, and what stands behind it.
    Fact(&'t str, &'t str),
    /// A finding of the whole.
    Finding(&'t str),
}

impl<'t> TalkStep<'t> {
    fn of(item: &'t Item) -> Option<Self> {
        let words = |text: &'t str| text.split_once(' ').unwrap_or((text, ""));
        Some(match item {
            Item::Server(bytes) => Self::Server(bytes),
            Item::Client(bytes) => Self::Client(bytes),
            Item::Fact(text) => {
                let (word, rest) = words(text);
                Self::Fact(word, rest)
            }
            Item::Finding(text) => Self::Finding(text),
            Item::Prose(_) => return None,
            Item::Stage(text) => match words(text) {
                ("at", at) if at.trim().parse::<u64>().is_ok() => Self::At(at.trim().parse().unwrap_or_default()),
                ("omitted", bytes) if bytes.trim().parse::<u64>().is_ok() => {
                    Self::Omitted(bytes.trim().parse().unwrap_or_default())
                }
                ("decoded", line) => Self::Decoded(line),
                (word, rest) => Event::from_talk(text).map_or(Self::Setting(word, rest), Self::Event),
            },
        })
    }
}

impl Talk {
    /// What happens in it, step by step, each with the number of its line; prose is left out.
    pub fn steps(&self) -> impl Iterator<Item = (usize, TalkStep<'_>)> {
        self.items.iter().filter_map(|(line, item)| Some((*line, TalkStep::of(item)?)))
    }
}

impl Terms {
    /// What a talk says was agreed before it.
    pub fn of(talk: &Talk) -> Self {
        talk.steps().fold(Self::default(), |terms, (_, step)| match step {
            TalkStep::Setting("unattended", _) => Self { attended: false, ..terms },
            TalkStep::Setting("security", word) => Self { tls_at_once: word.trim() == "tls", ..terms },
            _ => terms,
        })
    }
}

impl Record {
    /// A saved talk is a record: what it says happened, happens. Its facts and findings are passed over, since they are
    /// derived anew.
    pub fn from_talk(talk: &Talk) -> Self {
        let mut player = Player { record: Self::new(Terms::of(talk)), at: 0, message: Vec::new() };
        let mut steps = talk.steps().map(|(_, step)| step).peekable();
        while let Some(step) = steps.next() {
            let more = matches!(steps.peek(), Some(TalkStep::Client(_)));
            player.step(step, more);
        }
        player.record
    }
}

struct Player {
    record: Record,
    at: u64,
    /// Lines of a message that belong together.
    message: Vec<u8>,
}

impl Player {
    fn step(&mut self, step: TalkStep<'_>, more: bool) {
        match step {
            TalkStep::At(at) => self.at = at,
            TalkStep::Server(bytes) => {
                self.begin();
                self.apply(Happened::Received(bytes));
            }
            TalkStep::Client(bytes) => {
                self.begin();
                self.client(bytes, more);
            }
            TalkStep::Omitted(bytes) => self.apply(Happened::Omitted(bytes)),
            TalkStep::Decoded(line) => self.apply(Happened::Decoded(line)),
            TalkStep::Event(event) => self.apply(Happened::Event(event)),
            TalkStep::Setting(..) | TalkStep::Fact(..) | TalkStep::Finding(_) => {}
        }
    }

    fn apply(&mut self, what: Happened<'_>) {
        self.record.apply(self.at, what);
    }

    /// A talk may begin with the server's first words: then the connection is taken for granted.
    fn begin(&mut self) {
        self.apply(Happened::Opened);
    }

    fn client(&mut self, bytes: &[u8], more: bool) {
        if !self.record.expects_message() && self.record.chunk_left() == 0 {
            return self.send(bytes);
        }
        // The lines of a message are one entry: to its end, or to where something else happens.
        self.message.extend_from_slice(bytes);
        let whole = match self.record.chunk_left() {
            0 => self.record.ends_message(&self.message),
            left => self.message.len() >= left,
        };
        if more && bytes.ends_with(b"\n") && !whole {
            return;
        }
        let mut whole = std::mem::take(&mut self.message);
        let behind = whole.split_off(match self.record.chunk_left() {
            0 => whole.len(),
            left => left.min(whole.len()),
        });
        self.apply(Happened::Body(&whole));
        self.send(&behind);
    }

    fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (piece, rest) = self.record.first_piece(bytes);
            self.record.apply(self.at, Happened::Kept(piece));
            bytes = rest;
        }
    }
}
