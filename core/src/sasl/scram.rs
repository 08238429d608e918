//! The client's side of SCRAM (RFC 5802), with SHA-1 and SHA-256 (RFC 7677), bound to a TLS session or not.

use super::mac::{Hash, Stretch};
use super::{Binding, Credentials};
use crate::base64;

/// The most rounds that a server may ask for: they keep a page busy for some ten seconds.
pub const ROUNDS_MAX: u32 = 10_000_000;

/// The client's side of one exchange.
#[derive(Clone)]
pub(super) struct Scram {
    hash: Hash,
    /// What says how the exchange is bound (RFC 5802 §6), with the commas that end it.
    gs2_header: String,
    binding: Vec<u8>,
    /// The first message without that header.
    first_bare: String,
    nonce: String,
    /// What both proofs are made over; from the server's first message on.
    auth_message: String,
    /// Where the client's last message begins in it.
    last: usize,
    stretch: Option<Stretch>,
    rounds: u32,
    server_signature: Vec<u8>,
}

impl Scram {
    /// `downgrade` says that a binding is at hand and the server did not offer to use it.
    pub(super) fn new(hash: Hash, who: &Credentials, nonce: &str, binding: Option<&Binding>, downgrade: bool) -> Self {
        let mut gs2_header = match binding {
            Some(binding) => ["p=", binding.kind.word()].concat(),
            None => if downgrade { "y" } else { "n" }.to_owned(),
        };
        gs2_header.push(',');
        if !who.authorization_id.is_empty() {
            gs2_header.push_str("a=");
            push_name(&mut gs2_header, &prepared(&who.authorization_id));
        }
        gs2_header.push(',');
        let mut first_bare = "n=".to_owned();
        push_name(&mut first_bare, &prepared(&who.user));
        first_bare.push_str(",r=");
        first_bare.push_str(nonce);
        Self {
            hash,
            gs2_header,
            binding: binding.map(|binding| binding.data.clone()).unwrap_or_default(),
            first_bare,
            nonce: nonce.to_owned(),
            auth_message: String::new(),
            last: 0,
            stretch: None,
            rounds: 0,
            server_signature: Vec::new(),
        }
    }

    pub(super) fn first(&self) -> Vec<u8> {
        [self.gs2_header.as_bytes(), self.first_bare.as_bytes()].concat()
    }

