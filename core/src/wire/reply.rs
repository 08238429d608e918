//! Replies (RFC 5321 §4.2): lines that belong together, whatever the server made of the rule.

use super::enhanced::Enhanced;
use super::line::{Line, LineEnd, LineReader};
use super::oddity::Oddity;

/// How many lines one reply may have before it is ended by force, so that memory stays bounded.
pub const LINES_MAX: usize = 1_000;

/// How many octets of one reply are kept.
pub const OCTETS_MAX: usize = 256 * 1024;

/// One whole reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The code of its last line that has one; 0 where none has.
    pub code: u16,
    raw: Vec<u8>,
    ends: Vec<u32>,
    /// What is odd about the reply as a whole; what is odd about a line is reported with the line.
    pub oddities: Vec<Oddity>,
}

impl Reply {
    /// All octets, line ends included.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Its lines with their ends.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> {
        (0..self.ends.len()).map(|at| {
            let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
            Line::of(&self.raw[start..self.ends[at] as usize])
        })
    }

    /// The text of each line: what stands behind code and separator.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.lines().map(|line| LineParts::of(line.content()).text)
    }

    /// The text of all lines, joined by a space, the enhanced status code of every line but the first left out.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.raw.len());
        for (at, text) in self.texts().enumerate() {
            let again = at > 0 && Enhanced::at_start(text).is_some();
            let text = if again { text.splitn(2, |&b| b == b' ').nth(1).unwrap_or_default() } else { text };
            if !out.is_empty() && !text.is_empty() {
                out.push(' ');
            }
            crate::printable::push_text(&mut out, text);
        }
        out
    }

    /// The enhanced status code, of the first line that has one.
    pub fn enhanced(&self) -> Option<Enhanced> {
        self.texts().find_map(Enhanced::find)
    }

    /// The first digit of the code: 2 done, 3 go on, 4 not now, 5 no (RFC 5321 §4.2.1).
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// Whether the server did what was asked.
    pub fn is_positive(&self) -> bool {
        self.class() == 2
    }

    fn clear(&mut self) {
        self.code = 0;
        self.raw.clear();
        self.ends.clear();
        self.oddities.clear();
    }

    fn push(&mut self, raw: &[u8]) {
        let room = OCTETS_MAX.saturating_sub(self.raw.len());
        self.raw.extend_from_slice(&raw[..raw.len().min(room)]);
        self.ends.push(u32::try_from(self.raw.len()).unwrap_or(u32::MAX));
    }
}

/// The parts of one reply line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineParts<'a> {
    /// The three digits, if they are there.
    pub code: Option<u16>,
    /// What follows the digits.
    pub separator: Separator,
    /// The text; the whole line where there is no code.
    pub text: &'a [u8],
}

/// What follows a reply line's three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A space or nothing: the last line.
    Last,
    /// A hyphen: more lines follow.
    More,
    /// Something else: taken for the last line.
    Missing,
}

impl<'a> LineParts<'a> {
    /// Takes a line without its end apart.
    pub fn of(content: &'a [u8]) -> Self {
        let [a, b, c, rest @ ..] = content else { return Self::without_code(content) };
        if !(a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit()) {
            return Self::without_code(content);
        }
        let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
        let (separator, text) = match rest {
            [] => (Separator::Last, rest),
            [b' ', text @ ..] => (Separator::Last, text),
            [b'-', text @ ..] => (Separator::More, text),
            _ => (Separator::Missing, rest),
        };
        Self { code: Some(code), separator, text }
    }

    fn without_code(content: &'a [u8]) -> Self {
        Self { code: None, separator: Separator::Missing, text: content }
    }
}

/// What the reader tells of one line.
#[derive(Debug)]
pub struct ReadLine<'a> {
    /// The line.
    pub line: Line<'a>,
    /// What is odd about it.
    pub oddities: Vec<Oddity>,
    /// Whether it is part of a reply; a line without a code outside a reply is not.
    pub in_reply: bool,
    /// The reply that this line ends; its memory is used again for the next.
    pub reply: Option<&'a Reply>,
}

/// Turns octets into lines and replies; never fails.
#[derive(Debug, Default)]
pub struct ReplyReader {
    lines: LineReader,
    group: Group,
}

