//! The transcript as aligned text.

use crate::case::Case;
use crate::printable;
use crate::reading::words;
use crate::record::{Entry, Piece, Side};
use crate::time::spoken;
use crate::wire::line::{Line, LineEnd};

impl Case {
    /// The transcript as aligned text.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for entry in self.record.entries() {
            let mark = match entry.side {
                Side::Client => "->",
                Side::Server => "<-",
                Side::Relay => "==",
            };
            for line in lines(entry) {
                out.push_str(&format!("{:>8} {mark} {line}\n", spoken(entry.at)));
            }
            for line in &entry.decoded {
                out.push_str(&format!("{:>8} .. {line}\n", ""));
            }
        }
        out
    }
}

/// The lines of an entry, visible and without line ends.
pub(super) fn lines(entry: &Entry) -> Vec<String> {
    if let Some(event) = &entry.event {
        return vec![words::event(event)];
    }
    let one = |raw: &[u8]| {
        let line = Line::of(raw);
        let mut text = printable::text(line.content());
        if line.end == LineEnd::Lf {
            text.push('␊');
        }
        text
    };
    match entry.piece {
        Piece::Message => {
            let (head, tail) = entry.bytes.split_at(entry.omitted.map_or(entry.bytes.len(), |(at, _)| at));
            let gap =
                entry.omitted.map(|(_, octets)| ["[", &octets.to_string(), " octets are left out here]"].concat());
            let lines = |part: &[u8]| part.split_inclusive(|&b| b == b'\n').map(one).collect::<Vec<_>>();
            lines(head).into_iter().chain(gap).chain(lines(tail)).collect()
        }
        _ => vec![one(&entry.bytes)],
    }
}
