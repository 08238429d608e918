//! The commands that are likely to follow, as far as they can be foreseen.

use super::{Facts, Step, What, params};
use crate::record::SignInState;
use crate::sasl::Mechanism;
use crate::setup::{Security, Until};
use crate::wire::command::Verb;

/// The steps that would follow `first`, if every reply is good: text of commands, as far as they can be foreseen.
pub fn upcoming(facts: &Facts<'_>, first: &Step) -> Vec<String> {
    let settings = facts.settings;
    let auth = Verb::Auth;
    let verb = match &first.what {
        What::Command(verb, _) => verb,
        What::SignIn(..) => &auth,
        What::Message => return vec!["QUIT".into()],
        _ => return Vec::new(),
    };
    let rank = match verb {
        Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::StartTls | Verb::Auth => 0,
        Verb::Mail => 1,
        Verb::Rcpt => 2,
        Verb::Data => 3,
        _ => return Vec::new(),
    };
    let mut out = Vec::new();
    let to_tls = matches!(facts.security, Security::Starttls | Security::StarttlsIfOffered);
    if rank < 1 && *verb != Verb::Auth && to_tls && !facts.secured && settings.until >= Until::Starttls {
        if *verb != Verb::StartTls {
            out.push("STARTTLS".into());
        }
        out.push("EHLO, encrypted".into());
    }
    let signs_in = facts.sign_in.as_ref().filter(|wanted| wanted.state == SignInState::None);
    if let Some(wanted) = signs_in.filter(|_| rank < 1 && *verb != Verb::Auth && settings.until >= Until::Auth) {
        out.push(["AUTH ", wanted.mechanism.map_or("", Mechanism::word)].concat().trim_end().to_owned());
    }
    let done =
        facts.transaction.filter(|mail| rank >= 2 && !mail.is_finished()).map_or(0, |mail| mail.recipients.len());
    if rank < 1 && settings.until >= Until::Mail {
        out.push(["MAIL FROM:<", &params::on_wire(facts, &settings.from), ">"].concat());
    }
    if rank <= 2 && settings.until >= Until::Rcpt {
        let skip = if rank == 2 { done + 1 } else { 0 };
        out.extend(settings.to.iter().skip(skip).map(|to| ["RCPT TO:<", &params::on_wire(facts, to), ">"].concat()));
    }
    if rank < 3 && settings.until >= Until::Data {
        out.push(if params::chunks(facts) { "BDAT" } else { "DATA" }.into());
    }
    match settings.until {
        Until::Dot => out.push("the message".into()),
        Until::Data => return out,
        _ => {}
    }
    out.push("QUIT".into());
    out
}