/// The lines that belong together.
#[derive(Debug, Default)]
struct Group {
    /// The reply that is open, or the last one.
    reply: Reply,
    open: bool,
}

impl ReplyReader {
    /// Takes `input` and hands every whole line to `each`, with the reply that it completes.
    pub fn feed(&mut self, input: &[u8], mut each: impl FnMut(ReadLine<'_>)) {
        let group = &mut self.group;
        self.lines.feed(input, |line| each(group.take(line)));
    }

    /// What has come of a line that is not whole yet.
    pub fn pending(&self) -> &[u8] {
        self.lines.pending()
    }

    /// Whether a reply has begun and is not whole yet.
    pub fn in_reply(&self) -> bool {
        self.group.open
    }

    /// Nothing more will come: hands over the line without end, if there is one, and the reply without a last line.
    pub fn finish(&mut self, mut each: impl FnMut(ReadLine<'_>)) {
        let rest = self.lines.finish();
        if !rest.is_empty() {
            let mut last = self.group.take(Line { raw: &rest, end: LineEnd::None });
            last.oddities.retain(|oddity| *oddity != Oddity::Cut);
            last.oddities.push(Oddity::NoLineEnd);
            each(last);
        }
        if std::mem::take(&mut self.group.open) {
            self.group.reply.oddities.push(Oddity::CutShort);
            let reply = Some(&self.group.reply);
            each(ReadLine { line: Line::of(b""), oddities: Vec::new(), in_reply: true, reply });
        }
    }
}

impl Group {
    fn take<'a>(&'a mut self, line: Line<'a>) -> ReadLine<'a> {
        let content = line.content();
        let parts = LineParts::of(content);
        let mut oddities = Vec::new();
        line_oddities(&line, content, &mut oddities);
        let Some(code) = parts.code else {
            oddities.push(Oddity::NoCode);
            return self.take_without_code(line, oddities);
        };
        if !(200..600).contains(&code) {
            oddities.push(Oddity::NoSmtpCode { code });
        }
        if parts.separator == Separator::Missing {
            oddities.push(Oddity::NoSeparator);
        }
        if matches!(parts.text.first(), Some(b'2' | b'4' | b'5'))
            && Enhanced::at_start(parts.text).is_some_and(|enhanced| enhanced.class != code / 100)
        {
            oddities.push(Oddity::ClassMismatch);
        }
        let reply = &mut self.reply;
        if !self.open {
            reply.clear();
        }
        if reply.code != 0 && reply.code != code {
            let mixed = Oddity::MixedCodes { before: reply.code, here: code };
            oddities.push(mixed.clone());
            reply.oddities.push(mixed);
        }
        reply.code = code;
        reply.push(line.raw);
        self.open = parts.separator == Separator::More && reply.ends.len() < LINES_MAX;
        ReadLine { line, oddities, in_reply: true, reply: (!self.open).then_some(&self.reply) }
    }

    fn take_without_code<'a>(&'a mut self, line: Line<'a>, oddities: Vec<Oddity>) -> ReadLine<'a> {
        if !self.open {
            return ReadLine { line, oddities, in_reply: false, reply: None };
        }
        self.reply.push(line.raw);
        self.open = self.reply.ends.len() < LINES_MAX;
        ReadLine { line, oddities, in_reply: true, reply: (!self.open).then_some(&self.reply) }
    }
}

fn line_oddities(line: &Line<'_>, content: &[u8], out: &mut Vec<Oddity>) {
    match line.end {
        LineEnd::CrLf => {}
        LineEnd::Lf => out.push(Oddity::BareLf),
        LineEnd::None => out.push(Oddity::Cut),
    }
    if line.raw.len() > 512 {
        out.push(Oddity::LongLine { octets: line.raw.len() });
    }
    // Nearly every line is plain: one pass without a branch decides that, and only strange lines are looked at closely.
    if !content.iter().fold(false, |strange, &b| strange | !(b' '..0x7F).contains(&b)) {
        return;
    }
    if content.contains(&b'\r') {
        out.push(Oddity::BareCr);
    }
    if content.contains(&0) {
        out.push(Oddity::Nul);
    }
    if content.iter().any(|&b| (b < b' ' && !matches!(b, 0 | b'\r' | b'\t')) || b == 0x7F) {
        out.push(Oddity::Control);
    }
    if !content.is_ascii() {
        out.push(if std::str::from_utf8(content).is_ok() { Oddity::NotAscii } else { Oddity::EightBit });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> (Vec<Reply>, Vec<Oddity>) {
        let mut reader = ReplyReader::default();
        let (mut replies, mut oddities) = (Vec::new(), Vec::new());
        let mut each = |read: ReadLine<'_>| {
            oddities.extend(read.oddities);
            replies.extend(read.reply.cloned());
        };
        reader.feed(input, &mut each);
        reader.finish(&mut each);
        (replies, oddities)
    }

    #[test]
    fn a_multi_line_reply_is_one_reply_with_the_text_of_all_its_lines() {
        let (replies, oddities) = read(b"250-mx.example\r\n250-SIZE 1000\r\n250 HELP\r\n");
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].code, 250);
        assert_eq!(replies[0].texts().collect::<Vec<_>>(), [&b"mx.example"[..], b"SIZE 1000", b"HELP"]);
        assert_eq!(oddities, []);
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        let (replies, oddities) = read(b"354\r\n");
        assert_eq!((replies[0].code, replies[0].text().as_str()), (354, ""));
        assert_eq!(oddities, []);
    }

