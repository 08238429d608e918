//! X.1.z: the address of sender or recipient.

use crate::explain::ReplyStep;
use crate::explain::record::{ASK, AT, At, LOGIN, RECORD, Record, SPELLING};
use crate::explain::source::Ref::Rfc;

/// The codes about addresses.
pub(super) const ADDRESS: &[Record] = &[
    Record {
        name: "1.0",
        title: "Something about an address",
        meaning: "The server objects to an address and does not say to what about it.",
        causes: &["A rule about sender or recipient.", "An address that does not exist, said vaguely on purpose."],
        advice: &[SPELLING, ASK],
        at: &[At {
            steps: &[ReplyStep::Mail],
            meaning: "The server objects to the sender's address and does not say to what about it.",
            causes: &["The sender's domain does not exist.", "A rule against this sender, or a missing login."],
            advice: &["Check the sender's domain in DNS.", LOGIN],
            ..AT
        }],
        success: Some(("Address accepted", "The server has no objection to the address; mostly said of the sender.")),
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.1",
        title: "No such mailbox",
        meaning: "The part before the @ is unknown at this server.",
        causes: &[
            "Misspelled, deleted or renamed mailbox.",
            "The mailbox exists elsewhere: after a move, this server does not know it, or it was not synchronised yet.",
            "The domain's MX record leads to the wrong server.",
        ],
        advice: &[
            SPELLING,
            "If the address is right, its administrator must look whether this server knows it, alias and directory \
             included.",
            "In a mailing program, delete the remembered address and type it anew.",
        ],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.2",
        title: "Domain of the recipient is wrong",
        meaning: "The part after the @ does not exist, or cannot take mail.",
        causes: &[
            "Misspelled domain.",
            "The domain has expired or lost its MX record.",
            "The server is not set up for this domain.",
        ],
        advice: &[SPELLING, "Look up MX and address records of the domain."],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.3",
        title: "Recipient address badly written",
        meaning: "What stands in RCPT TO cannot be an address.",
        causes: &[
            "A space, comma or missing @; a name in place of an address.",
            "Angle brackets missing or doubled.",
            "Letters beyond ASCII without SMTPUTF8.",
        ],
        advice: &["Write RCPT TO:<recipient@example.org>."],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.4",
        title: "Recipient address fits several",
        meaning: "More than one recipient at the server matches, and it will not guess.",
        causes: &["Two users or aliases in the directory share the address."],
        advice: &["The recipient's administrator must remove the double entry. Until then use another address of the \
                   person."],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.5",
        title: "Recipient address valid",
        meaning: "The address is good. With a refusal this makes no sense: believe the three-digit code and the text.",
        causes: &["A server that uses the code wrongly."],
        advice: &["Go by the text.", ASK],
        success: Some((
            "Recipient accepted",
            "The server takes this recipient. Servers that check no names say so for every address.",
        )),
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.6",
        title: "Recipient has moved, address unknown",
        meaning: "The mailbox existed once; mail for it is neither taken nor forwarded now.",
        causes: &["The person left, or has a new address."],
        advice: &["Ask the recipient, or their organisation, for the new address."],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.7",
        title: "Sender address badly written",
        meaning: "What stands in MAIL FROM cannot be an address, or has no full domain.",
        causes: &[
            "A device or script with a sender such as root or scanner, without a domain.",
            "Angle brackets missing, or a space inside.",
        ],
        advice: &["Set a full sender address in the device or program.", "Write MAIL FROM:<sender@example.org>."],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.8",
        title: "Domain of the sender is wrong",
        meaning: "The sender's domain does not exist or could not take an answer, so the server will not listen to it.",
        causes: &[
            "Misspelled or internal domain, such as one that ends in local.",
            "The domain's DNS does not answer, or has neither MX nor address records.",
        ],
        advice: &[
            "Use a sender in a domain that exists in public DNS.",
            "Look up MX and address records of the sender's domain.",
        ],
        refs: &[Rfc(3463, "3.2")],
        ..RECORD
    },
    Record {
        name: "1.9",
        title: "Handed to a system that reports no more",
        meaning: "The mail went to a next system that cannot say what became of it.",
        causes: &["A gateway to fax, text message or an old mail system."],
        advice: &["Ask the recipient whether it arrived; no later report will come."],
        success: Some((
            "Handed on, no more reports",
            "The mail was passed to a system that will not report what becomes of it.",
        )),
        refs: &[Rfc(3886, "")],
        ..RECORD
    },
    Record {
        name: "1.10",
        title: "Recipient's domain declines all mail",
        meaning: "The domain of the recipient has a null MX record: its owner says that it never receives mail.",
        causes: &[
            "Misspelled domain: many parked and look-alike domains declare this.",
            "Microsoft 365 uses the same number for a recipient it cannot find.",
        ],
        advice: &[SPELLING, "Look up the domain's MX: a single dot means no mail."],
        refs: &[Rfc(7505, "")],
        ..RECORD
    },
];
