//! X.7.15 to X.7.30: priority, ownership, and the checks of sender and path.

use crate::explain::record::{ASK, AUTHENTICATE, RECORD, Record, SOURCE_IP};
use crate::explain::source::Ref::{Codes, Rfc};

const DKIM: &str = "Send a message to a mailbox elsewhere and read its Authentication-Results header for DKIM.";
const SPF: &str = "Read the SPF record of the MAIL FROM domain: does it hold the IP address that really sends?";
const RRVS: &str = "Ask the person for an address by another way; do not send secrets to this one.";

/// The codes about priority, ownership and authentication of mail.
pub(super) const POLICY: &[Record] = &[
    Record {
        name: "7.15",
        title: "Priority too low",
        meaning: "The server takes only mail of a higher priority than this one has, perhaps only for now.",
        causes: &["An emergency or overload mode of the server."],
        advice: &["Wait, or ask for a higher MT-PRIORITY if you may."],
        refs: &[Rfc(6710, "")],
        ..RECORD
    },
    Record {
        name: "7.16",
        title: "Too big for its priority",
        meaning: "Mail of this priority may not be as large as this message, perhaps only for now.",
        causes: &["A size limit that belongs to the priority."],
        advice: &["Send less, or with another priority."],
        refs: &[Rfc(6710, "")],
        ..RECORD
    },
    Record {
        name: "7.17",
        title: "Mailbox belongs to someone else now",
        meaning: "The sender asked for delivery only if the mailbox still has its old owner (RRVS), and it has not.",
        causes: &["The address was given up and handed to another person."],
        advice: &[RRVS],
        refs: &[Rfc(7293, "")],
        ..RECORD
    },
    Record {
        name: "7.18",
        title: "Domain belongs to someone else now",
        meaning: "The sender asked for delivery only to the old owner (RRVS), and the whole domain has changed hands.",
        causes: &["The domain expired or was sold."],
        advice: &[RRVS],
        refs: &[Rfc(7293, "")],
        ..RECORD
    },
    Record {
        name: "7.19",
        title: "Owner since when cannot be told",
        meaning: "The sender asked whether the mailbox still has its old owner (RRVS), and the server does not know \
                  since when.",
        causes: &["The server kept no date for the mailbox."],
        advice: &["Decide whether to send without this protection."],
        refs: &[Rfc(7293, "")],
        ..RECORD
    },
    Record {
        name: "7.20",
        title: "No valid DKIM signature",
        meaning: "The message has no DKIM signature that proves right, and this server demands one.",
        causes: &[
            "The sending server does not sign, or its key is not in DNS.",
            "The message was changed after it was signed.",
        ],
        advice: &[DKIM, "Look up the key at SELECTOR._domainkey.DOMAIN.", SOURCE_IP],
        refs: &[Rfc(7372, "3.1")],
        ..RECORD
    },
    Record {
        name: "7.21",
        title: "DKIM signature not good enough",
        meaning: "A signature proves right, but the server's rules do not accept it.",
        causes: &[
            "Key too short, weak algorithm, or parts of the message left out.",
            "A signature of a domain that the server does not count.",
        ],
        advice: &["Sign with a key of 2048 bits, and the whole message.", DKIM],
        refs: &[Rfc(7372, "3.1")],
        ..RECORD
    },
    Record {
        name: "7.22",
        title: "DKIM signature of another domain",
        meaning: "A signature proves right, but not for the domain in the From line.",
        causes: &["A mailing service signs with its own domain instead of yours."],
        advice: &["Let the service sign with the domain of the From line.", DKIM],
        refs: &[Rfc(7372, "3.1")],
        ..RECORD
    },
    Record {
        name: "7.23",
        title: "SPF does not allow this IP address",
        meaning: "The sender's domain lists who may send for it, and your IP address is not among them.",
        causes: &[
            "The real sending server, or a mailing service, is missing from the SPF record.",
            "The mail was forwarded, and the forwarder kept the sender.",
            "You test from an address that never sends for this domain.",
            "Gmail uses 4.7.23 when the PTR name does not lead back to the IP address.",
        ],
        advice: &[SPF, SOURCE_IP],
        refs: &[Rfc(7372, "3.2"), Rfc(7208, "8.4")],
        ..RECORD
    },
    Record {
        name: "7.24",
        title: "SPF record cannot be evaluated",
        meaning: "The check of the sender's SPF record ended in an error, not in a verdict.",
        causes: &[
            "A mistake in the record, or two records.",
            "More than ten DNS look-ups.",
            "DNS did not answer, if the class is 4.",
        ],
        advice: &["Test the record with an SPF checker and repair it."],
        refs: &[Rfc(7372, "3.2"), Rfc(7208, "8.6")],
        ..RECORD
    },
    Record {
        name: "7.25",
        title: "PTR name missing or wrong",
        meaning: "Your IP address has no name in DNS, or its name does not lead back to the address, and this server \
                  demands it.",
        causes: &["No PTR record.", "PTR and address record disagree.", "IPv6 is used without a PTR name."],
        advice: &[
            "Whoever owns the IP address, mostly the provider, must set the PTR; the name needs the same address.",
            "If only IPv6 lacks it, send over IPv4 meanwhile.",
            SOURCE_IP,
        ],
        refs: &[Rfc(7372, "3.3")],
        ..RECORD
    },
    Record {
        name: "7.26",
        title: "Several authentication checks failed",
        meaning: "Neither SPF nor DKIM vouches for the message, or DMARC says to refuse it. Gmail says this to all \
                  unauthenticated mail.",
        causes: &[
            "The domain has no SPF and DKIM, or they do not cover the sending server.",
            "SPF and DKIM pass for another domain than the From line.",
            "You test from an address that never sends for this domain.",
        ],
        advice: &[AUTHENTICATE, DKIM, SOURCE_IP],
        refs: &[Rfc(7372, "3.4")],
        ..RECORD
    },
    Record {
        name: "7.27",
        title: "Sender's domain takes no mail",
        meaning: "The sender's domain has a null MX record, so an answer or bounce could never reach it.",
        causes: &[
            "The sender uses a domain that declares to have no mail.",
            "Gmail uses the same number when SPF did not pass.",
        ],
        advice: &["Send from a domain that can receive mail.", SPF],
        refs: &[Rfc(7505, "")],
        ..RECORD
    },
    Record {
        name: "7.28",
        title: "Flood of mail",
        meaning: "The server sees an unusual mass of mail: from you, from your network, or to this recipient.",
        causes: &[
            "A mailing sent too fast, or from an IP address without a history.",
            "A hacked account or form that sends spam.",
        ],
        advice: &[
            "Send more slowly, and build volume up over weeks.",
            "Look through the queue for mail nobody meant to send.",
        ],
        refs: &[Codes],
        ..RECORD
    },
    Record {
        name: "7.29",
        title: "ARC chain does not hold",
        meaning: "The message was passed on by others, and the record of their checks (ARC) is broken.",
        causes: &[
            "A forwarder or list changed the message after sealing it.",
            "Gmail uses the same number for a connection without TLS.",
        ],
        advice: &["The operator of the forwarding server must repair its ARC sealing.", ASK],
        refs: &[Rfc(8617, "")],
        ..RECORD
    },
    Record {
        name: "7.30",
        title: "Next server cannot promise TLS",
        meaning: "The message may travel only encrypted all the way (REQUIRETLS), and the next server does not offer \
                  that.",
        causes: &[
            "The next server has no REQUIRETLS, or no valid certificate.",
            "Gmail uses the same number when DKIM did not pass.",
        ],
        advice: &["Send without REQUIRETLS if the content allows, or have the receiving server updated."],
        refs: &[Rfc(8689, "")],
        ..RECORD
    },
];
