//! Signing in (RFC 4954), as far as it can be seen from both sides' lines.

use serde::Serialize;

use super::{Asked, Record, ReplyRecord, Stage};
use crate::base64;
use crate::sasl::{self, Decoded, Decoder, Mechanism, OauthError, ServerProof};
use crate::secret::MASK;
use crate::wire::command::{Command, Verb};
use crate::wire::oddity::Oddity;
use crate::wire::reply::Reply;

/// How a sign-in stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInState {
    /// Nothing was tried.
    #[default]
    None,
    /// The exchange is going on.
    Running,
    /// The server let the person in.
    Done,
    /// The server refused.
    Refused,
    /// Ehlo, or the person, cancelled it.
    Cancelled,
}

/// What is known of signing in.
#[derive(Default)]
pub struct SignIn {
    /// How the last attempt stands.
    pub state: SignInState,
    /// The mechanism that is, or was, spoken; typed ones count.
    pub mechanism: Option<Mechanism>,
    /// What the exchange proved of the server.
    pub outcome: Option<ServerProof>,
    /// What the server said of the token.
    pub error: Option<OauthError>,
    /// Why credentials were held back.
    pub withheld: Option<String>,
    /// Whether credentials went out that everybody in between could read.
    pub sent_in_clear: bool,
    /// Whether the server waits for an answer: then what is typed next is a secret.
    asked: bool,
    /// Whether `*` was sent.
    stopped: bool,
    decoder: Decoder,
    /// Replies within AUTH that were told last, with the text of their last line as it came: the transcript masks proofs.
    pub(super) said: Vec<(usize, Vec<u8>)>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What the server said may hold a proof by which passwords can be guessed.
        f.debug_struct("SignIn").field("state", &self.state).field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

impl SignIn {
    /// Whether the server waits for an answer within AUTH.
    pub fn is_asked(&self) -> bool {
        self.asked
    }

    /// The text of the last line of a reply within AUTH, as it came; only until the next thing is told.
    pub fn said(&self, reply: usize) -> Option<&[u8]> {
        self.said.iter().find(|(id, _)| *id == reply).map(|(_, text)| text.as_slice())
    }

    /// What was agreed does not count any more; what was read in between stays so.
    pub(super) fn forget(&mut self) {
        let said = std::mem::take(&mut self.said);
        *self = Self { sent_in_clear: self.sent_in_clear, said, ..Self::default() };
    }
}

impl Record {
    /// Whether a line answers a 334, or is typed ahead of one: then it is a secret.
    pub(super) fn answers_auth(&self, command: &Command<'_>) -> bool {
        let asks = |asked| matches!(asked, Asked::AuthAnswer | Asked::Command(Verb::Auth));
        let ahead = self.pending.iter().any(|pending| asks(pending.asked)) && command.verb == Verb::Other;
        self.sign_in.asked && self.pending.is_empty() || ahead
    }

    /// A line within AUTH went out: what it says, without its secrets.
    pub(super) fn decode_sent(&mut self, command: &Command<'_>, line: &str, answers: bool) -> Option<Vec<String>> {
        let sign_in = &mut self.sign_in;
        sign_in.stopped |= answers && line == sasl::CANCEL;
        let decoded = if answers {
            sign_in.decoder.answer(line)
        } else {
            let (word, rest) = command.rest.split_once(char::is_whitespace).unwrap_or((command.rest, ""));
            let mechanism = Mechanism::of(word);
            sign_in.mechanism = mechanism;
            sign_in.decoder = Decoder::new(mechanism);
            sign_in.state = SignInState::Running;
            sign_in.stopped = false;
            sign_in.outcome = None;
            sign_in.error = None;
            sign_in.withheld = None;
            if rest.trim().is_empty() {
                return None;
            }
            sign_in.decoder.initial(rest.trim())
        };
        let shows = sign_in.mechanism.is_none_or(Mechanism::reveals_password);
        sign_in.sent_in_clear |= shows && self.tls.stage != Stage::Secured && line != sasl::CANCEL;
        Some(lines(&decoded))
    }

    /// The reply to AUTH, or to an answer within it.
    pub(super) fn auth_answered(&mut self, id: usize, reply: &Reply) {
        let record = self.replies[id].clone();
        let last = reply.texts().last().map(<[u8]>::to_vec).unwrap_or_default();
        self.mask_proof(&record);
        self.sign_in.asked = reply.code == 334;
        if self.sign_in.asked {
            self.challenged(&last, &record);
        } else {
            self.sign_in.state = match (reply.is_positive(), self.sign_in.stopped) {
                (true, _) => SignInState::Done,
                (false, true) => SignInState::Cancelled,
                (false, false) => SignInState::Refused,
            };
        }
        self.sign_in.said.push((id, last));
    }

    /// The server's proof is masked like the client's: passwords can be tried against either.
    fn mask_proof(&mut self, record: &ReplyRecord) {
        for &entry in &record.entries {
            let kept = &self.entries()[entry].bytes;
            if let Some(masked) = sasl::mask_proof(kept) {
                self.transcript.mask(entry, masked);
            } else if kept.windows(MASK.len()).any(|part| part == MASK.as_bytes()) {
                // The mask of a saved talk is ours, and no oddity of the server's.
                self.transcript.pardon(entry, &Oddity::NotAscii);
            }
        }
        let masked = sasl::mask_proof(record.text.as_bytes());
        if let (Some(masked), Some(reply)) = (masked, self.replies.last_mut()) {
            reply.text = String::from_utf8_lossy(&masked).into_owned();
        }
    }

    fn challenged(&mut self, text: &[u8], record: &ReplyRecord) {
        let decoded = self.sign_in.decoder.challenge(text);
        if let Some(&entry) = record.entries.last() {
            self.transcript.decode(entry, lines(&decoded));
        }
        let takes_tokens = matches!(self.sign_in.mechanism, Some(Mechanism::XOAuth2 | Mechanism::OAuthBearer));
        let challenge = base64::decode(text.trim_ascii()).map(|(challenge, _)| challenge);
        if let Some(error) = challenge.as_deref().filter(|_| takes_tokens).and_then(sasl::explain_error) {
            self.sign_in.error = Some(error);
        }
    }
}

/// A decoded message as lines: each part with what it is, then what is wrong with it.
fn lines(decoded: &Decoded) -> Vec<String> {
    let part = |part: &sasl::Part| match (part.text.as_str(), part.meaning) {
        ("", meaning) => meaning.to_owned(),
        (text, "") => text.to_owned(),
        (text, meaning) => [text, " (", meaning, ")"].concat(),
    };
    decoded.parts.iter().map(part).chain(decoded.hints.iter().map(|hint| (*hint).to_owned())).collect()
}
