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
        let mut octets = Vec::with_capacity(message.len() + message.len() / 64 + 8);
        let mut doubled = 0;
        for line in message.split_inclusive(|&b| b == b'\n') {
            // Only CR LF begins a line: a dot behind a bare LF goes out as it was given.
            if line.starts_with(b".") && (octets.is_empty() || octets.ends_with(b"\r\n")) {
                octets.push(b'.');
                doubled += 1;
            }
            octets.extend_from_slice(line);
        }
        let completed = !octets.is_empty() && !octets.ends_with(b"\r\n");
        if completed {
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b".\r\n");
        Self { octets, doubled, completed }
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
