//! Reads a command line: verb, path, parameters.

/// The commands that the server knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    StartTls,
    Auth,
    /// Known by name, and not for this server.
    Other,
}

/// One command as HELP shows it.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) verb: Verb,
    /// How it is written; empty for commands that this server does not do.
    pub(super) syntax: &'static str,
    /// RFC 821 had it already.
    pub(super) old: bool,
}

const fn known(name: &'static str, verb: Verb, syntax: &'static str, old: bool) -> Known {
    Known { name, verb, syntax, old }
}

/// Every command known by name.
pub(super) const COMMANDS: [Known; 20] = [
    known("EHLO", Verb::Ehlo, "EHLO your.host.name", false),
    known("HELO", Verb::Helo, "HELO your.host.name", true),
    known("MAIL", Verb::Mail, "MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8]", true),
    known("RCPT", Verb::Rcpt, "RCPT TO:<address>", true),
    known("DATA", Verb::Data, "DATA", true),
    known("BDAT", Verb::Bdat, "BDAT size [LAST]", false),
    known("RSET", Verb::Rset, "RSET", true),
    known("NOOP", Verb::Noop, "NOOP [anything]", true),
    known("QUIT", Verb::Quit, "QUIT", true),
    known("VRFY", Verb::Vrfy, "VRFY address", true),
    known("EXPN", Verb::Expn, "EXPN list", true),
    known("HELP", Verb::Help, "HELP [command]", true),
    known("STARTTLS", Verb::StartTls, "", false),
    known("AUTH", Verb::Auth, "", false),
    known("ETRN", Verb::Other, "", false),
    known("TURN", Verb::Other, "", false),
    known("SEND", Verb::Other, "", false),
    known("SOML", Verb::Other, "", false),
    known("SAML", Verb::Other, "", false),
    known("LHLO", Verb::Other, "", false),
];

/// The command of this name, in capital or small letters.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    COMMANDS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// What is wrong with a path or with how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No `FROM:` or `TO:`.
    Keyword,
    SpaceAfterColon,
    NoPath,
    NoBrackets,
    Unclosed,
    AfterPath,
    Parameter,
    Empty,
    TooLong,
    SourceRoute,
    LocalPart,
    NoDomain,
    Domain,
}

impl Fault {
    /// The rule that was broken.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::Keyword => "the colon belongs right behind FROM or TO",
            Self::SpaceAfterColon => "no space is allowed after the colon",
            Self::NoPath => "the address is missing",
            Self::NoBrackets => "the address must stand in < >",
            Self::Unclosed => "the closing > or \" is missing",
            Self::AfterPath => "one space belongs between > and what follows",
            Self::Parameter => "parameters are written KEYWORD or KEYWORD=value, one space before each",
            Self::Empty => "<> is for the sender only",
            Self::TooLong => "the address is too long",
            Self::SourceRoute => "the route before the address cannot be read",
            Self::LocalPart => "the part before the @ cannot be read",
            Self::NoDomain => "the address needs @ and a domain",
            Self::Domain => "the part after the @ is no domain name",
        }
    }

    /// The address itself is wrong, not the command around it.
    pub(super) const fn is_about_address(self) -> bool {
        matches!(
            self,
            Self::Empty | Self::TooLong | Self::SourceRoute | Self::LocalPart | Self::NoDomain | Self::Domain
        )
    }
}

/// What follows MAIL or RCPT.
#[derive(Debug)]
pub(super) struct PathArgument<'a> {
    /// Between the brackets.
    pub(super) path: &'a str,
    pub(super) bracketed: bool,
    /// The parameters: keyword, and the value behind `=`.
    pub(super) parameters: Vec<(&'a str, Option<&'a str>)>,
}

/// Reads `FROM:<path> parameters`, where `word` is `FROM` or `TO`.
pub(super) fn path_argument<'a>(argument: &'a str, word: &str, strict: bool) -> Result<PathArgument<'a>, Fault> {
    let after = argument
        .split_at_checked(word.len())
        .filter(|(start, _)| start.eq_ignore_ascii_case(word))
        .and_then(|(_, rest)| rest.strip_prefix(':'))
        .ok_or(Fault::Keyword)?;
    let text = after.trim_start();
    if strict && text.len() < after.len() {
        return Err(Fault::SpaceAfterColon);
    }
    let (path, rest, bracketed) = match text.strip_prefix('<') {
        Some(inner) => {
            let end = outside_quotes(inner, |char| char == '>').ok_or(Fault::Unclosed)?;
            (&inner[..end], &inner[end + 1..], true)
        }
        None if strict && !text.is_empty() => return Err(Fault::NoBrackets),
        None => {
            let end = outside_quotes(text, char::is_whitespace).unwrap_or(text.len());
            (&text[..end], &text[end..], false)
        }
    };
    if path.is_empty() && !bracketed {
        return Err(Fault::NoPath);
    }
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return Err(Fault::AfterPath);
    }
    if strict && !rest.is_empty() && rest[1..].split(' ').any(str::is_empty) {
        return Err(Fault::Parameter);
    }
    let parameters = rest.split_whitespace().map(parameter).collect::<Option<_>>().ok_or(Fault::Parameter)?;
    Ok(PathArgument { path, bracketed, parameters })
}

