//! One client of the practice server.

use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use ehlo_core::time::Now;

/// A connection, what came out of it, and its clock.
pub(crate) struct Client {
    pub(crate) server: Practice,
    pub(crate) now: Now,
    /// Octets that were sent, each piece with its moment.
    pub(crate) sent: Vec<(Now, Vec<u8>)>,
    pub(crate) hung_up: bool,
}

impl Client {
    /// A connection opened at moment 0, with no greylisting memory.
    pub(crate) fn open(personality: Personality) -> Self {
        Self::open_at(personality, Memory::default(), Now(0))
    }

    pub(crate) fn open_at(personality: Personality, memory: Memory, now: Now) -> Self {
        let server = Practice::new(personality, memory);
        let mut client = Self { server, now, sent: Vec::new(), hung_up: false };
        client.step(Input::Opened);
        client
    }

    /// A connection that has said EHLO, with what was sent so far forgotten.
    pub(crate) fn greeted(personality: Personality) -> Self {
        let mut client = Self::open(personality);
        client.ask("EHLO client.example\r\n");
        client
    }

    /// Hands over one input and collects; returns when the server wants to be called again.
    pub(crate) fn step(&mut self, input: Input<'_>) -> Option<Now> {
        self.server.handle(self.now, input);
        loop {
            match self.server.poll() {
                Output::Send(bytes) => {
                    assert!(!self.hung_up, "sent after the hang-up");
                    self.sent.push((self.now, bytes));
                }
                Output::Hangup => {
                    assert!(!self.hung_up, "hung up twice");
                    self.hung_up = true;
                }
                Output::Idle(until) => return until,
            }
        }
    }

    /// Moves the clock from deadline to deadline, until only the five minutes of patience are left.
    pub(crate) fn wait(&mut self, mut until: Option<Now>) {
        while let Some(moment) = until.filter(|moment| moment.since(self.now) < 300_000) {
            self.now = moment;
            until = self.step(Input::Tick);
        }
    }

    /// Sends, waits, and returns what came since the last question.
    pub(crate) fn ask(&mut self, bytes: impl AsRef<[u8]>) -> String {
        let until = self.step(Input::Bytes(bytes.as_ref()));
        self.wait(until);
        self.take()
    }

    /// What came since the last call.
    pub(crate) fn take(&mut self) -> String {
        let bytes = self.sent.drain(..).flat_map(|(_, bytes)| bytes).collect();
        String::from_utf8(bytes).expect("replies are text")
    }
}

/// Everything that the server says to these pieces, with the greeting, and whether it hung up.
pub(crate) fn talk<'a>(personality: Personality, pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, bool) {
    let mut client = Client::open(personality);
    for piece in pieces {
        client.step(Input::Bytes(piece));
    }
    // Asked for here, since there may have been no piece at all.
    let until = client.step(Input::Tick);
    client.wait(until);
    (client.take(), client.hung_up)
}

/// Fails unless these octets are whole reply lines, each of three digits, a separator, text, and CR LF.
pub(crate) fn assert_well_formed(said: &str) {
    assert!(said.is_empty() || said.ends_with("\r\n"), "an unfinished line: {said:?}");
    let mut code = None;
    for line in said.split_terminator("\r\n") {
        let start = line.as_bytes();
        assert!(start.len() >= 4 && start[..3].iter().all(u8::is_ascii_digit), "no code: {line:?}");
        assert!((b'2'..=b'5').contains(&start[0]), "no class: {line:?}");
        assert!(matches!(start[3], b' ' | b'-'), "no separator: {line:?}");
        assert!(line.len() + 2 <= 512, "too long: {line:?}");
        assert!(!line.chars().any(char::is_control), "control character: {line:?}");
        assert!(code.is_none_or(|code| code == &line[..3]), "two codes in one reply: {said:?}");
        code = (start[3] == b'-').then_some(&line[..3]);
    }
    assert!(code.is_none(), "an unfinished reply: {said:?}");
}
