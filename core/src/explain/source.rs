//! Where an explanation can be checked: kept short in the records, spelled out on demand.

use serde::Serialize;

/// A document that an explanation rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// How to name it: `RFC 5321 §4.2.3`.
    pub label: String,
    /// Where to read it.
    pub url: String,
}

/// The compact form of a [`Source`].
#[derive(Clone, Copy)]
pub(super) enum Ref {
    /// An RFC by number, and its section, which is empty for the whole document.
    Rfc(u16, &'static str),
    /// IANA's registry of enhanced status codes.
    Codes,
    /// IANA's registry of SMTP service extensions.
    Extensions,
    /// Another document: label, and URL without the scheme.
    Web(&'static str, &'static str),
}

impl Ref {
    /// Label and URL.
    pub(super) fn source(self) -> Source {
        let (label, url) = match self {
            Self::Rfc(number, "") => (format!("RFC {number}"), format!("www.rfc-editor.org/rfc/rfc{number}")),
            Self::Rfc(number, section) => (
                format!("RFC {number} §{section}"),
                // Appendices have their own kind of anchor.
                match section.starts_with(|c: char| c.is_ascii_digit()) {
                    true => format!("www.rfc-editor.org/rfc/rfc{number}#section-{section}"),
                    false => format!("www.rfc-editor.org/rfc/rfc{number}#appendix-{section}"),
                },
            ),
            Self::Codes => (
                "IANA, SMTP Enhanced Status Codes".to_owned(),
                "www.iana.org/assignments/smtp-enhanced-status-codes".to_owned(),
            ),
            Self::Extensions => {
                ("IANA, SMTP Service Extensions".to_owned(), "www.iana.org/assignments/mail-parameters".to_owned())
            }
            Self::Web(label, url) => (label.to_owned(), url.to_owned()),
        };
        Source { label, url: format!("https://{url}") }
    }
}
