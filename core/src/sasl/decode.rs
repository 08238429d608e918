//! What stands in the base64 of an exchange, for a person to read, with every secret masked.
//!
//! A part is shown only where the whole message has the form that the mechanism gives it; what does not fit is masked
//! whole, since a password may stand anywhere in what somebody typed by hand.

use serde::Serialize;

use super::{Mechanism, explain_error, scram};
use crate::secret::MASK;
use crate::{base64, printable};

/// A message made readable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decoded {
    /// Its parts in order.
    pub parts: Vec<Part>,
    /// What is wrong with it, each in a sentence.
    pub hints: Vec<&'static str>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The text, made visible; [`MASK`] stands where a secret was.
    pub text: String,
    /// What it is.
    pub meaning: &'static str,
}

impl Decoded {
    fn part(&mut self, text: impl Into<String>, meaning: &'static str) {
        self.parts.push(Part { text: text.into(), meaning });
    }

    fn masked(mut self, hint: &'static str) -> Self {
        self.parts.clear();
        self.part(MASK, "hidden, since a secret may stand anywhere in it");
        self.hints.push(hint);
        self
    }
}

/// Reads one exchange along, whoever types the answers.
///
/// It keeps the server's last challenge, never an answer.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    mechanism: Option<Mechanism>,
    challenge: Vec<u8>,
    answers: usize,
}

impl Decoder {
    /// For an exchange of `mechanism`; nothing of the answers is shown where it is not known.
    pub fn new(mechanism: Option<Mechanism>) -> Self {
        Self { mechanism, ..Self::default() }
    }

    /// The text behind a 334.
    pub fn challenge(&mut self, text: &[u8]) -> Decoded {
        let mut out = Decoded::default();
        let text = text.trim_ascii();
        self.challenge = match base64::decode(text) {
            Some((octets, flaws)) => {
                tell(flaws, &mut out);
                octets
            }
            None => {
                out.hints.push("The server's text is no base64.");
                text.to_vec()
            }
        };
        let said = self.challenge.as_slice();
        match self.mechanism {
            _ if said.is_empty() => out.part("", "an empty challenge: the answer is the client's to begin"),
            _ if is_proof(said) => out.part(["v=", MASK].concat(), "the server's proof that it knows the password"),
            Some(mechanism) if mechanism.is_scram() => server_scram(said, &mut out),
            Some(Mechanism::XOAuth2 | Mechanism::OAuthBearer) => {
                out.part(
                    printable::text(said),
                    explain_error(said).map_or("the server's error", |error| error.sentence),
                );
            }
            Some(Mechanism::CramMd5) => out.part(printable::text(said), "the question; its keyed digest is the answer"),
            _ => out.part(printable::text(said), "what the server asks for"),
        }
        out
    }

    /// An initial response, as it stands in the AUTH line.
    pub fn initial(&mut self, text: &str) -> Decoded {
        if text.trim() == "=" {
            self.answers += 1;
            let mut out = Decoded::default();
            out.part("", "an empty initial response");
            return out;
        }
        self.answer(text)
    }

    /// An answer to a 334.
    pub fn answer(&mut self, text: &str) -> Decoded {
        let mut out = Decoded::default();
        let first = self.answers == 0;
        self.answers += 1;
        if text.trim() == super::CANCEL {
            out.part(super::CANCEL, "cancels the exchange");
            return out;
        }
        let Some((said, flaws)) = base64::decode(text.as_bytes()) else {
            return out.masked("This is no base64; the server expects it.");
        };
        tell(flaws, &mut out);
        if said.ends_with(b"\n") {
            out.hints
                .push("The text ends with a line end that was encoded along: `echo` adds one, `printf %s` does not.");
        }
        if said.is_empty() {
            out.part("", "an empty answer");
            return out;
        }
        if said == [1] && self.mechanism == Some(Mechanism::OAuthBearer) {
            out.part("␁", "asks for the server's final word on the error");
            return out;
        }
        let Some(mechanism) = self.mechanism else { return out.masked("The mechanism is not known to Ehlo.") };
        let asks = self.challenge.to_ascii_lowercase();
        let asks = |word: &[u8]| asks.windows(word.len()).any(|part| part == word);
        let text = std::str::from_utf8(&said).unwrap_or("\0");
        let parts = match mechanism {
            // The first answer is a name only where the server asked for one, or asked for nothing yet.
            Mechanism::Login
                if first && !asks(b"pass") && (self.challenge.is_empty() || asks(b"user") || asks(b"name")) =>
            {
                plain_part(text, "user")
            }
            Mechanism::Login => return out.with_secret("password"),
            Mechanism::Plain => plain(text),
            Mechanism::CramMd5 => cram_md5(text),
            Mechanism::XOAuth2 => xoauth2(text),
            Mechanism::OAuthBearer => oauthbearer(text),
            Mechanism::External => plain_part(text, "whom to act for"),
            Mechanism::Anonymous => plain_part(text, "trace"),
            _ => self.client_scram(text),
        };
        match parts {
            Some(parts) => out.parts = parts,
            None => return out.masked(form(mechanism)),
        }
        out
    }

