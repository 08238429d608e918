//! Refusals whose cause can be told from code and step.

use super::{Finding, Severity, about, capital};
use crate::case::Case;
use crate::reading::summary::shortened;
use crate::reading::words::own_address;
use crate::record::Asked;
use crate::record::ReplyRecord;
use crate::wire::command::Verb;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    for reply in case.record.replies().iter().filter(|reply| may_say_more(reply)) {
        if let Some(phrase) = crate::explain::words(&reply.text) {
            let (title, rest) = phrase.meaning.split_once(". ").unwrap_or((phrase.meaning, ""));
            let words = format!("Its words: \u{201C}{}\u{201D}", shortened(&reply.text));
            let detail = if rest.is_empty() { words.as_str() } else { rest };
            let advice = phrase.advice.join(" ");
            found.push(about(reply, phrase.name, Severity::Problem, title.trim_end_matches('.'), detail, &advice));
            continue;
        }
        if reply.code >= 400 {
            found.extend(by_code(reply, own_address(case.record.via())));
        }
    }
    ehlo_refused(case, found);
}

/// Whether the words of a reply are worth a look: of a refusal, and of a goodbye that nobody asked for.
fn may_say_more(reply: &ReplyRecord) -> bool {
    reply.code >= 400 || (reply.code == 221 && reply.asked != Some(Asked::Command(Verb::Quit)))
}

fn by_code(reply: &ReplyRecord, own: &str) -> Option<Finding> {
    let enhanced = reply.enhanced.map(|code| (code.subject, code.detail));
    let found =
        |id, title: &str, detail: &str, advice: &str| Some(about(reply, id, Severity::Problem, title, detail, advice));
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
            "Choose STARTTLS and give a name and a password; or use port 25 to test mail from other servers.",
        ),
        (Asked::Command(Verb::Mail), 552, _) | (Asked::Message, 552, _) => found(
            "message-too-large",
            "The message is larger than the server takes",
            "The server's limit stands in its EHLO reply, behind SIZE.",
            "Send a smaller message, or have the limit raised on the server.",
        ),
        (Asked::Command(Verb::StartTls), _, _) => found(
            "starttls-refused",
            "The server refused STARTTLS",
            "What it offers may be broken, most often because its certificate cannot be read; or somebody on the way answered in its place.",
            "Look into the server's log, and try from another network.",
        ),
        (Asked::Command(Verb::Auth) | Asked::AuthAnswer, 530 | 538, _) | (_, _, Some((7, 11))) => found(
            "encryption-required",
            "The server lets nobody sign in without encryption",
            "It is right to: the password would be readable on the way.",
            "Use STARTTLS first, or a port with TLS from the first octet (465).",
        ),
        (Asked::Command(Verb::Auth), 504, _) => found(
            "mechanism-unknown",
            "The server does not know this way to sign in",
            "It takes only those that stand behind AUTH in its answer to EHLO.",
            "Choose one of them.",
        ),
        (Asked::Command(Verb::Auth) | Asked::AuthAnswer, 534, _) | (_, _, Some((7, 9))) => found(
            "mechanism-too-weak",
            "The server wants another way to sign in",
            "For this account the chosen one is too weak, or forbidden; big providers answer so where they want a token or an app password.",
            "Choose a stronger mechanism, a token, or make an app password at the provider.",
        ),
        (Asked::Command(Verb::Auth) | Asked::AuthAnswer, 432 | 454, _) => found(
            "sign-in-not-now",
            "The server cannot check the sign-in now",
            "What keeps its passwords does not answer, or wants them set anew; nothing is said of yours.",
            "Look into the server's log, and try again in some minutes.",
        ),
        (Asked::Command(Verb::Auth) | Asked::AuthAnswer, 535, _) => found(
            "sign-in-refused",
            "The server refused name and password",
            "One of the two is wrong, the account may not send by SMTP, or it wants an app password or a token.",
            "Try the same in another mail program; then look into the server's log, which says more than it may tell.",
        ),
        (Asked::Greeting, 554, _) => found(
            "greeting-refused",
            "The server refuses this client before it has said a word",
            &capital(
                &[own, " is on a block list of the server's, or the server takes mail from certain networks only."]
                    .concat(),
            ),
            &["Read the text of the reply; then look up ", own, " in the block list it names."].concat(),
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

fn ehlo_refused(case: &Case, found: &mut Vec<Finding>) {
    let refused =
        case.record.replies().iter().find(|reply| reply.asked == Some(Asked::Command(Verb::Ehlo)) && reply.code >= 500);
    let helo =
        case.record.replies().iter().any(|reply| reply.asked == Some(Asked::Command(Verb::Helo)) && reply.code == 250);
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
