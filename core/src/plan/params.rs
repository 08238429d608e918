//! MAIL and RCPT with their parameters, and what a server's LIMITS leave room for (RFC 9422).

use std::borrow::Cow;

use super::Facts;
use crate::record::transaction::Recipient;
use crate::setup::Until;
use crate::setup::envelope::Orcpt;
use crate::wire::address::in_ascii;
use crate::wire::command::{Command, domain};

/// Whether what needs an extension is used: it is offered, or forced.
pub(super) fn usable(facts: &Facts<'_>, keyword: &str) -> bool {
    facts.capabilities.has(keyword) || facts.settings.options.force.has(keyword)
}

/// Whether the message goes by BDAT.
pub(super) fn chunks(facts: &Facts<'_>) -> bool {
    facts.settings.until == Until::Dot && facts.settings.options.wants_chunks() && usable(facts, "CHUNKING")
}

/// An address as it is sent: without SMTPUTF8 a domain beyond ASCII goes in A-label form (RFC 5890 §2.3.2.1).
pub(super) fn on_wire<'a>(facts: &Facts<'_>, address: &'a str) -> Cow<'a, str> {
    match address.is_ascii() || usable(facts, "SMTPUTF8") {
        true => Cow::Borrowed(address),
        false => Cow::Owned(in_ascii(address)),
    }
}

/// MAIL, and the keywords of what was chosen and is not offered.
pub(super) fn mail(facts: &Facts<'_>) -> (String, Vec<&'static str>) {
    let (settings, options) = (facts.settings, &facts.settings.options);
    let mut left_out = Vec::new();
    let mut text = ["MAIL FROM:<", &on_wire(facts, &settings.from), ">"].concat();
    let mut add = |keyword: &'static str, wanted: bool, parts: &[&str]| {
        if !wanted {
            return false;
        }
        if !usable(facts, keyword) {
            left_out.push(keyword);
            return false;
        }
        text.push(' ');
        parts.iter().for_each(|part| text.push_str(part));
        true
    };
    let offered = |keyword| usable(facts, keyword);
    let foreign_address = !settings.from.is_ascii() || settings.to.iter().any(|to| !to.is_ascii());
    let sized = settings.size && offered("SIZE") && settings.until == Until::Dot;
    add("SIZE", sized, &["SIZE=", &facts.message_octets.to_string()]);
    let binary = options.body == "BINARYMIME" && add("BINARYMIME", true, &["BODY=BINARYMIME"]);
    let given = matches!(options.body, "7BIT" | "8BITMIME");
    let eight = offered("8BITMIME") && (settings.eight_bit || facts.message_is_8bit || foreign_address);
    if !binary {
        let body = if given { options.body } else { "8BITMIME" };
        add("8BITMIME", given || eight, &["BODY=", body]);
    }
    add("SMTPUTF8", offered("SMTPUTF8") && (settings.smtputf8 || foreign_address), &["SMTPUTF8"]);
    add("DSN", !options.ret.is_empty(), &["RET=", options.ret]);
    add("DSN", !options.envid.is_empty(), &["ENVID=", &xtext(&options.envid)]);
    add("REQUIRETLS", options.requiretls, &["REQUIRETLS"]);
    add("DELIVERBY", !options.deliver_by.is_empty(), &["BY=", &options.deliver_by]);
    if let Some(priority) = options.mt_priority {
        add("MT-PRIORITY", true, &["MT-PRIORITY=", &priority.to_string()]);
    }
    if let Some(seconds) = options.hold_for {
        add("FUTURERELEASE", true, &["HOLDFOR=", &seconds.to_string()]);
    }
    add("FUTURERELEASE", !options.hold_until.is_empty(), &["HOLDUNTIL=", &options.hold_until]);
    if !options.mail_params.is_empty() {
        text.push(' ');
        text.push_str(&options.mail_params);
    }
    if settings.until == Until::Dot && options.wants_chunks() && !usable(facts, "CHUNKING") {
        left_out.push("CHUNKING");
    }
    if !usable(facts, "DSN") && (!options.notify.is_empty() || options.orcpt != Orcpt::None) {
        left_out.push("DSN");
    }
    left_out.dedup();
    (text, left_out)
}

/// RCPT for one recipient.
pub(super) fn rcpt(facts: &Facts<'_>, to: &str) -> String {
    let options = &facts.settings.options;
    let mut text = ["RCPT TO:<", &on_wire(facts, to), ">"].concat();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
    if usable(facts, "DSN") {
        if !options.notify.is_empty() {
            add(&[" NOTIFY=", &options.notify]);
        }
        let original = match &options.orcpt {
            Orcpt::None => None,
            Orcpt::Recipient => Some(to),
            Orcpt::Other(other) => Some(other.as_str()),
        };
        if let Some(original) = original {
            add(&[" ORCPT=", &original_recipient(original, usable(facts, "SMTPUTF8"))]);
        }
    }
    if !options.rcpt_params.is_empty() {
        add(&[" ", &options.rcpt_params]);
    }
    text
}

