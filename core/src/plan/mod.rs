//! The proposed next step, and why. The person sends it, edits it or types another; nothing here forbids anything.

pub mod message;
mod params;
pub mod presets;
mod upcoming;

use crate::record::SignInState;
use crate::record::transaction::Transaction;
use crate::sasl::{self, Mechanism};
use crate::secret::MASK;
use crate::setup::{HelloVerb, PlanSettings, Security, Until};
use crate::wire::command::{Verb, domain};
use crate::wire::ehlo::Capabilities;
use crate::wire::rules::Phase;
pub use params::{leaves_recipients, pipelined};
pub use upcoming::upcoming;

/// What the plan looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What the person wants.
    pub settings: &'a PlanSettings,
    /// Whether a person watches.
    pub attended: bool,
    /// Where the conversation is.
    pub phase: Phase,
    /// The greeting's code; 0 if there was none.
    pub greeting: u16,
    /// The last reply's code to EHLO, and to HELO.
    pub ehlo: Option<u16>,
    /// The last reply's code to HELO.
    pub helo: Option<u16>,
    /// Whether QUIT was refused.
    pub quit_refused: bool,
    /// What the server offers.
    pub capabilities: &'a Capabilities,
    /// The open transaction, or the last.
    pub transaction: Option<&'a Transaction>,
    /// Whether the settings or the person asked for a new mail since the last was finished.
    pub wants_mail: bool,
    /// Whether the server announced that it will close: 421, or 221 without QUIT.
    pub closing: bool,
    /// What is known of signing in; none where nobody wants to.
    pub sign_in: Option<SignInFacts>,
    /// How the connection is to be secured.
    pub security: Security,
    /// Whether it is.
    pub secured: bool,
    /// The code of a refused STARTTLS.
    pub starttls_refused: Option<u16>,
    /// Whether the server waits for an answer within AUTH.
    pub in_auth: bool,
    /// The name to greet with, where the person gave none.
    pub own_name: &'a str,
    /// Whether LMTP is spoken.
    pub lmtp: bool,
    /// Octets that BDAT has announced and that have not been sent.
    pub chunk_left: usize,
    /// Whether the server refused the message while it was on the way.
    pub cut_short: bool,
    /// Recipients that had their mail already.
    pub served: &'a [String],
    /// What ETRN last asked for.
    pub etrn: &'a str,
    /// What XCLIENT last said, and the code of its reply.
    pub xclient: Option<(&'a str, u16)>,
    /// Mails that the server has let begin.
    pub mails: usize,
    /// The octets of the message.
    pub message_octets: usize,
    /// Whether the message has octets above 127.
    pub message_is_8bit: bool,
}

/// What the plan looks at for signing in.
#[derive(Debug)]
pub struct SignInFacts {
    /// The mechanism to take.
    pub mechanism: Option<Mechanism>,
    /// Why that one.
    pub reason: &'static str,
    /// What the server offers.
    pub offered: String,
    /// Whether the mechanism is among it.
    pub is_offered: bool,
    /// Whether the first answer goes out with AUTH.
    pub initial_response: bool,
    /// How it stands.
    pub state: SignInState,
    /// Whether credentials were held back.
    pub withheld: bool,
    /// Whether an answer is ready, and whether it is to cancel.
    pub answer: Option<bool>,
    /// Why the exchange was cancelled.
    pub cancelled: Option<&'static str>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub what: What,
    /// One line: why this, now.
    pub why: String,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Send this command.
    Command(Verb, String),
    /// Begin to sign in; the text is what is shown of it.
    SignIn(Mechanism, String),
    /// Answer the server's challenge; the text is what is shown of it.
    Answer(String),
    /// Send the message.
    Message,
    /// End the connection.
    Hangup,
}

impl Step {
    fn command(verb: Verb, text: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: What::Command(verb, text.into()), why: why.into() }
    }

    fn quit(why: impl Into<String>) -> Self {
        Self::command(Verb::Quit, "QUIT", why)
    }

    fn hangup(why: impl Into<String>) -> Self {
        Self { what: What::Hangup, why: why.into() }
    }
}

