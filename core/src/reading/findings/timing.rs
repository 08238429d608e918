//! Waits that were long: slow is not dead.

use super::{Finding, Severity, about, capital};
use crate::case::Case;
use crate::reading::words::awaited;
use crate::record::Asked;
use crate::record::ReplyRecord;
use crate::record::Side;
use crate::time::spoken;

/// From here on a wait is told.
const SLOW: u64 = 5_000;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    for reply in case.record.replies() {
        let Some(took) = reply.took.filter(|took| *took >= SLOW) else { continue };
        match reply.asked {
            Some(Asked::Greeting) => found.push(slow_greeting(reply, took)),
            Some(asked) => {
                let title = capital(&format!("{} took {}", awaited(asked), spoken(took)));
                found.push(about(
                    reply,
                    "slow-reply",
                    Severity::Note,
                    &title,
                    "The server is slow, not broken: the standard lets it take minutes. Look-ups in block lists, another server that is asked, or a deliberate delay for strangers are common causes.",
                    "Some mail programs wait for ten or thirty seconds only and then report a failure: if users complain, find out in the server's log what takes so long.",
                ));
            }
            None => {}
        }
    }
    two_part_greeting(case, found);
}

fn slow_greeting(reply: &ReplyRecord, took: u64) -> Finding {
    about(
        reply,
        "slow-greeting",
        Severity::Note,
        &format!("The greeting took {}", spoken(took)),
        "Many servers greet late on purpose, since spamming programs do not wait, or they look up the client's name first. The standard lets a server take five minutes.",
        "Testers with a short patience report such a server as down, wrongly. If it is your server, check that its DNS look-ups of client names do not time out.",
    )
}

/// postscreen's `220-` teaser: whoever speaks before the last line is refused later.
fn two_part_greeting(case: &Case, found: &mut Vec<Finding>) {
    let Some(reply) = case.record.replies().iter().find(|reply| reply.asked == Some(Asked::Greeting)) else { return };
    let entries = case.record.entries();
    let times: Vec<u64> = reply.entries.iter().filter_map(|&id| entries.get(id)).map(|entry| entry.at).collect();
    let gap = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default();
    if gap >= 1_000 {
        found.push(about(
            reply,
            "greeting-in-parts",
            Severity::Note,
            &format!("The greeting came in parts, {} apart", spoken(gap)),
            "The first line is bait: programs that take it for the whole greeting speak too early, and are refused. Postfix's postscreen does this.",
            "Nothing is wrong. A client must wait for the line that has a space behind 220.",
        ));
    }
    // Entries are in the order of what happened; times may be the same for several.
    let whole = reply.entries.last().copied().unwrap_or_default();
    let spoke_early = entries.iter().take(whole).any(|entry| entry.side == Side::Client);
    if spoke_early {
        found.push(about(
            reply,
            "spoke-too-early",
            Severity::Warning,
            "Something was sent before the greeting was complete",
            "Servers take that as the mark of a spamming program, and may refuse everything that follows.",
            "Wait for the whole greeting.",
        ));
    }
}