    fn client_scram(&self, text: &str) -> Option<Vec<Part>> {
        let mut out = Vec::new();
        let nonce = [&b"r="[..], text.split(',').find_map(|field| field.strip_prefix("r="))?.as_bytes()].concat();
        if let Some(fields) = text.strip_prefix("c=") {
            let (bound, fields) = fields.split_once(',')?;
            out.push(bound_to(bound)?);
            // Only the nonce that the server gave is no secret for sure.
            let given = self.challenge.split(|&b| b == b',').any(|field| field == nonce);
            for field in fields.split(',') {
                out.push(match field.as_bytes() {
                    text if given && text == nonce => part(visible(field)?, "the nonce of both"),
                    [b'p', b'=', ..] => part(["p=", MASK].concat(), "the proof that the client knows the password"),
                    _ => part(MASK, "an extension"),
                });
            }
            return Some(out);
        }
        let mut fields = text.splitn(4, ',');
        let (flag, authorization, user, rest) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        out.push(part(visible(flag)?, gs2_flag(flag)?));
        if !authorization.is_empty() {
            authorization.strip_prefix("a=")?;
            out.push(part(visible(authorization)?, "whom to act for"));
        }
        user.strip_prefix("n=")?;
        out.push(part(visible(user)?, "user"));
        let (nonce, more) = rest.split_once(',').map_or((rest, false), |(nonce, _)| (nonce, true));
        nonce.strip_prefix("r=")?;
        out.push(part(visible(nonce)?, "the client's nonce"));
        out.extend(more.then(|| part(MASK, "extensions")));
        Some(out)
    }
}

impl Decoded {
    fn with_secret(mut self, meaning: &'static str) -> Self {
        self.part(MASK, meaning);
        self
    }
}

fn part(text: impl Into<String>, meaning: &'static str) -> Part {
    Part { text: text.into(), meaning }
}

fn tell(flaws: base64::Flaws, out: &mut Decoded) {
    let told = [
        (flaws.space, "Spaces or line ends stand in the base64; servers may refuse it."),
        (flaws.padding, "The = at the end of the base64 are not as many as they must be; servers may refuse it."),
        (flaws.bits, "The base64 ends in the middle of an octet; a character may be missing."),
    ];
    out.hints.extend(told.into_iter().filter(|(is, _)| *is).map(|(_, hint)| hint));
}

/// What the message of `mechanism` looks like, where one does not.
fn form(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Plain => {
            "PLAIN is: whom to act for (mostly nothing), NUL, user, NUL, password; nothing behind it. Here it is not."
        }
        Mechanism::CramMd5 => "CRAM-MD5 is: user, space, digest as 32 hexadecimal digits. Here it is not.",
        Mechanism::XOAuth2 => "XOAUTH2 is: user=NAME, octet 1, auth=Bearer TOKEN, octet 1, octet 1. Here it is not.",
        Mechanism::OAuthBearer => {
            "OAUTHBEARER is: n,a=NAME, and octet 1, then fields such as auth=Bearer TOKEN with octet 1 behind each, and octet 1. Here it is not."
        }
        mechanism if mechanism.is_scram() => "This is no message of SCRAM.",
        _ => "This is no text that could be shown.",
    }
}

/// `text` where it can be shown as it is: no control character, which would be a sign of another form.
fn visible(text: &str) -> Option<String> {
    (!text.contains(char::is_control)).then(|| printable::text(text.as_bytes()))
}

fn plain_part(text: &str, meaning: &'static str) -> Option<Vec<Part>> {
    Some(vec![part(visible(text)?, meaning)])
}

fn plain(text: &str) -> Option<Vec<Part>> {
    let mut fields = text.split('\0');
    let (authorization, user, password) = (fields.next()?, fields.next()?, fields.next()?);
    // Without a password, a NUL may have been forgotten, and what looks like the user is the password.
    if fields.next().is_some() || password.is_empty() || password.contains(char::is_control) || user.is_empty() {
        return None;
    }
    let text = [&visible(authorization)?, " ␀ ", &visible(user)?, " ␀ ", MASK].concat();
    Some(vec![part(text.trim_start(), "whom to act for, user, password, with NUL between them")])
}

fn cram_md5(text: &str) -> Option<Vec<Part>> {
    let (user, digest) = text.rsplit_once(' ')?;
    let fits = digest.len() == 32 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then_some(())?;
    Some(vec![part(visible(user)?, "user"), part(MASK, "the digest, against which passwords could be tried")])
}