/// The step that the plan proposes.
pub fn next(facts: &Facts<'_>) -> Step {
    if facts.closing {
        return Step::hangup("The server announced that it closes the connection.");
    }
    if facts.quit_refused && facts.phase != Phase::Data {
        return Step::hangup("The server does not take QUIT.");
    }
    if let Some(step) = answer(facts) {
        return step;
    }
    if facts.in_auth {
        return Step::command(Verb::Other, "*", "The server waits for an answer in base64; * cancels the sign-in.");
    }
    if facts.cut_short {
        return Step::hangup(
            "The server refused the message while it was on the way; hanging up is the way to stop it.",
        );
    }
    if facts.chunk_left > 0 {
        let sent = facts.transaction.map_or(0, |mail| mail.chunked);
        return match sent < facts.message_octets {
            true => Step { what: What::Message, why: "The octets that BDAT announced, as they are.".into() },
            false => Step::hangup("The server waits for octets that BDAT announced, and the message has no more."),
        };
    }
    match facts.phase {
        Phase::Start => hello(facts),
        Phase::Idle => idle(facts),
        Phase::Mail | Phase::Rcpt => recipient_or_data(facts),
        Phase::Data if facts.settings.until == Until::Data => {
            Step::hangup("You asked to stop after DATA; hanging up now keeps the server from taking any message.")
        }
        Phase::Data => Step { what: What::Message, why: message_why(facts) },
    }
}

fn hello(facts: &Facts<'_>) -> Step {
    if facts.settings.until == Until::Connect {
        return Step::quit("You asked to stop after the greeting.");
    }
    if !(200..300).contains(&facts.greeting) {
        return Step::quit(format!("The server refused to talk ({}). QUIT is the polite end.", facts.greeting));
    }
    let name = facts.settings.hello.as_deref().unwrap_or(facts.own_name);
    let refused = |code: Option<u16>| code.filter(|code| !(200..300).contains(code));
    if facts.lmtp {
        return match refused(facts.ehlo) {
            None => {
                Step::command(Verb::Lhlo, ["LHLO ", name].concat(), "Greets an LMTP server, and asks what it offers.")
            }
            Some(code) => Step::quit(format!("The server refused LHLO ({code}): it may speak SMTP only.")),
        };
    }
    match (facts.settings.hello_verb, refused(facts.ehlo), refused(facts.helo)) {
        (HelloVerb::Helo, _, None) => {
            Step::command(Verb::Helo, format!("HELO {name}"), "Greets in the old way, without asking for extensions.")
        }
        (HelloVerb::Ehlo, None, _) => {
            let why = format!("Greets the server as {name}, and asks which extensions it offers.");
            Step::command(Verb::Ehlo, format!("EHLO {name}"), why)
        }
        (HelloVerb::Ehlo, Some(code), None) => {
            let why = format!("The server refused EHLO ({code}); an old server may know HELO only.");
            Step::command(Verb::Helo, format!("HELO {name}"), why)
        }
        (_, _, Some(code)) => Step::quit(format!("The server refused HELO ({code}): nothing more can be asked of it.")),
    }
}

fn idle(facts: &Facts<'_>) -> Step {
    let settings = facts.settings;
    if let Some(step) = starttls(facts) {
        return step;
    }
    if settings.until == Until::Starttls {
        return Step::quit("You asked to stop after the TLS handshake.");
    }
    if let Some(step) = xclient(facts).or_else(|| sign_in(facts)) {
        return step;
    }
    if settings.until == Until::Auth {
        return Step::quit("You asked to stop after signing in.");
    }
    if settings.until < Until::Mail {
        return Step::quit("You asked to stop after the greeting of both sides.");
    }
    if let Some(step) = etrn(facts) {
        return step;
    }
    if !facts.wants_mail {
        let why = match facts.transaction {
            Some(mail) if mail.is_accepted() => "The message is accepted; there is nothing more to do.",
            Some(_) => "The mail was refused; change the settings to try another, or end here.",
            None => "There is nothing more to do.",
        };
        return Step::quit(why);
    }
    if let Some(most) = params::limit(facts, "MAILMAX").filter(|most| facts.mails >= *most) {
        return Step::quit(format!("The server takes {most} mails a connection (LIMITS MAILMAX): begin a new one."));
    }
    let (text, left_out) = params::mail(facts);
    let mut why = if settings.from.is_empty() {
        "Names the null reverse-path: such a mail gets no bounce.".to_owned()
    } else {
        format!("Names the sender: bounces will go to {}.", settings.from)
    };
    if !left_out.is_empty() {
        why.push_str(&[" Left out, since the server does not offer it: ", &left_out.join(", "), "."].concat());
    }
    why.push_str(beyond_ascii(facts, &settings.from));
    Step::command(Verb::Mail, text, why)
}

