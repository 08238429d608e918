//! Commands (RFC 5321 §4.1), read leniently: a person may type anything, and lint wants to know what it is.

use serde::Serialize;

/// The verb of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// RFC 5321 §4.1.1.1
    Ehlo,
    /// RFC 5321 §4.1.1.1
    Helo,
    /// RFC 2033 §4.1
    Lhlo,
    /// RFC 5321 §4.1.1.2
    Mail,
    /// RFC 5321 §4.1.1.3
    Rcpt,
    /// RFC 5321 §4.1.1.4
    Data,
    /// RFC 3030 §2
    Bdat,
    /// RFC 5321 §4.1.1.5
    Rset,
    /// RFC 5321 §4.1.1.6
    Vrfy,
    /// RFC 5321 §4.1.1.7
    Expn,
    /// RFC 5321 §4.1.1.8
    Help,
    /// RFC 5321 §4.1.1.9
    Noop,
    /// RFC 5321 §4.1.1.10
    Quit,
    /// RFC 3207 §4
    StartTls,
    /// RFC 4954 §4
    Auth,
    /// RFC 1985 §5
    Etrn,
    /// Anything else.
    Other,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 17] = [
        Self::Ehlo,
        Self::Helo,
        Self::Lhlo,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Bdat,
        Self::Rset,
        Self::Vrfy,
        Self::Expn,
        Self::Help,
        Self::Noop,
        Self::Quit,
        Self::StartTls,
        Self::Auth,
        Self::Etrn,
        Self::Other,
    ];

    /// The verb as it is sent; empty for [`Verb::Other`].
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Bdat => "BDAT",
            Self::Rset => "RSET",
            Self::Vrfy => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Etrn => "ETRN",
            Self::Other => "",
        }
    }

    /// The verb that `word` is, in whatever case.
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|verb| verb.word().eq_ignore_ascii_case(word)).unwrap_or(Self::Other)
    }

    /// What the command does, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Ehlo => "greets, and asks for extensions",
            Self::Helo => "greets in the old way",
            Self::Lhlo => "greets an LMTP server",
            Self::Mail => "names the sender, and begins a mail",
            Self::Rcpt => "names a recipient",
            Self::Data => "asks to send the message",
            Self::Bdat => "sends a piece of the message",
            Self::Rset => "gives the open mail up",
            Self::Vrfy => "asks whether a mailbox exists",
            Self::Expn => "asks who is on a list",
            Self::Help => "asks for help",
            Self::Noop => "does nothing, and keeps the line open",
            Self::Quit => "ends the conversation",
            Self::StartTls => "begins encryption",
            Self::Auth => "signs in",
            Self::Etrn => "asks for waiting mail",
            Self::Other => "",
        }
    }

    /// The command's name as a person says it.
    pub const fn spoken(self) -> &'static str {
        match self {
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Other => "the command",
            verb => verb.word(),
        }
    }
}

/// A command line as it was typed, without line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// The verb.
    pub verb: Verb,
    /// The verb as it was typed.
    pub word: &'a str,
    /// What follows the verb and the spaces behind it.
    pub rest: &'a str,
}

impl<'a> Command<'a> {
    /// Reads a line.
    pub fn of(line: &'a str) -> Self {
        let line = line.trim_end_matches(['\r', '\n']);
        let typed = line.trim_start();
        let (word, rest) = typed.split_once([' ', '\t']).unwrap_or((typed, ""));
        // "MAIL:" and "RCPT:" are seen often enough to be told what they were meant to be.
        Self { verb: Verb::of(word.trim_end_matches(':')), word, rest: rest.trim_start() }
    }

    /// For MAIL and RCPT: path and parameters, read as far as it goes.
    pub fn path(&self) -> Option<PathArgument<'a>> {
        let keyword = match self.verb {
            Verb::Mail => "FROM",
            Verb::Rcpt => "TO",
            _ => return None,
        };
        PathArgument::of(self.rest, keyword)
    }
}