fn xoauth2(text: &str) -> Option<Vec<Part>> {
    let (user, token) = text.strip_prefix("user=")?.strip_suffix("\x01\x01")?.split_once('\x01')?;
    bearer(token)?;
    Some(vec![part(["user=", &visible(user)?].concat(), "user"), part(["auth=Bearer ", MASK].concat(), "the token")])
}

/// Whether `field` is a token and nothing else.
fn bearer(field: &str) -> Option<()> {
    let (name, token) = field.split_at_checked(12)?;
    (name.eq_ignore_ascii_case("auth=bearer ") && !token.contains(char::is_control)).then_some(())
}

fn oauthbearer(text: &str) -> Option<Vec<Part>> {
    let mut fields = text.strip_suffix("\x01\x01")?.split('\x01');
    let name = fields.next()?.strip_prefix("n,")?.strip_suffix(',')?;
    let mut out = Vec::new();
    if !name.is_empty() {
        out.push(part(visible(name.strip_prefix("a=").map(|_| name)?)?, "user"));
    }
    for field in fields {
        let plain = |value: &str| value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
        out.push(match field.split_once('=')? {
            ("host", host) if plain(host) => part(field, "the server, as the client knows it"),
            ("port", port) if port.len() < 6 && plain(port) => part(field, "its port"),
            ("auth", _) => {
                bearer(field)?;
                part(["auth=Bearer ", MASK].concat(), "the token")
            }
            _ => part(MASK, "another field"),
        });
    }
    Some(out)
}

fn gs2_flag(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "n" => "no channel binding: the client does not bind",
        "y" => "no channel binding: the client could, but thinks that the server cannot",
        _ if flag.starts_with("p=tls-") => "channel binding: the proof will fit this TLS session only",
        _ => return None,
    })
}

/// The field `c=` of the client's last message.
fn bound_to(base64: &str) -> Option<Part> {
    let octets = base64::decode(base64.as_bytes())?.0;
    let mut commas = octets.iter().enumerate().filter(|(_, b)| **b == b',').map(|(at, _)| at + 1);
    let (flag, end) = (commas.next()? - 1, commas.next()?);
    let (header, data) = octets.split_at(end);
    let header = std::str::from_utf8(header).ok()?;
    gs2_flag(&header[..flag])?;
    let authorization = &header[flag + 1..end - 1];
    if !authorization.is_empty() && !authorization.starts_with("a=") || data.is_empty() == header.starts_with("p=") {
        return None;
    }
    let mask = if data.is_empty() { "" } else { MASK };
    let meaning = if data.is_empty() {
        "the header once more, so that nobody changes it on the way"
    } else {
        "the header once more, and what identifies this TLS session: bound to it"
    };
    Some(part(["c=", &visible(header)?, mask].concat(), meaning))
}

fn server_scram(said: &[u8], out: &mut Decoded) {
    for field in said.split(|&b| b == b',') {
        let meaning = match field {
            [b'r', b'=', ..] => "the nonce of both: the client's with the server's behind it",
            [b's', b'=', ..] => "salt, in base64",
            [b'i', b'=', rounds @ ..] => {
                if std::str::from_utf8(rounds).ok().and_then(|text| text.parse().ok()).is_some_and(|i: u32| i < 4096) {
                    out.hints
                        .push("Fewer than 4096 rounds: who has the exchange can try passwords fast (RFC 5802 §5.1).");
                }
                "rounds: how often the password is hashed"
            }
            [b'e', b'=', error @ ..] => scram::server_error(error),
            _ => "an extension",
        };
        out.part(printable::text(field), meaning);
    }
}

/// Whether a challenge is the server's signature of SCRAM. It hides like the client's proof: passwords can be tried
/// against either.
fn is_proof(said: &[u8]) -> bool {
    said.strip_prefix(b"v=").is_some_and(|signature| base64::decode(signature).is_some_and(|(s, _)| s.len() >= 16))
}

/// A line of the server with its signature of SCRAM masked, which is an answer to the password as good as the client's;
/// nothing where there is none in it.
pub fn mask_proof(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut found = false;
    for piece in line.split_inclusive(u8::is_ascii_whitespace) {
        let word = piece.trim_ascii();
        let from = if word.first().is_some_and(u8::is_ascii_digit) && word.get(3) == Some(&b'-') { 4 } else { 0 };
        let secret =
            base64::decode(&word[from..]).is_some_and(|(octets, _)| is_proof(&octets)) || is_proof(&word[from..]);
        if secret {
            found = true;
            out.extend_from_slice(&word[..from]);
            out.extend_from_slice(MASK.as_bytes());
            out.extend_from_slice(&piece[word.len()..]);
        } else {
            out.extend_from_slice(piece);
        }
    }
    found.then_some(out)
}
