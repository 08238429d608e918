//! The entries of the transcript as a page shows them.

use super::view::{EntryView, LineView};
use crate::case::Case;
use crate::printable::{Segment, segments};
use crate::reading::words;
use crate::record::{Entry, Piece, Side};
use crate::wire::line::{Line, LineEnd};

/// How many lines of a long message are shown.
const MESSAGE_LINES_SHOWN: usize = 400;

impl Case {
    /// The entries from `from` on, ready to show; the last may be a line that is not whole yet.
    pub fn entries(&self, from: usize) -> Vec<EntryView> {
        self.entries_up_to(from, usize::MAX)
    }

    /// As [`Self::entries`], before `end`.
    pub(super) fn entries_up_to(&self, from: usize, end: usize) -> Vec<EntryView> {
        let all = self.record.entries();
        let from = from.min(all.len());
        let mut before = from.checked_sub(1).map_or(0, |at| all[at].at);
        let mut out = Vec::new();
        for (id, entry) in all.iter().enumerate().take(end).skip(from) {
            out.push(show_entry(id, entry, before));
            before = entry.at;
        }
        if end > all.len() && !self.record.partial().is_empty() {
            let at = self.record.partial_since().unwrap_or(self.record.at());
            out.push(EntryView {
                id: all.len(),
                at,
                pause: at.saturating_sub(before),
                side: Side::Server,
                piece: Piece::Line,
                lines: vec![LineView { segments: segments(self.record.partial()) }],
                omitted: 0,
                omitted_octets: 0,
                reply: None,
                oddities: Vec::new(),
                decoded: Vec::new(),
                open: true,
            });
        }
        out
    }
}

fn show_entry(id: usize, entry: &Entry, before: u64) -> EntryView {
    let (lines, omitted) = match &entry.event {
        Some(event) => (vec![LineView { segments: vec![Segment { text: words::event(event), special: None }] }], 0),
        None => show_lines(&entry.bytes),
    };
    EntryView {
        id,
        at: entry.at,
        pause: entry.at.saturating_sub(before),
        side: entry.side,
        piece: entry.piece,
        lines,
        omitted,
        omitted_octets: entry.omitted.map_or(0, |(_, octets)| octets),
        reply: entry.reply,
        oddities: entry.oddities.iter().map(crate::wire::oddity::Oddity::words).collect(),
        decoded: entry.decoded.clone(),
        open: false,
    }
}

fn show_lines(bytes: &[u8]) -> (Vec<LineView>, usize) {
    let all: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    let shown = if all.len() > MESSAGE_LINES_SHOWN { MESSAGE_LINES_SHOWN - 1 } else { all.len() };
    let omitted = all.len() - shown - usize::from(shown < all.len());
    let last = (shown < all.len()).then(|| all[all.len() - 1]);
    let lines = all[..shown].iter().copied().chain(last).map(|raw| LineView { segments: show_line(raw) }).collect();
    (lines, omitted)
}

fn show_line(raw: &[u8]) -> Vec<Segment> {
    let line = Line::of(raw);
    let mut out = segments(line.content());
    match line.end {
        LineEnd::CrLf => {}
        LineEnd::Lf => out.push(Segment { text: "␊".into(), special: Some("the line ends with LF alone") }),
        LineEnd::None => out.push(Segment { text: "⌁".into(), special: Some("the line has no end") }),
    }
    out
}
