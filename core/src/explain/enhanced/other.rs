//! X.0.0, which says the class and nothing more.

use crate::explain::record::{ASK, RECORD, Record};
use crate::explain::source::Ref::Rfc;

/// The one code without a subject.
pub(super) const OTHER: &[Record] = &[Record {
    name: "0.0",
    title: "No further detail",
    meaning: "The server gives only the class and no reason. The text beside it is all there is.",
    causes: &["Old or simple server software that has one code for everything."],
    advice: &["Go by the text and the three-digit code.", ASK],
    success: Some(("Fine", "All is well; the server adds no detail.")),
    refs: &[Rfc(3463, "3.1")],
    ..RECORD
}];
