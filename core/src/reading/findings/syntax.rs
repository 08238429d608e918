//! Replies that break the rules of the wire.

use super::{Finding, Severity};
use crate::case::Case;
use crate::record::Side;
use crate::wire::oddity::Oddity;

struct Kind {
    id: &'static str,
    severity: Severity,
    title: &'static str,
    detail: &'static str,
    advice: &'static str,
}

const MIXED: Kind = Kind {
    id: "mixed-codes",
    severity: Severity::Warning,
    title: "One reply carries different codes",
    detail: "All lines of a reply must carry the same code. Ehlo takes the last one, as Postfix does; other clients take the first.",
    advice: "Report it to the maker of the server or of the filter in front of it.",
};
const BARE_LF: Kind = Kind {
    id: "bare-lf",
    severity: Severity::Warning,
    title: "The server ends lines with LF alone",
    detail: "SMTP lines end with CR LF. Some clients wait for ever for the missing CR.",
    advice: "Report it to the maker of the server: often it is a home-made one, or a script.",
};
const UNASKED: Kind = Kind {
    id: "unasked-reply",
    severity: Severity::Warning,
    title: "The server answered something that nobody had asked",
    detail: "A reply came while no command waited for one. Most often the server took one line for two commands.",
    advice: "Look at the reply and at what was sent before it: a line end in the wrong place turns one command into two.",
};
const NO_CODE: Kind = Kind {
    id: "no-reply-code",
    severity: Severity::Warning,
    title: "The server sent lines without a reply code",
    detail: "Every line of an SMTP reply begins with three digits. What came does not: it may be another protocol, or the output of a broken program.",
    advice: "Check the port, and what listens on it.",
};
const NOT_SOUND: Kind = Kind {
    id: "odd-reply",
    severity: Severity::Note,
    title: "Some replies are not formed as the standard wants",
    detail: "Ehlo shows what is odd beside each line; strict clients may stumble over it.",
    advice: "Report it to the maker of the server.",
};
const CUT_SHORT: Kind = Kind {
    id: "reply-cut-short",
    severity: Severity::Problem,
    title: "The connection ended in the middle of a reply",
    detail: "The server had more to say, or its line had no end, when the connection closed.",
    advice: "The server's log, or that of a firewall in between, says why.",
};

fn kind(oddity: &Oddity) -> Option<&'static Kind> {
    Some(match oddity {
        Oddity::MixedCodes { .. } => &MIXED,
        Oddity::BareLf => &BARE_LF,
        Oddity::Unasked => &UNASKED,
        Oddity::NoCode => &NO_CODE,
        Oddity::CutShort | Oddity::NoLineEnd => &CUT_SHORT,
        Oddity::NotAscii | Oddity::BehindStarttls => return None,
        _ => &NOT_SOUND,
    })
}

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    let replies = case.record.replies();
    for (id, entry) in case.record.entries().iter().enumerate().filter(|(_, entry)| entry.side == Side::Server) {
        let cut_short = entry
            .reply
            .and_then(|reply| replies.get(reply))
            .is_some_and(|reply| reply.entries.last() == Some(&id) && reply.oddities.contains(&Oddity::CutShort));
        for oddity in entry.oddities.iter().chain(cut_short.then_some(&Oddity::CutShort)) {
            // Inside a multi-line reply a line without a code is only untidy.
            let kind = match (oddity, entry.reply.and_then(|reply| replies.get(reply))) {
                (Oddity::NoCode, Some(_)) => Some(&NOT_SOUND),
                // A server may announce its end at any time (RFC 5321 §3.8).
                (Oddity::Unasked, Some(reply)) if reply.code == 421 => None,
                _ => kind(oddity),
            };
            let Some(kind) = kind else { continue };
            found.push(Finding {
                id: kind.id,
                severity: kind.severity,
                title: kind.title.into(),
                detail: kind.detail.into(),
                advice: kind.advice.into(),
                evidence: vec![id],
            });
        }
    }
    for finding in found.iter_mut() {
        finding.evidence.dedup();
    }
}
