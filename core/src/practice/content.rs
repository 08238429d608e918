//! The incoming octets: command lines, and the content of a mail after DATA or BDAT.

use memchr::memchr;

/// Octets of a command line with its line end. RFC 5321 section 4.5.3.1.4 asks for 512; parameters need some more.
pub(super) const LINE_LIMIT: usize = 1024;

/// Octets of a mail, as announced with SIZE (RFC 1870).
pub(super) const SIZE_LIMIT: u64 = 10_485_760;

/// How a command line came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// CR LF, the only right one.
    CrLf,
    /// LF alone, as tools send that were made for files.
    BareLf,
    /// Longer than [`LINE_LIMIT`]; what exceeds it was dropped.
    TooLong,
}

/// Collects one command line out of pieces of any size.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    line: Vec<u8>,
    too_long: bool,
}

impl LineReader {
    /// Takes input up to the end of a line; returns how many octets were taken, and the line without its end.
    pub(super) fn take(&mut self, input: &[u8]) -> (usize, Option<(Vec<u8>, LineEnd)>) {
        let (used, whole) = memchr(b'\n', input).map_or((input.len(), false), |at| (at + 1, true));
        let room = LINE_LIMIT - self.line.len();
        self.too_long |= used > room;
        self.line.extend_from_slice(&input[..used.min(room)]);
        if !whole {
            return (used, None);
        }
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            return (used, Some((line, LineEnd::TooLong)));
        }
        line.pop();
        let end = if line.pop_if(|last| *last == b'\r').is_some() { LineEnd::CrLf } else { LineEnd::BareLf };
        (used, Some((line, end)))
    }
}

/// The octets of one mail: kept up to [`SIZE_LIMIT`], only counted beyond it.
#[derive(Debug, Default)]
pub(super) struct Content {
    bytes: Vec<u8>,
    size: u64,
    /// An LF without a CR before it was met.
    pub(super) bare_lf: bool,
    /// A CR without an LF behind it was met.
    pub(super) bare_cr: bool,
}

impl Content {
    /// Adds octets as they are.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.is_too_big() {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// More than the server takes.
    pub(super) fn is_too_big(&self) -> bool {
        self.size > SIZE_LIMIT
    }

    /// What was kept.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads the content after DATA, takes out the doubled dots, and finds the end (RFC 5321 section 4.5.2).
///
/// Only CR LF begins a new line here. A server that also lets a bare LF do so can be made to read one mail as two.
#[derive(Debug, Default)]
pub(super) struct DataReader {
    at: At,
    pub(super) content: Content,
}

#[derive(Clone, Copy, Debug, Default)]
enum At {
    #[default]
    LineStart,
    Dot,
    DotCr,
    Text,
    Cr,
}

impl DataReader {
    /// Takes input up to the final dot; returns how many octets were taken, and whether the end was met.
    pub(super) fn take(&mut self, input: &[u8]) -> (usize, bool) {
        let mut used = 0;
        while let Some(&byte) = input.get(used) {
            if matches!(self.at, At::Text) {
                let plain = memchr::memchr2(b'\r', b'\n', &input[used..]).unwrap_or(input.len() - used);
                self.content.push(&input[used..used + plain]);
                used += plain;
                if used == input.len() {
                    break;
                }
                self.octet(input[used]);
            } else if matches!((self.at, byte), (At::DotCr, b'\n')) {
                return (used + 1, true);
            } else {
                self.octet(byte);
            }
            used += 1;
        }
        (used, false)
    }

    fn octet(&mut self, byte: u8) {
        match (self.at, byte) {
            (At::LineStart, b'.') => {
                self.at = At::Dot;
                return;
            }
            (At::Dot, b'\r') => {
                self.at = At::DotCr;
                return;
            }
            (At::DotCr, _) => {
                // The dot was a doubled one after all, and its CR belongs to the text.
                self.content.push(b"\r");
                self.content.bare_cr = true;
            }
            (At::Cr, b'\n') => {
                self.content.push(b"\n");
                self.at = At::LineStart;
                return;
            }
            (At::Cr, _) => self.content.bare_cr = true,
            _ => {}
        }
        self.content.bare_lf |= byte == b'\n';
        self.content.push(&[byte]);
        self.at = if byte == b'\r' { At::Cr } else { At::Text };
    }
}
