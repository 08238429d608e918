//! Reply codes that say not now: 4yz.

use super::ReplyStep;
use super::record::{ASK, AT, At, RECORD, REPUTATION, RETRY, Record, SOURCE_IP};
use super::source::Ref::Rfc;

/// The 4yz reply codes.
pub(super) const TEMPORARY: &[Record] = &[
    Record {
        name: "421",
        title: "Service not available, line closes",
        meaning: "The server ends the connection, whatever was asked. It may be shutting down, overloaded, tired of \
                  waiting, or unwilling to hear more from you for now. It may come at any time.",
        causes: &[
            "Idle for too long: the server's time limit ran out.",
            "Too many errors, or too many messages, in this connection.",
            "The server restarts or has run out of resources.",
        ],
        advice: &[RETRY, "Start a new connection; a 421 says nothing about the message itself."],
        at: &[
            At {
                steps: &[ReplyStep::Greeting],
                title: "Service not available at the moment",
                meaning: "The server answers the connection only to turn it down for now.",
                causes: &[
                    "Too many connections at once from your IP address, or too many in a short time.",
                    "Your IP address has a poor reputation, or no PTR name, and is slowed down.",
                    "The server is overloaded, restarting, or behind a load balancer without a working back end.",
                ],
                advice: &[RETRY, "Open fewer connections at the same time.", REPUTATION],
            },
            At {
                steps: &[ReplyStep::Hello],
                causes: &[
                    "The name in EHLO or HELO is disliked: not a full host name, or the server's own name.",
                    "Your IP address is slowed down or listed.",
                    "A command was sent before the greeting had arrived.",
                ],
                advice: &[RETRY, "Use a full host name that has an address in DNS.", REPUTATION],
                ..AT
            },
            At {
                steps: &[ReplyStep::Mail, ReplyStep::Rcpt],
                causes: &[
                    "Limit on messages or recipients per hour for your IP address or sender.",
                    "Too many unknown recipients in a row, which looks like address guessing.",
                    "The server is overloaded.",
                ],
                advice: &[RETRY, "Send more slowly, and clean the list of recipients.", ASK],
                ..AT
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                causes: &[
                    "Too many messages for now from your IP address or domain; large providers say so here.",
                    "SPF, DKIM or DMARC did not pass, and the server slows down such mail first.",
                    "The message came too slowly, or a content filter did not answer in time.",
                ],
                advice: &[RETRY, "Send more slowly, and check SPF, DKIM and DMARC of the sender's domain.", ASK],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "3.8"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "432",
        title: "Password must be converted first",
        meaning: "The account is old: the server has to see the password once in the clear before the chosen login \
                  method works.",
        causes: &["The account was moved from a system that kept passwords in another form."],
        advice: &[
            "Temporary: log in once with AUTH PLAIN, over TLS only; afterwards the chosen method works.",
            "Or set a new password at the provider.",
        ],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "450",
        title: "Mailbox not available for now",
        meaning: "The command was refused for the time being. The mailbox may be busy, or the server wants you to \
                  come back later. Nothing was accepted.",
        causes: &["Greylisting.", "A look-up failed for the moment.", "A rate limit was reached."],
        advice: &[RETRY, ASK],
        at: &[
            At {
                steps: &[ReplyStep::Greeting, ReplyStep::Hello],
                title: "Client refused for now",
                meaning: "The server dislikes the client at present: its IP address or the name in EHLO.",
                causes: &[
                    "Your IP address has no PTR name, or the name does not lead back to the address.",
                    "The name in EHLO or HELO cannot be found in DNS, which may be a DNS failure.",
                    "Your IP address is on a block list that this server treats as temporary.",
                ],
                advice: &[RETRY, "Set a PTR name and an EHLO name that both lead to your address.", REPUTATION],
            },
            At {
                steps: &[ReplyStep::Mail],
                title: "Sender refused for now",
                meaning: "The server cannot, at present, accept this sender.",
                causes: &[
                    "The sender's domain could not be looked up in DNS at this moment, or does not exist.",
                    "The sender's own mail server did not confirm the address when asked.",
                    "Too many messages from this sender or IP address.",
                ],
                advice: &[RETRY, "Check that the sender's domain has MX or address records."],
            },
            At {
                steps: &[ReplyStep::Rcpt],
                meaning: "This recipient is not accepted for now. In most cases it is greylisting: an unknown \
                          combination of IP address, sender and recipient is turned away once, and let in when it \
                          returns.",
                causes: &[
                    "Greylisting. It passes after some minutes if the same server tries again.",
                    "The server could not check the recipient with the system behind it.",
                    "The mailbox is locked, busy, or receives too much mail at present.",
                ],
                advice: &[
                    RETRY,
                    "For greylisting, wait five to fifteen minutes and repeat with the same sender, recipient and IP \
                     address.",
                    ASK,
                ],
                ..AT
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                title: "Message refused for now",
                meaning: "The server has seen the message, or is about to, and will not take it at present.",
                causes: &[
                    "A spam or virus filter was not available or not sure.",
                    "Greylisting that waits until the message is known.",
                    "Every recipient was refused for now.",
                ],
                advice: &[RETRY, ASK],
            },
        ],
        refs: &[Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "451",
        title: "Error on the server, try later",
        meaning: "Something failed inside the server, or it says so to make you come back later. Your command was \
                  probably right.",
        causes: &[
            "A service that the server needs is down: DNS, user database, filter.",
            "Greylisting; several servers use this code for it.",
            "A configuration error on the server.",
        ],
        advice: &[RETRY, ASK],
        at: &[
            At {
                steps: &[ReplyStep::Greeting, ReplyStep::Hello],
                title: "Server cannot serve you now",
                causes: &[
                    "The server could not look up your IP address or your EHLO name in DNS.",
                    "A block list could not be asked, or lists you.",
                    "A configuration error on the server.",
                ],
                advice: &[RETRY, REPUTATION, ASK],
                ..AT
            },
            At {
                steps: &[ReplyStep::Mail],
                causes: &[
                    "The sender's domain could not be looked up: its DNS servers do not answer.",
                    "The SPF record of the sender's domain could not be read.",
                    "Too many messages from your IP address at present.",
                ],
                advice: &[RETRY, "Test the DNS of the sender's domain, SPF record included."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Rcpt],
                causes: &[
                    "Greylisting. It passes after some minutes if the same server tries again.",
                    "The server could not ask its user database, or the mail server behind it.",
                    "Too many recipients at once; Microsoft 365 also slows down new IP addresses this way.",
                ],
                advice: &[
                    RETRY,
                    "Wait five to fifteen minutes and repeat with the same sender, recipient and IP address.",
                    ASK,
                ],
                ..AT
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                causes: &[
                    "The spam or virus filter does not answer, or the disk cannot be written.",
                    "The DKIM key or DMARC record of the sender's domain could not be looked up.",
                    "Greylisting that waits until the message is known.",
                ],
                advice: &[RETRY, ASK],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "452",
        title: "Not enough room",
        meaning: "The server lacks room, or a limit of this connection is reached. Which of the two depends on the \
                  step.",
        causes: &["Disk nearly full.", "Too many recipients in one message.", "Mailbox over quota."],
        advice: &[RETRY, ASK],
        at: &[
            At {
                steps: &[ReplyStep::Mail],
                title: "No room for a message now",
                causes: &[
                    "The server's queue disk is nearly full, or cannot hold the SIZE that you announced.",
                    "Too many messages in this connection.",
                    "The server is short of memory or other resources (Exchange calls it back pressure).",
                ],
                advice: &[RETRY, "Try a small message, and a new connection.", ASK],
                ..AT
            },
            At {
                steps: &[ReplyStep::Rcpt],
                title: "Too many recipients, or mailbox full",
                meaning: "The recipients before this one still stand. Either the message has as many recipients as \
                          the server takes at once, or this mailbox is over its quota.",
                causes: &[
                    "Too many recipients in one message; a server must take at least 100.",
                    "The mailbox is full, and the server gives its owner time to clean up.",
                    "The server's disk is nearly full.",
                ],
                advice: &[
                    RETRY,
                    "Send the message to the accepted recipients now, and to the rest in a second message.",
                    "For a full mailbox, reach the recipient in another way.",
                ],
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                title: "No room for this message now",
                causes: &[
                    "The server's disk filled up while the message came in.",
                    "The mailbox is full, and the server finds out only now.",
                ],
                advice: &[RETRY, "Try a small message to see whether size is the reason.", ASK],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(5321, "4.5.3.1.10")],
        ..RECORD
    },
    Record {
        name: "454",
        title: "Temporary failure of login or TLS",
        meaning: "The server would like to, but cannot at the moment. It does not judge your password or your message.",
        causes: &["The system behind the login, or the TLS set-up, does not work at present."],
        advice: &[RETRY, ASK],
        at: &[
            At {
                steps: &[ReplyStep::StartTls],
                title: "TLS not available for now",
                meaning: "The server offers STARTTLS but cannot start it at present.",
                causes: &[
                    "The certificate or key file is missing, unreadable, or does not fit.",
                    "The server is out of resources.",
                ],
                advice: &[
                    RETRY,
                    "Do not go on in clear text with anything secret.",
                    "Tell the server's administrator: it is theirs to repair, usually certificate and key.",
                ],
            },
            At {
                steps: &[ReplyStep::Auth],
                title: "Login not possible for now",
                causes: &[
                    "The directory or password server behind the login does not answer.",
                    "Too many failed logins from your address; you are locked out for a while.",
                ],
                advice: &[RETRY, "Do not change the password for this: it was not judged.", ASK],
                ..AT
            },
            At {
                steps: &[ReplyStep::Mail, ReplyStep::Rcpt],
                title: "Refused for now, often relaying",
                causes: &[
                    "Relaying denied, said as a temporary refusal.",
                    "Login or TLS is wanted first and does not work at present.",
                ],
                advice: &[
                    RETRY,
                    "Log in first, or connect to the server that holds the recipient's mailbox.",
                    SOURCE_IP,
                ],
                ..AT
            },
        ],
        refs: &[Rfc(4954, "6"), Rfc(3207, "4")],
        ..RECORD
    },
    Record {
        name: "455",
        title: "Parameter cannot be served now",
        meaning: "MAIL FROM or RCPT TO carries a parameter that the server knows but cannot honour at this moment.",
        causes: &["A DSN, delivery time, priority or size parameter that present conditions do not allow."],
        advice: &[RETRY, "Send the command without the parameter."],
        refs: &[Rfc(5321, "4.1.1.11"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
];
