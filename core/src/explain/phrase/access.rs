//! Login, relaying, unknown addresses and names.

use super::{Entry, Phrase};

/// Login, relaying, unknown addresses and names.
pub(super) const ACCESS: &[Entry] = &[
    // First: it speaks of the others in the plural.
    Entry {
        says: &[
            "too many errors",
            "too many syntax or protocol errors",
            "too many bad commands",
            "too many unrecognized commands",
            "too many nonmail commands",
            "too many invalid recipients",
            "too many unknown recipients",
        ],
        phrase: Phrase {
            name: "too-many-errors",
            meaning: "There were too many refused commands or recipients in this connection, so the server ends it.",
            advice: &["Read the first refusal further up; connect anew for the next try."],
            said_by: "Postfix, Exim, Exchange",
        },
    },
    Entry {
        says: &["smtpclientauthentication is disabled"],
        phrase: Phrase {
            name: "smtp-auth-disabled",
            meaning: "Login by SMTP is switched off for this mailbox or the whole organisation. The password was not \
                      even judged.",
            advice: &[
                "The administrator allows authenticated SMTP for the mailbox, or the device is changed to OAuth or a \
                 connector.",
            ],
            said_by: "Microsoft 365",
        },
    },
    Entry {
        says: &["basic authentication is disabled", "security defaults policy", "conditional access policy"],
        phrase: Phrase {
            name: "password-login-blocked",
            meaning: "The organisation's rules forbid a login with nothing but name and password.",
            advice: &["Use OAuth, or have the administrator make an exception for this mailbox."],
            said_by: "Microsoft 365",
        },
    },
    Entry {
        says: &["application-specific password", "app password", "invalidsecondfactor"],
        phrase: Phrase {
            name: "app-password-required",
            meaning: "The account uses two-step sign-in, so its normal password does not work for mail programs.",
            advice: &["Make an app password in the account's security page and log in with it, or use OAuth."],
            said_by: "Gmail, Yahoo and others",
        },
    },
    Entry {
        says: &[
            "too many login attempts",
            "too many failed login",
            "too many authentication fail",
            "account locked",
            "account is locked",
        ],
        phrase: Phrase {
            name: "too-many-logins",
            meaning: "After many logins the account or your IP address is locked out for a while.",
            advice: &["Stop every device that has the old password, wait some hours, and try once."],
            said_by: "Gmail, Microsoft 365 and others",
        },
    },
    Entry {
        says: &[
            "sendasdenied",
            "send as denied",
            "permissions to send as this sender",
            "not owned by user",
            "not permitted to send as",
            "not allowed to send from",
            "not authorized to send from",
            "rejected: not logged in",
        ],
        phrase: Phrase {
            name: "send-as-denied",
            meaning: "The sender address does not belong to the user who is logged in, or nobody is logged in.",
            advice: &["Send from the address of the login, or have the right to send as that address granted."],
            said_by: "Exchange, Microsoft 365, Postfix",
        },
    },
    Entry {
        says: &["client was not authenticated", "client not authenticated"],
        phrase: Phrase {
            name: "client-not-authenticated",
            meaning: "The server takes this only from a client that has logged in.",
            advice: &[
                "Log in with AUTH on port 587 after STARTTLS.",
                "To deliver from outside, use the domain's MX host on port 25.",
            ],
            said_by: "Exchange, Microsoft 365",
        },
    },
    Entry {
        says: &[
            "username and password not accepted",
            "authentication unsuccessful",
            "authentication failed",
            "authentication credentials invalid",
            "incorrect authentication data",
            "invalid credentials",
            "bad username or password",
            "invalid login",
            "authentication failure",
        ],
        phrase: Phrase {
            name: "login-failed",
            meaning: "User name, password or token were not accepted; the server does not say which part is wrong.",
            advice: &[
                "Try the same login in web mail.",
                "Use the whole mail address as user name, and an app password where two-step sign-in is on.",
            ],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "must issue a starttls",
            "starttls first",
            "starttls is required",
            "starttls required",
            "encryption required",
            "tls required",
            "requires tls",
        ],
        phrase: Phrase {
            name: "starttls-first",
            meaning: "The server wants encryption before anything else.",
            advice: &["Send STARTTLS, complete TLS, then EHLO again."],
            said_by: "Postfix, Gmail, Microsoft 365 and others",
        },
    },
    Entry {
        says: &["tls not available", "tls currently unavailable", "tls temporarily unavailable"],
        phrase: Phrase {
            name: "tls-not-available",
            meaning: "The server offers STARTTLS but cannot do it, almost always because of its certificate or key.",
            advice: &["Tell the server's administrator; send nothing secret in clear text."],
            said_by: "Postfix, Sendmail, Exchange",
        },
    },
    Entry {
        says: &[
            "authentication required",
            "authentication is required",
            "must authenticate first",
            "must authenticate before",
            "you must authenticate",
            "must be authenticated",
            "smtp auth required",
            "need to authenticate",
            "login required",
        ],
        phrase: Phrase {
            name: "authentication-required",
            meaning: "The server takes mail only from users who log in.",
            advice: &[
                "Log in with AUTH on port 587 or 465.",
                "To deliver from outside, use the domain's MX host on port 25.",
            ],
            said_by: "All submission servers",
        },
    },
    Entry {
        says: &[
            "relay access denied",
            "relaying denied",
            "relay not permitted",
            "unable to relay",
            "relaying not allowed",
            "relaying is not allowed",
            "relay denied",
            "not permitted to relay",
            "not allowed to relay",
            "relay not allowed",
            "do not relay",
            "relaying prohibited",
            "list of allowed rcpthosts",
        ],
        phrase: Phrase {
            name: "relaying-denied",
            meaning: "The recipient's domain is not one of this server's, and it does not send on for strangers. That \
                      is how it must be; an open relay would be misused at once.",
            advice: &[
                "To send out through this server: log in, or have your IP address allowed.",
                "To deliver to the domain: connect to its MX host. If this is the MX host, the domain is missing in \
                 its configuration.",
            ],
            said_by: "Postfix, Sendmail, Exim, Exchange, qmail, chasquid",
        },
    },
    Entry {
        says: &["recipient address rejected: access denied"],
        phrase: Phrase {
            name: "unknown-at-edge",
            meaning: "The organisation's directory does not know the recipient, so mail is refused at the edge.",
            advice: &[
                "Check the address. For an address that exists only on site, synchronise it to the cloud or set the \
                 domain to internal relay.",
            ],
            said_by: "Microsoft 365",
        },
    },
    Entry {
        says: &["user unknown in virtual mailbox table", "user unknown in virtual alias table"],
        phrase: Phrase {
            name: "user-unknown-virtual",
            meaning: "The domain is served here, and the mailbox is not in the table of virtual mailboxes or aliases.",
            advice: &[
                "Check the address.",
                "On the server: look into virtual_mailbox_maps and virtual_alias_maps, or the database behind them.",
            ],
            said_by: "Postfix",
        },
    },
    Entry {
        says: &["user unknown in local recipient table"],
        phrase: Phrase {
            name: "user-unknown-local",
            meaning: "Postfix takes the domain for a local one, and there is neither a system user nor an alias of \
                      that name.",
            advice: &[
                "Check the address.",
                "On the server: is the domain in mydestination by mistake? It must not be there and in a virtual \
                 table as well.",
            ],
            said_by: "Postfix",
        },
    },
    Entry {
        says: &["user unknown in relay recipient table"],
        phrase: Phrase {
            name: "user-unknown-relay",
            meaning: "Postfix passes mail of this domain to another server and has a list of its users; this one is \
                      not on it.",
            advice: &["Check the address.", "On the gateway: bring relay_recipient_maps up to date."],
            said_by: "Postfix",
        },
    },
    Entry {
        says: &["address verification in progress", "unverified address", "unverified recipient", "unverified sender"],
        phrase: Phrase {
            name: "address-not-verified",
            meaning: "The server first asks the server of that address whether it exists. Either it is still asking, \
                      or the answer was no.",
            advice: &[
                "If temporary, repeat in a few minutes.",
                "If it stays, the server behind the address is not reachable or does not know it.",
            ],
            said_by: "Postfix",
        },
    },
    Entry {
        says: &[
            "sender verify failed",
            "sender verification failed",
            "callback verification",
            "could not complete sender verify",
        ],
        phrase: Phrase {
            name: "sender-verify-failed",
            meaning: "The server asked whether the sender's address could take an answer, and it could not.",
            advice: &[
                "Use a sender that exists and whose MX host answers.",
                "Look at the sender domain's MX host: it must accept the empty sender.",
            ],
            said_by: "Exim",
        },
    },
    Entry {
        says: &["unrouteable address", "unroutable address"],
        phrase: Phrase {
            name: "unroutable-address",
            meaning: "The server found no way for the address: no such user here, or a domain without mail.",
            advice: &["Check the address, and the MX records of its domain."],
            said_by: "Exim",
        },
    },
    Entry {
        says: &[
            "user unknown",
            "unknown user",
            "no such user",
            "user not found",
            "recipient not found",
            "recipientnotfound",
            "mailbox not found",
            "no mailbox here by that name",
            "no such recipient",
            "recipient unknown",
            "unknown recipient",
            "invalid recipient",
            "no such mailbox",
            "tried to reach does not exist",
            "user doesn't exist",
            "user does not exist",
            "mailbox does not exist",
        ],
        phrase: Phrase {
            name: "user-unknown",
            meaning: "The server has no mailbox of that name.",
            advice: &[
                "Check the address, with the recipient if need be.",
                "If it is right, look whether the MX record leads to the server that has the mailbox.",
            ],
            said_by: "All servers",
        },
    },
    Entry {
        says: &[
            "mailbox disabled",
            "mailbox is disabled",
            "account disabled",
            "account is disabled",
            "account has been disabled",
            "mailbox is inactive",
            "account is inactive",
            "tried to reach is inactive",
        ],
        phrase: Phrase {
            name: "mailbox-disabled",
            meaning: "The mailbox existed but is switched off.",
            advice: &["Reach the person in another way; their administrator can say more."],
            said_by: "Gmail, Yahoo, Outlook.com and others",
        },
    },
    Entry {
        says: &[
            "cannot find your reverse hostname",
            "cannot find your hostname",
            "does not have a ptr",
            "no ptr record",
            "missing ptr",
            "reverse dns",
            "reverse hostname",
        ],
        phrase: Phrase {
            name: "missing-ptr",
            meaning: "Your IP address has no name in DNS, or the name does not lead back to it.",
            advice: &["Whoever owns the IP address must set its PTR, and the name needs the same address."],
            said_by: "Postfix, Gmail and others",
        },
    },
    Entry {
        says: &["ipv6 sending guidelines"],
        phrase: Phrase {
            name: "ipv6-guidelines",
            meaning: "Over IPv6, Gmail takes mail only from addresses with a PTR name and with SPF or DKIM that pass.",
            advice: &["Set the PTR of the IPv6 address and SPF or DKIM, or send over IPv4 meanwhile."],
            said_by: "Gmail",
        },
    },
    Entry {
        says: &["need fully-qualified", "need fully qualified"],
        phrase: Phrase {
            name: "hello-not-a-full-name",
            meaning: "The name in EHLO, or the domain of an address, has no dot. The word before it in the text tells \
                      which.",
            advice: &["Use a full name such as client.example.org."],
            said_by: "Postfix",
        },
    },
    Entry {
        says: &["helo command rejected", "ehlo command rejected", "invalid helo", "bad helo"],
        phrase: Phrase {
            name: "hello-rejected",
            meaning: "The name in EHLO or HELO is refused: it does not exist, is a bare address, or is the server's \
                      own.",
            advice: &[
                "Use the name that the PTR record of your IP address gives.",
                "Servers often say so only at RCPT TO, although EHLO is the reason.",
            ],
            said_by: "Postfix",
        },
    },
    Entry {
        says: &[
            "sender address rejected: domain not found",
            "domain of sender address",
            "sender domain must exist",
            "sender domain does not exist",
            "sender address rejected: malformed dns",
        ],
        phrase: Phrase {
            name: "sender-domain-not-found",
            meaning: "The sender's domain could not be found in DNS.",
            advice: &["Check its spelling and its MX and address records. An internal domain does not work outside."],
            said_by: "Postfix, Sendmail",
        },
    },
];
