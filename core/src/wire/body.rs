//! The message on the wire: line ends, transparency and the final dot (RFC 5321 §4.1.1.4, §4.5.2).

use std::borrow::Cow;

/// A message ready to be sent after 354.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireMessage {
    /// The octets as they go out, the final dot among them.
    pub octets: Vec<u8>,
    /// Lines that began with a dot and got another.
    pub doubled: usize,
    /// Whether a line end had to be put before the final dot.
    pub completed: bool,
}

impl WireMessage {
    /// Doubles the dots of `message` and ends it; nothing else is changed, bare LF and CR go out as they are.
    pub fn of(message: &[u8]) -> Self {
        let (doubled, total) = measure(message);
        let mut octets = Vec::with_capacity(total);
        Stuffing::default().piece(message, usize::MAX, &mut octets);
        Self { octets, doubled, completed: total > message.len() + doubled + 3 }
    }
}

/// How many dots of `message` are doubled on the wire, and how many octets it has there, final dot included.
pub fn measure(message: &[u8]) -> (usize, usize) {
    let begins = |at: usize| message[..at].ends_with(b"\r") && message.get(at + 1) == Some(&b'.');
    let dots = memchr::memchr_iter(b'\n', message).filter(|at| begins(*at)).count();
    let doubled = dots + usize::from(message.starts_with(b"."));
    let completed = !message.is_empty() && !message.ends_with(b"\r\n");
    (doubled, message.len() + doubled + if completed { 2 } else { 0 } + 3)
}

/// Makes the wire form of a message piece by piece, so that a big one is never there twice.
#[derive(Clone, Debug, Default)]
pub struct Stuffing {
    at: usize,
}

impl Stuffing {
    /// Adds the next octets of the wire form to `out`, until it has `most` or a few more; true with the last.
    pub fn piece(&mut self, message: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
        while self.at < message.len() {
            if out.len() >= most {
                return false;
            }
            let rest = &message[self.at..];
            // Only CR LF begins a line: a dot behind a bare LF goes out as it was given.
            if rest[0] == b'.' && (self.at == 0 || message[..self.at].ends_with(b"\r\n")) {
                out.push(b'.');
            }
            let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let upto = line.min(most.saturating_sub(out.len()).max(1));
            out.extend_from_slice(&rest[..upto]);
            self.at += upto;
        }
        if !message.is_empty() && !message.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        true
    }
}

/// `text` with every line end made CR LF: LF and CR alone count as line ends.
pub fn with_crlf(text: &[u8]) -> Cow<'_, [u8]> {
    let sound = |at: usize, b: u8| match b {
        b'\n' => at > 0 && text[at - 1] == b'\r',
        b'\r' => text.get(at + 1) == Some(&b'\n'),
        _ => true,
    };
    if text.iter().enumerate().all(|(at, &b)| sound(at, b)) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 64);
    for (at, &b) in text.iter().enumerate() {
        match b {
            b'\r' if text.get(at + 1) == Some(&b'\n') => {}
            b'\r' | b'\n' => out.extend_from_slice(b"\r\n"),
            b => out.push(b),
        }
    }
    Cow::Owned(out)
}

/// What the receiver keeps of `octets`: dots undone, the final dot gone; the inverse of [`WireMessage::of`].
pub fn received(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut fresh = true;
    for line in octets.split_inclusive(|&b| b == b'\n') {
        if fresh && line == b".\r\n" {
            break;
        }
        out.extend_from_slice(if fresh && line.starts_with(b".") { &line[1..] } else { line });
        fresh = line.ends_with(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_start_of_a_line_are_doubled_and_the_final_dot_is_added() {
        for (message, wire, doubled) in [
            (&b"testing\r\n"[..], &b"testing\r\n.\r\n"[..], 0),
            (b".\r\n..\r\na.\r\n", b"..\r\n...\r\na.\r\n.\r\n", 2),
            (b"", b".\r\n", 0),
            (b"no end", b"no end\r\n.\r\n", 0),
            (b"a\n.\nb\r\n", b"a\n.\nb\r\n.\r\n", 0),
        ] {
            let made = WireMessage::of(message);
            assert_eq!((made.octets.as_slice(), made.doubled), (wire, doubled), "{message:?}");
        }
    }

    #[test]
    fn a_message_in_pieces_is_the_same_as_in_one() {
        let message = b".\r\n..a\r\n\n.b\r\n.c\r.\n.";
        for most in 1..12 {
            let (mut stuffing, mut octets, mut done) = (Stuffing::default(), Vec::new(), false);
            while !done {
                let mut piece = Vec::new();
                done = stuffing.piece(message, most, &mut piece);
                octets.extend(piece);
            }
            assert_eq!(octets, WireMessage::of(message).octets, "in pieces of {most}");
        }
        assert_eq!(measure(message).1, WireMessage::of(message).octets.len());
    }

    #[test]
    fn line_ends_of_text_become_crlf() {
        assert_eq!(with_crlf(b"a\nb\rc\r\nd").as_ref(), b"a\r\nb\r\nc\r\nd");
        assert!(matches!(with_crlf(b"a\r\nb\r\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_receiver_gets_back_what_was_given() {
        for message in [&b"a\r\n.b\r\n"[..], b".\r\n.\r\n", b"x\n.\r\ny\r\n", b""] {
            assert_eq!(received(&WireMessage::of(message).octets), message);
        }
    }
}
