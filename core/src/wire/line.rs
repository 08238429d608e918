//! Lines (RFC 5321 §2.3.8): finding their borders, whatever the bytes are.

use memchr::memchr;

/// How many octets one line may have before it is cut, so that memory stays bounded.
pub const LINE_MAX: usize = 64 * 1024;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// CR LF, as it should.
    CrLf,
    /// LF alone.
    Lf,
    /// Not at all: cut at [`LINE_MAX`], or the connection ended.
    None,
}

/// One line with its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// All octets, the line end among them.
    pub raw: &'a [u8],
    /// How it ended.
    pub end: LineEnd,
}

impl<'a> Line<'a> {
    /// The line that `raw` is, judged by its last octets.
    pub fn of(raw: &'a [u8]) -> Self {
        let end = match raw {
            [.., b'\r', b'\n'] => LineEnd::CrLf,
            [.., b'\n'] => LineEnd::Lf,
            _ => LineEnd::None,
        };
        Self { raw, end }
    }

    /// The octets without the line end.
    pub fn content(&self) -> &'a [u8] {
        let cut = match self.end {
            LineEnd::CrLf => 2,
            LineEnd::Lf => 1,
            LineEnd::None => 0,
        };
        &self.raw[..self.raw.len() - cut]
    }
}

/// Collects octets until a line is whole. A line ends at LF; CR alone ends nothing (RFC 5321 §2.3.8).
#[derive(Debug, Default)]
pub struct LineReader {
    rest: Vec<u8>,
}

impl LineReader {
    /// Takes `input` and hands every line that is whole to `each`, in order.
    pub fn feed(&mut self, mut input: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some(at) = memchr(b'\n', input) {
            let (head, tail) = input.split_at(at + 1);
            input = tail;
            if self.rest.is_empty() {
                cut(head, &mut each);
            } else {
                self.rest.extend_from_slice(head);
                cut(&self.rest, &mut each);
                self.rest.clear();
            }
        }
        self.rest.extend_from_slice(input);
        let whole = self.rest.len() / LINE_MAX * LINE_MAX;
        if whole > 0 {
            for raw in self.rest[..whole].chunks(LINE_MAX) {
                each(Line { raw, end: LineEnd::None });
            }
            self.rest.drain(..whole);
        }
    }

    /// What has come of a line that is not whole yet.
    pub fn pending(&self) -> &[u8] {
        &self.rest
    }

    /// Takes what is left when nothing more will come.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }
}

fn cut(raw: &[u8], each: &mut impl FnMut(Line<'_>)) {
    let mut raw = raw;
    while raw.len() > LINE_MAX {
        let (head, tail) = raw.split_at(LINE_MAX);
        each(Line { raw: head, end: LineEnd::None });
        raw = tail;
    }
    each(Line::of(raw));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut reader = LineReader::default();
        let mut out = Vec::new();
        for piece in pieces {
            reader.feed(piece, |line| out.push(line.raw.to_vec()));
        }
        (out, reader.finish())
    }

    #[test]
    fn pieces_make_the_same_lines_as_the_whole() {
        let whole = b"220 a\r\n250-b\n250 c\rd\r\n\r\nrest";
        let expected = lines(&[whole]);
        for at in 0..=whole.len() {
            assert_eq!(lines(&[&whole[..at], &whole[at..]]), expected, "split at {at}");
        }
        let bytewise: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(lines(&bytewise), expected);
        assert_eq!(expected.0.len(), 4);
        assert_eq!(expected.1, b"rest");
    }

    #[test]
    fn the_content_has_no_line_end_and_keeps_a_lone_cr() {
        assert_eq!(Line::of(b"a\rb\r\n").content(), b"a\rb");
        assert_eq!(Line::of(b"a\n").content(), b"a");
        assert_eq!(Line::of(b"a").content(), b"a");
    }

    #[test]
    fn a_line_without_end_is_cut_and_what_is_kept_stays_bounded() {
        let mut reader = LineReader::default();
        let mut seen = 0;
        for _ in 0..100 {
            reader.feed(&[b'x'; 10_000], |line| seen += line.raw.len());
            assert!(reader.pending().len() < LINE_MAX);
        }
        assert_eq!(seen + reader.pending().len(), 1_000_000);
    }
}
