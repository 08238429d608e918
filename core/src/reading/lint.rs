//! Advice on a line before it is sent. It never forbids: a person may break rules on purpose.

use serde::Serialize;

use crate::case::Case;
use crate::wire::command::{Command, PathArgument, Verb};
use crate::wire::rules::{Order, Phase, order};

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// How grave it is.
    pub severity: Gravity,
    /// What to know, in one sentence.
    pub message: String,
    /// The line as it was probably meant.
    pub fix: Option<String>,
}

/// How grave a piece of advice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// A sound server will refuse it.
    Error,
    /// Some servers will.
    Warning,
    /// Good to know.
    Hint,
}

/// Advice on `line`, which is about to be sent in `session`. A line that holds a secret is never repeated in it.
pub fn lint(case: &Case, line: &str) -> Vec<Advice> {
    let mut out = advise(case, line);
    if case.record.is_secret(line) {
        out.iter_mut().for_each(|advice| advice.fix = None);
    }
    out
}

fn advise(case: &Case, line: &str) -> Vec<Advice> {
    let mut out = Vec::new();
    if case.record.chunk_left() > 0 {
        let octets = case.record.chunk_left().to_string();
        add(
            &mut out,
            Gravity::Hint,
            ["The server reads the next ", &octets, " octets as they are, whatever they say."].concat(),
            None,
        );
        return out;
    }
    if case.record.phase() == Phase::Data && case.record.awaiting().is_none() {
        body_line(line, &mut out);
        return out;
    }
    if case.record.sign_in().is_asked() {
        auth_answer(case, line, &mut out);
        return out;
    }
    let command = Command::of(line);
    shape(line, &command, &mut out);
    if let Order::Wrong(why) = order(case.record.phase(), command.verb) {
        add(&mut out, Gravity::Warning, format!("Out of order: {why}."), None);
    }
    if case.record.awaiting().is_some() {
        let what = case.record.awaiting().map(super::words::awaited).unwrap_or_default();
        add(&mut out, Gravity::Warning, format!("The server has not answered yet; Ehlo is waiting for {what}."), None);
    }
    match command.verb {
        Verb::Mail | Verb::Rcpt => path(case, &command, &mut out),
        Verb::Ehlo | Verb::Helo | Verb::Lhlo => hello(&command, &mut out),
        Verb::Data | Verb::Rset | Verb::Quit | Verb::StartTls => no_argument(&command, &mut out),
        Verb::Other => unknown(case, &command, &mut out),
        _ => {}
    }
    offered(case, &command, &mut out);
    out
}

fn add(out: &mut Vec<Advice>, severity: Gravity, message: impl Into<String>, fix: Option<String>) {
    out.push(Advice { severity, message: message.into(), fix });
}

fn body_line(line: &str, out: &mut Vec<Advice>) {
    if line == "." {
        return add(out, Gravity::Hint, "A dot alone ends the message.", None);
    }
    if line.starts_with('.') && !line.starts_with("..") {
        let message = "The server takes the first dot off: a line that begins with a dot must have another before it.";
        add(out, Gravity::Warning, message, Some(format!(".{line}")));
    }
    if line.len() > 998 {
        let message = format!("{} octets: a line of a message may have 998 (RFC 5322 \u{a7}2.1.1).", line.len());
        add(out, Gravity::Warning, message, None);
    }
    if line.contains(['\r', '\n']) {
        add(out, Gravity::Warning, "A lone CR or LF stands in the line; many servers refuse such a message.", None);
    }
}

/// Whether nobody on the way can read what is sent.
fn is_encrypted(case: &Case) -> bool {
    case.record.tls().stage == crate::record::Stage::Secured || case.setup.practice.is_some()
}

fn auth_answer(case: &Case, line: &str, out: &mut Vec<Advice>) {
    let base64 = line.trim_end_matches('=').bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    if line != "*" && (!base64 || !line.len().is_multiple_of(4)) {
        add(out, Gravity::Error, "The server expects base64 here; * cancels.", None);
    }
    if !is_encrypted(case) {
        add(out, Gravity::Warning, "This connection is not encrypted: what you send now can be read on the way.", None);
    }
}

