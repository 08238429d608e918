//! Well-known words of real servers, which often say more than the code beside them.

mod access;
mod message;
mod traffic;

use std::fmt;

use serde::Serialize;
use serde_json::json;

use crate::json::Value;
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

/// The phrases that are known.
///
/// The page's module is built without them, since most conversations hear none: it [learns](Self::learn) them from a
/// [file](super::files) when a server first refuses something.
#[derive(Clone, Copy)]
pub struct Phrases(&'static [&'static [Entry]]);

impl Phrases {
    /// All that Ehlo knows.
    pub const BUILT_IN: Self = Self(LISTS);
    /// None yet.
    pub const NONE: Self = Self(&[]);

    /// The best known phrase in the text of a reply, if there is one; see [`words`].
    pub fn find(self, text: &str) -> Option<Phrase> {
        if self.is_none() {
            return None;
        }
        let mut plain = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            plain.push_str(&word.to_ascii_lowercase());
            plain.push(' ');
        }
        let mut entries = self.0.iter().copied().flatten();
        entries.find(|entry| entry.says.iter().any(|says| plain.contains(says))).map(|entry| entry.phrase)
    }

    /// Whether there is nothing to find.
    pub fn is_none(self) -> bool {
        self.0.is_empty()
    }

    /// Reads what [`Self::to_json`] wrote; none where it is something else.
    ///
    /// They are kept for as long as the program runs: read them once.
    pub fn learn(json: &str) -> Option<Self> {
        let Some(Value::Array(list)) = Value::parse(json) else { return None };
        let entries: Option<Vec<Entry>> = list.iter().map(Entry::read).collect();
        Some(Self(Vec::leak(vec![&*Vec::leak(entries?)])))
    }

    /// All phrases: a list of `[name, meaning, advice, said_by, says]`.
    pub fn to_json(self) -> String {
        let row = |entry: &Entry| {
            let Phrase { name, meaning, advice, said_by } = entry.phrase;
            json!([name, meaning, advice, said_by, entry.says])
        };
        serde_json::Value::Array(self.0.iter().copied().flatten().map(row).collect()).to_string()
    }
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_none() { "Phrases(none)" } else { "Phrases" })
    }
}

impl Entry {
    fn read(row: &Value) -> Option<Self> {
        let text = |at: usize| row.as_array()?.get(at).and_then(kept);
        let texts = |at: usize| {
            let list: Option<Vec<&'static str>> = row.as_array()?.get(at)?.as_array()?.iter().map(kept).collect();
            list.map(|list| &*Vec::leak(list))
        };
        let phrase = Phrase { name: text(0)?, meaning: text(1)?, advice: texts(2)?, said_by: text(3)? };
        Some(Self { says: texts(4)?, phrase })
    }
}

fn kept(value: &Value) -> Option<&'static str> {
    value.as_str().map(|text| &*String::leak(text.to_owned()))
}

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
    Phrases::BUILT_IN.find(text)
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
