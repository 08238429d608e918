//! The mail that a server has delivered, as it lies in its folder.

use std::fs;
use std::path::PathBuf;

use crate::failure::TestResult;
use crate::wait::{PATIENCE, until};

/// A folder with one file for each mail (the `new` folder of a Maildir).
#[derive(Debug)]
pub struct Mailbox {
    folder: PathBuf,
}

impl Mailbox {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The mails that are there now, byte for byte, the oldest first.
    pub fn now(&self) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut mails: Vec<_> = entries
            .filter_map(|entry| {
                let written = entry.metadata().ok()?.modified().ok()?;
                Some((written, entry.file_name(), fs::read(entry.path()).ok()?))
            })
            .collect();
        mails.sort();
        mails.into_iter().map(|(_, _, mail)| mail).collect()
    }

    /// Waits until at least `count` mails are there, and gives all.
    ///
    /// # Errors
    /// When they do not arrive in time.
    pub async fn mails(&self, count: usize) -> TestResult<Vec<Vec<u8>>> {
        let enough = || Some(self.now()).filter(|mails| mails.len() >= count);
        until(&format!("{count} mails in the mailbox"), PATIENCE, enough).await
    }
}

/// Whether `stored` is `sent` as a Unix mailbox holds it: with the server's own header lines before it, and LF for
/// each CRLF. What was sent is the message after dot-stuffing was undone.
pub fn holds(stored: &[u8], sent: &[u8]) -> bool {
    let unix = |bytes: &[u8]| {
        let text: Vec<u8> = bytes.to_vec();
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text.as_slice();
        while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
            out.extend_from_slice(&rest[..at]);
            out.push(b'\n');
            rest = &rest[at + 2..];
        }
        out.extend_from_slice(rest);
        out
    };
    unix(stored).strip_suffix(unix(sent).as_slice()).is_some_and(|before| before.is_empty() || before.ends_with(b"\n"))
}