/// What is wrong with the line as a line.
fn shape(line: &str, command: &Command<'_>, out: &mut Vec<Advice>) {
    if line.contains(['\r', '\n']) {
        let whole = line.trim_end_matches(['\r', '\n']);
        let fix = (!whole.contains(['\r', '\n'])).then(|| whole.to_owned());
        add(
            out,
            Gravity::Error,
            "A CR or LF stands in the line: the server reads it as two commands, or refuses it.",
            fix,
        );
    }
    if line.starts_with([' ', '\t']) {
        add(out, Gravity::Error, "A command begins in the first column.", Some(line.trim_start().to_owned()));
    } else if line.ends_with([' ', '\t']) && line.trim() != "" {
        add(out, Gravity::Hint, "Spaces at the end; some servers do not like them.", Some(line.trim_end().to_owned()));
    }
    if line.len() + 2 > 512 {
        add(
            out,
            Gravity::Warning,
            format!("{} octets: a command line may have 512 (RFC 5321 \u{a7}4.5.3.1.4).", line.len() + 2),
            None,
        );
    }
    if line.trim().is_empty() {
        add(out, Gravity::Error, "An empty line is no command: the server answers 500.", None);
    }
    if line.chars().any(char::is_control) && !line.contains(['\r', '\n']) {
        add(out, Gravity::Warning, "Control characters stand in the line.", None);
    }
    if command.word.ends_with(':') && command.verb != Verb::Other {
        let fix = line.replacen(command.word, command.verb.word(), 1);
        add(out, Gravity::Error, format!("No colon behind {}.", command.verb.word()), Some(fix));
    }
}

fn path(case: &Case, command: &Command<'_>, out: &mut Vec<Advice>) {
    let (verb, keyword) = if command.verb == Verb::Mail { ("MAIL", "FROM") } else { ("RCPT", "TO") };
    let Some(path) = command.path() else {
        let bare = command.rest.trim_start_matches(':').trim();
        let fix = format!("{verb} {keyword}:<{}>", bare.trim_matches(['<', '>']));
        return add(
            out,
            Gravity::Error,
            format!("{verb} is followed by {keyword}: and an address in angle brackets."),
            Some(fix),
        );
    };
    let fixed = fixed_path(verb, keyword, &path);
    if !path.colon {
        return add(out, Gravity::Error, format!("A colon belongs behind {keyword}."), Some(fixed));
    }
    if !path.opened || !path.closed {
        let what = match (path.opened, path.closed) {
            (false, false) => "The angle brackets < > are missing; they are required.",
            (false, true) => "The opening angle bracket < is missing.",
            // Within quotation marks > is only a character.
            _ if command.rest.ends_with('>') => "A quotation mark in the address is not closed.",
            _ => "The closing angle bracket > is missing.",
        };
        let fix = (!command.rest.ends_with(['>', '"']) || !path.opened).then_some(fixed);
        add(out, Gravity::Error, what, fix);
    } else if path.space_after_colon || path.space_before_colon {
        let message = "No space belongs around the colon (RFC 5321 \u{a7}3.3); many servers forgive it, some do not.";
        add(out, Gravity::Warning, message, Some(fixed));
    }
    address(command.verb, path.address, out);
    params(case, command.verb, &path, out);
}

fn fixed_path(verb: &str, keyword: &str, path: &PathArgument<'_>) -> String {
    let mut fixed = format!("{verb} {keyword}:<{}>", path.address);
    for param in &path.params {
        fixed.push(' ');
        fixed.push_str(param);
    }
    fixed
}

fn address(verb: Verb, address: &str, out: &mut Vec<Advice>) {
    if address.is_empty() {
        if verb == Verb::Rcpt {
            add(out, Gravity::Error, "A recipient must not be empty.", None);
        } else {
            add(
                out,
                Gravity::Hint,
                "The null reverse-path is for bounces: some servers refuse it for ordinary mail.",
                None,
            );
        }
        return;
    }
    if !address.contains('@') && !address.eq_ignore_ascii_case("postmaster") {
        return add(out, Gravity::Warning, "The address has no @ and no domain.", None);
    }
    if address.contains(char::is_whitespace) && !address.starts_with('"') {
        add(out, Gravity::Error, "A space stands in the address.", None);
    }
    if address.contains(',') || address.contains(';') {
        add(out, Gravity::Error, "One address a command: send RCPT TO for each recipient.", None);
    }
}

