//! What greeting and EHLO reply tell of the server and of what stands between.

use super::{Finding, Severity, about};
use crate::case::Case;
use crate::record::Asked;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    let greeting = case.record.replies().iter().find(|reply| reply.asked == Some(Asked::Greeting));
    if let Some(reply) = greeting {
        if reply.text.matches('*').count() >= 5 {
            found.push(about(
                reply,
                "masked-banner",
                Severity::Warning,
                "Something on the way masks the greeting",
                "A greeting full of asterisks is the mark of a firewall that inspects SMTP, such as Cisco's \u{201C}fixup\u{201D} or ESMTP inspection. Such a firewall often hides STARTTLS as well.",
                "Switch the inspection off for this server, or test from a place that the firewall does not guard.",
            ));
        }
        if (200..300).contains(&reply.code) && reply.code != 220 {
            found.push(about(
                reply,
                "odd-greeting",
                Severity::Warning,
                "The greeting's code is not 220",
                "A mail server greets with 220; strict clients take anything else for a refusal.",
                "Check what answers on this port.",
            ));
        }
    }
    masked_keywords(case, found);
}

/// `XXXXXXXA` in place of STARTTLS: the firewall overwrites what it does not want to be used.
fn masked_keywords(case: &Case, found: &mut Vec<Finding>) {
    for reply in case.record.replies() {
        let Some(capabilities) = &reply.capabilities else { continue };
        let masked = capabilities.extensions.iter().any(|one| one.keyword.starts_with("XXXX"));
        if masked {
            found.push(about(
                reply,
                "masked-extension",
                Severity::Warning,
                "Something on the way has overwritten an extension",
                "A keyword made of X stands where the server offered something, most often STARTTLS: a firewall that inspects SMTP does this.",
                "Switch the inspection off for this server, or compare with a test from inside.",
            ));
        }
    }
}
