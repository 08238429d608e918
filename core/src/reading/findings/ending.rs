//! Endings that say something about the server or the way to it.

use super::{Finding, Severity};
use crate::case::Case;
use crate::reading::words::own_address;
use crate::record::Asked;
use crate::record::transaction::Transaction;
use crate::record::{How, Via};
use crate::tunnel::Code;
use crate::wire::command::Verb;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    let Some(ending) = case.record.ending() else { return };
    let via = case.record.via();
    let last = case.record.entries().len().saturating_sub(1);
    let mut add = |id, severity, title: &str, detail: &str, advice: &str| {
        found.push(Finding {
            id,
            severity,
            title: title.into(),
            detail: detail.into(),
            advice: advice.into(),
            evidence: vec![last],
        });
    };
    let broke = matches!(ending.how, How::ServerClosed | How::Reset | How::RelayLost(_) | How::TimedOut);
    let in_doubt = case.record.transactions().iter().any(Transaction::is_in_doubt);
    match (ending.how, ending.awaited) {
        (_, Some(Asked::Message)) if broke && in_doubt => add(
            "no-answer-to-the-message",
            Severity::Problem,
            "No answer came to the final dot",
            "The server may have taken the message or not. A sending server would send it again later, so the recipient may get it twice.",
            "Look into the mailbox and the server's log before you send it again.",
        ),
        (How::ServerClosed | How::Reset, Some(Asked::Greeting)) => add(
            "closed-without-greeting",
            Severity::Problem,
            "The server took the connection and closed it without a greeting",
            "It does not want to talk to this address, has too many connections, or what listens there is only a firewall or a load balancer whose server is down.",
            &["Try from another network, and look into the server's log for ", own_address(via), "."].concat(),
        ),
        (How::ServerClosed | How::Reset, Some(Asked::Command(Verb::Ehlo))) => add(
            "closed-at-ehlo",
            Severity::Problem,
            "The server closed the connection when it was greeted",
            "Some old servers close instead of refusing EHLO; some filters close on an EHLO name they do not like.",
            "Begin again with HELO, or with another name.",
        ),
        (How::Quit, Some(Asked::Command(Verb::Quit))) => add(
            "closed-at-quit",
            Severity::Note,
            "The server closed at QUIT without a reply",
            "It should answer 221 first. Nothing is lost: what was accepted before stays accepted.",
            "Nothing needs to be done.",
        ),
        // A server that closes behind a refusal has said why.
        (How::ServerClosed, None) if case.record.replies().last().is_some_and(|reply| reply.code >= 400) => {}
        (How::ServerClosed | How::Reset, asked) => {
            let when = asked.map_or_else(|| "between two commands".into(), |asked| format!("at {}", asked.step()));
            add(
                "dropped",
                Severity::Problem,
                &format!("The connection was dropped {when}"),
                "A server should say 421 before it closes. Without it, the cause may as well be a firewall on the way.",
                "Compare the server's log with the time in this transcript.",
            );
        }
        (How::Refused(Code::NotSmtp), _) => add(
            "not-smtp",
            Severity::Problem,
            "What answers there does not speak SMTP",
            "The first line is not a greeting of three digits; the relay sends nothing to such a server.",
            "Check the port.",
        ),
        (How::Refused(Code::ConnectTimeout) | How::NotConnected(Code::ConnectTimeout), _) if case.setup.port == 25 => {
            add(
                "port-25-silent",
                Severity::Problem,
                "Port 25 does not answer",
                "Most internet providers and clouds block port 25 on the way out, to stop spam; the blocked packets vanish without an answer.",
                match via {
                    Via::Relay => "Test port 25 from a network where it is open: run the relay there.",
                    _ => "Test port 25 from a network where it is open.",
                },
            );
        }
        (How::Flood, _) => add(
            "flood",
            Severity::Problem,
            "The server sent without end",
            "More than 4 MiB came. No SMTP conversation needs that.",
            "Check what listens on this port.",
        ),
        _ => {}
    }
}
