//! One exchange: the server's challenges in, the answers out.

use std::fmt;

use super::mac::Hash;
use super::scram::Scram;
use super::{Binding, Credentials, Mechanism, OauthError, explain_error, oauth};
use crate::base64;
use crate::json::Mistake;
use crate::secret::MASK;

/// How many rounds of SCRAM are done without asking: about a tenth of a second in a page.
const ROUNDS_AT_ONCE: u32 = 100_000;

/// What to do with a challenge.
#[derive(Clone, PartialEq, Eq)]
pub enum AuthStep {
    /// Send this, as base64 in one line; an empty one is an empty line.
    Answer(Vec<u8>),
    /// The answer takes long: call [`Exchange::work`] until there is one.
    Working {
        /// How many rounds the server wants in all.
        rounds: u32,
        /// How many are left.
        left: u32,
    },
    /// Send [`super::CANCEL`].
    Cancel {
        /// Why, in one or two sentences.
        why: &'static str,
    },
}

impl fmt::Debug for AuthStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "answer ",
            Self::Working { .. } => "working",
            Self::Cancel { why } => why,
        })?;
        f.write_str(if matches!(self, Self::Answer(_)) { MASK } else { "" })
    }
}

/// What an exchange proved of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerProof {
    /// It proved that it knows the password (SCRAM).
    ServerProved,
    /// It let the client in without a proof, which SCRAM asks of it: it may not know the password at all.
    ServerNotProved,
    /// It let the client in with a proof that is wrong.
    ServerFailed,
    /// The mechanism proves nothing of the server, or nobody was let in.
    NotApplicable,
}

/// Where an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing has been said yet.
    Start,
    /// The client's first message has gone out.
    First,
    /// LOGIN: the password is next. SCRAM: the password is being stretched. OAuth: the error was taken.
    Second,
    /// SCRAM: the proof has gone out.
    Proof,
    /// SCRAM: the server's proof was right.
    Proved,
    /// Nothing more is to be said.
    Done,
}

/// One exchange of one mechanism.
#[derive(Clone)]
pub struct Exchange {
    mechanism: Mechanism,
    credentials: Credentials,
    stage: Stage,
    scram: Option<Scram>,
    error: Option<OauthError>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mechanism.word())?;
        fmt::Debug::fmt(&self.stage, f)
    }
}

impl Exchange {
    /// An exchange that is about to begin.
    ///
    /// `nonce` is fresh randomness, as letters and digits, 20 of them or more; only SCRAM takes it. `binding` is given wherever there is a TLS
    /// session to bind to, and `server_offers_plus` says whether the server offers to: a client that could bind says so, so that a list
    /// that was changed on the way is noticed (RFC 5802 §6).
    ///
    /// # Errors
    /// Something that the mechanism needs is missing or holds control characters.
    pub fn new(
        mechanism: Mechanism,
        credentials: Credentials,
        nonce: &str,
        binding: Option<&Binding>,
        server_offers_plus: bool,
    ) -> Result<Self, Mistake> {
        credentials.check(mechanism)?;
        let hash = match mechanism {
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Some(Hash::Sha1),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => Some(Hash::Sha256),
            _ => None,
        };
        let mut scram = None;
        if let Some(hash) = hash {
            // RFC 5802 §7: any visible character of ASCII but the comma.
            if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',') {
                return Err(Mistake::new("nonce", "must be letters and digits"));
            }
            let used = binding.filter(|_| mechanism.binds());
            if mechanism.binds() && used.is_none() {
                let message = "this one binds to a TLS session, and there is none; take it without -PLUS";
                return Err(Mistake::new("mechanism", message));
            }
            let downgrade = binding.is_some() && !server_offers_plus;
            scram = Some(Scram::new(hash, &credentials, nonce, used, downgrade));
        }
        Ok(Self { mechanism, credentials, stage: Stage::Start, scram, error: None })
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response, to be sent with AUTH by [`super::encode_initial`]; none where the server speaks first.
    ///
    /// Not to be called where AUTH goes out without it: the server's first 334 then asks for it by [`Self::step`].
    pub fn initial(&mut self) -> Option<Vec<u8>> {
        if self.stage != Stage::Start || !self.mechanism.speaks_first() {
            return None;
        }
        self.stage = Stage::First;
        Some(self.first())
    }

    fn first(&self) -> Vec<u8> {
        let who = &self.credentials;
        match self.mechanism {
            Mechanism::Plain => [&who.authorization_id, "\0", &who.user, "\0", who.password()].concat().into_bytes(),
            Mechanism::XOAuth2 => oauth::xoauth2(who),
            Mechanism::OAuthBearer => oauth::oauthbearer(who),
            Mechanism::External => who.authorization_id.clone().into_bytes(),
            _ => match &self.scram {
                Some(scram) => scram.first(),
                None => who.user.clone().into_bytes(),
            },
        }
    }

