//! Signing in (RFC 4954): which mechanism, whether it is safe, and the exchange itself.

use super::input::TypedEnd;
use super::secure::Stage;
use super::view::{MechanismView, SignInState, SignInView};
use super::{ReplyRecord, Session};
use crate::base64;
use crate::plan::SignInFacts;
use crate::record::event::Event;
use crate::sasl::{
    self, Binding, BindingKind, Credentials, Decoded, Decoder, Exchange, Mechanism, OauthError, Outcome, Step,
};
use crate::setup::Mistake;
use crate::time::Now;
use crate::wire::command::Command;
use crate::wire::reply::Reply;

/// How many rounds of SCRAM are done before the driver is let in again.
const ROUNDS_AT_ONCE: u32 = 100_000;

/// What a conversation knows of signing in.
#[derive(Debug, Default)]
pub(super) struct Auth {
    state: SignInState,
    /// The mechanism that is, or was, spoken; typed ones count.
    mechanism: Option<Mechanism>,
    /// The exchange that Ehlo holds; none where the person types.
    exchange: Option<Exchange>,
    /// What it has to say next.
    next: Option<Step>,
    decoder: Decoder,
    outcome: Option<Outcome>,
    error: Option<OauthError>,
    /// Whether `*` was sent.
    stopped: bool,
    /// Why Ehlo cancelled the exchange.
    cancelled: Option<&'static str>,
    /// How many exchanges were begun: each has a nonce of its own.
    count: usize,
    /// Whether a mechanism went out that shows the secret to whoever carries it.
    in_clear: bool,
    /// Why credentials were not sent.
    pub(super) withheld: Option<String>,
}

impl Session {
    /// Whether the server has let the person in.
    pub fn is_signed_in(&self) -> bool {
        self.auth.state == SignInState::Done
    }

    /// How the last sign-in stands.
    pub fn sign_in_state(&self) -> SignInState {
        self.auth.state
    }

    /// Which mechanism was spoken last.
    pub fn sign_in_mechanism(&self) -> Option<Mechanism> {
        self.auth.mechanism
    }

    /// What the exchange proved of the server.
    pub fn sign_in_outcome(&self) -> Option<Outcome> {
        self.auth.outcome
    }

    /// What the server said of the token.
    pub fn oauth_error(&self) -> Option<&OauthError> {
        self.auth.error.as_ref()
    }

