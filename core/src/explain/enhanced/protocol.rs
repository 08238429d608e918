//! X.5.z: commands and their order.

use crate::explain::ReplyStep;
use crate::explain::record::{AT, At, LOGIN, RECORD, Record};
use crate::explain::source::Ref::Rfc;

/// The codes about the protocol.
pub(super) const PROTOCOL: &[Record] = &[
    Record {
        name: "5.0",
        title: "Something about the protocol",
        meaning: "The conversation itself went wrong, and no more precise code fits.",
        causes: &["A command at the wrong moment.", "No valid recipient when the message was to begin."],
        advice: &["Look for the first refusal further up; begin again with RSET and MAIL FROM."],
        success: Some(("Command carried out", "The command was fine and is done.")),
        refs: &[Rfc(3463, "3.6")],
        ..RECORD
    },
    Record {
        name: "5.1",
        title: "Command not valid here",
        meaning: "The server does not know the command, does not allow it, or wants another one first.",
        causes: &[
            "Out of order: MAIL FROM before EHLO, DATA without an accepted recipient.",
            "A typing mistake, or a command that is switched off.",
            "Login or STARTTLS is wanted first.",
        ],
        advice: &["Check the order EHLO, MAIL FROM, RCPT TO, DATA.", LOGIN],
        refs: &[Rfc(3463, "3.6")],
        ..RECORD
    },
    Record {
        name: "5.2",
        title: "Command line not understood",
        meaning: "The line cannot be read as a command.",
        causes: &[
            "A typing mistake; in telnet also backspace, which is sent as a character.",
            "A line that ends in LF alone, or is too long.",
            "A missing angle bracket or colon.",
        ],
        advice: &["Type the line anew, and look at its unseen characters."],
        at: &[At {
            steps: &[ReplyStep::Body],
            meaning: "The message is not written as mail must be.",
            causes: &[
                "A bare CR or LF in place of CR LF.",
                "A line that is too long, or a header that cannot be read.",
            ],
            advice: &["Let every line end in CR LF, with at most 998 characters before it."],
            ..AT
        }],
        refs: &[Rfc(3463, "3.6")],
        ..RECORD
    },
    Record {
        name: "5.3",
        title: "Too many recipients",
        meaning: "The message has more recipients than the server takes at once. Those accepted before still stand.",
        causes: &["A limit per message; a server must take at least 100.", "A limit per hour or day for the sender."],
        advice: &["Send to the accepted ones, then the rest in another message.", "Use a mailing list for many."],
        refs: &[Rfc(3463, "3.6"), Rfc(5321, "4.5.3.1.10")],
        ..RECORD
    },
    Record {
        name: "5.4",
        title: "Argument of the command not valid",
        meaning: "The command is known; what follows it is wrong, out of range or not supported.",
        causes: &[
            "A parameter that the EHLO reply did not offer.",
            "A badly written address.",
            "An EHLO name that is not a host name.",
            "An AUTH method that is not offered.",
        ],
        advice: &["Leave the parameter out, or compare it with the EHLO reply."],
        refs: &[Rfc(3463, "3.6")],
        ..RECORD
    },
    Record {
        name: "5.5",
        title: "Wrong protocol version",
        meaning: "Client and server speak versions of the protocol that do not go together.",
        causes: &["A very old gateway, or SMTP where LMTP is spoken, or the reverse."],
        advice: &["Try HELO instead of EHLO, or LHLO on an LMTP port."],
        refs: &[Rfc(3463, "3.6")],
        ..RECORD
    },
    Record {
        name: "5.6",
        title: "Login line too long",
        meaning: "The answer in the login is longer than the server can take.",
        causes: &["A very large token or ticket (Kerberos, OAuth).", "A wrong line sent as the answer."],
        advice: &["Use another login method; the limit is the server's to raise."],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
];
