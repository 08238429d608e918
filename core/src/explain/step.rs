//! Where in the conversation a reply came, which decides what it can mean.

use serde::Serialize;

/// The step of the conversation that a reply belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyStep {
    /// The first reply, before the client has said anything (RFC 5321 §3.1).
    Greeting,
    /// `EHLO`, `HELO` or, in LMTP, `LHLO`.
    Hello,
    /// `MAIL FROM`, and the historic `SEND`, `SOML`, `SAML`.
    Mail,
    /// `RCPT TO`.
    Rcpt,
    /// The `DATA` command itself, before any of the message.
    Data,
    /// The final dot, when the server has the whole message (RFC 5321 §4.2.5).
    Body,
    /// `RSET`.
    Rset,
    /// `NOOP`.
    Noop,
    /// `VRFY`.
    Vrfy,
    /// `EXPN`.
    Expn,
    /// `HELP`.
    Help,
    /// `QUIT`.
    Quit,
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `AUTH`, and each answer to its challenges (RFC 4954).
    Auth,
    /// `ETRN` (RFC 1985).
    Etrn,
    /// `BDAT` (RFC 3030), and `BURL` (RFC 4468).
    Bdat,
    /// A command of another name.
    Unknown,
    /// Nobody had asked: the server spoke by itself.
    Unasked,
}

impl ReplyStep {
    /// The step that a command verb, in any case, leads to; [`ReplyStep::Unknown`] for a verb of another name.
    ///
    /// ```
    /// use ehlo_core::explain::ReplyStep;
    /// assert_eq!(ReplyStep::of_verb("ehlo"), ReplyStep::Hello);
    /// assert_eq!(ReplyStep::of_verb("FROB"), ReplyStep::Unknown);
    /// ```
    pub fn of_verb(verb: &str) -> Self {
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" | "LHLO" => Self::Hello,
            "MAIL" | "SEND" | "SOML" | "SAML" => Self::Mail,
            "RCPT" => Self::Rcpt,
            "DATA" => Self::Data,
            "RSET" => Self::Rset,
            "NOOP" => Self::Noop,
            "VRFY" => Self::Vrfy,
            "EXPN" => Self::Expn,
            "HELP" => Self::Help,
            "QUIT" => Self::Quit,
            "STARTTLS" => Self::StartTls,
            "AUTH" => Self::Auth,
            "ETRN" => Self::Etrn,
            "BDAT" | "BURL" => Self::Bdat,
            _ => Self::Unknown,
        }
    }
}
