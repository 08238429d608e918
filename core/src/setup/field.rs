//! What several settings are read by.

use super::Mistake;

/// `text` without spaces around it, if it is one line.
///
/// # Errors
/// It is more than one line.
pub(super) fn one_line(field: &str, text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    if text.contains(['\r', '\n', '\0']) {
        return Err(Mistake::new(field, "must be one line"));
    }
    Ok(text.to_owned())
}
