//! Block lists, pace, patience and room.

use super::{Entry, Phrase};

/// Block lists, pace, patience and room.
pub(super) const TRAFFIC: &[Entry] = &[
    Entry {
        says: &["spamhaus"],
        phrase: Phrase {
            name: "listed-at-spamhaus",
            meaning: "Your IP address, name or a domain in the message is on a list of Spamhaus. The policy list \
                      (PBL) holds home and cloud addresses that should not send directly.",
            advice: &[
                "Look the address up at check.spamhaus.org; it says which list, why, and how to get off.",
                "From a home or cloud address, send through your provider's server instead.",
                "An error text about public resolvers means that the receiving server asks wrongly; its administrator \
                 must repair that.",
            ],
            said_by: "Spamhaus, through any server",
        },
    },
    Entry {
        says: &["barracudacentral", "barracuda reputation"],
        phrase: Phrase {
            name: "listed-at-barracuda",
            meaning: "Your IP address has a poor reputation at Barracuda.",
            advice: &["Ask for removal at barracudacentral.org once the cause is gone."],
            said_by: "Barracuda",
        },
    },
    Entry {
        says: &["spamcop"],
        phrase: Phrase {
            name: "listed-at-spamcop",
            meaning: "Users have reported spam from your IP address in the last day or so.",
            advice: &["Find the source of the spam; the entry goes away by itself after a day without reports."],
            said_by: "SpamCop",
        },
    },
    Entry {
        says: &["ipcheck.proofpoint", "proofpoint.com/"],
        phrase: Phrase {
            name: "listed-at-proofpoint",
            meaning: "Your IP address is blocked by Proofpoint's reputation service.",
            advice: &["Look it up at ipcheck.proofpoint.com and ask for removal there."],
            said_by: "Proofpoint",
        },
    },
    Entry {
        says: &[
            "is on our block list",
            "are on our block list",
            "banned sending ip",
            "(s3140)",
            "(s3150)",
            "sender.office.com",
            "messages weren't sent. please contact your internet service provider",
        ],
        phrase: Phrase {
            name: "listed-at-microsoft",
            meaning: "Microsoft blocks your IP address, or the network it is in.",
            advice: &["Ask for removal at sender.office.com, or for Outlook.com through its sender support page."],
            said_by: "Microsoft 365, Outlook.com",
        },
    },
    Entry {
        says: &["unexpected volume or user complaints", "[tss0", "[ts0", "[tss1"],
        phrase: Phrase {
            name: "deferred-by-yahoo",
            meaning: "Yahoo slows your IP address down because of complaints or an unusual volume.",
            advice: &["Send more slowly, and only to people who want it; the brake loosens after hours."],
            said_by: "Yahoo, AOL",
        },
    },
    Entry {
        says: &[
            "blocked using",
            "dnsbl",
            " rbl",
            "blacklist",
            "blocklist",
            "block list",
            "listed in",
            "listed at",
            "listed by",
            "poor reputation",
            "bad reputation",
        ],
        phrase: Phrase {
            name: "block-list",
            meaning: "A block list holds your IP address or a domain in the message. The text names the list.",
            advice: &[
                "Look up the reason at the list's page and remove the cause before you ask for removal.",
                "The server judges the address you test from, which may not be that of the real mail server.",
            ],
            said_by: "All servers",
        },
    },
    Entry {
        says: &["greylist", "graylist", "grey list", "grey-list"],
        phrase: Phrase {
            name: "greylisting",
            meaning: "A first contact is turned away once on purpose. A mail server comes back after some minutes and \
                      is let in; spam programs seldom do.",
            advice: &[
                "Wait five to fifteen minutes and repeat with the same sender, recipient and IP address.",
                "A program or device that does not repeat must send through a real mail server.",
            ],
            said_by: "Postfix with Postgrey, Exim, Rspamd and many others",
        },
    },
    Entry {
        says: &["service currently unavailable"],
        phrase: Phrase {
            name: "first-contact-test",
            meaning: "Postfix has tested your IP address, which passed, and now wants you to connect once more.",
            advice: &["Connect again after a moment; this time you reach the real server."],
            said_by: "Postfix (postscreen)",
        },
    },
    Entry {
        says: &[
            "synchronization error",
            "protocol error",
            "pregreet",
            "spoke too early",
            "talked too soon",
            "out of turn",
        ],
        phrase: Phrase {
            name: "talked-too-early",
            meaning: "The client sent something before the server had finished speaking. Spam programs do that, so \
                      the server hangs up.",
            advice: &[
                "Wait for the whole greeting, and for each answer.",
                "A TLS handshake on a port without TLS looks the same: use 465 for TLS from the start.",
            ],
            said_by: "Exim, Postfix",
        },
    },
    Entry {
        says: &["improper command pipelining", "improper use of smtp command pipelining"],
        phrase: Phrase {
            name: "wrong-pipelining",
            meaning: "Several commands were sent at once where that is not allowed: before EHLO offered PIPELINING, \
                      or after a command that must be waited for.",
            advice: &["Wait for each answer."],
            said_by: "Postfix, Sendmail",
        },
    },
    Entry {
        says: &[
            "too many connections",
            "too many concurrent",
            "too many simultaneous",
            "connection rate limit",
            "connection limit",
            "too many open connections",
        ],
        phrase: Phrase {
            name: "too-many-connections",
            meaning: "More connections from your IP address than the server allows at the same time or per minute.",
            advice: &["Close old connections, wait some minutes, and open fewer."],
            said_by: "Postfix, Exim, Gmail and others",
        },
    },
    Entry {
        says: &[
            "timeout exceeded",
            "timeout waiting",
            "idle timeout",
            "command timeout",
            "incoming data timeout",
            "connection timed out due to inactivity",
            "idle for too long",
        ],
        phrase: Phrase {
            name: "waited-too-long",
            meaning: "The server heard nothing for longer than it is willing to wait.",
            advice: &["Connect anew; NOOP keeps the line alive while you think."],
            said_by: "Postfix, Exim, Exchange",
        },
    },
    Entry {
        says: &["server busy. please try again later", "is temporarily rate limited", "throttled"],
        phrase: Phrase {
            name: "server-slows-you-down",
            meaning: "Microsoft does not know your IP address or organisation well enough, and lets only a little \
                      through for now.",
            advice: &["Let the queue repeat; build volume up slowly. It passes after hours or days of clean mail."],
            said_by: "Microsoft 365",
        },
    },
    Entry {
        says: &["unusual rate", "unsolicited mail originating from your"],
        phrase: Phrase {
            name: "unusual-rate",
            meaning: "Gmail sees more mail than usual from your IP address, domain or network.",
            advice: &["Send more slowly, check for a hacked account, and see that SPF, DKIM and DMARC pass."],
            said_by: "Gmail",
        },
    },
    Entry {
        says: &["very low reputation", "low reputation of the sending", "likely suspicious due to"],
        phrase: Phrase {
            name: "low-reputation",
            meaning: "Gmail trusts neither the IP address nor the domain because of what came from there before.",
            advice: &["Look into Postmaster Tools; send only to people who want it, and for weeks."],
            said_by: "Gmail",
        },
    },
    Entry {
        says: &[
            "rate limit",
            "sending limit",
            "sending quota",
            "exceeded the max emails per hour",
            "too many messages",
            "daily user sending",
            "message rate",
            "limit exceeded for sender",
            "recipient rate",
        ],
        phrase: Phrase {
            name: "sending-limit",
            meaning: "A limit on how much this sender, login or IP address may send in a time is reached.",
            advice: &[
                "Wait for the next hour or day; for more, use a mailing service.",
                "If nobody sent so much, look for a hacked account.",
            ],
            said_by: "All servers",
        },
    },
    Entry {
        says: &["receiving mail too quickly", "receiving mail at a rate"],
        phrase: Phrase {
            name: "receives-too-much",
            meaning: "The recipient gets more mail at present than Gmail lets in.",
            advice: &["Let the queue repeat. A script that mails one mailbox in a loop is the usual cause."],
            said_by: "Gmail",
        },
    },
    Entry {
        says: &["too many recipients", "recipient limit", "maximum number of recipients"],
        phrase: Phrase {
            name: "too-many-recipients",
            meaning: "The message has more recipients than the server takes at once.",
            advice: &["Split it; the recipients accepted so far still stand."],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "insufficient system storage",
            "insufficient system resources",
            "insufficient resources",
            "insufficient disk space",
            "not enough disk space",
        ],
        phrase: Phrase {
            name: "server-out-of-room",
            meaning: "The server is short of disk or memory and takes nothing for now. Exchange calls it back \
                      pressure.",
            advice: &["The server's administrator must free disk space; no mail is lost while the sender's queue \
                       repeats."],
            said_by: "Exchange, Postfix",
        },
    },
    Entry {
        says: &[
            "mailbox full",
            "mailbox is full",
            "over quota",
            "overquota",
            "over-quota",
            "quota exceeded",
            "out of storage space",
            "exceeded storage",
            "exceeds quota",
            "disk quota",
            "inbox is full",
            "quota",
        ],
        phrase: Phrase {
            name: "mailbox-full",
            meaning: "The recipient's mailbox has no room left.",
            advice: &["Reach the recipient in another way; only they, or their administrator, can make room."],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "server configuration error",
            "server configuration problem",
            "temporary lookup failure",
            "local configuration error",
            "local problem",
            "internal server error",
            "temporary local problem",
        ],
        phrase: Phrase {
            name: "server-set-up-wrongly",
            meaning: "A table, database or filter of the server does not work. It has nothing to do with your message.",
            advice: &["Tell the server's administrator the time: their log names the broken part."],
            said_by: "Postfix, Exim, Sendmail",
        },
    },
    Entry {
        says: &["client host rejected"],
        phrase: Phrase {
            name: "client-rejected",
            meaning: "A rule refuses your IP address or its name, whatever the message.",
            advice: &[
                "Check PTR name and block lists for the address.",
                "If you run the server, look at the access tables in smtpd_client_restrictions.",
            ],
            said_by: "Postfix",
        },
    },
];
