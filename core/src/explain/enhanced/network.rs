//! X.4.z: network and routing, mostly beyond the server that answers.

use crate::explain::ReplyStep;
use crate::explain::record::{ASK, At, RECORD, Record, SPELLING};
use crate::explain::source::Ref::Rfc;

/// The codes about network and routing.
pub(super) const NETWORK: &[Record] = &[
    Record {
        name: "4.0",
        title: "Something about network or routing",
        meaning: "The way of the mail, behind the server that answers, is disturbed.",
        causes: &["A connection or DNS problem between the receiving servers."],
        advice: &[ASK],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.1",
        title: "Next host does not answer",
        meaning: "The server tried to reach another one, where the mailbox is, and got no answer.",
        causes: &[
            "The mail server behind the gateway is down, or a firewall stands between them.",
            "Microsoft 365 uses 5.4.1 for a recipient that it does not know and rejects at its edge.",
        ],
        advice: &[SPELLING, ASK],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.2",
        title: "Connection broke off",
        meaning: "A connection was made, but died before the mail was through.",
        causes: &[
            "A time limit: one side waited too long for the other.",
            "Packet loss, or a firewall that cuts connections.",
        ],
        advice: &[
            "Try again, without long pauses.",
            "If it happens with long messages only, suspect the packet size (MTU).",
        ],
        at: &[At {
            steps: &[ReplyStep::Unasked],
            title: "Waited too long",
            meaning: "The server heard nothing for as long as it cares to wait, and hangs up.",
            causes: &["A pause longer than the server's limit, which is five minutes by the standard and often less."],
            advice: &["Connect anew and go on without long pauses."],
        }],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.3",
        title: "Directory or DNS failure",
        meaning: "The server needed DNS or a user directory and got no answer.",
        causes: &[
            "DNS servers of a domain involved are down.",
            "The server's own DNS resolver or LDAP directory does not work.",
        ],
        advice: &["Test the DNS of the sender's and the recipient's domain.", ASK],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.4",
        title: "No way to the destination",
        meaning: "The server does not know where to send mail for this domain.",
        causes: &[
            "The domain has neither MX nor address records, or its MX names do not exist.",
            "The server lacks a route for the domain.",
        ],
        advice: &[SPELLING, "Look up MX records, and the addresses of their hosts."],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.5",
        title: "Mail system congested",
        meaning: "Too much mail is waiting already.",
        causes: &["A flood of mail, or a destination that takes none.", "Gmail uses it for a sending limit reached."],
        advice: &["Send less at a time.", ASK],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.6",
        title: "Mail runs in a circle",
        meaning: "The message has passed too many servers, most likely the same ones again and again.",
        causes: &[
            "Two servers each believe that the other is responsible for the domain.",
            "Two mailboxes forward to each other.",
            "The MX record leads to a server that sends the mail back out.",
        ],
        advice: &["Read the Received lines of a bounce: the names that repeat are the circle.", ASK],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
    Record {
        name: "4.7",
        title: "Delivery time ran out",
        meaning: "The message waited too long and was given up; the true reason is an earlier failure.",
        causes: &[
            "The destination could not be reached for days.",
            "A delivery deadline that the sender set was passed.",
        ],
        advice: &["Look for the earlier error in the log or the delay notice, and send again once that is solved."],
        refs: &[Rfc(3463, "3.5")],
        ..RECORD
    },
];
