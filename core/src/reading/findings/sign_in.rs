//! What a sign-in tells of server, connection and credentials.

use super::{Finding, Severity, about, capital};
use crate::base64;
use crate::case::Case;
use crate::reading::words::carriers;
use crate::record::Asked;
use crate::record::ReplyRecord;
use crate::record::event::Event;
use crate::sasl::ServerProof;
use crate::wire::command::Verb;

/// RFC 7677 §4 wants so many rounds of hashing at least.
const ROUNDS_LEAST: u32 = 4096;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    let entries = case.record.entries();
    let at = |wanted: fn(&Event) -> bool| -> Vec<usize> {
        let tells = |id: &usize| entries[*id].event.as_ref().is_some_and(wanted);
        (0..entries.len()).filter(tells).collect()
    };
    let mut add = |id, severity, title: &str, detail: &str, advice: &str, evidence| {
        found.push(Finding {
            id,
            severity,
            title: title.into(),
            detail: detail.into(),
            advice: advice.into(),
            evidence,
        });
    };
    if case.record.sign_in().sent_in_clear && case.setup.practice.is_none() {
        let is_auth =
            |reply: &&ReplyRecord| matches!(reply.asked, Some(Asked::Command(Verb::Auth) | Asked::AuthAnswer));
        add(
            "credentials-in-clear",
            Severity::Warning,
            "Credentials were sent in clear text",
            &capital(&[carriers(case.record.via()), ", could read the password or the token."].concat()),
            "Change them if the way is not your own, and use TLS the next time.",
            case.record.replies().iter().filter(is_auth).filter_map(|reply| reply.question).collect(),
        );
    }
    if let Some(why) = case.record.sign_in().withheld.as_deref() {
        add(
            "credentials-held-back",
            Severity::Note,
            "The credentials were not sent",
            why,
            "Use TLS with a certificate that is trusted; or say that they may be sent all the same.",
            at(|event| matches!(event, Event::Withheld { .. })),
        );
    }
    match case.record.sign_in().outcome {
        Some(ServerProof::ServerFailed) => add(
            "server-proof-wrong",
            Severity::Problem,
            "The server proved wrongly that it knows the password",
            "It let you in with a proof that does not fit: it is not the server that keeps your password, or it is broken.",
            "Do not send mail through it before you know which server answered.",
            at(|event| matches!(event, Event::ServerProof(_))),
        ),
        Some(ServerProof::ServerNotProved) => add(
            "server-not-proved",
            Severity::Warning,
            "The server did not prove that it knows the password",
            "With SCRAM it has to. Whoever answers in a server's place would let everybody in just so.",
            "Check which server answered, and report it to the maker.",
            at(|event| matches!(event, Event::ServerProof(_))),
        ),
        _ => {}
    }
    for reply in case.record.replies().iter().filter(|reply| reply.code == 334) {
        if rounds(&reply.text).is_some_and(|rounds| rounds < ROUNDS_LEAST) {
            found.push(about(
                reply,
                "scram-few-rounds",
                Severity::Note,
                "The server's SCRAM uses few rounds",
                "It asks for fewer than 4,096, so a stolen password file is tried out quickly.",
                "Raise the number in the server's settings, and have the passwords set anew.",
            ));
        }
    }
}

/// The rounds that a first message of SCRAM asks for (RFC 5802 §5.1).
fn rounds(text: &str) -> Option<u32> {
    let (octets, _) = base64::decode(text.trim().as_bytes())?;
    let text = String::from_utf8(octets).ok().filter(|text| text.starts_with("r="))?;
    text.rsplit_once(",i=")?.1.split(',').next()?.parse().ok()
}
