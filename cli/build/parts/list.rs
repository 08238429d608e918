//! The lists of functions that are not needed at once.

use std::collections::HashMap;

/// One list: parts in the order in which it names them, and functions by name.
pub(crate) struct List {
    pub(crate) parts: Vec<String>,
    functions: HashMap<String, usize>,
}

impl List {
    /// Reads a list: `[part]` begins one, each other line names a function; `#` begins a comment.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut list = Self { parts: Vec::new(), functions: HashMap::new() };
        for (at, line) in text.lines().enumerate() {
            if let Some(part) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                list.parts.push(part.to_owned());
            } else if !line.is_empty() && !line.starts_with('#') {
                let part = list.parts.len().checked_sub(1);
                list.functions.insert(line.to_owned(), part.ok_or(format!("line {}: no part has begun", at + 1))?);
            }
        }
        Ok(list)
    }

    /// The part that a function goes into.
    pub(crate) fn part(&self, label: &str) -> Option<usize> {
        self.functions.get(label).copied()
    }
}

/// A function's name for people, without what differs from one build to the next.
pub(crate) fn plain(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}