    /// Takes a challenge, decoded from base64.
    pub fn step(&mut self, challenge: &[u8]) -> AuthStep {
        match self.stage {
            Stage::Start if self.mechanism == Mechanism::CramMd5 => {
                self.stage = Stage::Done;
                AuthStep::Answer(self.cram_md5(challenge))
            }
            Stage::Start => {
                self.stage = Stage::First;
                AuthStep::Answer(self.first())
            }
            Stage::First => self.second(challenge),
            Stage::Proof => self.server_final(challenge),
            Stage::Second if self.scram.is_some() => self.cancel("The server spoke before it was its turn."),
            _ => self.cancel("The server asks for more than the mechanism has to say."),
        }
    }

    fn second(&mut self, challenge: &[u8]) -> AuthStep {
        self.stage = Stage::Done;
        match self.mechanism {
            Mechanism::Login => AuthStep::Answer(self.credentials.password().as_bytes().to_vec()),
            Mechanism::XOAuth2 | Mechanism::OAuthBearer => {
                self.error = explain_error(challenge);
                // The server waits for an answer without meaning before it refuses (RFC 7628 §3.2.3).
                AuthStep::Answer(if self.mechanism == Mechanism::XOAuth2 { Vec::new() } else { vec![1] })
            }
            _ => {
                let Some(scram) = &mut self.scram else {
                    return self.cancel("The server asks for more than the mechanism has to say.");
                };
                if let Some(error) = challenge.strip_prefix(b"e=") {
                    return self.cancel(super::scram::server_error(error));
                }
                match scram.server_first(challenge, self.credentials.password()) {
                    Ok(()) => self.work(ROUNDS_AT_ONCE),
                    Err(why) => self.cancel(why),
                }
            }
        }
    }

    /// Goes on with what [`AuthStep::Working`] began: `rounds` more at most, some 100 000 for a tenth of a second.
    pub fn work(&mut self, rounds: u32) -> AuthStep {
        let Some(scram) = &mut self.scram else { return self.cancel("There is nothing to work on.") };
        match scram.work(rounds) {
            Some(answer) => {
                self.stage = Stage::Proof;
                AuthStep::Answer(answer)
            }
            None if scram.left() > 0 => {
                self.stage = Stage::Second;
                AuthStep::Working { rounds: scram.rounds(), left: scram.left() }
            }
            None => self.cancel("There is nothing to work on."),
        }
    }

    fn server_final(&mut self, message: &[u8]) -> AuthStep {
        let Some(scram) = &self.scram else { return self.cancel("The mechanism has no such message.") };
        match scram.server_final(message) {
            Ok(()) => {
                self.stage = Stage::Proved;
                AuthStep::Answer(Vec::new())
            }
            Err(why) => self.cancel(why),
        }
    }

    fn cram_md5(&self, challenge: &[u8]) -> Vec<u8> {
        let digest = Hash::Md5.hmac(self.credentials.password().as_bytes(), challenge);
        let mut out = [&self.credentials.user, " "].concat();
        for octet in digest {
            out.extend([octet >> 4, octet & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
        }
        out.into_bytes()
    }

    fn cancel(&mut self, why: &'static str) -> AuthStep {
        self.stage = Stage::Done;
        AuthStep::Cancel { why }
    }

    /// What was proved, once the server's last reply is there; `text` is the text of that reply, where the server's
    /// last message of SCRAM may stand (RFC 4954 §4).
    pub fn finish(&mut self, code_positive: bool, text: Option<&[u8]>) -> ServerProof {
        let (Some(scram), true) = (&self.scram, code_positive) else { return ServerProof::NotApplicable };
        let words = text.unwrap_or_default().split(u8::is_ascii_whitespace);
        let said = words.filter_map(base64::decode).find(|(octets, _)| octets.starts_with(b"v="));
        match (self.stage, said) {
            (Stage::Proved, _) => ServerProof::ServerProved,
            (Stage::Proof, Some((message, _))) if scram.server_final(&message).is_ok() => ServerProof::ServerProved,
            (Stage::Proof, Some(_)) => ServerProof::ServerFailed,
            _ => ServerProof::ServerNotProved,
        }
    }

    /// What the server said of the token, where it said it as JSON (XOAUTH2, OAUTHBEARER).
    pub fn oauth_error(&self) -> Option<&OauthError> {
        self.error.as_ref()
    }

    /// How many rounds the server asked for (SCRAM); fewer than 4096 are weak (RFC 5802 §5.1).
    pub fn rounds(&self) -> Option<u32> {
        self.scram.as_ref().map(Scram::rounds).filter(|&rounds| rounds > 0)
    }
}
