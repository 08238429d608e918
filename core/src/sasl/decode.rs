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
    answered: bool,
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
        // Only the server's proof is ever masked in what it says; a saved talk has it so.
        if text == MASK.as_bytes() {
            self.challenge.clear();
            out.part(["v=", MASK].concat(), PROOF);
            return out;
        }
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
            _ if is_proof(said) => out.part(["v=", MASK].concat(), PROOF),
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
        // There a lone = stands for an empty one (RFC 4954 §4).
        self.read(if text == "=" { "" } else { text }, true)
    }

    /// An answer to a 334.
    pub fn answer(&mut self, text: &str) -> Decoded {
        if text == super::CANCEL {
            let mut out = Decoded::default();
            out.part(super::CANCEL, "cancels the exchange");
            return out;
        }
        self.read(text, false)
    }

    fn read(&mut self, text: &str, initial: bool) -> Decoded {
        let mut out = Decoded::default();
        let first = !std::mem::replace(&mut self.answered, true);
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
            // A name only where the server asked for one, or where none but a name can stand.
            Mechanism::Login if initial || first && !asks(b"pass") && (asks(b"user") || asks(b"name")) => {
                plain_part(text, "user")
            }
            Mechanism::Login => Some(vec![part(MASK, if first { "the answer" } else { "password" })]),
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
        let fields = split(text, ',');
        if let [bound, fields @ ..] = &fields[..]
            && let Some(bound) = bound.strip_prefix("c=")
        {
            out.push(bound_to(bound)?);
            // Only the nonce that the server gave is no secret for sure.
            let given = |field: &str| self.challenge.split(|&b| b == b',').any(|said| said == field.as_bytes());
            for field in fields {
                out.push(match field {
                    nonce if nonce.starts_with("r=") && given(nonce) => part(visible(nonce)?, "the nonce of both"),
                    proof if proof.starts_with("p=") => {
                        part("p=".to_owned() + MASK, "the client's proof of the password")
                    }
                    _ => part(MASK, "another field"),
                });
            }
            return Some(out);
        }
        let [flag, authorization, user, nonce, more @ ..] = &fields[..] else { return None };
        out.push(part(visible(flag)?, gs2_flag(flag)?));
        let named = authorization.is_empty() || authorization.starts_with("a=");
        if !(named && user.starts_with("n=") && nonce.starts_with("r=")) {
            return None;
        }
        for (field, meaning) in [(authorization, "whom to act for"), (user, "user"), (nonce, "the client's nonce")] {
            if !field.is_empty() {
                out.push(part(visible(field)?, meaning));
            }
        }
        if !more.is_empty() {
            out.push(part(MASK, "extensions"));
        }
        Some(out)
    }
}

fn split(text: &str, by: char) -> Vec<&str> {
    text.split(by).collect()
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
    let [authorization, user, password] = split(text, '\0')[..] else { return None };
    // Without a password worth the name a NUL may stand in the wrong place, and what looks like the user is the password.
    if password.trim_ascii().len() < 2 || password.contains(char::is_control) || user.is_empty() {
        return None;
    }
    let text = [&visible(authorization)?, " ␀ ", &visible(user)?, " ␀ ", MASK].concat();
    Some(vec![part(text.trim_start(), "whom to act for, user, password, with NUL between them")])
}

fn cram_md5(text: &str) -> Option<Vec<Part>> {
    let (user, digest) = text.split_at_checked(text.len().checked_sub(33)?)?;
    let digest = digest.strip_prefix(' ')?;
    if !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(vec![part(visible(user)?, "user"), part(MASK, "the digest, against which passwords could be tried")])
}

fn xoauth2(text: &str) -> Option<Vec<Part>> {
    let [user, token, "", ""] = split(text, '\x01')[..] else { return None };
    (user.starts_with("user=") && is_bearer(token)).then_some(())?;
    Some(vec![part(visible(user)?, "user"), part(BEARER.to_owned() + MASK, "the token")])
}

const BEARER: &str = "auth=Bearer ";

/// Whether `field` is a token and nothing else.
fn is_bearer(field: &str) -> bool {
    let name = field.as_bytes().get(..BEARER.len()).unwrap_or_default();
    name.eq_ignore_ascii_case(BEARER.as_bytes()) && !field.contains(char::is_control)
}

fn oauthbearer(text: &str) -> Option<Vec<Part>> {
    let fields = split(text, '\x01');
    let [header, fields @ .., "", ""] = &fields[..] else { return None };
    let name = header.strip_prefix("n,")?.strip_suffix(',')?;
    let mut out = Vec::new();
    if !name.is_empty() {
        name.starts_with("a=").then_some(())?;
        out.push(part(visible(name)?, "user"));
    }
    for field in fields {
        let plain = field.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]=".contains(&b));
        out.push(match *field {
            host if plain && host.starts_with("host=") => part(host, "the server, as the client knows it"),
            port if plain && port.starts_with("port=") && port.len() <= 10 => part(port, "its port"),
            token if is_bearer(token) => part(BEARER.to_owned() + MASK, "the token"),
            _ => return None,
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
    let commas: Vec<usize> = (0..octets.len()).filter(|&at| octets[at] == b',').collect();
    let (header, data) = octets.split_at(commas.get(1)? + 1);
    let header = std::str::from_utf8(header).ok()?;
    let [flag, authorization, ""] = split(header, ',')[..] else { return None };
    gs2_flag(flag)?;
    if !authorization.is_empty() && !authorization.starts_with("a=") || data.is_empty() == flag.starts_with('p') {
        return None;
    }
    let (mask, meaning) = match data {
        [] => ("", "the header once more, so that nobody changes it on the way"),
        _ => (MASK, "the header once more, and what identifies this TLS session: bound to it"),
    };
    Some(part(["c=", &visible(header)?, mask].concat(), meaning))
}

fn server_scram(said: &[u8], out: &mut Decoded) {
    for field in said.split(|&b| b == b',') {
        let meaning = match field {
            [b'r', b'=', ..] => "the nonce of both: the client's with the server's behind it",
            [b's', b'=', ..] => "salt, in base64",
            [b'i', b'=', rounds @ ..] => {
                // A number of up to four digits compares as text of that length does.
                if (rounds.len(), rounds) < (4, b"4096") {
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

const PROOF: &str = "the server's proof that it knows the password";

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
