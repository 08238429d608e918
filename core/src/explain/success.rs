//! Reply codes that say yes, or go on: 2yz and 3yz.

use super::ReplyStep;
use super::record::{AT, At, RECORD, Record};
use super::source::Ref::Rfc;

/// The 2yz and 3yz reply codes.
pub(super) const SUCCESS: &[Record] = &[
    Record {
        name: "211",
        title: "Server status",
        meaning: "The server tells how it is doing, or gives a line of help. Nothing about any mail has changed.",
        causes: &["HELP, or a private status command, was sent."],
        advice: &["Read the text; there is nothing to do."],
        refs: &[Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "214",
        title: "Help text",
        meaning: "The server answers HELP with text for a person, often the list of commands it knows. Programs \
                  ignore it.",
        causes: &["HELP was sent."],
        advice: &["A list of commands here is only a claim: what counts is what EHLO offers."],
        refs: &[Rfc(5321, "4.1.1.8"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "220",
        title: "Ready",
        meaning: "The server is there and ready for a command. The first word should be its own host name.",
        causes: &["A connection was opened to a working SMTP server."],
        advice: &["Go on with EHLO and your own host name."],
        at: &[
            At {
                steps: &[ReplyStep::Greeting],
                meaning: "The server is there and willing to talk. The first word should be its own host name; ESMTP \
                          in the text says that it understands EHLO.",
                advice: &[
                    "Go on with EHLO and your own host name.",
                    "If the text is a row of asterisks, a firewall between you and the server rewrites SMTP; turn its \
                     SMTP inspection off.",
                ],
                ..AT
            },
            At {
                steps: &[ReplyStep::StartTls],
                title: "Ready for TLS",
                meaning: "The server agrees to encrypt: the next bytes in either direction are the TLS handshake.",
                causes: &["STARTTLS was sent to a server that has a certificate."],
                advice: &[
                    "Begin the TLS handshake at once, then send EHLO again: what the server offered before no longer \
                     counts.",
                ],
            },
        ],
        refs: &[Rfc(5321, "3.1"), Rfc(3207, "4"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "221",
        title: "Goodbye",
        meaning: "The server says goodbye and closes the connection. Mail that it accepted with 250 before stays \
                  accepted.",
        causes: &["QUIT was sent.", "Some servers say it when they end an idle or unwanted connection by themselves."],
        advice: &["Nothing to do after QUIT. If nobody sent QUIT, read the text for the reason."],
        refs: &[Rfc(5321, "4.1.1.10"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "235",
        title: "Logged in",
        meaning: "The user name and password, or the token, were right. The connection now belongs to that user.",
        causes: &["AUTH was completed."],
        advice: &["Go on with MAIL FROM, with a sender address that this user may use."],
        refs: &[Rfc(4954, "6")],
        ..RECORD
    },
    Record {
        name: "250",
        title: "Done",
        meaning: "The server did what the command asked.",
        causes: &["The command was acceptable."],
        advice: &["Take the next step."],
        at: &[
            At {
                steps: &[ReplyStep::Hello],
                title: "Hello accepted",
                meaning: "The server accepts the greeting. After EHLO, each further line names one extension that it \
                          offers.",
                advice: &["Read the list: only what stands there may be used. Go on with STARTTLS, AUTH or MAIL FROM."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Mail],
                title: "Sender accepted",
                meaning: "The server will take a message from this sender. Many servers judge the sender only later, \
                          at RCPT TO or after the message.",
                advice: &["Go on with RCPT TO."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Rcpt],
                title: "Recipient accepted",
                meaning: "The server will take the message for this recipient. That is no proof that the mailbox \
                          exists: some servers accept every name and bounce later.",
                advice: &[
                    "Go on with another RCPT TO, or DATA.",
                    "To see whether the server checks names at all, try a recipient that cannot exist.",
                ],
                ..AT
            },
            At {
                steps: &[ReplyStep::Body],
                title: "Message accepted",
                meaning: "The server has taken the whole message and is now responsible for it. Whatever happens to \
                          it from here on, this server must deliver it or report back.",
                causes: &["The message passed every check that the server makes while you wait."],
                advice: &[
                    "Note the queue id in the text: the server's administrator finds the message in the log with it.",
                    "If it does not arrive, look in the junk folder and the quarantine, then ask for the log under \
                     that id.",
                ],
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(5321, "4.2.5")],
        ..RECORD
    },
    Record {
        name: "251",
        title: "Not here, but will be forwarded",
        meaning: "The recipient has moved elsewhere; this server takes the mail and sends it on to the address in the \
                  text.",
        causes: &["A forwarding is set up for this recipient."],
        advice: &["Nothing is wrong. Update your address book with the new address."],
        refs: &[Rfc(5321, "3.4"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "252",
        title: "Will not say whether the user exists",
        meaning: "The server neither confirms nor denies the address, but would take mail for it and try. It is the \
                  polite way to decline VRFY.",
        causes: &[
            "The server hides its users from address harvesters.",
            "It relays for the domain and does not know the names.",
        ],
        advice: &["Ask with RCPT TO instead; RSET afterwards sends nothing."],
        refs: &[Rfc(5321, "3.5.3"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "334",
        title: "Login goes on",
        meaning: "The server waits for the next part of the login. Its text is base64: VXNlcm5hbWU6 is Username:, \
                  UGFzc3dvcmQ6 is Password:. After a failed XOAUTH2 login it holds the reason.",
        causes: &["AUTH was begun."],
        advice: &["Send the answer in base64 on a line of its own, or a single * to give up."],
        refs: &[Rfc(4954, "4")],
        ..RECORD
    },
    Record {
        name: "354",
        title: "Send the message now",
        meaning: "Sender and recipients are settled. Everything you send next is the message, until a line with \
                  nothing but a dot.",
        causes: &["DATA was sent after an accepted recipient."],
        advice: &[
            "Send header, empty line and text, then CR LF dot CR LF. A line of the text that begins with a dot gets a \
             second one.",
            "There is no way back from here except closing the connection.",
        ],
        refs: &[Rfc(5321, "4.1.1.4"), Rfc(5321, "4.5.2")],
        ..RECORD
    },
];
