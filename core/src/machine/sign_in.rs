//! Signing in (RFC 4954): which mechanism, whether it is safe, and the exchange itself.

use super::input::TypedEnd;
use super::{Mistake, Session};
use crate::base64;
use crate::plan::SignInFacts;
use crate::record::event::Event;
use crate::record::{SignInState, Stage, Via};
use crate::sasl::{self, AuthStep, Binding, BindingKind, Credentials, Exchange, Mechanism, ServerProof};

/// How many rounds of SCRAM are done before the driver is let in again.
const ROUNDS_AT_ONCE: u32 = 100_000;

/// The exchange that Ehlo holds, and what was decided of signing in.
#[derive(Debug, Default)]
pub(super) struct Auth {
    /// The exchange; none where the person types.
    exchange: Option<Exchange>,
    /// What it has to say next.
    next: Option<AuthStep>,
    /// Why Ehlo cancelled the exchange.
    cancelled: Option<&'static str>,
    /// How many exchanges were begun: each has a nonce of its own.
    count: usize,
    /// Other credentials were given since the last attempt.
    renewed: bool,
}

impl Auth {
    /// An exchange goes on: it is the one with the present credentials.
    pub(super) fn goes_on(&mut self) {
        self.renewed = false;
    }

    /// The exchange is over.
    pub(super) fn stop(&mut self) {
        self.exchange = None;
        self.next = None;
    }

    /// What was agreed does not count any more.
    pub(super) fn forget(&mut self) {
        self.stop();
        self.cancelled = None;
    }
}

impl Session {
    /// How the last sign-in stands; nothing was tried with credentials that are new.
    pub fn sign_in_state(&self) -> SignInState {
        if self.auth.renewed { SignInState::None } else { self.record().sign_in().state }
    }

    /// Why credentials were held back.
    pub fn credentials_withheld(&self) -> Option<&str> {
        self.record().sign_in().withheld.as_deref().filter(|_| !self.auth.renewed)
    }

