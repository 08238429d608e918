//! The commands that a client can send.

use super::record::{RECORD, Record};
use super::source::Ref::{Rfc, Web};

/// The commands, in the order of a conversation, the rare ones last.
pub(super) const COMMANDS: &[Record] = &[
    Record {
        name: "EHLO",
        title: "Greet, and ask what is offered",
        meaning: "The client names itself; the server answers with its list of extensions. Begins every conversation, \
                  and is said again after STARTTLS.",
        causes: &["A server that does not know it answers 500 or 502: then HELO."],
        advice: &["Give your full host name; servers compare it with DNS and your IP address."],
        usage: "EHLO client.example.org",
        refs: &[Rfc(5321, "4.1.1.1")],
        ..RECORD
    },
    Record {
        name: "HELO",
        title: "Greet the old way",
        meaning: "The client names itself, without asking for extensions. Then no STARTTLS, AUTH or SIZE can be used.",
        causes: &["Old devices, and servers that do not know EHLO."],
        advice: &["Try EHLO first."],
        usage: "HELO client.example.org",
        refs: &[Rfc(5321, "4.1.1.1")],
        ..RECORD
    },
    Record {
        name: "LHLO",
        title: "Greet in LMTP",
        meaning: "Takes the place of EHLO in LMTP, the protocol for handing mail to a mailbox store. After the \
                  message there is an answer for each recipient.",
        causes: &["An SMTP server refuses it; an LMTP server refuses EHLO."],
        advice: &["Use it on LMTP ports only, usually 24."],
        usage: "LHLO client.example.org",
        refs: &[Rfc(2033, "4.1")],
        ..RECORD
    },
    Record {
        name: "STARTTLS",
        title: "Switch to encryption",
        meaning: "After the answer 220 both sides begin TLS on the same connection. What was said before is forgotten.",
        causes: &["It works only where EHLO offers it."],
        advice: &["Send EHLO again afterwards."],
        usage: "STARTTLS",
        refs: &[Rfc(3207, "4")],
        ..RECORD
    },
    Record {
        name: "AUTH",
        title: "Log in",
        meaning: "Begins a login with one of the methods that EHLO offers. Name and password go as base64, which \
                  hides nothing.",
        causes: &["Needed on ports 587 and 465; not meant for delivery to an MX host."],
        advice: &["Encrypt first. Never paste the base64 into a ticket: it is the password."],
        usage: "AUTH PLAIN [base64]",
        refs: &[Rfc(4954, "4")],
        ..RECORD
    },
    Record {
        name: "MAIL",
        title: "Begin a message: the sender",
        meaning: "Names the envelope sender, to whom bounces go. It need not be the From line that the recipient sees.",
        causes: &["<> is the empty sender, for bounces and automatic replies."],
        advice: &["No space after the colon. Angle brackets are required."],
        usage: "MAIL FROM:<sender@example.org> [SIZE=12345] [BODY=8BITMIME] [SMTPUTF8]",
        refs: &[Rfc(5321, "4.1.1.2")],
        ..RECORD
    },
    Record {
        name: "RCPT",
        title: "Name a recipient",
        meaning: "One envelope recipient, answered by itself. Repeat it for each; some may be refused and others \
                  accepted.",
        causes: &["Most refusals come here: unknown user, relaying, block lists, greylisting."],
        advice: &["No space after the colon. RSET afterwards tests a recipient without sending anything."],
        usage: "RCPT TO:<recipient@example.net> [NOTIFY=SUCCESS,FAILURE]",
        refs: &[Rfc(5321, "4.1.1.3")],
        ..RECORD
    },
    Record {
        name: "DATA",
        title: "Send the message",
        meaning: "Asks to send the message. After 354 everything up to a line with a single dot is message, and then \
                  comes the answer that counts.",
        causes: &["Needs at least one accepted recipient."],
        advice: &["Wait for 354. Write header, empty line, text, then the dot."],
        usage: "DATA",
        refs: &[Rfc(5321, "4.1.1.4")],
        ..RECORD
    },
    Record {
        name: "BDAT",
        title: "Send a counted piece",
        meaning: "Sends exactly that many octets of the message; LAST marks the last piece. There is no dot and no \
                  354.",
        causes: &["It works only where EHLO offers CHUNKING."],
        advice: &["The number must be exact, or the conversation falls out of step."],
        usage: "BDAT 1234 [LAST]",
        refs: &[Rfc(3030, "2")],
        ..RECORD
    },
    Record {
        name: "RSET",
        title: "Drop the begun message",
        meaning: "Forgets sender and recipients. Greeting, TLS and login stay.",
        causes: &["Useful after a refusal, or to test recipients without sending."],
        advice: &["Go on with MAIL FROM."],
        usage: "RSET",
        refs: &[Rfc(5321, "4.1.1.5")],
        ..RECORD
    },
    Record {
        name: "NOOP",
        title: "Do nothing",
        meaning: "The server answers 250 and changes nothing. Shows that the line is alive.",
        causes: &["Some servers hang up after too many of them."],
        advice: &["Use it to keep the connection open while you think."],
        usage: "NOOP",
        refs: &[Rfc(5321, "4.1.1.9")],
        ..RECORD
    },
    Record {
        name: "QUIT",
        title: "Say goodbye",
        meaning: "Ends the conversation: the server answers 221 and closes. A message that was not answered with 250 \
                  is not sent.",
        causes: &["Hanging up without it may lose the last message on some servers."],
        advice: &["Wait for 221."],
        usage: "QUIT",
        refs: &[Rfc(5321, "4.1.1.10")],
        ..RECORD
    },
    Record {
        name: "VRFY",
        title: "Ask whether a user exists",
        meaning: "Asks about a name or address without sending. Most servers answer 252, which says nothing.",
        causes: &["Switched off against address harvesters."],
        advice: &["Ask with RCPT TO, then RSET."],
        usage: "VRFY recipient@example.net",
        refs: &[Rfc(5321, "4.1.1.6")],
        ..RECORD
    },
    Record {
        name: "EXPN",
        title: "Ask who is on a list",
        meaning: "Asks for the members of a mailing list. Almost always switched off.",
        causes: &["It would give addresses to strangers."],
        advice: &["Ask the list's owner."],
        usage: "EXPN staff",
        refs: &[Rfc(5321, "4.1.1.7")],
        ..RECORD
    },
    Record {
        name: "HELP",
        title: "Ask for help",
        meaning: "The server answers with text for a person, sometimes about one command.",
        causes: &["The text tells more about the software than about its rules."],
        advice: &["Trust the EHLO reply more."],
        usage: "HELP [command]",
        refs: &[Rfc(5321, "4.1.1.8")],
        ..RECORD
    },
    Record {
        name: "ETRN",
        title: "Start the queue for a domain",
        meaning: "Asks the server to send waiting mail of a domain now, over connections of its own.",
        causes: &["For sites that are not always connected."],
        advice: &["Offered to known clients only."],
        usage: "ETRN example.org",
        refs: &[Rfc(1985, "")],
        ..RECORD
    },
    Record {
        name: "ATRN",
        title: "Fetch waiting mail here",
        meaning: "After a login the two sides change roles, and the server delivers the waiting mail on this \
                  connection.",
        causes: &["For sites without a fixed address."],
        advice: &["Log in first."],
        usage: "ATRN example.org",
        refs: &[Rfc(2645, "")],
        ..RECORD
    },
    Record {
        name: "TURN",
        title: "Change roles, unchecked",
        meaning: "Client and server change roles without proof of who the client is. Anyone could take another's mail.",
        causes: &["Withdrawn; servers refuse it."],
        advice: &["Use ETRN or ATRN."],
        usage: "TURN",
        refs: &[Rfc(5321, "F.1")],
        ..RECORD
    },
    Record {
        name: "XCLIENT",
        title: "Pretend to be another client",
        meaning: "Postfix and some others: test the rules as if you came from another IP address or had another login.",
        causes: &["Only addresses that the server trusts for it may use it."],
        advice: &["Use it on your own server only; the greeting starts anew afterwards."],
        usage: "XCLIENT ADDR=192.0.2.1 NAME=client.example.org",
        refs: &[Web("Postfix XCLIENT Howto", "www.postfix.org/XCLIENT_README.html")],
        ..RECORD
    },
    Record {
        name: "BURL",
        title: "Have the message fetched",
        meaning: "Gives the server an IMAP link to the message, in place of the message.",
        causes: &["It works only where EHLO offers BURL."],
        advice: &["DATA does the same with more bytes."],
        usage: "BURL imap://... [LAST]",
        refs: &[Rfc(4468, "")],
        ..RECORD
    },
    Record {
        name: "SEND",
        title: "Begin a message to a screen",
        meaning: "Would show the message on the screen of a user who is logged in. History.",
        causes: &["No server of today has it."],
        advice: &["Use MAIL."],
        usage: "SEND FROM:<sender@example.org>",
        refs: &[Rfc(5321, "F.6")],
        ..RECORD
    },
    Record {
        name: "SOML",
        title: "Begin a message to screen or mailbox",
        meaning: "Would show the message on the user's screen, or else deliver it. History.",
        causes: &["No server of today has it."],
        advice: &["Use MAIL."],
        usage: "SOML FROM:<sender@example.org>",
        refs: &[Rfc(5321, "F.6")],
        ..RECORD
    },
    Record {
        name: "SAML",
        title: "Begin a message to screen and mailbox",
        meaning: "Would show the message on the user's screen and deliver it as well. History.",
        causes: &["No server of today has it."],
        advice: &["Use MAIL."],
        usage: "SAML FROM:<sender@example.org>",
        refs: &[Rfc(5321, "F.6")],
        ..RECORD
    },
];
