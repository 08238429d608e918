//! DER (ITU-T X.690), value by value: tolerant and bounded.

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const OID: u8 = 0x06;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;

/// What follows in DER (ITU-T X.690), value by value.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

/// One value of it.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // Tags above 30 do not occur in certificates.
        if tag & 0x1F == 0x1F {
            return None;
        }
        let count = if first < 0x80 { 0 } else { usize::from(first & 0x7F) };
        if first == 0x80 || count > 3 {
            return None;
        }
        let (length, rest) = rest.split_at_checked(count)?;
        let short = if first < 0x80 { usize::from(first) } else { 0 };
        let length = length.iter().fold(short, |sum, &byte| sum << 8 | usize::from(byte));
        let (content, after) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some(Value { tag, content, whole })
    }

    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|value| value.tag == tag).map(|value| value.content)
    }

    /// The next value if it has that tag; otherwise nothing is taken.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.next().map(|value| value.content) } else { None }
    }

    /// As [`Self::expect`], without moving on.
    pub(super) fn clone_next(&self, tag: u8) -> Option<&'a [u8]> {
        Der(self.0).expect(tag)
    }
}

impl<'a> Iterator for Der<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        Der::next(self)
    }
}