    /// Takes the server's first message; the password has then to be stretched by [`Self::work`].
    pub(super) fn server_first(&mut self, message: &[u8], password: &str) -> Result<(), &'static str> {
        let message = std::str::from_utf8(message).map_err(|_| "The server's first message is not UTF-8.")?;
        let mut fields = message.split(',');
        let mut field = |name: &str| fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
        if message.starts_with("m=") {
            return Err("The server asks for an extension of SCRAM that Ehlo does not know (m=).");
        }
        let nonce = field("r").ok_or("The server's first message does not begin with a nonce (r=).")?;
        let salt = field("s").ok_or("There is no salt (s=) behind the nonce.")?;
        let rounds = field("i").ok_or("There is no number of rounds (i=) behind the salt.")?;
        if !nonce.starts_with(&self.nonce) {
            return Err("The server's nonce does not begin with Ehlo's: this is the answer to another exchange.");
        }
        if nonce.len() == self.nonce.len() {
            return Err("The server added nothing of its own to the nonce: its message could be an old one.");
        }
        let salt = base64::decode(salt.as_bytes()).ok_or("The salt (s=) is no base64.")?.0;
        let digits = !rounds.is_empty() && rounds.bytes().all(|b| b.is_ascii_digit());
        self.rounds = match rounds.parse() {
            _ if !digits => return Err("The number of rounds (i=) is no number."),
            Ok(0) => return Err("The server asks for no round at all (i=0); 4096 is the least that is sound."),
            Ok(rounds) if rounds <= ROUNDS_MAX => rounds,
            _ => return Err("The server asks for more than 10 million rounds: the page would stand still for long."),
        };
        let bound = base64::encode(&[self.gs2_header.as_bytes(), &self.binding].concat());
        self.auth_message = [&self.first_bare, ",", message, ","].concat();
        self.last = self.auth_message.len();
        for piece in ["c=", &bound, ",r=", nonce] {
            self.auth_message.push_str(piece);
        }
        self.stretch = Some(Stretch::new(self.hash, prepared(password).as_bytes(), &salt, self.rounds));
        Ok(())
    }

    /// Does `rounds` at most; the last message once none is left.
    pub(super) fn work(&mut self, rounds: u32) -> Option<Vec<u8>> {
        let stretch = self.stretch.as_mut()?;
        if stretch.work(rounds) > 0 {
            return None;
        }
        let (hash, auth_message) = (self.hash, self.auth_message.as_bytes());
        let client_key = hash.hmac(stretch.salted_password(), b"Client Key");
        let server_key = hash.hmac(stretch.salted_password(), b"Server Key");
        let mut proof = hash.hmac(&hash.digest(&client_key), auth_message);
        proof.iter_mut().zip(&client_key).for_each(|(proof, key)| *proof ^= key);
        self.server_signature = hash.hmac(&server_key, auth_message);
        self.stretch = None;
        Some([&auth_message[self.last..], b",p=", base64::encode(&proof).as_bytes()].concat())
    }

    /// Whether the server's last message proves that it knows the password.
    pub(super) fn server_final(&self, message: &[u8]) -> Result<(), &'static str> {
        let message = message.split(|&b| b == b',').next().unwrap_or_default();
        if let Some(error) = message.strip_prefix(b"e=") {
            return Err(server_error(error));
        }
        let signature = message.strip_prefix(b"v=").ok_or("The server's last message holds no signature (v=).")?;
        match base64::decode(signature) {
            Some((signature, _)) if !self.server_signature.is_empty() && signature == self.server_signature => Ok(()),
            _ => Err("The server's signature is wrong: it does not know the password, or somebody stands in between."),
        }
    }

    /// How many rounds the server asked for; 0 before.
    pub(super) fn rounds(&self) -> u32 {
        self.rounds
    }

    /// How many are left.
    pub(super) fn left(&self) -> u32 {
        self.stretch.as_ref().map_or(0, Stretch::left)
    }
}

/// `text` as RFC 4013 §2.1 maps it: spaces to the plain one, what cannot be seen to nothing.
fn prepared(text: &str) -> String {
    let mapped = text.chars().filter_map(|c| match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(' '),
        '\u{AD}' | '\u{34F}' | '\u{1806}' | '\u{180B}'..='\u{180D}' | '\u{200B}'..='\u{200D}' | '\u{2060}' => None,
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => None,
        c => Some(c),
    });
    mapped.collect()
}

/// A name with the two characters that separate fields written by number (RFC 5802 §5.1).
pub(super) fn push_name(out: &mut String, name: &str) {
    for c in name.chars() {
        match c {
            ',' => out.push_str("=2C"),
            '=' => out.push_str("=3D"),
            c => out.push(c),
        }
    }
}

/// What an error of RFC 5802 §7 means.
pub(super) fn server_error(error: &[u8]) -> &'static str {
    let known = ERRORS.iter().find(|(name, _)| name.as_bytes() == error);
    known.map_or("The server refuses the exchange.", |(_, sentence)| sentence)
}

const ERRORS: [(&str, &str); 8] = [
    ("invalid-proof", "The server says that the proof is wrong: name or password is not right."),
    ("unknown-user", "The server does not know the user."),
    (
        "channel-bindings-dont-match",
        "The server sees another TLS session than Ehlo does: somebody stands in between, or a proxy ends TLS.",
    ),
    (
        "server-does-support-channel-binding",
        "The server offers channel binding, but the list that came here did not: somebody may have changed it.",
    ),
    ("channel-binding-not-supported", "The server cannot bind to the TLS session; take a mechanism without -PLUS."),
    ("unsupported-channel-binding-type", "The server cannot bind to the TLS session in this way; try the other."),
    ("invalid-username-encoding", "The server cannot read the user's name."),
    ("no-resources", "The server has no resources for this now; try later."),
];
