//! A conversation as text.

use ehlo_core::case::Case;

/// As `talk`, `markdown` or `json`; anything else is taken for `talk`.
pub(crate) fn export(case: &Case, format: &str) -> String {
    match format {
        "markdown" => case.markdown(),
        "json" => case.json(),
        _ => case.talk().to_string(),
    }
}
