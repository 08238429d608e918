//! Well-known words of real servers, which often say more than the code beside them.

mod access;
mod message;
mod traffic;

use serde::Serialize;

/// What certain words in a reply mean. All text is plain, without markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phrase {
    /// A stable name: `greylisting`, `relaying-denied`.
    pub name: &'static str,
    /// What it means, in one to three sentences.
    pub meaning: &'static str,
    /// What to do next.
    pub advice: &'static [&'static str],
    /// Whose words they are.
    pub said_by: &'static str,
}

/// A phrase, and the words that give it away, in small letters with single spaces.
struct Entry {
    says: &'static [&'static str],
    phrase: Phrase,
}

/// In the order in which they are tried: a narrow phrase stands before a wide one.
const LISTS: &[&[Entry]] = &[access::ACCESS, traffic::TRAFFIC, message::MESSAGE];

/// The best known phrase in the text of a reply, if there is one.
///
/// Case, line ends and runs of spaces do not matter. Give the lines of a reply without their codes, joined by a space,
/// since servers break phrases over lines.
///
/// ```
/// use ehlo_core::explain::words;
/// let phrase = words("<b@mx.example>: Recipient address rejected: Greylisted").unwrap();
/// assert_eq!(phrase.name, "greylisting");
/// assert_eq!(words("Ok"), None);
/// ```
pub fn words(text: &str) -> Option<Phrase> {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        plain.push_str(&word.to_ascii_lowercase());
        plain.push(' ');
    }
    let mut entries = LISTS.iter().copied().flatten();
    entries.find(|entry| entry.says.iter().any(|says| plain.contains(says))).map(|entry| entry.phrase)
}

/// Every phrase, in the order in which they are tried.
pub fn known_phrases() -> impl Iterator<Item = Phrase> {
    LISTS.iter().copied().flatten().map(|entry| entry.phrase)
}

/// The words that give each phrase away.
#[cfg(test)]
pub(super) fn needles() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    LISTS.iter().copied().flatten().map(|entry| (entry.phrase.name, entry.says))
}
