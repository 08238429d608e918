//! X.2.z: the recipient's mailbox.

use crate::explain::record::{ASK, RECORD, Record};
use crate::explain::source::Ref::Rfc;

const OTHER_WAY: &str = "Reach the recipient in another way and let them know.";

/// The codes about mailboxes.
pub(super) const MAILBOX: &[Record] = &[
    Record {
        name: "2.0",
        title: "Something about the mailbox",
        meaning: "The mailbox exists, and something about it stands in the way.",
        causes: &["A rule or limit of the mailbox.", "Greylisting, in the words of some servers."],
        advice: &["Go by the text.", ASK],
        refs: &[Rfc(3463, "3.3")],
        ..RECORD
    },
    Record {
        name: "2.1",
        title: "Mailbox switched off",
        meaning: "The mailbox exists but takes no mail at present.",
        causes: &[
            "The account was suspended, closed, or is unused for a long time.",
            "It receives more mail than allowed in a short time; Gmail says so with 4.2.1.",
        ],
        advice: &[OTHER_WAY, "The recipient's administrator must enable it."],
        refs: &[Rfc(3463, "3.3")],
        ..RECORD
    },
    Record {
        name: "2.2",
        title: "Mailbox full",
        meaning: "The mailbox has reached its storage limit. Only its owner, or their administrator, can make room.",
        causes: &["Over quota; the trash and junk folders count as well.", "A mailbox that nobody reads any more."],
        advice: &[OTHER_WAY, "Send again when there is room."],
        refs: &[Rfc(3463, "3.3")],
        ..RECORD
    },
    Record {
        name: "2.3",
        title: "Message too long for this mailbox",
        meaning: "The message is over a limit that holds for this recipient; others may take it.",
        causes: &["A size limit of the mailbox or list. Attachments grow by a third on the way."],
        advice: &["Send less: compress or split it, or share a link."],
        refs: &[Rfc(3463, "3.3")],
        ..RECORD
    },
    Record {
        name: "2.4",
        title: "Mailing list cannot be expanded",
        meaning: "The address is a list or group, and the server cannot turn it into recipients.",
        causes: &["The list's file or directory entry is broken, empty, or contains itself."],
        advice: &["The list's owner or administrator must repair it. Send to single members meanwhile."],
        refs: &[Rfc(3463, "3.3")],
        ..RECORD
    },
];