    #[test]
    fn a_missing_separator_is_a_reply_and_an_oddity() {
        let (replies, oddities) = read(b"250OK\r\n");
        assert_eq!((replies[0].code, replies[0].text().as_str()), (250, "OK"));
        assert_eq!(oddities, [Oddity::NoSeparator]);
    }

    #[test]
    fn different_codes_within_one_reply_are_told_and_the_last_counts() {
        let (replies, oddities) = read(b"250-first\r\n550 last\r\n");
        assert_eq!(replies[0].code, 550);
        assert_eq!(oddities, [Oddity::MixedCodes { before: 250, here: 550 }]);
    }

    #[test]
    fn a_line_without_code_is_kept_but_answers_nothing() {
        let (replies, oddities) = read(b"SSH-2.0-OpenSSH_9\r\n220 mx\r\n");
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].code, 220);
        assert_eq!(oddities, [Oddity::NoCode]);
    }

    #[test]
    fn a_line_without_code_inside_a_reply_belongs_to_it() {
        let (replies, _) = read(b"220-hello\r\n  indented\r\n220 world\r\n");
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].text(), "hello   indented world");
    }

    #[test]
    fn strange_bytes_are_named() {
        let (_, oddities) = read(b"250 a\0b\n250 \xE9\r\n250 a\rb\r\n250 \xC3\xA9\r\n250 \x07\r\n");
        let expected =
            [Oddity::BareLf, Oddity::Nul, Oddity::EightBit, Oddity::BareCr, Oddity::NotAscii, Oddity::Control];
        assert_eq!(oddities, expected);
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_odd() {
        assert_eq!(read(b"250 5.7.1 no\r\n").1, [Oddity::ClassMismatch]);
        assert_eq!(read(b"503 5.7.1 no\r\n").1, []);
    }

    #[test]
    fn a_reply_that_the_end_cuts_short_is_still_a_reply() {
        let (replies, oddities) = read(b"250-mx\r\n250-SI");
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].oddities, [Oddity::CutShort]);
        assert_eq!(oddities, [Oddity::NoLineEnd]);
    }

    #[test]
    fn an_endless_reply_is_ended_by_force() {
        let input = b"250-x\r\n".repeat(LINES_MAX * 3 + 5);
        let (replies, _) = read(&input);
        assert_eq!(replies.len(), 4);
        assert!(replies.iter().all(|reply| reply.lines().count() <= LINES_MAX));
    }

    #[test]
    fn enhanced_codes_repeated_on_each_line_are_read_once() {
        let (replies, _) = read(b"550-5.7.1 You are\r\n550 5.7.1 not welcome\r\n");
        assert_eq!(replies[0].text(), "5.7.1 You are not welcome");
        assert_eq!(replies[0].enhanced().unwrap().to_string(), "5.7.1");
    }
}