/// The first place where `wanted` holds outside of a quoted string.
fn outside_quotes(text: &str, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if !quoted && wanted(char) => return Some(at),
            _ => {}
        }
    }
    None
}

/// `KEYWORD` or `KEYWORD=value` (RFC 5321 section 4.1.1.11).
fn parameter(word: &str) -> Option<(&str, Option<&str>)> {
    let (keyword, value) = word.split_once('=').map_or((word, None), |(keyword, value)| (keyword, Some(value)));
    let sound = keyword.starts_with(|first: char| first.is_ascii_alphanumeric())
        && keyword.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && value.is_none_or(|value| !value.is_empty() && !value.contains('='));
    sound.then_some((keyword, value))
}

/// A mailbox without its source route (RFC 5321 section 4.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox<'a> {
    /// The whole, as it was written.
    pub(super) address: &'a str,
    /// Before the `@`, perhaps a quoted string.
    pub(super) local: &'a str,
    /// After the `@`; empty for the bare `postmaster`.
    pub(super) domain: &'a str,
}

/// Reads what stands between the brackets; the null path is the caller's to see before.
pub(super) fn mailbox(path: &str) -> Result<Mailbox<'_>, Fault> {
    // RFC 5321 section 4.5.3.1.3: 256 octets with the brackets.
    if path.len() > 254 {
        return Err(Fault::TooLong);
    }
    let address = match path.strip_prefix('@') {
        None => path,
        Some(_) => {
            let (route, address) = path.split_once(':').ok_or(Fault::SourceRoute)?;
            let sound = route.split(',').all(|hop| hop.strip_prefix('@').is_some_and(is_domain));
            if !sound {
                return Err(Fault::SourceRoute);
            }
            address
        }
    };
    let at = outside_quotes(address, |char| char == '@');
    let (local, domain) = at.map_or((address, ""), |at| (&address[..at], &address[at + 1..]));
    if local.len() > 64 {
        return Err(Fault::TooLong);
    }
    if !is_local_part(local) {
        return Err(Fault::LocalPart);
    }
    match at {
        None if local.eq_ignore_ascii_case("postmaster") => {}
        None => return Err(Fault::NoDomain),
        Some(_) if is_domain(domain) || is_address_literal(domain) => {}
        Some(_) => return Err(Fault::Domain),
    }
    Ok(Mailbox { address, local, domain })
}

impl Mailbox<'_> {
    /// The part before the `@` is this name, whether quoted or not, in capital or small letters.
    pub(super) fn is_for(&self, name: &str) -> bool {
        let bare = self.local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(self.local);
        bare.chars().filter(|char| *char != '\\').map(|char| char.to_ascii_lowercase()).eq(name.chars())
    }
}

fn is_local_part(text: &str) -> bool {
    if let Some(quoted) = text.strip_prefix('"') {
        // A quote that ends the string is the last character, and no quote before it is bare.
        let mut chars = quoted.chars();
        while let Some(char) = chars.next() {
            match char {
                '"' => return chars.next().is_none(),
                '\\' if chars.next().is_none_or(char::is_control) => return false,
                _ if char.is_control() => return false,
                _ => {}
            }
        }
        return false;
    }
    let is_atext =
        |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(char) || !char.is_ascii();
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// A domain name: letters, digits and inner hyphens, or characters beyond ASCII (RFC 5321 section 4.1.2, RFC 6531).
pub(super) fn is_domain(text: &str) -> bool {
    text.len() <= 255
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || !char.is_ascii())
        })
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]` or `[tag:content]` (RFC 5321 section 4.1.3).
pub(super) fn is_address_literal(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return false;
    };
    match inner.split_once(':') {
        None => inner.parse::<std::net::Ipv4Addr>().is_ok(),
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => address.parse::<std::net::Ipv6Addr>().is_ok(),
        Some((tag, content)) => {
            is_domain(tag)
                && !content.is_empty()
                && content.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b'\\' | b']'))
        }
    }
}
