//! Enhanced status codes (RFC 3463), as they stand at the start of a reply's text (RFC 2034 §4).

use std::fmt;

use serde::{Serialize, Serializer};

/// `class.subject.detail`, each part as it was sent: Microsoft's details go up to 999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enhanced {
    /// 2 success, 4 for now not, 5 for good not (RFC 3463 §3.1).
    pub class: u16,
    /// What it is about (RFC 3463 §3.2).
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl Enhanced {
    /// The code at the very start of `text`, followed by a space or the end (RFC 2034 §4).
    pub fn at_start(text: &[u8]) -> Option<Self> {
        let word = text.split(|&b| b == b' ' || b == b'\t').next()?;
        Self::parse(word)
    }

    /// The code that `text` carries: at its start, or as `#5.7.1` anywhere, the way qmail writes it.
    pub fn find(text: &[u8]) -> Option<Self> {
        Self::at_start(text).or_else(|| {
            let from = memchr::memchr(b'#', text)? + 1;
            let word = text[from..].split(|&b| !(b.is_ascii_digit() || b == b'.')).next()?;
            Self::parse(word)
        })
    }

    /// The code that `word` is, as a whole.
    pub fn parse(word: &[u8]) -> Option<Self> {
        if !matches!(word, [b'2' | b'4' | b'5', b'.', ..]) || word.len() > 9 {
            return None;
        }
        let mut parts = word.split(|&b| b == b'.').map(number);
        let found = Self { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        parts.next().is_none().then_some(found)
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Serialize for Enhanced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        Enhanced::find(text.as_bytes()).map(|code| code.to_string())
    }

    #[test]
    fn a_code_is_read_at_the_start_and_in_qmails_brackets() {
        assert_eq!(found("5.7.1 denied").as_deref(), Some("5.7.1"));
        assert_eq!(found("2.0.0").as_deref(), Some("2.0.0"));
        assert_eq!(found("sorry, no mailbox here (#5.1.1)").as_deref(), Some("5.1.1"));
    }

    #[test]
    fn a_detail_above_255_keeps_its_value() {
        assert_eq!(found("5.7.708 Service unavailable").as_deref(), Some("5.7.708"));
    }

    #[test]
    fn numbers_that_are_no_code_are_not_taken_for_one() {
        for text in [
            "Asmodeus demands 534 zorkmids",
            "3.1.2 x",
            "5.7 x",
            "5.7.1.2 x",
            "5.7.1234 x",
            "5..1 x",
            "192.0.2.1 x",
            "v5.7.1",
            "",
            "5.7.1x",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
