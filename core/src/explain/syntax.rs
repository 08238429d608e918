//! Reply codes that reject the command itself: 50z and 555.

use super::ReplyStep;
use super::record::{AT, At, LOGIN, RECORD, Record};
use super::source::Ref::Rfc;

const TYPING: &str =
    "Compare the line with what was meant: unseen characters, a wrong key corrected with backspace, a missing space.";

/// The reply codes about syntax and order of commands.
pub(super) const SYNTAX: &[Record] = &[
    Record {
        name: "500",
        title: "Command not recognised",
        meaning: "The server could not make a command of the line: it does not know the word, or the line is too long.",
        causes: &[
            "A typing mistake; with telnet also backspace and arrow keys, which are sent as characters.",
            "The server does not know this command.",
            "The command line is longer than 512 octets.",
            "After DATA was refused, the text of the message was sent all the same and is read as commands.",
        ],
        advice: &[TYPING, "Look in the EHLO reply whether the command is offered."],
        at: &[
            At {
                steps: &[ReplyStep::Hello],
                meaning: "The server does not know EHLO: it speaks the old protocol only, or a device in between \
                          blocks EHLO.",
                causes: &[
                    "An old server or a small device that knows HELO only.",
                    "A firewall that inspects SMTP and hides EHLO.",
                ],
                advice: &["Send HELO with the same name.", "On a firewall, turn SMTP inspection off."],
                ..AT
            },
            At {
                steps: &[ReplyStep::StartTls, ReplyStep::Auth],
                causes: &[
                    "The server does not offer this here; AUTH is often offered only on port 587 or after STARTTLS.",
                    "A firewall that inspects SMTP has removed it.",
                ],
                advice: &["Look at the EHLO reply, and after STARTTLS send EHLO again.", LOGIN],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(5321, "4.5.3.1.4")],
        ..RECORD
    },
    Record {
        name: "501",
        title: "Argument not understood",
        meaning: "The command is known, but what follows it is not written as it must be.",
        causes: &["A missing or extra word, bracket or space after the command."],
        advice: &[TYPING],
        at: &[
            At {
                steps: &[ReplyStep::Hello],
                causes: &[
                    "No name after EHLO or HELO, or one with underscore, space or other forbidden characters.",
                    "An IP address without square brackets: it is written [192.0.2.1] or [IPv6:2001:db8::1].",
                ],
                advice: &["Use your full host name, such as client.example.org."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Mail, ReplyStep::Rcpt],
                causes: &[
                    "The angle brackets around the address are missing.",
                    "A space stands between the colon and the bracket, or inside the address.",
                    "A parameter such as SIZE or BODY is misspelled or has a wrong value.",
                    "The domain after the @ is missing or cannot exist.",
                ],
                advice: &["Write MAIL FROM:<sender@example.org> or RCPT TO:<recipient@example.org>, without spaces."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Auth],
                causes: &[
                    "The answer is not proper base64: a line break inside, or missing = at the end.",
                    "The login was cancelled with a single *.",
                ],
                advice: &["Encode user name and password afresh, without the line break that many tools add."],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.1.2"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "502",
        title: "Command known but not provided",
        meaning: "The server knows the command and does not carry it out, by choice or because it was never built.",
        causes: &[
            "VRFY, EXPN, ETRN or TURN, which most servers switch off.",
            "STARTTLS or AUTH where it is not set up.",
            "Some servers say it instead of 500 for any unknown word.",
        ],
        advice: &["Do without it. Instead of VRFY ask with RCPT TO, then RSET."],
        at: &[At {
            steps: &[ReplyStep::Hello],
            causes: &["An old server, or a firewall that inspects SMTP, without EHLO."],
            advice: &["Send HELO with the same name."],
            ..AT
        }],
        refs: &[Rfc(5321, "4.2.4")],
        ..RECORD
    },
    Record {
        name: "503",
        title: "Wrong order of commands",
        meaning: "The command is right but comes too early, too late, or twice.",
        causes: &["An earlier command that this one depends on was left out, or was refused."],
        advice: &["Scroll up to the first refusal: it is usually the real one. RSET and begin again with MAIL FROM."],
        at: &[
            At {
                steps: &[ReplyStep::Mail],
                causes: &[
                    "No EHLO or HELO yet, or none since STARTTLS.",
                    "A sender was already given: one MAIL FROM for each message.",
                    "The server wants AUTH first.",
                ],
                advice: &["Send EHLO again, or RSET to drop the begun message.", LOGIN],
                ..AT
            },
            At {
                steps: &[ReplyStep::Rcpt],
                causes: &["MAIL FROM is missing or was refused.", "The server wants AUTH first."],
                advice: &["Send MAIL FROM and see that it is answered with 250."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Data, ReplyStep::Body, ReplyStep::Bdat],
                causes: &["No recipient was accepted.", "DATA and BDAT were mixed in one message."],
                advice: &["Read the answers to RCPT TO: the reason is there."],
                ..AT
            },
            At {
                steps: &[ReplyStep::StartTls, ReplyStep::Auth],
                causes: &[
                    "Already encrypted, or already logged in: each is possible once in a connection.",
                    "In the middle of a message; RSET first.",
                    "AUTH is offered only after STARTTLS and a second EHLO.",
                ],
                advice: &["Look at the last EHLO reply to see what is allowed now."],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.1.4"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
    Record {
        name: "504",
        title: "Option of the command not supported",
        meaning: "The command is fine, but the server does not provide the variant that was asked for.",
        causes: &["A parameter or option that the EHLO reply did not offer."],
        advice: &["Send the command without the option."],
        at: &[
            At {
                steps: &[ReplyStep::Auth],
                title: "Login method not supported",
                causes: &[
                    "The method is not in the server's AUTH list; the list may differ before and after STARTTLS.",
                    "Passwords are switched off and only OAuth is left, or the reverse.",
                ],
                advice: &["Take a method from the AUTH line of the last EHLO reply."],
                ..AT
            },
            At {
                steps: &[ReplyStep::Hello, ReplyStep::Mail, ReplyStep::Rcpt],
                causes: &[
                    "The EHLO name, or the domain of an address, is not a full host name; Postfix answers so, often \
                     only at RCPT TO.",
                    "A parameter that the EHLO reply did not offer.",
                ],
                advice: &["Use names with at least one dot that exist in DNS, in EHLO and in the addresses."],
                ..AT
            },
        ],
        refs: &[Rfc(5321, "4.2.3"), Rfc(4954, "4")],
        ..RECORD
    },
    Record {
        name: "555",
        title: "Parameter of MAIL or RCPT not recognised",
        meaning: "Behind the address stands a parameter that the server does not know. The address itself was not \
                  judged.",
        causes: &[
            "A parameter such as SIZE, BODY, SMTPUTF8, RET or NOTIFY that the EHLO reply did not offer.",
            "After HELO no parameters are allowed at all.",
            "Angle brackets missing, so that the end of the address is read as a parameter; Gmail answers so.",
        ],
        advice: &["Leave the parameter out, or greet with EHLO. Check the angle brackets."],
        refs: &[Rfc(5321, "4.1.1.11"), Rfc(5321, "4.2.3")],
        ..RECORD
    },
];