/// What to know of an address that this server cannot take.
fn beyond_ascii(facts: &Facts<'_>, address: &str) -> &'static str {
    match params::on_wire(facts, address).is_ascii() || params::usable(facts, "SMTPUTF8") {
        true => "",
        false => {
            " There are letters beyond ASCII before the @, and the server does not offer SMTPUTF8: expect a refusal."
        }
    }
}

/// The step by which the server takes us for another client, where that is wanted.
fn xclient(facts: &Facts<'_>) -> Option<Step> {
    let wanted = facts.settings.options.xclient.as_str();
    if wanted.is_empty() || facts.settings.until <= Until::Starttls {
        return None;
    }
    match facts.xclient.filter(|(said, _)| *said == wanted) {
        None if !params::usable(facts, "XCLIENT") => {
            Some(Step::quit("The server does not offer XCLIENT to us, so it would not test what you asked for."))
        }
        None => Some(Step::command(
            Verb::Other,
            ["XCLIENT ", wanted].concat(),
            "Tells the server whom to take us for; after its 220 all begins anew with EHLO.",
        )),
        Some((_, code)) if code >= 400 => {
            Some(Step::quit(format!("The server refused XCLIENT ({code}): it would not test what you asked for.")))
        }
        Some(_) => None,
    }
}

/// The step that asks for waiting mail, where that is wanted; without recipients it is the last.
fn etrn(facts: &Facts<'_>) -> Option<Step> {
    let wanted = facts.settings.options.etrn.as_str();
    if wanted.is_empty() {
        return None;
    }
    let done = facts.etrn == wanted;
    if !done && params::usable(facts, "ETRN") {
        let why = ["Asks the server to send what it holds for ", wanted, "."].concat();
        return Some(Step::command(Verb::Etrn, ["ETRN ", wanted].concat(), why));
    }
    let why = if done { "ETRN is answered, and no recipient is named." } else { "The server does not offer ETRN." };
    facts.settings.to.is_empty().then(|| Step::quit(why))
}

/// The step to TLS, where it is wanted and has not been taken.
fn starttls(facts: &Facts<'_>) -> Option<Step> {
    let wanted = matches!(facts.security, Security::Starttls | Security::StarttlsIfOffered);
    if !wanted || facts.secured || facts.settings.until < Until::Starttls {
        return None;
    }
    let required = facts.security == Security::Starttls;
    match (facts.capabilities.has("STARTTLS"), facts.starttls_refused) {
        (true, None) => Some(Step::command(
            Verb::StartTls,
            "STARTTLS",
            "Asks to go on encrypted; behind the 220 comes the handshake.",
        )),
        (_, Some(code)) if required => {
            Some(Step::quit(format!("The server refused STARTTLS ({code}), and you asked for TLS: nothing is sent.")))
        }
        (false, None) if required => Some(Step::quit(
            "The server does not offer STARTTLS, or something on the way took the offer out; you asked for TLS, so \
             nothing is sent.",
        )),
        _ => None,
    }
}

/// The answer to a challenge, where Ehlo holds the exchange.
fn answer(facts: &Facts<'_>) -> Option<Step> {
    let cancels = facts.sign_in.as_ref().filter(|_| facts.in_auth)?.answer?;
    let (text, why) = match cancels {
        true => (sasl::CANCEL, "The exchange cannot go on; * cancels it."),
        false => (MASK, "Answers the server's challenge."),
    };
    Some(Step { what: What::Answer(text.to_owned()), why: why.to_owned() })
}

/// The step to a sign-in, where one is wanted and has not been tried.
fn sign_in(facts: &Facts<'_>) -> Option<Step> {
    let wanted = facts.sign_in.as_ref().filter(|_| facts.settings.until >= Until::Auth)?;
    match wanted.state {
        SignInState::Done | SignInState::Running => return None,
        SignInState::Refused => {
            return Some(Step::quit(
                "The server refused the sign-in; change the credentials to try again, or end here.",
            ));
        }
        SignInState::Cancelled => {
            return Some(Step::quit(wanted.cancelled.unwrap_or("The sign-in was cancelled.")));
        }
        SignInState::None => {}
    }
    if wanted.withheld && !facts.attended {
        return Some(Step::quit("The credentials were held back: this connection does not protect them."));
    }
    let Some(mechanism) = wanted.mechanism else {
        let why = match wanted.offered.as_str() {
            "" => "The server offers no sign-in here; some offer it only after STARTTLS.".to_owned(),
            offered => format!("None of the server's mechanisms ({offered}) fits what is given to sign in with."),
        };
        return Some(Step::quit(why));
    };
    let why = match wanted.is_offered {
        true => format!("Signs in with {}. {}", mechanism.word(), wanted.reason),
        false => format!("Signs in with {}, which the server does not offer: expect 504 or 503.", mechanism.word()),
    };
    let initial =
        if wanted.initial_response && mechanism.speaks_first() { [" ", MASK].concat() } else { String::new() };
    let text = ["AUTH ", mechanism.word(), &initial].concat();
    Some(Step { what: What::SignIn(mechanism, text), why })
}

fn recipient_or_data(facts: &Facts<'_>) -> Step {
    let settings = facts.settings;
    if settings.until == Until::Mail {
        return Step::quit("You asked to stop after MAIL FROM.");
    }
    let tried = facts.transaction.map_or(&[][..], |mail| &mail.recipients);
    if facts.transaction.is_some_and(|mail| mail.chunked > 0) {
        return data(facts);
    }
    if let Some(to) = params::next_recipient(facts, tried) {
        let why = [&format!("Asks whether the server takes mail for {to}."), beyond_ascii(facts, to)].concat();
        return Step::command(Verb::Rcpt, params::rcpt(facts, to), why);
    }
    if facts.phase == Phase::Mail {
        let why = if tried.is_empty() { "No recipient is named." } else { "The server took none of the recipients." };
        return Step::quit(why);
    }
    if settings.until == Until::Rcpt {
        return Step::quit("You asked to stop after RCPT TO: nothing is sent.");
    }
    data(facts)
}

/// The step that hands over the message, or the next piece of it.
fn data(facts: &Facts<'_>) -> Step {
    let asked = facts.transaction.map_or(&[][..], |mail| &mail.recipients);
    let rest = match params::waiting(facts, asked).next() {
        Some(_) if params::leaves_recipients(facts) => {
            " The server's LIMITS leave the other recipients for the next mail."
        }
        _ => "",
    };
    let sent = facts.transaction.map_or(0, |mail| mail.chunked);
    if sent == 0 && !params::chunks(facts) {
        return Step::command(
            Verb::Data,
            "DATA",
            ["Asks to hand over the message; the server should answer 354.", rest].concat(),
        );
    }
    let left = facts.message_octets.saturating_sub(sent);
    let octets = left.min(facts.settings.options.chunk_octets());
    let last = if octets == left { " LAST" } else { "" };
    let why = match last {
        "" => format!("Announces the next {octets} octets of {left}; they follow at once, and are answered."),
        _ => format!("Announces the last {octets} octets of the message; they follow at once."),
    };
    Step::command(Verb::Bdat, ["BDAT ", &octets.to_string(), last].concat(), [&why, rest].concat())
}

fn message_why(facts: &Facts<'_>) -> String {
    format!("The message, {} octets; a dot on a line by itself ends it.", facts.message_octets)
}

/// The name to greet with where the person gives none: the relay's own name, else `test.` and the server's domain.
///
/// `server` is the host that was named, `greeting` the name in the server's greeting, `local` the relay's own address.
pub fn own_name(local_name: Option<&str>, server: &str, greeting: Option<&str>, local: Option<&str>) -> String {
    if let Some(name) = local_name.filter(|name| name.contains('.')) {
        return name.to_owned();
    }
    let is_name = |host: &&str| host.contains('.') && !crate::wire::address::is_ip(host) && !host.starts_with('[');
    if let Some(host) = [Some(server), greeting].into_iter().flatten().find(is_name) {
        let host = host.trim_end_matches('.');
        let parent = match host.split_once('.') {
            Some((_, rest)) if rest.contains('.') => rest,
            _ => host,
        };
        return format!("test.{parent}");
    }
    // `address:port`, or `[address]:port` for IPv6.
    let ip = local.and_then(|local| local.rsplit_once(':')).map(|(ip, _)| ip.trim_matches(['[', ']']));
    match ip {
        Some(ip) if ip.contains(':') => format!("[IPv6:{ip}]"),
        Some(ip) => format!("[{ip}]"),
        None => "[127.0.0.1]".into(),
    }
}

/// The domain under which this side names itself in a Message-ID.
pub fn id_domain(settings: &PlanSettings, own_name: &str) -> String {
    domain(&settings.from).unwrap_or(own_name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_name_is_the_relays_or_test_and_the_servers_domain() {
        let local = Some("198.51.100.7:4711");
        assert_eq!(own_name(Some("client.example.org"), "mx.example", None, local), "client.example.org");
        assert_eq!(own_name(Some("localhost"), "mail.domain.example", None, local), "test.domain.example");
        assert_eq!(own_name(None, "domain.example", None, local), "test.domain.example");
        assert_eq!(own_name(None, "192.0.2.1", Some("mail.domain.example"), local), "test.domain.example");
        assert_eq!(own_name(None, "192.0.2.1", None, local), "[198.51.100.7]");
        assert_eq!(own_name(None, "2001:db8::1", None, Some("[2001:db8::2]:1")), "[IPv6:2001:db8::2]");
    }
}