/// `FROM:<reverse-path> PARAMETERS` or `TO:<forward-path> PARAMETERS` (RFC 5321 §4.1.2), with what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathArgument<'a> {
    /// The path without angle brackets.
    pub address: &'a str,
    /// Whether `<` opens it.
    pub opened: bool,
    /// Whether `>` closes it.
    pub closed: bool,
    /// Whether a colon stands behind FROM or TO.
    pub colon: bool,
    /// Whether spaces stand between the colon and the path.
    pub space_after_colon: bool,
    /// Whether spaces stand before the colon.
    pub space_before_colon: bool,
    /// The ESMTP parameters, as they were typed.
    pub params: Vec<&'a str>,
}

impl<'a> PathArgument<'a> {
    fn of(rest: &'a str, keyword: &str) -> Option<Self> {
        let head = rest.get(..keyword.len())?;
        if !head.eq_ignore_ascii_case(keyword) {
            return None;
        }
        let after = &rest[keyword.len()..];
        let colon_part = after.trim_start();
        let colon = colon_part.starts_with(':');
        let space_before_colon = colon && colon_part.len() != after.len();
        let tail = if colon { &colon_part[1..] } else { after };
        let path = tail.trim_start();
        let opened = path.starts_with('<');
        let body = if opened { &path[1..] } else { path };
        let end = path_end(body, opened);
        let closed = opened && body[end..].starts_with('>') || !opened && body[..end].ends_with('>');
        let address = body[..end].trim_end_matches('>');
        let params = body[end..].trim_start_matches('>').split_whitespace().collect();
        let space_after_colon = colon && path.len() != tail.len();
        Some(Self { address, opened, closed, colon, space_after_colon, space_before_colon, params })
    }

    /// The value of the parameter with this keyword; empty where it has none.
    pub fn param(&self, keyword: &str) -> Option<&'a str> {
        self.params.iter().find_map(|param| {
            let (name, value) = param.split_once('=').unwrap_or((param, ""));
            name.eq_ignore_ascii_case(keyword).then_some(value)
        })
    }
}

/// Where the path ends: at `>` if it was opened, else at a space; a quoted local part may hold both (RFC 5321 §4.1.2).
fn path_end(body: &str, opened: bool) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if opened && !quoted => return at,
            ' ' | '\t' if !quoted => return at,
            _ => {}
        }
    }
    body.len()
}

/// The domain of an address, without the final dot.
pub fn domain(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then(|| domain.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_read_in_any_case_and_the_rest_is_kept() {
        let command = Command::of("rcpt  to:<a@b.example> NOTIFY=NEVER\r\n");
        assert_eq!((command.verb, command.word, command.rest), (Verb::Rcpt, "rcpt", "to:<a@b.example> NOTIFY=NEVER"));
        assert_eq!(Command::of("XYZZY").verb, Verb::Other);
        assert_eq!(Command::of("").verb, Verb::Other);
    }

    #[test]
    fn a_path_is_read_with_what_is_wrong_with_it() {
        let good = Command::of("MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME").path().unwrap();
        assert_eq!((good.address, good.opened, good.closed, good.colon), ("a@b.example", true, true, true));
        assert_eq!((good.param("size"), good.param("BODY"), good.param("X")), (Some("10"), Some("8BITMIME"), None));
        let spaced = Command::of("MAIL FROM: a@b.example SIZE=10").path().unwrap();
        assert!(spaced.space_after_colon && !spaced.opened);
        assert_eq!((spaced.address, spaced.param("SIZE")), ("a@b.example", Some("10")));
        let open = Command::of("RCPT TO:<a@b.example").path().unwrap();
        assert_eq!((open.address, open.opened, open.closed), ("a@b.example", true, false));
        assert_eq!(Command::of("RCPT FROM:<a@b>").path(), None);
    }

    #[test]
    fn a_quoted_local_part_may_hold_spaces_and_brackets() {
        let path = Command::of(r#"RCPT TO:<"a >b"@c.example> X=1"#).path().unwrap();
        assert_eq!((path.address, path.param("X")), (r#""a >b"@c.example"#, Some("1")));
    }

    #[test]
    fn the_null_reverse_path_is_an_empty_address() {
        let path = Command::of("MAIL FROM:<>").path().unwrap();
        assert!(path.opened && path.closed && path.address.is_empty());
    }

    #[test]
    fn the_domain_is_what_follows_the_last_at_sign() {
        assert_eq!(domain("a@b.example."), Some("b.example"));
        assert_eq!(domain(r#""x@y"@z.example"#), Some("z.example"));
        assert_eq!(domain("postmaster"), None);
    }
}