fn params(case: &Case, verb: Verb, path: &PathArgument<'_>, out: &mut Vec<Advice>) {
    let capabilities = case.record.capabilities();
    if capabilities.extensions.is_empty() && !path.params.is_empty() {
        return add(out, Gravity::Warning, "Parameters want EHLO: this server offers no extensions.", None);
    }
    for param in &path.params {
        let name = param.split('=').next().unwrap_or_default().to_ascii_uppercase();
        let wants = match (name.as_str(), verb) {
            ("SIZE", Verb::Mail) => "SIZE",
            ("BODY", Verb::Mail) if param.eq_ignore_ascii_case("BODY=BINARYMIME") => "BINARYMIME",
            ("BODY", Verb::Mail) => "8BITMIME",
            ("SMTPUTF8", Verb::Mail) => "SMTPUTF8",
            ("RET" | "ENVID", Verb::Mail) | ("NOTIFY" | "ORCPT", Verb::Rcpt) => "DSN",
            ("AUTH", Verb::Mail) => "AUTH",
            ("REQUIRETLS", Verb::Mail) => "REQUIRETLS",
            ("BY", Verb::Mail) => "DELIVERBY",
            ("MT-PRIORITY", Verb::Mail) => "MT-PRIORITY",
            ("HOLDFOR" | "HOLDUNTIL", Verb::Mail) => "FUTURERELEASE",
            ("RRVS", Verb::Rcpt) => "RRVS",
            _ => {
                add(out, Gravity::Hint, format!("{name} is no parameter that Ehlo knows."), None);
                continue;
            }
        };
        if !capabilities.has(wants) {
            add(out, Gravity::Warning, format!("The server did not offer {wants}, which {name} needs."), None);
        }
    }
    size(case, path, out);
    if !path.address.is_ascii() && !capabilities.has("SMTPUTF8") {
        add(
            out,
            Gravity::Warning,
            "The address has letters beyond ASCII, and the server did not offer SMTPUTF8.",
            None,
        );
    }
}

fn size(case: &Case, path: &PathArgument<'_>, out: &mut Vec<Advice>) {
    let stated = path.param("SIZE").and_then(|size| size.parse::<u64>().ok());
    if let (Some(stated), Some(limit)) = (stated, case.record.capabilities().size_limit())
        && stated > limit
    {
        add(out, Gravity::Warning, format!("The server takes {limit} octets at most; this says {stated}."), None);
    }
}

fn hello(command: &Command<'_>, out: &mut Vec<Advice>) {
    let name = command.rest.trim();
    if name.is_empty() {
        return add(
            out,
            Gravity::Error,
            format!("{} is followed by the name of this side.", command.verb.word()),
            None,
        );
    }
    if name.contains(char::is_whitespace) {
        return add(out, Gravity::Warning, "The name is one word.", None);
    }
    let literal = name.starts_with('[') && name.ends_with(']');
    if crate::wire::address::is_ip(name) {
        let bracketed = if name.contains(':') { format!("[IPv6:{name}]") } else { format!("[{name}]") };
        let fix = Some(format!("{} {bracketed}", command.verb.word()));
        return add(out, Gravity::Warning, "An address as name stands in square brackets (RFC 5321 \u{a7}4.1.3).", fix);
    }
    if !literal && !name.contains('.') {
        add(out, Gravity::Hint, "A full name with a domain is expected; some servers refuse a short one.", None);
    }
    if name.contains('_') {
        add(out, Gravity::Hint, "An underscore is not allowed in a host name; some servers refuse it.", None);
    }
}

fn no_argument(command: &Command<'_>, out: &mut Vec<Advice>) {
    if !command.rest.trim().is_empty() {
        let word = command.verb.word();
        add(
            out,
            Gravity::Warning,
            format!("Nothing belongs behind {word}; strict servers answer 501."),
            Some(word.to_owned()),
        );
    }
}

fn unknown(case: &Case, command: &Command<'_>, out: &mut Vec<Advice>) {
    if command.word.is_empty() || case.record.capabilities().has(command.word) {
        return;
    }
    let upper = command.word.to_ascii_uppercase();
    let near = Verb::ALL.into_iter().map(Verb::word).find(|word| !word.is_empty() && is_near(word, &upper));
    match near {
        Some(word) => {
            let fix = format!("{word} {}", command.rest).trim_end().to_owned();
            add(out, Gravity::Error, format!("{} is no command; {word} is.", command.word), Some(fix));
        }
        None => add(
            out,
            Gravity::Warning,
            format!("{} is no command that Ehlo knows: a server answers 500 or 502.", command.word),
            None,
        ),
    }
}