/// The commands that go out behind MAIL without waiting (RFC 2920).
pub fn pipelined(facts: &Facts<'_>) -> Vec<String> {
    let settings = facts.settings;
    if !settings.pipelining || !facts.capabilities.has("PIPELINING") || settings.until < Until::Rcpt {
        return Vec::new();
    }
    let mut asked: Vec<Recipient> = Vec::new();
    let mut out = Vec::new();
    while let Some(to) = next_recipient(facts, &asked) {
        out.push(rcpt(facts, to));
        asked.push(Recipient { address: as_read(facts, to), ..Recipient::default() });
    }
    if settings.until >= Until::Data && !out.is_empty() && !chunks(facts) {
        out.push("DATA".to_owned());
    }
    out
}

/// The next recipient to ask about, after those that were asked about in this mail.
pub(super) fn next_recipient<'a>(facts: &Facts<'a>, asked: &[Recipient]) -> Option<&'a str> {
    waiting(facts, asked).find(|to| has_room(facts, asked, to))
}

/// Recipients that no mail has named yet.
pub(super) fn waiting<'a>(facts: &Facts<'a>, asked: &[Recipient]) -> impl Iterator<Item = &'a str> {
    facts.settings.to.iter().map(String::as_str).filter(move |to| {
        let read = as_read(facts, to);
        !asked.iter().any(|one| one.address == read) && !facts.served.contains(&read)
    })
}

/// Whether the server's limits leave recipients for another mail.
pub fn leaves_recipients(facts: &Facts<'_>) -> bool {
    let limited = limit(facts, "RCPTMAX").is_some() || limit(facts, "RCPTDOMAINMAX").is_some();
    let asked = facts.transaction.map_or(&[][..], |mail| &mail.recipients);
    limited && facts.settings.until == Until::Dot && waiting(facts, asked).next().is_some()
}

/// What the server's LIMITS say of `name` (RFC 9422 §4).
pub(super) fn limit(facts: &Facts<'_>, name: &str) -> Option<usize> {
    facts.capabilities.get("LIMITS")?.params.split_whitespace().find_map(|limit| {
        let (known, value) = limit.split_once('=')?;
        if known.eq_ignore_ascii_case(name) { value.parse().ok() } else { None }
    })
}

fn has_room(facts: &Facts<'_>, asked: &[Recipient], to: &str) -> bool {
    if limit(facts, "RCPTMAX").is_some_and(|most| asked.len() >= most.max(1)) {
        return false;
    }
    let Some(most) = limit(facts, "RCPTDOMAINMAX") else { return true };
    let domain_of = |address: &str| domain(address).unwrap_or_default().to_ascii_lowercase();
    let mut domains: Vec<String> = asked.iter().map(|one| domain_of(&one.address)).collect();
    domains.push(domain_of(&as_read(facts, to)));
    domains.sort_unstable();
    domains.dedup();
    domains.len() <= most.max(1)
}

/// The recipient as it is read back from the command that names it: an odd one may come back shorter.
fn as_read(facts: &Facts<'_>, to: &str) -> String {
    let line = ["RCPT TO:<", &on_wire(facts, to), ">"].concat();
    Command::of(&line).path().map_or_else(String::new, |path| path.address.to_owned())
}

/// Text as xtext (RFC 3461 §4): what is not plain becomes `+` and two hexadecimal digits.
fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' | 0..=b' ' | 0x7f.. => out.extend(['+', hex(byte >> 4), hex(byte & 15)]),
            byte => out.push(byte.into()),
        }
    }
    out
}

/// ORCPT's value: `rfc822` and xtext, or for an address beyond ASCII `utf-8` and its own encoding (RFC 6533 §3).
fn original_recipient(address: &str, raw: bool) -> String {
    if address.is_ascii() {
        return ["rfc822;", &xtext(address)].concat();
    }
    let mut out = "utf-8;".to_owned();
    for c in address.chars() {
        match c {
            '!'..='~' if !matches!(c, '+' | '=' | '\\') => out.push(c),
            c if !c.is_ascii() && raw => out.push(c),
            c => {
                out.push_str("\\x{");
                let digits: Vec<char> = (0..6).rev().map(|at| hex((c as u32 >> (4 * at) & 15) as u8)).collect();
                let first = digits.iter().position(|digit| *digit != '0').unwrap_or(5).min(4);
                out.extend(&digits[first..]);
                out.push('}');
            }
        }
    }
    out
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_ids_and_original_recipients_are_encoded() {
        assert_eq!(xtext("QQ314159"), "QQ314159");
        assert_eq!(xtext("a+b=c d"), "a+2Bb+3Dc+20d");
        assert_eq!(original_recipient("Bob@Example.COM", false), "rfc822;Bob@Example.COM");
        assert_eq!(original_recipient("a+b@c.example", true), "rfc822;a+2Bb@c.example");
        assert_eq!(original_recipient("b\u{fc}+@c.example", true), "utf-8;b\u{fc}\\x{2B}@c.example");
        assert_eq!(original_recipient("b\u{fc}@c.example", false), "utf-8;b\\x{FC}@c.example");
    }
}