    /// Why Ehlo itself cancelled an exchange.
    pub fn sign_in_cancelled(&self) -> Option<&'static str> {
        self.auth.cancelled
    }

    /// Rounds done and rounds wanted, while a proof is being worked on.
    pub fn sign_in_work(&self) -> Option<(u32, u32)> {
        match self.auth.next {
            Some(AuthStep::Working { rounds, left }) => Some((rounds - left, rounds)),
            _ => None,
        }
    }

    /// Other credentials, or another mechanism: the next attempt begins afresh.
    pub(super) fn renew_sign_in(&mut self) {
        if self.record().sign_in().state != SignInState::Done && self.auth.exchange.is_none() {
            self.auth.forget();
            self.auth.renewed = true;
        }
    }

    fn credentials(&self) -> Option<Credentials> {
        let wanted = self.setup().plan.sign_in.as_ref()?;
        Some(Credentials {
            user: wanted.user.clone(),
            password: wanted.password.clone(),
            token: wanted.token.clone(),
            authorization_id: wanted.authorization_id.clone(),
            host: self.setup().host.clone(),
            port: self.setup().port,
        })
    }

    fn binding(&self) -> Option<Binding> {
        let known = self.binding.as_ref()?;
        let by_certificate = self.setup().plan.sign_in.as_ref().is_some_and(|wanted| wanted.bind_to_certificate);
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

    /// What the plan needs to know; none where nobody wants to sign in.
    pub fn sign_in_facts(&self) -> Option<SignInFacts> {
        let wanted = self.setup().plan.sign_in.as_ref()?;
        let credentials = self.credentials()?;
        let offered = self.record().offered_mechanisms();
        let chosen = match &wanted.mechanism {
            Some(word) => Mechanism::of(word).map(|mechanism| (mechanism, "You chose it.")),
            None => {
                let bindable = self.binding().is_some();
                Mechanism::best(&offered, &credentials, self.record().is_protected(), bindable)
                    .map(|best| (best.mechanism, best.reason))
            }
        };
        Some(SignInFacts {
            mechanism: chosen.map(|(mechanism, _)| mechanism),
            reason: chosen.map_or("", |(_, reason)| reason),
            offered: offered.join(" "),
            is_offered: chosen.is_some_and(|(one, _)| offered.iter().any(|word| one.word().eq_ignore_ascii_case(word))),
            initial_response: wanted.initial_response,
            state: self.sign_in_state(),
            withheld: self.credentials_withheld().is_some(),
            answer: self.auth.next.as_ref().map(|step| matches!(step, AuthStep::Cancel { .. })),
            cancelled: self.auth.cancelled,
        })
    }

    /// What would become known to whom, if these credentials went out now; none where nothing would.
    pub fn credentials_risk(&self, mechanism: Mechanism) -> Option<String> {
        if self.setup().practice.is_some() || self.record().is_protected() {
            return None;
        }
        let (what, verb) = match (mechanism.reveals_password(), mechanism.guessable()) {
            (true, _) => ("the password or the token itself", "read"),
            (false, true) => ("a proof by which passwords can be guessed", "read"),
            (false, false) => return None,
        };
        Some(match self.record().tls().stage {
            Stage::Secured => {
                let problem = self.record().tls().report().and_then(|report| report.verdict.problems.first());
                let why = problem.map_or("", |problem| problem.sentence.as_str());
                format!(
                    "The certificate is not trusted ({}). Whoever answers here would get {what}.",
                    why.trim_end_matches('.')
                )
            }
            _ if self.record().via() == Via::Relay => {
                format!("This connection is not encrypted. The relay, and everybody on the way, could {verb} {what}.")
            }
            _ => format!("This connection is not encrypted. Everybody on the way could {verb} {what}."),
        })
    }

    fn must_wait_for_word(&self, mechanism: Mechanism) -> Option<String> {
        self.credentials_risk(mechanism).filter(|_| !self.may_send_credentials())
    }

    /// Credentials are not sent, for this reason: "run the rest" waits for the person, where there is one.
    fn withhold(&mut self, why: &str) {
        self.runner.running &= !self.setup().attended;
        self.runner.paused = self.setup().attended.then(|| why.to_owned());
        if self.credentials_withheld().is_none() {
            self.auth.renewed = false;
            self.note(Event::Withheld { why: why.to_owned() });
        }
    }

    /// Begins the exchange, or says why it waits for the person's word.
    pub(super) fn begin_sign_in(&mut self, mechanism: Mechanism) -> Result<(), Mistake> {
        if let Some(risk) = self.must_wait_for_word(mechanism) {
            self.withhold(&risk);
            return Ok(());
        }
        let credentials = self.credentials().ok_or_else(|| Mistake::new("sign_in", "is missing"))?;
        self.auth.count += 1;
        let seed: String = self.setup().seed.chars().filter(char::is_ascii_alphanumeric).collect();
        let nonce = [seed.as_str(), &self.auth.count.to_string()].concat();
        let binding = self.binding();
        let plus = self.record().offered_mechanisms().iter().any(|word| word.ends_with("-PLUS"));
        let exchange = Exchange::new(mechanism, credentials, &nonce, binding.as_ref(), plus);
        let mut exchange = match exchange {
            Ok(exchange) => exchange,
            Err(mistake) => {
                self.withhold(&mistake.message);
                return Err(mistake);
            }
        };
        let initial = self.setup().plan.sign_in.as_ref().is_some_and(|wanted| wanted.initial_response);
        let mut line = ["AUTH ", mechanism.word()].concat();
        if let Some(octets) = initial.then(|| exchange.initial()).flatten() {
            line.push(' ');
            line.push_str(&sasl::encode_initial(&octets));
        }
        self.send_text(&line, TypedEnd::CrLf);
        self.auth.exchange = Some(exchange);
        Ok(())
    }

    /// Sends what the exchange has to say to the last challenge.
    pub(super) fn answer_challenge(&mut self) {
        let line = match self.auth.next.take() {
            Some(AuthStep::Answer(octets)) => base64::encode(&octets),
            Some(AuthStep::Cancel { why }) => {
                self.auth.cancelled = Some(why);
                self.auth.exchange = None;
                sasl::CANCEL.to_owned()
            }
            Some(working @ AuthStep::Working { .. }) => {
                self.auth.next = Some(working);
                return;
            }
            None => return,
        };
        self.send_text(&line, TypedEnd::CrLf);
    }

    /// The reply to AUTH, or to an answer within it.
    pub(super) fn auth_answered(&mut self, reply: usize, code: u16) {
        let last = self.record().sign_in().said(reply).map(<[u8]>::to_vec);
        let Some(exchange) = &mut self.auth.exchange else { return };
        if code == 334 {
            let challenge = base64::decode(last.unwrap_or_default().trim_ascii());
            self.auth.next = Some(match challenge {
                Some((challenge, _)) => exchange.step(&challenge),
                None => AuthStep::Cancel { why: "The server's challenge is no base64." },
            });
            return;
        }
        let outcome = exchange.finish((200..300).contains(&code), last.as_deref());
        self.auth.stop();
        if outcome != ServerProof::NotApplicable {
            self.note(Event::ServerProof(outcome));
        }
    }

    /// Whether a proof is being worked on: then the driver should come back at once.
    pub(super) fn is_working(&self) -> bool {
        matches!(self.auth.next, Some(AuthStep::Working { .. }))
    }

    pub(super) fn work(&mut self) {
        if let Some(exchange) =
            self.auth.exchange.as_mut().filter(|_| matches!(self.auth.next, Some(AuthStep::Working { .. })))
        {
            self.auth.next = Some(exchange.work(ROUNDS_AT_ONCE));
        }
    }
}
