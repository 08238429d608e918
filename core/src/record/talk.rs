//! The talk: one text format that is export, test, script of a fake server and bug report.
//!
//! ```text
//! # Prose.
//! @ connected 12 192.0.2.1 25 198.51.100.7:4711 -
//! S: 220 mx.example ESMTP
//! C: QUIT
//! S: 221 2.0.0 Bye
//! = ended quit
//! ! finding-id
//! ```
//!
//! `S:` and `C:` are octets of either side. A line stands for its text and CR LF; `\n` at its end makes the line end a
//! bare LF, `\c` says that there is none. `\\`, `\r`, `\n`, `\t` and `\xHH` stand for what cannot be seen.
//! Of a big message only its ends are written: `@ omitted N` between them counts the octets that are left out.
//! `@` sets the stage, `=` states a fact, `!` names a finding, `#` is prose.

use std::fmt;

use serde::Serialize;

/// One item of a talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Octets of the server.
    Server(Vec<u8>),
    /// Octets of the client.
    Client(Vec<u8>),
    /// The stage: an event, a time, a setting.
    Stage(String),
    /// A fact.
    Fact(String),
    /// A finding's stable word.
    Finding(String),
    /// Prose.
    Prose(String),
}

/// A talk: its items, each with the number of its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// Line number from 1, and item.
    pub items: Vec<(usize, Item)>,
}

/// Why a text is no talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TalkError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for TalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for TalkError {}

/// How many octets of text a talk may have.
pub const TEXT_MAX: usize = 32 * 1024 * 1024;

impl Talk {
    /// Reads a talk.
    ///
    /// # Errors
    /// The first line that is none of a talk's lines, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TalkError> {
        if text.len() > TEXT_MAX {
            return Err(TalkError { line: 1, message: "the file is larger than a talk may be (32 MiB)".into() });
        }
        let mut items = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.trim().is_empty() {
                continue;
            }
            let item = item(line).map_err(|message| TalkError { line: at + 1, message })?;
            items.push((at + 1, item));
        }
        Ok(Self { items })
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: Item) {
        self.items.push((self.items.len() + 1, item));
    }
}

impl fmt::Display for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (_, item) in &self.items {
            let (mark, text) = match item {
                Item::Server(bytes) => ("S:", escape(bytes)),
                Item::Client(bytes) => ("C:", escape(bytes)),
                Item::Stage(text) => ("@", text.clone()),
                Item::Fact(text) => ("=", text.clone()),
                Item::Finding(text) => ("!", text.clone()),
                Item::Prose(text) => ("#", text.clone()),
            };
            writeln!(f, "{mark}{}{text}", if text.is_empty() { "" } else { " " })?;
        }
        Ok(())
    }
}

/// The mark that begins a line, and what the line is.
type Kind = (&'static str, fn(String) -> Item);

fn item(line: &str) -> Result<Item, String> {
    let after = |mark: &str| line.strip_prefix(mark).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
    if let Some(text) = after("S:") {
        return unescape(text).map(Item::Server);
    }
    if let Some(text) = after("C:") {
        return unescape(text).map(Item::Client);
    }
    // Whoever wrote the file, it must not turn or hide the text around it.
    let kinds: [Kind; 4] = [("@", Item::Stage), ("=", Item::Fact), ("!", Item::Finding), ("#", Item::Prose)];
    kinds
        .into_iter()
        .find_map(|(mark, make)| after(mark).map(|text| make(crate::printable::text(text.as_bytes()))))
        .ok_or_else(|| "a line of a talk begins with S: C: @ = ! or #".to_owned())
}

/// Octets of one line as a talk writes them.
pub fn escape(bytes: &[u8]) -> String {
    let (content, tail) = match bytes.strip_suffix(b"\r\n") {
        Some(content) => (content, ""),
        None if bytes.ends_with(b"\n") => (bytes, ""),
        None => (bytes, "\\c"),
    };
    let mut out = String::with_capacity(bytes.len() + 2);
    for chunk in content.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                c if hidden(c) => {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer).bytes().for_each(|byte| out.push_str(&format!("\\x{byte:02X}")));
                }
                c => out.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02X}")));
    }
    // A space at the end would be lost on the way through a mail or a ticket.
    if out.ends_with(' ') {
        out.pop();
        out.push_str("\\x20");
    }
    out.push_str(tail);
    // Without this, a line whose text ends in LF and one that was sent with CR LF would look the same.
    if tail.is_empty() && content.len() + 2 == bytes.len() && content.ends_with(b"\n") {
        out.push_str("\\r\\n");
    }
    out
}

fn hidden(c: char) -> bool {
    c.is_control()
        || crate::printable::segments(c.encode_utf8(&mut [0; 4]).as_bytes()).iter().any(|s| s.special.is_some())
}

/// The octets that a talk's text stands for.
///
/// # Errors
/// What is wrong with an escape.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let (mut chars, mut ended) = (text.chars(), false);
    while let Some(c) = chars.next() {
        ended = false;
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next() {
            Some('\\') => out.push(b'\\'),
            Some('r') => out.push(b'\r'),
            Some('t') => out.push(b'\t'),
            Some('n') => {
                out.push(b'\n');
                ended = true;
            }
            Some('x') => out.push(hex(&mut chars)?),
            Some('c') if chars.as_str().is_empty() => ended = true,
            Some('c') => return Err(r"\c stands only at the end of a line".into()),
            Some(c) => return Err(format!(r"\{c} is no escape; a backslash itself is written \\")),
            None => return Err(r"a backslash at the end; a backslash itself is written \\".into()),
        }
    }
    if !ended {
        out.extend_from_slice(b"\r\n");
    }
    Ok(out)
}

fn hex(chars: &mut std::str::Chars<'_>) -> Result<u8, String> {
    let digits: String = chars.by_ref().take(2).collect();
    let valid = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = valid.then(|| u8::from_str_radix(&digits, 16).ok()).flatten();
    byte.ok_or_else(|| r"\x wants two hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_talk_is_printed_as_it_was_read() {
        let text = "# A talk.\n@ at 120\nS: 220 mx\nC: QUIT\nS: 221 Bye\n= ended quit\n! slow-greeting\n";
        assert_eq!(Talk::parse(text).unwrap().to_string(), text);
    }

    #[test]
    fn octets_survive_the_escapes_whatever_they_are() {
        for bytes in [
            &b"220 a\r\n"[..],
            b"220 a\n",
            b"220 a",
            b"",
            b"\r\n",
            b"\n",
            b"a \r\n",
            b"a\\b\0\xff\r\n",
            b"a\n\r\n",
            b"\xe2\x80\xae\r\n",
        ] {
            assert_eq!(unescape(&escape(bytes)).unwrap(), bytes, "{:?} as {:?}", bytes, escape(bytes));
        }
    }

    #[test]
    fn a_line_that_is_none_is_named_with_its_number() {
        let error = Talk::parse("S: 220\nhello\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert!(Talk::parse("S: a\\q\n").unwrap_err().message.contains("no escape"));
        assert!(Talk::parse("S: \\xZZ\n").is_err());
    }
}
