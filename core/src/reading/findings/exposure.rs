//! What was not protected, and where somebody on the way may have seen to that.

use super::{Finding, Severity, about};
use crate::case::Case;
use crate::record::ReplyRecord;
use crate::setup::Security;

pub(super) fn rule(case: &Case, found: &mut Vec<Finding>) {
    // Nobody is on the way to the practice server in the page.
    if case.setup.practice.is_some() {
        return;
    }
    let clear =
        |reply: &&ReplyRecord| case.record.tls().since().is_none_or(|since| reply.entries.iter().all(|&e| e < since));
    let offers = case.record.replies().iter().filter(clear).rfind(|reply| reply.capabilities.is_some());
    let Some((reply, offered)) = offers.and_then(|reply| Some((reply, reply.capabilities.as_ref()?))) else { return };
    if offered.extensions.iter().any(|one| one.keyword == "AUTH" && shows_password(&one.params)) {
        found.push(about(
            reply,
            "password-in-clear-offered",
            Severity::Warning,
            "The server takes passwords in clear text",
            "It offers PLAIN or LOGIN before TLS: a mail program that is set up wrongly sends its password readable.",
            "Let the server offer AUTH only after STARTTLS.",
        ));
    }
    let secured = case.record.tls().since().is_some();
    let wanted = case.setup.security;
    if secured {
        return shrunk(case, found);
    }
    match (wanted, offered.has("STARTTLS")) {
        (Security::Starttls | Security::StarttlsIfOffered, false) => found.push(about(
            reply,
            "starttls-not-offered",
            if wanted == Security::Starttls { Severity::Problem } else { Severity::Warning },
            "You asked for TLS, and STARTTLS was not offered",
            "The server cannot do it, or somebody on the way took the offer out of its answer: the two look the same from \
             here. Nothing in this conversation was protected.",
            "Ask for EHLO from inside the server's network and compare, or use a port with TLS from the first octet (465).",
        )),
        (Security::None, true) if case.record.transactions().iter().any(|mail| !mail.of_recipe) => found.push(about(
            reply,
            "tls-not-taken",
            Severity::Note,
            "The server offers TLS, and it was not used",
            "Everybody on the way could read this conversation and change it.",
            "Choose STARTTLS to test as a mail server of today would send.",
        )),
        _ => {}
    }
}

fn shows_password(params: &str) -> bool {
    params.split_whitespace().any(|word| word.eq_ignore_ascii_case("PLAIN") || word.eq_ignore_ascii_case("LOGIN"))
}

/// Mechanisms that were offered in clear text, and are no longer.
fn shrunk(case: &Case, found: &mut Vec<Finding>) {
    let (Some(before), Some(_)) = (case.record.tls().before.as_ref(), case.record.offer_changes()) else { return };
    let now = case.record.offered_mechanisms();
    let gone = |word: &str| !now.iter().any(|one| one.eq_ignore_ascii_case(word));
    let auth = before.extensions.iter().filter(|one| one.keyword == "AUTH");
    let gone: Vec<&str> = auth.flat_map(|one| one.params.split_whitespace()).filter(|word| gone(word)).collect();
    let Some(reply) = case.record.replies().iter().rfind(|reply| reply.capabilities.is_some()) else { return };
    if !gone.is_empty() {
        found.push(about(
            reply,
            "sign-in-offer-shrunk",
            Severity::Warning,
            "Within TLS the server offers fewer ways to sign in",
            &["Offered in clear text and not within TLS: ", &gone.join(", "), ". Servers do the reverse."].concat(),
            "Look at the server's settings; if it offers them nowhere, somebody on the way wrote them into its answer.",
        ));
    }
}
