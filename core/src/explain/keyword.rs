//! The EHLO keywords of IANA's registry of SMTP service extensions.

use super::record::{RECORD, Record};
use super::source::Ref::{Extensions, Rfc};

const OLD: &str = "Nothing to do; it is history.";
const NOTHING: &str = "Nothing to do.";

/// The registered keywords, those of daily use first.
pub(super) const KEYWORDS: &[Record] = &[
    Record {
        name: "PIPELINING",
        title: "Commands in one go",
        meaning: "The client may send several commands without waiting for each answer, which saves time on long \
                  lines.",
        advice: &["Still wait after EHLO, DATA, STARTTLS, AUTH and the final dot."],
        refs: &[Rfc(2920, "")],
        ..RECORD
    },
    Record {
        name: "SIZE",
        title: "Largest message",
        meaning: "The server tells how large a message may be, and judges a size announced in MAIL FROM before the \
                  message is sent.",
        advice: &["Announce the octets with SIZE=12345 in MAIL FROM. Attachments grow by a third on the way."],
        refs: &[Rfc(1870, "")],
        ..RECORD
    },
    Record {
        name: "8BITMIME",
        title: "8-bit text",
        meaning: "The message may hold characters beyond ASCII in its body without being recoded.",
        advice: &["Announce with BODY=8BITMIME in MAIL FROM."],
        refs: &[Rfc(6152, "")],
        ..RECORD
    },
    Record {
        name: "STARTTLS",
        title: "Encryption on request",
        meaning: "The connection can be switched to TLS before anything private is said.",
        advice: &[
            "Send STARTTLS, then EHLO again. Once encrypted, this keyword is no longer offered.",
            "If it is missing where you expect it, a firewall may have removed it.",
        ],
        refs: &[Rfc(3207, "")],
        ..RECORD
    },
    Record {
        name: "AUTH",
        title: "Login",
        meaning: "Users can log in, with the methods listed. On port 25 of an MX host it is usually not offered.",
        advice: &["Log in only after STARTTLS. Some servers offer AUTH only then."],
        refs: &[Rfc(4954, "")],
        ..RECORD
    },
    Record {
        name: "ENHANCEDSTATUSCODES",
        title: "More precise codes",
        meaning: "Answers begin with a second code such as 5.1.1, which says more than the three digits.",
        advice: &[NOTHING],
        refs: &[Rfc(2034, "")],
        ..RECORD
    },
    Record {
        name: "DSN",
        title: "Delivery reports",
        meaning: "The sender can ask for a report of success, delay or failure, for each recipient.",
        advice: &["Add NOTIFY=SUCCESS,FAILURE,DELAY to RCPT TO, and RET=HDRS or RET=FULL to MAIL FROM."],
        refs: &[Rfc(3461, "")],
        ..RECORD
    },
    Record {
        name: "SMTPUTF8",
        title: "International addresses",
        meaning: "Addresses and header may hold letters beyond ASCII.",
        advice: &["Add SMTPUTF8 to MAIL FROM when an address needs it."],
        refs: &[Rfc(6531, "")],
        ..RECORD
    },
    Record {
        name: "CHUNKING",
        title: "Message in counted pieces",
        meaning: "BDAT can be used in place of DATA: pieces of known length, without a final dot.",
        advice: &[NOTHING],
        refs: &[Rfc(3030, "")],
        ..RECORD
    },
    Record {
        name: "BINARYMIME",
        title: "Binary content",
        meaning: "The message may be raw binary, without line structure, when it is sent with BDAT.",
        advice: &["Announce with BODY=BINARYMIME in MAIL FROM; needs CHUNKING."],
        refs: &[Rfc(3030, "")],
        ..RECORD
    },
    Record {
        name: "HELP",
        title: "Help command",
        meaning: "The server answers HELP with text.",
        advice: &[NOTHING],
        refs: &[Rfc(5321, "4.1.1.8")],
        ..RECORD
    },
    Record {
        name: "VRFY",
        title: "Address check",
        meaning: "The server knows VRFY, which asks whether a mailbox exists. It need not give a real answer.",
        advice: &["A true answer to strangers invites address harvesters; most servers say 252."],
        refs: &[Rfc(5321, "3.5")],
        ..RECORD
    },
    Record {
        name: "EXPN",
        title: "List members",
        meaning: "The server knows EXPN, which shows who is on a list.",
        advice: &["A server open to the world should have it switched off."],
        refs: &[Rfc(5321, "3.5")],
        ..RECORD
    },
    Record {
        name: "ETRN",
        title: "Send what waits for me",
        meaning: "A server with a dial-up line can ask for its waiting mail to be sent to it now.",
        advice: &[NOTHING],
        refs: &[Rfc(1985, "")],
        ..RECORD
    },
    Record {
        name: "ATRN",
        title: "Fetch mail by turning round",
        meaning: "After a login the roles change, and the server delivers the waiting mail over this very connection.",
        advice: &[NOTHING],
        refs: &[Rfc(2645, "")],
        ..RECORD
    },
    Record {
        name: "DELIVERBY",
        title: "Deliver in time",
        meaning: "The sender can set a time by which the mail must be delivered, or returned. The number is the \
                  shortest time accepted, in seconds.",
        advice: &["Add BY=seconds;R (return) or ;N (notify) to MAIL FROM."],
        refs: &[Rfc(2852, "")],
        ..RECORD
    },
    Record {
        name: "FUTURERELEASE",
        title: "Send later",
        meaning: "A submission server holds the message until a time that the sender sets. The numbers are the \
                  longest wait in seconds, and the latest date.",
        advice: &["Add HOLDFOR=seconds or HOLDUNTIL=time to MAIL FROM."],
        refs: &[Rfc(4865, "")],
        ..RECORD
    },
    Record {
        name: "MT-PRIORITY",
        title: "Priority",
        meaning: "Mail can carry a priority from -9 to 9. The parameter names the server's scheme.",
        advice: &["Add MT-PRIORITY=n to MAIL FROM."],
        refs: &[Rfc(6710, "")],
        ..RECORD
    },
    Record {
        name: "REQUIRETLS",
        title: "Encrypted all the way",
        meaning: "A message can demand that every server on its way uses verified TLS, or else be returned.",
        advice: &["Add REQUIRETLS to MAIL FROM. Offered only on an encrypted connection."],
        refs: &[Rfc(8689, "")],
        ..RECORD
    },
    Record {
        name: "RRVS",
        title: "Only to the old owner",
        meaning: "The sender can ask for delivery only if the mailbox has had the same owner since a given date.",
        advice: &["Add RRVS=date to RCPT TO."],
        refs: &[Rfc(7293, "")],
        ..RECORD
    },
    Record {
        name: "LIMITS",
        title: "Limits of this connection",
        meaning: "The server states how many messages and recipients it takes, before anybody runs into a refusal.",
        advice: &["Open a new connection when a limit is reached."],
        refs: &[Rfc(9422, "")],
        ..RECORD
    },
    Record {
        name: "BURL",
        title: "Message by reference",
        meaning: "A mailing program can have the server fetch the message from IMAP instead of sending it again.",
        advice: &[NOTHING],
        refs: &[Rfc(4468, "")],
        ..RECORD
    },
    Record {
        name: "NO-SOLICITING",
        title: "No advertising, please",
        meaning: "The server declares that it does not want certain unasked-for mail; the words name the kinds.",
        advice: &[NOTHING],
        refs: &[Rfc(3865, "")],
        ..RECORD
    },
    Record {
        name: "MTRK",
        title: "Message tracking",
        meaning: "The sender can later ask where the message is. Hardly any server has it.",
        advice: &[NOTHING],
        refs: &[Rfc(3885, "")],
        ..RECORD
    },
    Record {
        name: "SUBMITTER",
        title: "Responsible address",
        meaning: "The client may name the address responsible for sending, for Sender ID, a check that has died out.",
        advice: &[OLD],
        refs: &[Rfc(4405, "")],
        ..RECORD
    },
    Record {
        name: "CONPERM",
        title: "Permission to convert",
        meaning: "The sender can allow or forbid conversion of the content on its way.",
        advice: &[NOTHING],
        refs: &[Rfc(4141, "")],
        ..RECORD
    },
    Record {
        name: "CONNEG",
        title: "What the recipient can show",
        meaning: "The server tells, for each recipient, which content it can show, so that the sender can convert.",
        advice: &[NOTHING],
        refs: &[Rfc(4141, "")],
        ..RECORD
    },
    Record {
        name: "CHECKPOINT",
        title: "Resume a broken message",
        meaning: "A message that broke off can be continued. An experiment that hardly anybody uses.",
        advice: &[OLD],
        refs: &[Rfc(1845, "")],
        ..RECORD
    },
    Record {
        name: "UTF8SMTP",
        title: "International addresses, first attempt",
        meaning: "The experiment that SMTPUTF8 has replaced.",
        advice: &["Use SMTPUTF8; a server that offers only this needs an update."],
        refs: &[Rfc(5336, "")],
        ..RECORD
    },
    Record {
        name: "TURN",
        title: "Change roles",
        meaning: "Client and server change roles. Unsafe, because nobody proves who they are; not to be used.",
        advice: &["Have it switched off; ATRN is the safe form."],
        refs: &[Rfc(5321, "F.1"), Rfc(821, "")],
        ..RECORD
    },
    Record {
        name: "SEND",
        title: "Show on the terminal",
        meaning: "Mail could be shown at once on the screen of a user who is logged in at the server.",
        advice: &[OLD],
        refs: &[Rfc(5321, "F.6"), Rfc(821, "")],
        ..RECORD
    },
    Record {
        name: "SOML",
        title: "Terminal or mailbox",
        meaning: "Mail could be shown on the user's screen, or else put into the mailbox.",
        advice: &[OLD],
        refs: &[Rfc(5321, "F.6"), Rfc(821, "")],
        ..RECORD
    },
    Record {
        name: "SAML",
        title: "Terminal and mailbox",
        meaning: "Mail could be shown on the user's screen, and put into the mailbox as well.",
        advice: &[OLD],
        refs: &[Rfc(5321, "F.6"), Rfc(821, "")],
        ..RECORD
    },
    Record {
        name: "VERB",
        title: "Verbose mode",
        meaning: "Sendmail: the server reports what it does while delivering.",
        advice: &["Of use for tests on your own server; strangers should not have it."],
        refs: &[Extensions],
        ..RECORD
    },
    Record {
        name: "ONEX",
        title: "One message only",
        meaning: "Sendmail: the client promises to send a single message in this connection.",
        advice: &[OLD],
        refs: &[Extensions],
        ..RECORD
    },
];
