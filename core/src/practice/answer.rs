//! The answers that are alike wherever they are given.

use super::HOST;
use super::command::{Fault, PathArgument};
use super::content::SIZE_LIMIT;
use super::envelope::Envelope;
use super::reply::Reply;

/// The words that servers used before extensions, and no code that came with them.
pub(super) fn as_of_old(reply: &mut Reply) {
    reply.enhanced = "";
    let (code, words) = match reply.code {
        500 => (500, "Command unrecognized"),
        501 | 555 => (501, "Syntax error in parameters or arguments"),
        502 => (502, "Command not implemented"),
        503 => (503, "Bad sequence of commands"),
        _ => return,
    };
    *reply = Reply::new(code, "", words);
}

/// One list, so that EXPN can be tried.
pub(super) fn expn(argument: &str) -> Reply {
    if argument.is_empty() {
        Reply::new(501, "5.5.4", "Syntax: EXPN list")
    } else if argument.eq_ignore_ascii_case("staff") {
        let mut reply = Reply::new(250, "2.1.5", format!("<postmaster@{HOST}>"));
        reply.lines.push(format!("<recipient@{HOST}>"));
        reply
    } else {
        Reply::new(550, "5.1.1", "No such list; the only one here is staff")
    }
}

/// Why the message may not begin yet.
pub(super) fn lacks_recipient(envelope: Option<&Envelope>) -> Option<Reply> {
    match envelope {
        None => Some(Reply::new(503, "5.5.1", "MAIL and RCPT come before the message")),
        Some(envelope) if !envelope.forward_paths.is_empty() => None,
        Some(envelope) if envelope.asked => Some(Reply::new(554, "5.5.1", "No valid recipients")),
        Some(_) => Some(Reply::new(503, "5.5.1", "RCPT comes before the message")),
    }
}

pub(super) fn with_bracket_remark(mut reply: Reply, argument: &PathArgument<'_>) -> Reply {
    if !argument.bracketed {
        reply.remark("without < > around the address, which other servers refuse");
    }
    reply
}

pub(super) fn sender_fault(fault: Fault, path: &str) -> Reply {
    path_fault(fault, path, "5.1.7", "MAIL FROM:<address>")
}

pub(super) fn recipient_fault(fault: Fault, path: &str) -> Reply {
    path_fault(fault, path, "5.1.3", "RCPT TO:<address>")
}

pub(super) fn path_fault(fault: Fault, path: &str, address_code: &'static str, syntax: &str) -> Reply {
    let rule = fault.rule();
    if fault.is_about_address() {
        Reply::new(501, address_code, format!("<{path:.256}>: Bad address: {rule}"))
    } else {
        let enhanced = if fault == Fault::Parameter { "5.5.4" } else { "5.5.2" };
        Reply::new(501, enhanced, format!("Syntax: {syntax}: {rule}"))
    }
}

/// RFC 6531 section 3.5.
pub(super) fn not_ascii() -> Reply {
    Reply::new(553, "5.6.7", "An address beyond ASCII needs the parameter SMTPUTF8 with MAIL")
}

pub(super) fn unknown_user(address: &str) -> Reply {
    Reply::new(550, "5.1.1", format!("<{address}>: Recipient address rejected: User unknown"))
}

pub(super) fn too_big() -> Reply {
    Reply::new(552, "5.3.4", format!("Message too big: at most {SIZE_LIMIT} octets"))
}

pub(super) fn no_room() -> Reply {
    Reply::new(452, "4.3.1", "Not enough storage left on this connection; connect again")
}
