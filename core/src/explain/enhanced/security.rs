//! X.7.0 to X.7.14: permission, login and encryption.

use crate::explain::ReplyStep;
use crate::explain::record::{ASK, AT, AUTHENTICATE, At, LOGIN, RECORD, REPUTATION, Record, SOURCE_IP};
use crate::explain::source::Ref::Rfc;

const TLS_FIRST: &str = "STARTTLS, EHLO again, then AUTH; or connect to port 465 with TLS.";

/// The codes about permission, login and encryption.
pub(super) const SECURITY: &[Record] = &[
    Record {
        name: "7.0",
        title: "Security or policy, no detail",
        meaning: "A rule stands against it, and the server does not say which, often on purpose.",
        causes: &[
            "Login or STARTTLS is wanted first.",
            "A reputation, rate or spam rule.",
            "The login could not be checked at present.",
        ],
        advice: &["Go by the text.", LOGIN, ASK],
        at: &[
            At {
                steps: &[ReplyStep::Greeting, ReplyStep::Hello],
                causes: &["Your IP address has a poor reputation or no PTR name.", "The EHLO name is disliked."],
                advice: &[REPUTATION, SOURCE_IP],
                ..AT
            },
            At {
                steps: &[ReplyStep::StartTls],
                title: "TLS not available",
                meaning: "The server cannot begin TLS.",
                causes: &["Certificate or key is missing or broken on the server."],
                advice: &["Tell the server's administrator; send nothing secret in clear text meanwhile."],
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                causes: &["The message looks like spam, or came too fast.", "SPF, DKIM or DMARC did not pass."],
                advice: &[AUTHENTICATE, ASK],
                ..AT
            },
        ],
        success: Some(("Login or security step done", "The login, or another security step, succeeded.")),
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.1",
        title: "Not permitted",
        meaning: "You may not send this, or not to this recipient. Servers use this one code for relaying, block \
                  lists, spam and many rules more, so the text decides.",
        causes: &[
            "Relaying denied.",
            "Your IP address or sender is on a block list.",
            "The content was taken for spam.",
        ],
        advice: &["Read the text: it usually names the rule or the block list.", ASK],
        at: &[
            At {
                steps: &[ReplyStep::Greeting, ReplyStep::Hello],
                title: "Client not permitted",
                meaning: "The server refuses your IP address or EHLO name by rule.",
                causes: &[
                    "Your IP address is on a block list or has no PTR name.",
                    "The EHLO name is not a full host name or does not exist.",
                ],
                advice: &[REPUTATION, SOURCE_IP],
            },
            At {
                steps: &[ReplyStep::Mail],
                title: "Sender not permitted",
                meaning: "The server refuses this sender, or this sender from your IP address.",
                causes: &[
                    "SPF of the sender's domain does not allow your IP address.",
                    "The sender is not the one that belongs to the login, or nobody has logged in.",
                    "Your IP address is on a block list.",
                ],
                advice: &[AUTHENTICATE, LOGIN, REPUTATION],
            },
            At {
                steps: &[ReplyStep::Rcpt],
                title: "Recipient not permitted",
                meaning: "You may not send to this recipient through this server.",
                causes: &[
                    "Relaying denied: the domain is not one of this server's, and you are not logged in.",
                    "Your IP address is on a block list; many servers say so only now.",
                    "Greylisting, if the class is 4.",
                    "The mailbox or group takes mail only from certain senders.",
                ],
                advice: &["Relaying: log in, or connect to the MX host of the recipient's domain.", REPUTATION, ASK],
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                title: "Message not permitted",
                meaning: "The message as such was refused by rule; nobody has received it.",
                causes: &[
                    "Taken for spam, phishing or a virus.",
                    "SPF, DKIM or DMARC did not pass.",
                    "Your IP address has a poor reputation; Gmail also says it for a missing PTR name.",
                ],
                advice: &[AUTHENTICATE, "Send a plain short text: if that passes, the content was the reason.", ASK],
            },
        ],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.2",
        title: "You may not write to this list",
        meaning: "The address is a list or group that takes mail only from certain senders.",
        causes: &["You are not a member.", "You wrote from another address than the registered one."],
        advice: &["Write from the registered address, or ask the owner of the list."],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.3",
        title: "Secure form needed but cannot be made",
        meaning: "The mail would have to be converted from one security scheme to another, and that cannot be done.",
        causes: &[
            "A gateway between mail systems with different encryption.",
            "Exchange also says 5.7.3 for a login that failed or is missing.",
        ],
        advice: &["At an Exchange server, check the login.", ASK],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.4",
        title: "Security feature not supported",
        meaning: "The asked-for security feature does not exist on this server.",
        causes: &[
            "An AUTH method that is not offered.",
            "A message that asks for a security feature of another server.",
        ],
        advice: &["Take a method from the AUTH line of the EHLO reply."],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.5",
        title: "Cryptographic failure",
        meaning: "The server could not check or decrypt something because a key is missing or wrong.",
        causes: &["A certificate that is expired or not trusted.", "A key that cannot be found."],
        advice: &["Check the certificates on both sides.", ASK],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.6",
        title: "Algorithm not supported",
        meaning: "The server does not have the cryptographic algorithm that the message or connection uses.",
        causes: &["One side is much older than the other."],
        advice: &["Update the older side, or choose an algorithm that both have."],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.7",
        title: "Message altered on the way",
        meaning: "A check shows that the message is not what was sent.",
        causes: &["A server or scanner on the way changed it, for example by adding a footer.", "A broken signature."],
        advice: &["Find who changes the mail, and let it sign afterwards."],
        refs: &[Rfc(3463, "3.8")],
        ..RECORD
    },
    Record {
        name: "7.8",
        title: "User name or password wrong",
        meaning: "The login was refused. The server does not say which part is wrong.",
        causes: &[
            "Wrong user name or password; the user name is often the whole mail address.",
            "Password login is switched off: an app password or OAuth is needed (Gmail, Microsoft 365).",
            "The base64 holds a line break or was made from the wrong text.",
        ],
        advice: &["Try the same login in web mail.", "Stop after a few tries: the account may be locked."],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "7.9",
        title: "This login method is too weak",
        meaning: "The method is below what the server demands for this user.",
        causes: &["A stronger method or OAuth is required.", "At Gmail, an app password is needed."],
        advice: &["Take a stronger method from the AUTH line, or make an app password."],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "7.10",
        title: "Encrypt before you log in",
        meaning: "This login would show the password, so the server wants encryption first.",
        causes: &["AUTH was sent before STARTTLS."],
        advice: &[TLS_FIRST],
        refs: &[Rfc(5248, "")],
        ..RECORD
    },
    Record {
        name: "7.11",
        title: "Encryption required for this login method",
        meaning: "The chosen method is allowed on an encrypted connection only.",
        causes: &["AUTH was sent before STARTTLS."],
        advice: &[TLS_FIRST],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "7.12",
        title: "Password has to be converted",
        meaning: "The server must see the password once in the clear before the chosen method can work.",
        causes: &["The account comes from a system that stored passwords in another form."],
        advice: &["Log in once with AUTH PLAIN, over TLS only, or set a new password."],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "7.13",
        title: "User account disabled",
        meaning: "The login is right, but the account is switched off.",
        causes: &["Misuse, an unpaid bill, a stolen password, a person who left."],
        advice: &["Only the account's administrator can switch it on again."],
        refs: &[Rfc(5248, "")],
        ..RECORD
    },
    Record {
        name: "7.14",
        title: "Servers do not trust each other",
        meaning: "The submission server would have to fetch something from another server that it has no agreement \
                  with.",
        causes: &["BURL with an IMAP server that is not set up for it."],
        advice: &["Send the message with DATA instead, or have the two servers set up."],
        refs: &[Rfc(5248, "")],
        ..RECORD
    },
];
