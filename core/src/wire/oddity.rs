//! What is strange about something the server sent, and can be lived with.

use serde::Serialize;

/// One strange thing about a line or a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Oddity {
    /// The line ends with LF alone (RFC 5321 §2.3.8 wants CRLF).
    BareLf,
    /// CR stands within the line, with no LF behind it (RFC 5321 §2.3.8).
    BareCr,
    /// NUL stands in the line.
    Nul,
    /// Other control characters stand in the line.
    Control,
    /// Octets above 127 that are no UTF-8 (RFC 5321 §2.4).
    EightBit,
    /// UTF-8 beyond ASCII: allowed only with SMTPUTF8 (RFC 6531 §3.7.4.2).
    NotAscii,
    /// Longer than the 512 octets that a reply line may have (RFC 5321 §4.5.3.1.5).
    LongLine {
        /// Its length with its end, in octets.
        octets: usize,
    },
    /// So long that it was cut here; the rest follows as a line of its own.
    Cut,
    /// The connection ended in the middle of the line.
    NoLineEnd,
    /// The line does not begin with three digits.
    NoCode,
    /// A digit or letter follows the three digits where a space or a hyphen belongs (RFC 5321 §4.2).
    NoSeparator,
    /// The code is none that SMTP has: below 200 or above 599.
    NoSmtpCode {
        /// The code.
        code: u16,
    },
    /// The lines of one reply carry different codes (RFC 5321 §4.2.1 wants the same).
    MixedCodes {
        /// The code of the line before.
        before: u16,
        /// The code of this line.
        here: u16,
    },
    /// The first digit of the enhanced status code disagrees with the reply code (RFC 2034 §4).
    ClassMismatch,
    /// Nobody had asked for this reply.
    Unasked,
    /// It came in clear text behind the 220 of STARTTLS, where only a handshake may follow (RFC 3207 §4).
    BehindStarttls,
    /// The reply was announced to go on, and the connection ended.
    CutShort,
}

impl Oddity {
    /// The oddity as a sentence for a person.
    pub fn words(&self) -> String {
        match self {
            Self::BehindStarttls => {
                "came in clear text behind the 220 of STARTTLS, where only a TLS handshake may follow; it was not read"
                    .into()
            }
            Self::BareLf => "ends with LF alone; a line must end with CR LF".into(),
            Self::BareCr => "has a CR in the middle, without LF".into(),
            Self::Nul => "contains NUL".into(),
            Self::Control => "contains control characters".into(),
            Self::EightBit => "contains bytes that are neither ASCII nor UTF-8".into(),
            Self::NotAscii => "contains letters beyond ASCII".into(),
            Self::LongLine { octets } => format!("is {octets} octets long; a reply line may have 512"),
            Self::Cut => "is so long that it was cut here; the rest follows".into(),
            Self::NoLineEnd => "has no line end: the connection ended here".into(),
            Self::NoCode => "does not begin with a reply code".into(),
            Self::NoSeparator => "has no space or hyphen behind the code".into(),
            Self::NoSmtpCode { code } => format!("{code} is no SMTP reply code"),
            Self::MixedCodes { before, here } => {
                format!("changes the code within one reply, from {before} to {here}; the last one counts")
            }
            Self::ClassMismatch => "has an enhanced status code of another class than the reply code".into(),
            Self::Unasked => "answers nothing: no command was waiting for a reply".into(),
            Self::CutShort => "is an unfinished reply: more lines were announced, and the connection ended".into(),
        }
    }
}
