//! X.6.z: the content of the message, its form and its conversion.

use crate::explain::record::{ASK, RECORD, Record};
use crate::explain::source::Ref::Rfc;

const PLAIN: &str = "Send it as plain text in UTF-8 with quoted-printable or base64 encoding.";

/// The codes about content.
pub(super) const CONTENT: &[Record] = &[
    Record {
        name: "6.0",
        title: "Something about the content",
        meaning: "The message itself cannot be delivered as it is, and no more precise code fits.",
        causes: &["A broken or forbidden header or attachment.", "A filter that does not say more."],
        advice: &["Send a plain short text: if that passes, the content was the reason.", ASK],
        success: Some(("Message accepted", "The message was taken; the text often has its queue id.")),
        refs: &[Rfc(3463, "3.7")],
        ..RECORD
    },
    Record {
        name: "6.1",
        title: "Kind of content not supported",
        meaning: "The next system cannot carry this type of content.",
        causes: &["A gateway to fax or text messages.", "A filter that forbids the attachment's type."],
        advice: &["Send plain text, or the file in another format."],
        refs: &[Rfc(3463, "3.7")],
        ..RECORD
    },
    Record {
        name: "6.2",
        title: "Conversion needed but forbidden",
        meaning: "The content would have to be converted to go on, and sender or server does not permit that.",
        causes: &["An 8-bit or signed message on its way to a server that takes 7 bits only."],
        advice: &[PLAIN],
        refs: &[Rfc(3463, "3.7")],
        ..RECORD
    },
    Record {
        name: "6.3",
        title: "Conversion needed but not possible",
        meaning: "The content would have to be converted for the next server, and this one cannot do it.",
        causes: &["An 8-bit or binary message, and a next server without 8BITMIME or BINARYMIME."],
        advice: &[PLAIN],
        refs: &[Rfc(3463, "3.7")],
        ..RECORD
    },
    Record {
        name: "6.4",
        title: "Converted with loss",
        meaning: "The message had to be converted, and something of it was lost.",
        causes: &["A gateway that cannot show all that the message holds."],
        advice: &["Ask the recipient what arrived; send the missing part in another form."],
        success: Some(("Delivered, with loss", "The message was converted on the way and something of it was lost.")),
        refs: &[Rfc(3463, "3.7")],
        ..RECORD
    },
    Record {
        name: "6.5",
        title: "Conversion failed",
        meaning: "The server tried to convert the content and could not.",
        causes: &["Broken MIME structure: wrong boundary, wrong encoding or character set."],
        advice: &[PLAIN, ASK],
        refs: &[Rfc(3463, "3.7")],
        ..RECORD
    },
    Record {
        name: "6.6",
        title: "Content could not be fetched",
        meaning: "The message was to be collected from another server (BURL), which did not give it.",
        causes: &["The IMAP link has expired, is wrong, or the IMAP server is not trusted or not reachable."],
        advice: &["Send the message with DATA instead."],
        refs: &[Rfc(4468, "")],
        ..RECORD
    },
    Record {
        name: "6.7",
        title: "International address not permitted",
        meaning: "An address with letters beyond ASCII was given, and is not allowed for this sender or recipient.",
        causes: &["SMTPUTF8 was not asked for in MAIL FROM, or the server does not have it."],
        advice: &["Use an ASCII address of the same person; write the domain in its xn-- form."],
        refs: &[Rfc(6531, "")],
        ..RECORD
    },
    Record {
        name: "6.8",
        title: "Reply would need UTF-8",
        meaning: "The server would have to show a name in UTF-8, and the client has not said that it can read that.",
        causes: &["VRFY or EXPN without the SMTPUTF8 parameter."],
        advice: &["Repeat the command with SMTPUTF8 at its end."],
        refs: &[Rfc(6531, "")],
        ..RECORD
    },
    Record {
        name: "6.9",
        title: "International header cannot be passed on",
        meaning: "The header has letters beyond ASCII and cannot go to one or more recipients in that form.",
        causes: &["A server on the way has no SMTPUTF8."],
        advice: &["Send with ASCII addresses and encoded header fields."],
        refs: &[Rfc(6531, "")],
        ..RECORD
    },
    Record {
        name: "6.10",
        title: "Reply would need UTF-8 (old number)",
        meaning: "The same as X.6.8; this number was registered twice and should not be used any more.",
        causes: &["VRFY or EXPN without the SMTPUTF8 parameter."],
        advice: &["Repeat the command with SMTPUTF8 at its end."],
        refs: &[Rfc(6531, "")],
        ..RECORD
    },
];
