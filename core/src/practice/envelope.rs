//! What the practice server knows of the mail that it is given.

use super::content::Content;

/// The mail transaction so far.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) reverse_path: String,
    pub(super) forward_paths: Vec<String>,
    /// RCPT came at least once, whatever was answered.
    pub(super) asked: bool,
    /// SMTPUTF8 was given with MAIL.
    pub(super) utf8: bool,
    /// The content so far, once BDAT has begun.
    pub(super) chunks: Option<Content>,
}
