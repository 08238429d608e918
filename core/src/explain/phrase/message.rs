//! The message itself, and who vouches for it.

use super::{Entry, Phrase};

/// The message itself, and who vouches for it.
pub(super) const MESSAGE: &[Entry] = &[
    Entry {
        says: &[
            "5.7.26",
            "does not pass authentication checks",
            "is unauthenticated, which poses",
            "unauthenticated email from",
            "must authenticate with either spf or dkim",
        ],
        phrase: Phrase {
            name: "unauthenticated",
            meaning: "Neither SPF nor DKIM vouches for the sender's domain, or DMARC says to refuse the message.",
            advice: &[
                "Let SPF cover the sending server, sign with DKIM, and align both with the From line.",
                "A test from another address than the real server's fails here by nature.",
            ],
            said_by: "Gmail",
        },
    },
    Entry {
        says: &["dmarc"],
        phrase: Phrase {
            name: "dmarc-refused",
            meaning: "The domain in the From line asks receivers to refuse mail that fails SPF and DKIM, and this \
                      mail fails.",
            advice: &[
                "Let the real sending server be covered by SPF, or sign with the domain's DKIM key.",
                "A test from another address fails here by nature: use a sender in a domain of your own.",
            ],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "spf fail",
            "spf check",
            "spf validation",
            "failed spf",
            "openspf",
            "spf record",
            "(spf)",
            "spf:",
            "sender policy framework",
            "not designated",
            "does not designate",
        ],
        phrase: Phrase {
            name: "spf-failed",
            meaning: "The sender's domain does not name your IP address among those that may send for it.",
            advice: &[
                "Add the real sending server to the domain's SPF record.",
                "A test from another address fails here by nature.",
            ],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "rfc 5322 compliant",
            "rfc 5322 specifications",
            "not rfc 5322",
            "rfc 2822",
            "multiple from",
            "missing from header",
            "missing date header",
            "missing required header",
        ],
        phrase: Phrase {
            name: "header-not-valid",
            meaning: "The header of the message breaks the rules: a field is missing, doubled, or not written \
                      properly.",
            advice: &["Send one From, one Date, one Message-ID and at most one To, Cc and Subject, then an empty \
                       line."],
            said_by: "Gmail and others",
        },
    },
    Entry {
        says: &[
            "bare lf",
            "bare <lf>",
            "bare line feed",
            "bare newline",
            "bare linefeed",
            "stray newlines",
            "smtplf.html",
            "bare cr",
        ],
        phrase: Phrase {
            name: "bare-line-feed",
            meaning: "A line ends in LF or CR alone. Servers refuse that, because it lets a message smuggle in \
                      another one.",
            advice: &[
                "Let every line end in CR LF; with nc use its option -C.",
                "In a script, write both characters at the end of each line.",
            ],
            said_by: "Postfix, Exim, Sendmail, qmail, Microsoft 365",
        },
    },
    Entry {
        says: &[
            "line too long",
            "lines too long",
            "maximum allowed line length",
            "max line length",
            "exceeds line length",
        ],
        phrase: Phrase {
            name: "line-too-long",
            meaning: "A line of the message has more than 998 characters.",
            advice: &["Encode the body as quoted-printable or base64, which break lines."],
            said_by: "Exim, Exchange and others",
        },
    },
    Entry {
        says: &[
            "message size exceeds",
            "exceeds size limit",
            "message too large",
            "message too big",
            "message is too large",
            "maximum message size",
            "exceeds fixed limit",
            "exceeds maximum size",
            "exceeded google's message size",
        ],
        phrase: Phrase {
            name: "message-too-large",
            meaning: "The message is over the size limit of the server or the recipient.",
            advice: &["Send less, or a link. Attachments grow by a third on the way."],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "presents a potential security",
            "potentially dangerous",
            "attachment type",
            "prohibited attachment",
            "file type is not allowed",
            "banned attachment",
        ],
        phrase: Phrase {
            name: "dangerous-attachment",
            meaning: "An attachment is of a type that the server never takes, even inside an archive.",
            advice: &["Share it by link, or in a form that the server takes."],
            said_by: "Gmail and others",
        },
    },
    Entry {
        says: &[
            "virus detected",
            "virus found",
            "contains a virus",
            "contained a virus",
            "contains virus",
            "infected with",
            "malware",
        ],
        phrase: Phrase {
            name: "virus",
            meaning: "A scanner found, or believes to have found, a virus.",
            advice: &["Check the sending machine. For a false alarm, show the file to the scanner's maker."],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "too many hops",
            "hop count exceeded",
            "too many received",
            "mail loop",
            "loops back to myself",
            "message looping",
        ],
        phrase: Phrase {
            name: "mail-loop",
            meaning: "The message has gone through too many servers: it runs in a circle.",
            advice: &["Read the Received lines: the names that repeat are the circle. Two forwardings, or an MX \
                       record to the wrong server, are usual."],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "no valid recipients",
            "valid rcpt command must precede",
            "need rcpt",
            "no recipients have been specified",
        ],
        phrase: Phrase {
            name: "no-recipient-left",
            meaning: "The message was to be sent, but no recipient had been accepted.",
            advice: &["Read the answers to RCPT TO: the reason is there."],
            said_by: "Postfix, Sendmail, Exim",
        },
    },
    Entry {
        says: &[
            "unsolicited",
            "identified as spam",
            "looks like spam",
            "considered spam",
            "spam message",
            "classified as spam",
            "spam detected",
            "detected as spam",
            "rejected as spam",
            "spam content",
            "spam score",
            "high spam",
            "looks like a spam",
            "spam mail",
        ],
        phrase: Phrase {
            name: "taken-for-spam",
            meaning: "A filter takes the message, or its sender, for spam.",
            advice: &[
                "Send a plain short text without links: if that passes, the content was the reason.",
                "Check SPF, DKIM, DMARC and block lists of the sender.",
                "The receiving administrator can see the score and allow the sender.",
            ],
            said_by: "All servers",
        },
    },
];
