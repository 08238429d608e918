//! Refusals whose cause can be told from code and step.

use super::{Finding, Severity, about};
use crate::session::summary::shortened;
use crate::session::timers::Asked;
use crate::session::{ReplyRecord, Session};
use crate::wire::command::Verb;

pub(super) fn rule(session: &Session, found: &mut Vec<Finding>) {
    for reply in session.replies().iter().filter(|reply| may_say_more(reply)) {
        if let Some(phrase) = session.phrases().find(&reply.text) {
            let (title, rest) = phrase.meaning.split_once(". ").unwrap_or((phrase.meaning, ""));
            let words = format!("Its words: \u{201C}{}\u{201D}", shortened(&reply.text));
            let detail = if rest.is_empty() { words.as_str() } else { rest };
            let advice = phrase.advice.join(" ");
            found.push(about(reply, phrase.name, Severity::Problem, title.trim_end_matches('.'), detail, &advice));
            continue;
        }
        if reply.code >= 400 {
            found.extend(by_code(reply));
        }
    }
    ehlo_refused(session, found);
}

/// Whether the words of a reply are worth a look: of a refusal, and of a goodbye that nobody asked for.
pub(crate) fn may_say_more(reply: &ReplyRecord) -> bool {
    reply.code >= 400 || (reply.code == 221 && reply.asked != Some(Asked::Command(Verb::Quit)))
}

fn by_code(reply: &ReplyRecord) -> Option<Finding> {
    let enhanced = reply.enhanced.map(|code| (code.subject, code.detail));
    let found = |id, title, detail, advice| Some(about(reply, id, Severity::Problem, title, detail, advice));
    match (reply.asked?, reply.code, enhanced) {
        (Asked::Command(Verb::Rcpt), 450 | 451, None | Some((2 | 7, _))) => found(
            "deferred",
            "The server wants to be asked again later",
            "A temporary refusal of a recipient is most often greylisting: an unknown sender has to come back after some minutes. A busy or broken lookup looks the same.",
            "Wait five minutes and send the same sender and recipient again from the same address. If it is then accepted, nothing is wrong.",
        ),
        (Asked::Command(Verb::Rcpt), 550, Some((1, 1..=3 | 10))) => found(
            "user-unknown",
            "The server does not know this recipient",
            "The mailbox does not exist there, is spelt otherwise, or exists only behind another server to which this one does not ask.",
            "Check the spelling, and whether the mailbox exists on the server that you are testing.",
        ),
        (Asked::Command(Verb::Rcpt | Verb::Mail), 530, _) => found(
            "sign-in-wanted",
            "The server wants a sign-in, or TLS first",
            "This port takes mail only from those who sign in, or who use encryption.",
            "Use port 25 to test mail from other servers; sign-in and TLS come with the next version.",
        ),
        (Asked::Command(Verb::Mail), 552, _) | (Asked::Message, 552, _) => found(
            "message-too-large",
            "The message is larger than the server takes",
            "The server's limit stands in its EHLO reply, behind SIZE.",
            "Send a smaller message, or have the limit raised on the server.",
        ),
        (Asked::Greeting, 554, _) => found(
            "greeting-refused",
            "The server refuses this client before it has said a word",
            "The relay's address is on a block list of the server's, or the server takes mail from certain networks only.",
            "Read the text of the reply; then look up the relay's address in the block list it names.",
        ),
        (_, 421, _) => found(
            "server-closing",
            "The server announces that it closes the connection",
            "421 may come at any time: too many connections, too many errors, too long a pause, or the server is stopping.",
            "Read the text of the reply and try again in a while.",
        ),
        _ => None,
    }
}

fn ehlo_refused(session: &Session, found: &mut Vec<Finding>) {
    let refused =
        session.replies().iter().find(|reply| reply.asked == Some(Asked::Command(Verb::Ehlo)) && reply.code >= 500);
    let helo =
        session.replies().iter().any(|reply| reply.asked == Some(Asked::Command(Verb::Helo)) && reply.code == 250);
    if let (Some(reply), true) = (refused, helo) {
        found.push(about(
            reply,
            "helo-only",
            Severity::Note,
            "The server knows HELO only",
            "It refused EHLO, which every server should know since 1995, and took HELO. Without EHLO there are no extensions: no TLS, no sign-in, no size limit.",
            "If the server is not that old, a firewall that inspects SMTP may have changed the command on the way.",
        ));
    }
}
