//! Numbers that providers use beyond the registry, or ranges that are theirs by habit.

use crate::explain::record::{ASK, AUTHENTICATE, LOGIN, RECORD, REPUTATION, Record};
use crate::explain::source::Ref::{self, Web};

const EXCHANGE: Ref = Web(
    "Microsoft, NDR codes in Exchange Online",
    "learn.microsoft.com/en-us/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/\
     non-delivery-reports-in-exchange-online",
);
const GMAIL: Ref = Web("Google, SMTP errors and codes", "support.google.com/a/answer/3726730");

/// Codes outside IANA's registry that are often met.
pub(super) const VENDOR: &[Record] = &[
    Record {
        name: "1.20",
        title: "Two From addresses (Microsoft)",
        meaning: "The message names several authors in its From line and no Sender line says who sent it.",
        causes: &["A program that writes more than one address into From."],
        advice: &["Give one address in From, or add a Sender line."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "6.11",
        title: "Bare line feeds (Microsoft)",
        meaning: "A line of the message ends in LF alone, and the next server does not take that.",
        causes: &["A script or old device that writes LF in place of CR LF."],
        advice: &["Let every line end in CR LF."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.32",
        title: "From line not aligned (Gmail)",
        meaning: "SPF or DKIM pass, but for another domain than the one in the From line.",
        causes: &["A mailing service uses its own domain for both."],
        advice: &[AUTHENTICATE],
        refs: &[GMAIL],
        ..RECORD
    },
    Record {
        name: "7.54",
        title: "Relaying denied (Microsoft)",
        meaning: "The recipient's domain is not one of this organisation's, and you are not allowed to send out \
                  through it.",
        causes: &["A device or program sends to outside addresses without login or connector."],
        advice: &[LOGIN, "Or have a connector set up for the IP address of the device."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.57",
        title: "Login missing (Microsoft)",
        meaning: "The client did not log in and wants to send as a user of Microsoft 365 or Exchange.",
        causes: &[
            "A device sends to the submission host without AUTH, or its login failed silently.",
            "Authenticated SMTP is switched off.",
        ],
        advice: &[LOGIN, "For a device without login, use the MX host with a connector, to inside recipients."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.60",
        title: "May not send as this sender (Microsoft)",
        meaning: "The user who logged in has no right to send from the address in MAIL FROM or From.",
        causes: &["The sender set in the device differs from the login.", "The right Send As is missing."],
        advice: &["Use the user's own address, or have Send As granted."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.64",
        title: "Organisation not recognised (Microsoft)",
        meaning: "Microsoft 365 cannot tell for which customer the mail is, so it refuses to relay it.",
        causes: &[
            "The connector does not match the certificate or IP address that sends.",
            "The domain is not an accepted one.",
        ],
        advice: &["Compare the connector with the certificate name and the IP address that really sends."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.124",
        title: "Sender not on the group's list (Microsoft)",
        meaning: "The group takes mail only from certain senders.",
        causes: &["You are not among the allowed senders."],
        advice: &["Ask the owner of the group."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.133",
        title: "Group takes inside mail only (Microsoft)",
        meaning: "The group is set to take mail only from logged-in senders of its own organisation.",
        causes: &["You write from outside."],
        advice: &["Its owner can allow outside senders."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.139",
        title: "Password login blocked (Microsoft)",
        meaning: "The login was refused by rule, whether or not the password is right.",
        causes: &[
            "Authenticated SMTP is off for the mailbox or the organisation.",
            "Security defaults or conditional access block password login.",
            "Basic authentication has been retired: OAuth is needed.",
        ],
        advice: &["Ask the administrator to allow authenticated SMTP for this mailbox, or change to OAuth."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.509",
        title: "DMARC refused it (Microsoft)",
        meaning: "The message fails DMARC, and the domain in the From line asks receivers to reject such mail.",
        causes: &["SPF and DKIM do not cover the sending server, or pass for another domain."],
        advice: &[AUTHENTICATE],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.515",
        title: "Domain not authenticated enough (Microsoft)",
        meaning: "Outlook.com demands that SPF, DKIM and DMARC pass for domains that send much mail; they do not.",
        causes: &["One of the three records is missing or does not match the sending server."],
        advice: &[AUTHENTICATE],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.520",
        title: "Automatic forwarding forbidden (Microsoft)",
        meaning: "The organisation does not let its mailboxes forward to outside addresses by rule.",
        causes: &["An inbox rule or forwarding to an outside address."],
        advice: &["Its administrator can allow it in the outbound spam policy."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.705",
        title: "Organisation sends too much (Microsoft)",
        meaning: "The organisation has gone over its limit for outside mail and is stopped.",
        causes: &["A hacked account that sends spam.", "A mass mailing through normal mailboxes."],
        advice: &["Find the account that sends, secure it, then ask Microsoft support to lift the stop."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.708",
        title: "IP address not accepted (Microsoft)",
        meaning: "Microsoft takes no traffic from this IP address, often for new or trial organisations.",
        causes: &["A known bad address.", "A trial organisation without reputation."],
        advice: &[REPUTATION, "The organisation's administrator asks Microsoft support."],
        refs: &[EXCHANGE],
        ..RECORD
    },
    Record {
        name: "7.750",
        title: "Unregistered sending domain (Microsoft)",
        meaning: "The organisation relays mail from domains that it has not registered, and is stopped.",
        causes: &["A server or device behind the connector sends from a domain that is not registered."],
        advice: &["Add the domain to the organisation, or change the sender."],
        refs: &[EXCHANGE],
        ..RECORD
    },
];

/// X.7.606 to X.7.649.
pub(super) const BANNED: Record = Record {
    name: "",
    title: "IP address banned (Microsoft)",
    meaning: "Microsoft has put this IP address on its own block list.",
    causes: &["Spam was seen from the address."],
    advice: &["Ask for removal at sender.office.com.", REPUTATION],
    refs: &[EXCHANGE],
    ..RECORD
};

/// Any other number from X.7.500 to X.7.899.
pub(super) const RANGE: Record = Record {
    name: "",
    title: "Rule of Microsoft 365",
    meaning: "This number is not in the public registry. The range 500 to 899 is Microsoft's own, for rules of \
              Exchange Online and Outlook.com against spam and misuse.",
    causes: &["Reputation of IP address or domain.", "A limit or protection of the organisation."],
    advice: &["Look the number up in Microsoft's list of codes; the text often has a link.", ASK],
    refs: &[EXCHANGE],
    ..RECORD
};