    /// Why Ehlo itself cancelled an exchange.
    pub fn sign_in_cancelled(&self) -> Option<&'static str> {
        self.auth.cancelled
    }

    /// Why credentials were held back.
    pub fn credentials_withheld(&self) -> Option<&str> {
        self.auth.withheld.as_deref()
    }

    /// Whether credentials went out that everybody on the way could read.
    pub fn sent_credentials_in_clear(&self) -> bool {
        self.auth.in_clear
    }

    /// Other credentials, or another mechanism: the next attempt begins afresh.
    pub(super) fn renew_sign_in(&mut self) {
        if !self.is_signed_in() && self.auth.exchange.is_none() {
            let (count, in_clear) = (self.auth.count, self.auth.in_clear);
            self.auth = Auth { count, in_clear, ..Auth::default() };
        }
    }

    /// TLS began: what was agreed in clear text does not count (RFC 3207 §4.2).
    pub(super) fn forget_sign_in(&mut self) {
        let (count, in_clear) = (self.auth.count, self.auth.in_clear);
        self.auth = Auth { count, in_clear, ..Auth::default() };
    }

    fn credentials(&self) -> Option<Credentials> {
        let wanted = self.setup.plan.sign_in.as_ref()?;
        Some(Credentials {
            user: wanted.user.clone(),
            password: wanted.password.clone(),
            token: wanted.token.clone(),
            authorization_id: wanted.authorization_id.clone(),
            host: self.setup.host.clone(),
            port: self.setup.port,
        })
    }

    fn binding(&self) -> Option<Binding> {
        let known = self.tls.binding.as_ref()?;
        let by_certificate = self.setup.plan.sign_in.as_ref().is_some_and(|wanted| wanted.bind_to_certificate);
        let exporter = || {
            let data = known.exporter?.to_vec();
            Some(Binding { kind: BindingKind::TlsExporter, data })
        };
        let end_point = || {
            let data = known.server_end_point.clone()?;
            Some(Binding { kind: BindingKind::TlsServerEndPoint, data })
        };
        if by_certificate { end_point().or_else(exporter) } else { exporter().or_else(end_point) }
    }

    /// The mechanisms that the last EHLO offered.
    pub fn offered_mechanisms(&self) -> Vec<&str> {
        let auth = self.hello.capabilities.extensions.iter().filter(|one| one.keyword == "AUTH");
        let mut all: Vec<&str> = Vec::new();
        for word in auth.flat_map(|one| one.params.split_whitespace()) {
            // Some servers say it twice, once for clients older than RFC 2554.
            if !all.contains(&word) {
                all.push(word);
            }
        }
        all
    }

    /// What the plan needs to know; none where nobody wants to sign in.
    pub(super) fn sign_in_facts(&self) -> Option<SignInFacts> {
        let wanted = self.setup.plan.sign_in.as_ref()?;
        let credentials = self.credentials()?;
        let offered = self.offered_mechanisms();
        let chosen = match &wanted.mechanism {
            Some(word) => Mechanism::of(word).map(|mechanism| (mechanism, "You chose it.")),
            None => {
                let bindable = self.binding().is_some();
                Mechanism::best(&offered, &credentials, self.is_protected(), bindable)
                    .map(|best| (best.mechanism, best.reason))
            }
        };
        Some(SignInFacts {
            mechanism: chosen.map(|(mechanism, _)| mechanism),
            reason: chosen.map_or("", |(_, reason)| reason),
            offered: offered.join(" "),
            is_offered: chosen.is_some_and(|(one, _)| offered.iter().any(|word| one.word().eq_ignore_ascii_case(word))),
            initial_response: wanted.initial_response,
            state: self.auth.state,
            withheld: self.auth.withheld.is_some(),
            answer: self.auth.next.as_ref().map(|step| matches!(step, Step::Cancel { .. })),
            cancelled: self.auth.cancelled,
        })
    }

    /// What would become known to whom, if these credentials went out now; none where nothing would.
    pub fn credentials_risk(&self, mechanism: Mechanism) -> Option<String> {
        if self.setup.practice.is_some() || self.is_protected() {
            return None;
        }
        let (what, verb) = match (mechanism.reveals_password(), mechanism.guessable()) {
            (true, _) => ("the password or the token itself", "read"),
            (false, true) => ("a proof by which passwords can be guessed", "read"),
            (false, false) => return None,
        };
        Some(match self.tls.stage {
            Stage::Secured => {
                let problem = self.tls_report().and_then(|report| report.verdict.problems.first());
                let why = problem.map_or("", |problem| problem.sentence.as_str());
                format!(
                    "The certificate is not trusted ({}). Whoever answers here would get {what}.",
                    why.trim_end_matches('.')
                )
            }
            _ => format!("This connection is not encrypted. The relay, and everybody on the way, could {verb} {what}."),
        })
    }

    fn must_wait_for_word(&self, mechanism: Mechanism) -> Option<String> {
        let allowed = self.allowed.credentials || self.setup.allow_credentials;
        self.credentials_risk(mechanism).filter(|_| !allowed)
    }

    /// Begins the exchange, or says why it waits for the person's word.
    pub(super) fn begin_sign_in(&mut self, mechanism: Mechanism) -> Result<(), Mistake> {
        if let Some(risk) = self.must_wait_for_word(mechanism) {
            self.runner.running &= !self.setup.attended;
            self.runner.paused = self.setup.attended.then(|| risk.clone());
            if self.auth.withheld.is_none() {
                self.record(Event::Withheld { why: risk.clone() });
            }
            self.auth.withheld = Some(risk);
            return Ok(());
        }
        let credentials = self.credentials().ok_or_else(|| Mistake::new("sign_in", "is missing"))?;
        self.auth.count += 1;
        let seed: String = self.setup.seed.chars().filter(char::is_ascii_alphanumeric).collect();
        let nonce = [seed.as_str(), &self.auth.count.to_string()].concat();
        let binding = self.binding();
        let plus = self.offered_mechanisms().iter().any(|word| word.ends_with("-PLUS"));
        let exchange = Exchange::new(mechanism, credentials, &nonce, binding.as_ref(), plus);
        let mut exchange = match exchange {
            Ok(exchange) => exchange,
            Err(mistake) => {
                self.runner.running &= !self.setup.attended;
                self.runner.paused = self.setup.attended.then(|| mistake.message.clone());
                self.auth.withheld = Some(mistake.message.clone());
                return Err(mistake);
            }
        };
        self.auth.withheld = None;
        let initial = self.setup.plan.sign_in.as_ref().is_some_and(|wanted| wanted.initial_response);
        let mut line = ["AUTH ", mechanism.word()].concat();
        if let Some(octets) = initial.then(|| exchange.initial()).flatten() {
            line.push(' ');
            line.push_str(&sasl::encode_initial(&octets));
        }
        self.auth.exchange = Some(exchange);
        self.send_text(&line, TypedEnd::CrLf);
        Ok(())
    }

    /// Sends what the exchange has to say to the last challenge.
    pub(super) fn answer_challenge(&mut self) {
        let line = match self.auth.next.take() {
            Some(Step::Answer(octets)) => base64::encode(&octets),
            Some(Step::Cancel { why }) => {
                self.auth.cancelled = Some(why);
                self.auth.exchange = None;
                sasl::CANCEL.to_owned()
            }
            Some(working @ Step::Working { .. }) => {
                self.auth.next = Some(working);
                return;
            }
            None => return,
        };
        self.send_text(&line, TypedEnd::CrLf);
    }

    /// A line within AUTH goes out as `entry`: what it says is kept beside it, without its secrets.
    pub(super) fn decode_sent(&mut self, entry: usize, command: &Command<'_>, line: &str, answers: bool) {
        self.auth.stopped |= answers && line == sasl::CANCEL;
        let decoded = if answers {
            self.auth.decoder.answer(line)
        } else {
            let (word, rest) = command.rest.split_once(char::is_whitespace).unwrap_or((command.rest, ""));
            let mechanism = Mechanism::of(word);
            self.auth.mechanism = mechanism;
            self.auth.decoder = Decoder::new(mechanism);
            self.auth.state = SignInState::Running;
            self.auth.stopped = false;
            self.auth.outcome = None;
            self.auth.error = None;
            if rest.trim().is_empty() {
                return;
            }
            self.auth.decoder.initial(rest.trim())
        };
        let shows = self.auth.mechanism.is_none_or(Mechanism::reveals_password);
        self.auth.in_clear |= shows && self.tls.stage != Stage::Secured && line != sasl::CANCEL;
        // A saved talk has a mask here, and what it was decoded to beside it.
        if !self.replays {
            self.transcript.decode(entry, lines(&decoded));
        }
    }

    /// The reply to AUTH, or to an answer within it.
    pub(super) fn auth_answered(&mut self, reply: &Reply, record: &ReplyRecord) {
        self.mask_proof(record);
        self.in_auth = reply.code == 334;
        if self.in_auth {
            return self.challenged(reply, record);
        }
        let last = reply.texts().last().map(<[u8]>::to_vec);
        let positive = reply.is_positive();
        if let Some(exchange) = &mut self.auth.exchange {
            let outcome = exchange.finish(positive, last.as_deref());
            self.auth.outcome = Some(outcome);
            if outcome != Outcome::NotApplicable {
                self.record(Event::ServerProof(outcome));
            }
        }
        self.auth.exchange = None;
        self.auth.next = None;
        self.auth.state = match (positive, self.auth.stopped) {
            (true, _) => SignInState::Done,
            (false, true) => SignInState::Cancelled,
            (false, false) => SignInState::Refused,
        };
    }

    /// The server's proof is masked like the client's: passwords can be tried against either.
    fn mask_proof(&mut self, record: &ReplyRecord) {
        for &entry in &record.entries {
            if let Some(masked) = sasl::mask_proof(&self.transcript.entries()[entry].bytes) {
                self.transcript.mask(entry, masked);
            }
        }
        let masked = sasl::mask_proof(record.text.as_bytes());
        if let (Some(masked), Some(reply)) = (masked, self.replies.last_mut()) {
            reply.text = String::from_utf8_lossy(&masked).into_owned();
        }
    }

    fn challenged(&mut self, reply: &Reply, record: &ReplyRecord) {
        let text = reply.texts().last().map(<[u8]>::to_vec).unwrap_or_default();
        let decoded = self.auth.decoder.challenge(&text);
        if let Some(&entry) = record.entries.last() {
            self.transcript.decode(entry, lines(&decoded));
        }
        let takes_tokens = matches!(self.auth.mechanism, Some(Mechanism::XOAuth2 | Mechanism::OAuthBearer));
        let challenge = base64::decode(text.trim_ascii()).map(|(challenge, _)| challenge);
        if let Some(error) = challenge.as_deref().filter(|_| takes_tokens).and_then(sasl::explain_error) {
            self.auth.error = Some(error);
        }
        let Some(exchange) = &mut self.auth.exchange else { return };
        self.auth.next = Some(match challenge {
            Some(challenge) => exchange.step(&challenge),
            None => Step::Cancel { why: "The server's challenge is no base64." },
        });
    }

    /// A saved talk tells what the exchange proved, and that credentials were held back.
    pub(crate) fn replay_sign_in(&mut self, now: Now, event: Event) {
        self.now = self.now.max(now);
        match &event {
            Event::ServerProof(outcome) => self.auth.outcome = Some(*outcome),
            Event::Withheld { why } => self.auth.withheld = Some(why.clone()),
            _ => {}
        }
        self.record(event);
    }

    /// A saved talk tells what the last line that was sent says.
    pub(crate) fn replay_decoded(&mut self, line: &str) {
        self.transcript.decode_last(line.to_owned());
    }

    /// Whether a proof is being worked on: then the driver should come back at once.
    pub(super) fn is_working(&self) -> bool {
        matches!(self.auth.next, Some(Step::Working { .. }))
    }

    pub(super) fn work(&mut self) {
        if let Some(exchange) =
            self.auth.exchange.as_mut().filter(|_| matches!(self.auth.next, Some(Step::Working { .. })))
        {
            self.auth.next = Some(exchange.work(ROUNDS_AT_ONCE));
        }
    }

    /// Signing in as a page draws it.
    pub(super) fn sign_in_view(&self) -> SignInView {
        let offered = self.offered_mechanisms();
        let is_offered = |one: Mechanism| offered.iter().any(|word| one.word().eq_ignore_ascii_case(word));
        let facts = self.sign_in_facts();
        let chosen = facts.as_ref().and_then(|facts| facts.mechanism);
        let mechanisms = Mechanism::ALL.into_iter().map(|one| MechanismView {
            word: one.word(),
            about: one.about(),
            offered: is_offered(one),
            needs: one.needs().iter().map(|need| need.field).collect(),
        });
        let unknown = offered.iter().filter(|word| Mechanism::of(word).is_none());
        SignInView {
            state: self.auth.state,
            mechanisms: mechanisms.collect(),
            unknown: unknown.map(|word| (*word).to_owned()).collect(),
            mechanism: self.auth.mechanism.or(chosen).map(Mechanism::word),
            best: chosen.map(Mechanism::word),
            reason: facts.map_or(String::new(), |facts| facts.reason.to_owned()),
            caution: chosen.and_then(|mechanism| self.credentials_risk(mechanism)),
            allowed: self.allowed.credentials || self.setup.allow_credentials,
            withheld: self.auth.withheld.clone(),
            proved: self.auth.outcome.and_then(|outcome| match outcome {
                Outcome::ServerProved => Some(true),
                Outcome::ServerNotProved | Outcome::ServerFailed => Some(false),
                Outcome::NotApplicable => None,
            }),
            error: self.auth.error.clone(),
            cancelled: self.auth.cancelled,
            working: match self.auth.next {
                Some(Step::Working { rounds, left }) => Some((u64::from(rounds - left), u64::from(rounds))),
                _ => None,
            },
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
