//! EHLO keywords that are met in the field and stand in no registry.

use super::record::{RECORD, Record};
use super::source::Ref::{self, Rfc, Web};

/// RFC 5321 on names with an X, and on extensions in general.
const PRIVATE: &[Ref] = &[Rfc(5321, "4.1.5"), Rfc(5321, "2.2.2")];
const INSIDE: &str = "For servers of one organisation among themselves; of no use to others.";
const NOT_YOURS: &str = "Do not use it unless you run that server.";

/// Keywords without registration, by who offers them.
pub(super) const UNREGISTERED: &[Record] = &[
    Record {
        name: "XCLIENT",
        title: "Speak for another client (Postfix)",
        meaning: "The client may declare another IP address, name or login as its own. Meant for tests and for \
                  proxies in front of the server.",
        advice: &["Offered only to trusted addresses: if strangers see it, the server is open to abuse."],
        refs: &[Web("Postfix XCLIENT Howto", "www.postfix.org/XCLIENT_README.html")],
        ..RECORD
    },
    Record {
        name: "XFORWARD",
        title: "Tell who the first client was (Postfix)",
        meaning: "A filter in front hands on the true client's address for the log. It gives no rights.",
        advice: &["Normal between a filter and Postfix; strangers should not see it."],
        refs: &[Web("Postfix XFORWARD Howto", "www.postfix.org/XFORWARD_README.html")],
        ..RECORD
    },
    Record {
        name: "XVERP",
        title: "Bounce address for each recipient (Postfix)",
        meaning: "For mailing lists: the server writes the recipient into the sender's address, so that bounces tell \
                  who it was.",
        advice: &[NOT_YOURS],
        refs: &[Web("Postfix VERP Howto", "www.postfix.org/VERP_README.html")],
        ..RECORD
    },
    Record {
        name: "VERP",
        title: "Bounce address for each recipient",
        meaning: "For mailing lists: the server writes the recipient into the sender's address (Courier).",
        advice: &[NOT_YOURS],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "PRDR",
        title: "An answer for each recipient (Exim)",
        meaning: "After the message, the server answers separately for each recipient, so that one can refuse what \
                  another takes.",
        advice: &["Add PRDR to MAIL FROM to use it."],
        refs: &[Web("PRDR draft", "datatracker.ietf.org/doc/draft-hall-prdr/")],
        ..RECORD
    },
    Record {
        name: "PIPECONNECT",
        title: "Commands before the greeting (Exim)",
        meaning: "A client that remembers this server may send EHLO and more at once when it connects next time.",
        advice: &["Nothing to do: only Exim uses it, with Exim."],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "X_PIPE_CONNECT",
        title: "Commands before the greeting (Exim, old name)",
        meaning: "The earlier name of PIPECONNECT.",
        advice: &["Nothing to do."],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "X-ANONYMOUSTLS",
        title: "TLS among Exchange servers",
        meaning: "Exchange servers of one organisation encrypt between themselves without checking certificates.",
        advice: &["Use STARTTLS instead; this one works only between Exchange servers."],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "X-EXPS",
        title: "Login among Exchange servers",
        meaning: "Exchange servers log in to each other with Windows methods. Its words are the methods.",
        advice: &["Use AUTH instead."],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "X-LINK2STATE",
        title: "Routing news (old Exchange)",
        meaning: "Exchange 2000 and 2003 exchanged routing tables with it.",
        advice: &["It names a very old server, or a newer one that is polite to it. Nothing to do."],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XEXCH50",
        title: "Exchange properties",
        meaning: "Exchange servers pass on mailbox properties with the mail.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XRDST",
        title: "Exchange recipient data",
        meaning: "Exchange servers of one organisation pass on routing details of recipients.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XSHADOW",
        title: "Spare copy (Exchange)",
        meaning: "Exchange keeps a second copy of mail on another server until it is delivered.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XSHADOWREQUEST",
        title: "Ask for a spare copy (Exchange)",
        meaning: "Part of the same spare-copy scheme as XSHADOW, in newer versions.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XPROXY",
        title: "Speak for a client (Exchange)",
        meaning: "An Exchange front server passes on whom it speaks for.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XPROXYFROM",
        title: "Name the first client (Exchange)",
        meaning: "An Exchange front server passes on the address of the true client.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XPROXYTO",
        title: "Name the next server (Exchange)",
        meaning: "One Exchange server asks another to pass the connection on.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XOORG",
        title: "Name the organisation (Exchange)",
        meaning: "Exchange, on site and in the cloud, tells which organisation the mail is from.",
        advice: &["Seen in hybrid set-ups; offered only with TLS."],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "XSYSPROBE",
        title: "Self-test mail (Exchange)",
        meaning: "Marks test mail by which Exchange watches itself.",
        advice: &[INSIDE],
        refs: PRIVATE,
        ..RECORD
    },
    Record {
        name: "X-RCPTLIMIT",
        title: "Most recipients",
        meaning: "How many recipients a message may have; a forerunner of LIMITS RCPTMAX.",
        advice: &["Split messages with more recipients."],
        refs: PRIVATE,
        ..RECORD
    },
];

/// What a firewall leaves of a keyword that it does not like.
pub(super) const MASKED: Record = Record {
    name: "",
    title: "Overwritten by a firewall",
    meaning: "A device between you and the server, typically a Cisco firewall with SMTP inspection, has painted over \
              a keyword, most often STARTTLS.",
    causes: &["SMTP or ESMTP inspection (fixup) on a firewall at either end."],
    advice: &["Turn the inspection off, or allow TLS in it; until then the connection cannot be encrypted."],
    refs: PRIVATE,
    ..RECORD
};
