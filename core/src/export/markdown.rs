//! The conversation as Markdown, for a ticket.

use crate::case::Case;
use crate::reading::ending::ending;
use crate::reading::findings::findings;

impl Case {
    /// The conversation as Markdown, for a ticket.
    pub fn markdown(&self) -> String {
        let summary = self.summary();
        let mut out = format!("**{}**\n\n", quoted(&summary.sentence));
        if let Some(ending) = ending(self) {
            out.push_str(&format!("{}\n\n", quoted(&ending.sentence)));
        }
        // Longer than any run of backticks that a server may send.
        let text = self.plain();
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        out.push_str(&format!("{fence}text\n{text}{fence}\n"));
        let findings = findings(self);
        if !findings.is_empty() {
            out.push('\n');
        }
        for finding in findings {
            out.push_str(&format!(
                "- **{}.** {} {}\n",
                quoted(&finding.title),
                quoted(&finding.detail),
                quoted(&finding.advice)
            ));
        }
        out
    }
}

/// Text that may hold a server's words, so that it stays text in Markdown.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
