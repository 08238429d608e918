//! X.3.z: the receiving mail system as a whole.

use crate::explain::ReplyStep;
use crate::explain::record::{ASK, AT, At, RECORD, REPUTATION, Record};
use crate::explain::source::Ref::Rfc;

/// The codes about the mail system.
pub(super) const SYSTEM: &[Record] = &[
    Record {
        name: "3.0",
        title: "Something about the mail system",
        meaning: "The server normally takes mail, and something in it does not work or does not allow this.",
        causes: &[
            "An error inside the server: user database, filter, delivery program.",
            "A configuration error that shows with this mail.",
        ],
        advice: &[ASK],
        refs: &[Rfc(3463, "3.4")],
        ..RECORD
    },
    Record {
        name: "3.1",
        title: "Mail system full",
        meaning: "The server itself has run out of storage; no single mailbox is meant.",
        causes: &["The disk of the queue or of the mail store is full.", "The message is bigger than the free room."],
        advice: &["The server's administrator must make room.", ASK],
        refs: &[Rfc(3463, "3.4")],
        ..RECORD
    },
    Record {
        name: "3.2",
        title: "System takes no mail at present",
        meaning: "The server is up but does not take mail from the network, or not from you.",
        causes: &[
            "Maintenance, shutdown or overload.",
            "Too many connections from your IP address.",
            "A host that never takes mail, with 521.",
        ],
        advice: &["Check that you reached the domain's MX host.", ASK],
        at: &[At {
            steps: &[ReplyStep::Greeting, ReplyStep::Hello],
            causes: &[
                "Too many connections from your IP address, or its reputation is poor.",
                "Maintenance, shutdown or overload.",
            ],
            advice: &[REPUTATION, ASK],
            ..AT
        }],
        refs: &[Rfc(3463, "3.4")],
        ..RECORD
    },
    Record {
        name: "3.3",
        title: "System lacks a wanted feature",
        meaning: "The message asks for something that the receiving system cannot do.",
        causes: &["A parameter of MAIL FROM or RCPT TO, or a message form, that a gateway cannot pass on."],
        advice: &["Send without the parameter, as a plain message."],
        refs: &[Rfc(3463, "3.4")],
        ..RECORD
    },
    Record {
        name: "3.4",
        title: "Message too big for the system",
        meaning: "The message is over the size limit of the server, whoever the recipient is.",
        causes: &["Large attachments, which grow by a third on the way."],
        advice: &["Compare with SIZE in the EHLO reply.", "Send less: compress or split it, or share a link."],
        refs: &[Rfc(3463, "3.4")],
        ..RECORD
    },
    Record {
        name: "3.5",
        title: "Server set up wrongly",
        meaning: "The server finds that its own configuration keeps it from taking this mail.",
        causes: &[
            "Mail for a domain leads back to the server itself, which does not know the domain as its own.",
            "A broken table or missing file.",
            "Microsoft 365 says it for a wrong connector, and Exchange while it slows clients down.",
        ],
        advice: &["Only the receiving administrator can repair it.", ASK],
        refs: &[Rfc(3463, "3.4")],
        ..RECORD
    },
    Record {
        name: "3.6",
        title: "Wanted priority was changed",
        meaning: "The message was taken, but with another priority than the one asked for.",
        causes: &["The server's rules do not allow this sender the priority in MT-PRIORITY."],
        advice: &["Nothing is lost; ask for another priority if it matters."],
        success: Some((
            "Accepted with another priority",
            "The message was taken, but its MT-PRIORITY was changed to one that the server allows.",
        )),
        refs: &[Rfc(6710, "")],
        ..RECORD
    },
];
