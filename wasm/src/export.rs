//! A conversation as text.

use ehlo_core::machine::Session;

/// As `talk`, `markdown` or `json`; anything else is taken for `talk`.
pub(crate) fn export(session: &Session, format: &str) -> String {
    match format {
        "markdown" => session.markdown(),
        "json" => session.json(),
        _ => session.talk().to_string(),
    }
}