/// Whether two words differ by one letter too many, too few, exchanged or swapped with its neighbour.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (ra, rb) = (&a[head..], &b[head..]);
    match ra.len() as isize - rb.len() as isize {
        0 => {
            ra.len() <= 1
                || ra[1..] == rb[1..]
                || (ra.len() > 1 && ra[0] == rb[1] && ra[1] == rb[0] && ra[2..] == rb[2..])
        }
        1 => ra[1..] == *rb,
        -1 => *ra == rb[1..],
        _ => false,
    }
}

fn offered(case: &Case, command: &Command<'_>, out: &mut Vec<Advice>) {
    if case.record.phase() < Phase::Idle {
        return;
    }
    let wants = match command.verb {
        Verb::StartTls => "STARTTLS",
        Verb::Auth => "AUTH",
        Verb::Etrn => "ETRN",
        Verb::Bdat => "CHUNKING",
        Verb::Lhlo if case.setup.lmtp => return,
        Verb::Lhlo => return add(out, Gravity::Warning, "LHLO is for LMTP servers only.", None),
        _ => return,
    };
    if !case.record.capabilities().has(wants) {
        add(out, Gravity::Warning, format!("The server did not offer {wants}."), None);
    }
    if command.verb == Verb::Auth && !command.rest.is_empty() && !is_encrypted(case) {
        add(out, Gravity::Warning, "This connection is not encrypted: name and password can be read on the way.", None);
    }
    if command.verb == Verb::StartTls {
        add(
            out,
            Gravity::Hint,
            "Behind the server's 220 comes the TLS handshake; afterwards EHLO is said again.",
            None,
        );
    }
}

/// A completion of what is being typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// The whole line.
    pub text: String,
    /// What it does, in a few words.
    pub about: String,
}

/// Lines that begin as `typed` does: the proposal, commands that fit here, offered extensions.
pub fn complete(case: &Case, typed: &str) -> Vec<Completion> {
    if case.record.phase() == Phase::Data || case.record.sign_in().is_asked() {
        return Vec::new();
    }
    let plan = &case.setup.plan;
    let mut lines: Vec<(Verb, String)> = vec![
        (Verb::Ehlo, format!("EHLO {}", plan.hello.clone().unwrap_or_else(|| case.own_name()))),
        (Verb::Helo, format!("HELO {}", plan.hello.clone().unwrap_or_else(|| case.own_name()))),
        (Verb::Mail, format!("MAIL FROM:<{}>", plan.from)),
    ];
    lines.extend(plan.to.iter().map(|to| (Verb::Rcpt, format!("RCPT TO:<{to}>"))));
    if plan.to.is_empty() {
        lines.push((Verb::Rcpt, "RCPT TO:<>".into()));
    }
    let who = plan.to.first().map_or("postmaster", String::as_str);
    lines.push((Verb::Data, "DATA".into()));
    lines.push((Verb::Rset, "RSET".into()));
    lines.push((Verb::Vrfy, format!("VRFY {who}")));
    lines.push((Verb::Expn, format!("EXPN {who}")));
    for verb in [Verb::Help, Verb::Noop, Verb::Quit] {
        lines.push((verb, verb.word().into()));
    }
    for (verb, keyword) in [(Verb::StartTls, "STARTTLS"), (Verb::Auth, "AUTH"), (Verb::Etrn, "ETRN")] {
        if case.record.capabilities().has(keyword) {
            lines.push((verb, verb.word().into()));
        }
    }
    let typed = typed.trim_start().to_ascii_uppercase();
    let fits = |verb| order(case.record.phase(), verb) == Order::Fits;
    let (fitting, others): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(verb, _)| fits(*verb));
    let all = fitting.into_iter().chain(others);
    let matching = all.filter(|(_, line)| line.to_ascii_uppercase().starts_with(&typed) && line.len() > typed.len());
    matching
        .map(|(verb, text)| {
            let order = if fits(verb) { "" } else { " (out of order here)" };
            Completion { text, about: [verb.about(), order].concat() }
        })
        .collect()
}
