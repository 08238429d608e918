//! Reply codes that refuse for good: 52z, 53z and 55z.

use super::ReplyStep;
use super::record::{ASK, AT, AUTHENTICATE, At, LOGIN, RECORD, REPUTATION, Record, SOURCE_IP, SPELLING};
use super::source::Ref::Rfc;

const SMALLER: &str = "Send less: compress or split it, or share a link. Attachments grow by a third on the way.";

/// The reply codes of a permanent refusal that is not about syntax.
pub(super) const REFUSAL: &[Record] = &[
    Record {
        name: "521",
        title: "This host takes no mail",
        meaning: "The machine answers, but only to say that it never accepts mail.",
        causes: &[
            "You reached a web server, printer or outgoing-only mail server instead of the mail exchanger.",
            "Some servers say it to a client they have blocked.",
        ],
        advice: &["Look up the MX records of the recipient's domain and connect to those hosts.", ASK],
        refs: &[Rfc(7504, "")],
        ..RECORD
    },
    Record {
        name: "523",
        title: "Encryption needed for this login",
        meaning: "The chosen login method would send the password readable, and the server allows that only under \
                  encryption.",
        causes: &["AUTH was sent before STARTTLS."],
        advice: &["STARTTLS, EHLO again, then AUTH; or connect to port 465 with TLS."],
        refs: &[Rfc(5248, "")],
        ..RECORD
    },
    Record {
        name: "524",
        title: "Login method only under encryption",
        meaning: "This login method is allowed only when the connection is encrypted.",
        causes: &["AUTH was sent before STARTTLS."],
        advice: &["STARTTLS, EHLO again, then AUTH."],
        refs: &[Rfc(5248, "")],
        ..RECORD
    },
    Record {
        name: "525",
        title: "Account disabled",
        meaning: "User name and password are right, but the account has been switched off.",
        causes: &["Misuse, an unpaid bill, an employee who left, a password that was stolen."],
        advice: &["Only the administrator of the account can switch it on again. Another try with the password is no \
                   use."],
        refs: &[Rfc(5248, "")],
        ..RECORD
    },
    Record {
        name: "530",
        title: "Something must come first: TLS or login",
        meaning: "The server refuses the command until the connection is encrypted, or the user logged in. The text \
                  says which.",
        causes: &[
            "STARTTLS is required and was not done.",
            "A login is required: this is a submission server, not the mail exchanger of the domain.",
        ],
        advice: &[
            "Text about STARTTLS: send STARTTLS, then EHLO again.",
            LOGIN,
            "To test delivery from outside instead, connect to port 25 of the domain's MX host.",
        ],
        refs: &[Rfc(4954, "6"), Rfc(3207, "4")],
        ..RECORD
    },
    Record {
        name: "534",
        title: "Login method too weak",
        meaning: "The server knows the method but does not allow it for this user. Gmail says it when an app password \
                  is needed.",
        causes: &[
            "The account demands a stronger method, or OAuth.",
            "Two-step sign-in is on, and the normal password was used in place of an app password.",
        ],
        advice: &[
            "Take a stronger method from the AUTH line.",
            "At Gmail and the like, make an app password or use OAuth.",
        ],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "535",
        title: "Login failed",
        meaning: "The server does not accept this user name and password, or this token. It does not say which part \
                  is wrong.",
        causes: &[
            "Wrong user name or password; the user name is often the whole mail address.",
            "Password login is switched off: an app password or OAuth is needed (Gmail, Microsoft 365).",
            "SMTP login is switched off for this mailbox or organisation (Microsoft 365).",
            "The base64 holds a line break or was made from the wrong text.",
            "Account locked after too many tries.",
        ],
        advice: &[
            "Try the same login in the provider's web mail.",
            "Microsoft 365: ask the administrator whether authenticated SMTP is allowed for the mailbox.",
            "Stop after a few tries: the account may be locked.",
        ],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "538",
        title: "Encryption required for login method",
        meaning: "The chosen login method is allowed only on an encrypted connection. An older form of 523 and 530.",
        causes: &["AUTH PLAIN or LOGIN was sent before STARTTLS."],
        advice: &["STARTTLS, EHLO again, then AUTH."],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "550",
        title: "Refused: no such mailbox, or not allowed",
        meaning: "The server will not do it, and trying again will not help. The code covers two different things: \
                  the mailbox does not exist, or a rule forbids it. The text, and the enhanced code, tell them apart.",
        causes: &["No such mailbox.", "A rule of the server: relaying, block list, authentication, content."],
        advice: &["Read the text: it usually names the reason.", ASK],
        at: &[
            At {
                steps: &[ReplyStep::Greeting],
                title: "Connection refused by rule",
                meaning: "Nothing has been said yet: the server refuses your IP address, not a mailbox or a message.",
                causes: &[
                    "Your IP address is on a block list.",
                    "It has no PTR name, or looks like a home or cloud connection.",
                    "The server talks only to certain partners, such as its mail filter.",
                ],
                advice: &[REPUTATION, SOURCE_IP, ASK],
            },
            At {
                steps: &[ReplyStep::Hello],
                title: "Greeting name or client refused",
                meaning: "The server refuses the name in EHLO or HELO, or your IP address. No mailbox is meant.",
                causes: &[
                    "The name is not a full host name, does not exist in DNS, or is the server's own name.",
                    "The name does not fit your IP address.",
                    "Your IP address is on a block list.",
                ],
                advice: &["Use the host name that the PTR record of your address gives.", REPUTATION],
            },
            At {
                steps: &[ReplyStep::Mail],
                title: "Sender refused",
                meaning: "The server will take no message from this sender at this address. No recipient was judged \
                          yet.",
                causes: &[
                    "The sender's domain does not exist, or cannot receive mail.",
                    "SPF of the sender's domain does not allow your IP address.",
                    "The sender belongs to the server's own domain and must log in first.",
                    "Your IP address or the sender is on a block list.",
                ],
                advice: &[AUTHENTICATE, LOGIN, SOURCE_IP],
            },
            At {
                steps: &[ReplyStep::Rcpt],
                title: "Recipient refused",
                meaning: "This recipient is not accepted: the mailbox does not exist here, or you may not send to it. \
                          Other recipients may still be fine.",
                causes: &[
                    "The mailbox does not exist: misspelled, renamed, deleted, or not yet created on this server.",
                    "Relaying denied: the domain is not one of this server's, and you are not logged in.",
                    "Your IP address is on a block list; many servers say so only now.",
                    "The mailbox or list takes mail only from certain senders.",
                ],
                advice: &[
                    SPELLING,
                    "Relaying: log in, or connect to the MX host of the recipient's domain.",
                    "If the address is right, ask its administrator whether it exists on exactly this server.",
                ],
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                title: "Message refused",
                meaning: "Sender and recipients were accepted; the message itself was not. Nobody has received it.",
                causes: &[
                    "The spam filter: text, links, attachment types.",
                    "SPF, DKIM or DMARC of the domain in the From line did not pass.",
                    "Header at fault: no From, no Date, two Subjects, lines too long, bare line feeds.",
                    "A size limit, or a mailbox over quota that shows only now.",
                ],
                advice: &[AUTHENTICATE, "Send a plain short text: if that passes, the content was the reason.", ASK],
            },
            At {
                steps: &[ReplyStep::Vrfy, ReplyStep::Expn],
                title: "No such user or list, or not told",
                meaning: "The name is unknown, or the server does not tell.",
                causes: &["The name does not exist.", "The server refuses VRFY and EXPN to strangers."],
                advice: &["Ask with RCPT TO instead; RSET afterwards sends nothing."],
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(5321, "7.9")],
        ..RECORD
    },
    Record {
        name: "551",
        title: "Recipient is elsewhere",
        meaning: "The recipient does not live on this server and it will not forward. The text may give the new \
                  address.",
        causes: &[
            "The user has moved.",
            "Relaying denied, in the words of some servers.",
            "Some servers say it when the sender must log in first.",
        ],
        advice: &["Send to the address in the text, after checking with the recipient.", LOGIN],
        refs: &[Rfc(5321, "3.4"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "552",
        title: "Too large, or over quota",
        meaning: "The message is bigger than the server or the mailbox will hold.",
        causes: &["Message over the size limit.", "Mailbox over quota."],
        advice: &[SMALLER, "Ask the recipient to make room."],
        at: &[
            At {
                steps: &[ReplyStep::Mail],
                title: "Announced size too large",
                meaning: "The SIZE that you announced is over the server's limit. It refuses before the message is \
                          sent.",
                causes: &["The message, with attachments in their encoded form, is over the limit in the EHLO reply."],
                advice: &["Compare with SIZE in the EHLO reply.", SMALLER],
            },
            At {
                steps: &[ReplyStep::Rcpt],
                title: "Mailbox full, or too many recipients",
                meaning: "This mailbox is over its quota. Old servers also say it for too many recipients, which then \
                          counts as temporary.",
                causes: &[
                    "The mailbox is full.",
                    "The announced size does not fit into it.",
                    "Too many recipients in one message.",
                ],
                advice: &[
                    "Reach the recipient in another way, and ask them to make room.",
                    "With many recipients, split the message.",
                ],
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                title: "Message too large",
                causes: &[
                    "The message is over the server's limit; a filter may have a lower one than EHLO shows.",
                    "The mailbox is full.",
                    "Google says it for attachments of a forbidden type.",
                ],
                advice: &[SMALLER, "Try a short message: if that passes, size or attachment was the reason."],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(1870, ""), Rfc(5321, "4.5.3.1.10")],
        ..RECORD
    },
    Record {
        name: "553",
        title: "Address not allowed",
        meaning: "The address is not one that the server will deal with: badly written, or not yours to use.",
        causes: &["Address written wrongly.", "Sender or recipient not permitted by a rule."],
        advice: &[SPELLING, ASK],
        at: &[
            At {
                steps: &[ReplyStep::Mail],
                title: "Sender address not allowed",
                causes: &[
                    "The logged-in user may not use this sender address.",
                    "The sender belongs to the server's own domain and you are not logged in.",
                    "The domain is missing, misspelled or does not exist.",
                ],
                advice: &["Use the address that belongs to the login.", LOGIN, SPELLING],
                ..AT
            },
            At {
                steps: &[ReplyStep::Rcpt],
                title: "Recipient address not allowed",
                causes: &[
                    "The domain is not in this server's list and it does not relay for you.",
                    "The address is badly written: spaces, missing domain, forbidden characters.",
                    "The address has letters beyond ASCII, and SMTPUTF8 is not in use.",
                ],
                advice: &[SPELLING, "Connect to the MX host of the recipient's domain, or log in."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Greeting, ReplyStep::Hello],
                title: "Client not allowed",
                meaning: "No address was given yet: the server refuses you as a client.",
                causes: &["Your IP address is on a block list.", "The name in EHLO is refused."],
                advice: &[REPUTATION, SOURCE_IP],
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body],
                title: "Address in the message not allowed",
                causes: &[
                    "The From line of the message is not an address that the login may use.",
                    "Sender or recipient is judged only now.",
                ],
                advice: &["Make the From line and MAIL FROM agree with the login.", ASK],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "554",
        title: "Refused, without a better code",
        meaning: "A flat no. The text has to say why.",
        causes: &["A rule of the server, most often against spam."],
        advice: &["Read the text: it usually names the rule or the block list.", ASK],
        at: &[
            At {
                steps: &[ReplyStep::Greeting],
                title: "No service for you",
                meaning: "The server refuses to talk to your IP address at all. You may only say QUIT.",
                causes: &[
                    "Your IP address is on a block list or has a poor reputation.",
                    "No PTR name, or one that looks like a home connection.",
                    "The host is not a mail server for strangers.",
                ],
                advice: &[REPUTATION, SOURCE_IP, ASK],
            },
            At {
                steps: &[ReplyStep::Hello],
                title: "Client refused",
                causes: &["The EHLO name or your IP address is refused by rule."],
                advice: &["Use a full host name that leads to your address.", REPUTATION],
                ..AT
            },
            At {
                steps: &[ReplyStep::Mail, ReplyStep::Rcpt],
                title: "Sender, recipient or client refused",
                causes: &[
                    "Your IP address is on a block list; many servers say so at RCPT TO.",
                    "Relaying denied: the recipient is not one of this server's, and you are not logged in.",
                    "The sender or the recipient is refused by rule.",
                ],
                advice: &[
                    REPUTATION,
                    "Relaying: log in, or connect to the MX host of the recipient's domain.",
                    SOURCE_IP,
                ],
                ..AT
            },
            At {
                steps: &[ReplyStep::Data],
                title: "No valid recipients",
                meaning: "The server will not take a message, because no recipient was accepted or its rules forbid \
                          it.",
                causes: &["Every RCPT TO was refused.", "A rule of the server."],
                advice: &["Read the answers to RCPT TO: the reason is there."],
            },
            At {
                steps: &[ReplyStep::Body],
                title: "Message rejected",
                meaning: "The server has read the message and rejects it. Nobody has received it.",
                causes: &[
                    "Taken for spam, phishing or a virus; attachment type forbidden.",
                    "SPF, DKIM or DMARC did not pass.",
                    "Too many Received lines: the mail runs in a circle.",
                    "Header at fault or lines too long.",
                ],
                advice: &[AUTHENTICATE, "Send a plain short text: if that passes, the content was the reason.", ASK],
            },
            At {
                steps: &[ReplyStep::StartTls],
                title: "TLS refused",
                causes: &["TLS is not set up, or policy wants something else first."],
                advice: &["Use another port, or ask the server's administrator.", ASK],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(5321, "3.1")],
        ..RECORD
    },
    Record {
        name: "556",
        title: "Recipient's domain takes no mail",
        meaning: "The domain of the recipient says, by its DNS, that it never receives mail. It is not this server's \
                  own decision.",
        causes: &[
            "The domain is misspelled: many parked and look-alike domains say so.",
            "The domain has a null MX record.",
        ],
        advice: &[SPELLING, "Look up the domain's MX: a single dot means no mail."],
        refs: &[Rfc(7504, ""), Rfc(7505, "")],
        ..RECORD
    },
];
