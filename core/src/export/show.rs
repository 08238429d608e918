//! The conversation as a page draws it: of a record alone, and with the present state of a live session.

use super::view::{
    ConnectionView, EnvelopeView, ExtensionView, MechanismView, Progress, Proposal, ProposalKind, RecipeView,
    RecipientView, ServerView, SignInView, TlsView, Traffic, Turn, View, Waiting,
};
use crate::case::Case;
use crate::machine::{Session, timers};
use crate::plan::{self, What};
use crate::probe::Recipe;
use crate::reading::ending::ending;
use crate::reading::findings::findings;
use crate::reading::words;
use crate::record::{Link, Record, Stage};
use crate::sasl::{Mechanism, ServerProof};
use crate::tls::{Failure, Report};
use crate::wire::body::measure;
use crate::wire::rules::Phase;

/// The largest message that is shown for editing, in bytes.
const SHOWN_MAX: usize = 256 * 1024;

impl Case {
    /// What a page draws of a saved conversation: nobody's turn, and nothing to send.
    pub fn view(&self) -> View {
        let (record, hello) = (&self.record, self.record.hello());
        let entries = record.entries().len();
        View {
            turn: Turn::Over,
            waiting: None,
            proposal: None,
            upcoming: Vec::new(),
            running: false,
            paused: None,
            connection: record.connected().map(|connected| ConnectionView {
                host: self.host().to_owned(),
                address: connected.address.clone(),
                port: connected.port,
                local: connected.local.clone(),
                local_name: connected.local_name.clone(),
            }),
            server: ServerView {
                name: hello.capabilities.name.clone().or_else(|| hello.greeting_name.clone()),
                hello: hello.accepted.map(|verb| verb.word().to_owned()),
                extensions: record.extension_views(),
            },
            tls: self.tls_view(),
            protection: self.protection(),
            sign_in: record.sign_in_view(),
            recipes: record.recipe_views(),
            envelope: record.envelope(),
            summary: self.summary(),
            ending: ending(self),
            findings: findings(self),
            entries: entries + usize::from(!record.partial().is_empty()),
            settled: record.settled(),
            progress: None,
            traffic: Traffic {
                sent: record.transcript().sent,
                received: record.transcript().received,
                dropped: record.transcript().dropped,
            },
        }
    }

    fn tls_view(&self) -> Option<TlsView> {
        let tls = self.record.tls();
        if tls.stage == Stage::Clear {
            return None;
        }
        let (report, failure) = (tls.report(), tls.failure());
        let openssl = failure.map(|failure| failure.openssl.clone()).filter(|command| !command.is_empty());
        let pem = report.map(Report::pem).or_else(|| failure.map(Failure::pem));
        Some(TlsView {
            stage: tls.stage.word(),
            report: report.cloned(),
            pem: pem.unwrap_or_default(),
            failure: failure.cloned(),
            openssl: openssl.unwrap_or_else(|| self.tls_settings().openssl()),
            changes: self.record.offer_changes(),
            since: tls.since(),
        })
    }
}

impl Record {
    fn extension_views(&self) -> Vec<ExtensionView> {
        let offered = self.capabilities().extensions.iter();
        offered.map(|one| ExtensionView { keyword: one.keyword.clone(), params: one.params.clone() }).collect()
    }

    /// The tests as a page shows them, the one that goes on last.
    pub fn recipe_views(&self) -> Vec<RecipeView> {
        let title = |id: &str| Recipe::of(id).map_or_else(|| id.to_owned(), |recipe| recipe.title.to_owned());
        let done = self.probes().done().iter().map(|done| RecipeView {
            id: done.id.clone(),
            title: title(&done.id),
            state: "done",
            verdict: Some(done.verdict.word()),
            sentence: done.sentence.clone(),
            entries: (done.entries.start, done.entries.end),
        });
        let runs = self.probes().running().into_iter().map(|(id, start)| RecipeView {
            id: id.to_owned(),
            title: title(id),
            state: "running",
            verdict: None,
            sentence: String::new(),
            entries: (start, self.entries().len()),
        });
        done.chain(runs).collect()
    }

    /// The mail transaction that is open, or the last one.
    pub fn envelope(&self) -> EnvelopeView {
        let Some(mail) = self.transactions().last() else { return EnvelopeView::default() };
        let recipients = mail.recipients.iter().map(|one| RecipientView {
            address: one.address.clone(),
            reply: one.answer.map(|answer| answer.reply),
            code: one.answer.map(|answer| answer.code),
            accepted: one.last.or(one.answer).map(crate::record::transaction::Answer::is_positive),
            final_reply: one.last.map(|answer| answer.reply),
            final_code: one.last.map(|answer| answer.code),
        });
        EnvelopeView { reverse_path: Some(mail.reverse_path.clone()), recipients: recipients.collect() }
    }

    /// Signing in, as far as both sides' lines show it.
    fn sign_in_view(&self) -> SignInView {
        let (offered, sign_in) = (self.offered_mechanisms(), self.sign_in());
        let mechanisms = Mechanism::ALL.into_iter().map(|one| MechanismView {
            word: one.word(),
            about: one.about(),
            offered: offered.iter().any(|word| one.word().eq_ignore_ascii_case(word)),
            needs: one.needs().iter().map(|need| need.field).collect(),
        });
        let unknown = offered.iter().filter(|word| Mechanism::of(word).is_none());
        SignInView {
            state: sign_in.state,
            mechanisms: mechanisms.collect(),
            unknown: unknown.map(|word| (*word).to_owned()).collect(),
            mechanism: sign_in.mechanism.map(Mechanism::word),
            best: None,
            reason: String::new(),
            caution: None,
            allowed: false,
            withheld: sign_in.withheld.clone(),
            proved: sign_in.outcome.and_then(|outcome| match outcome {
                ServerProof::ServerProved => Some(true),
                ServerProof::ServerNotProved | ServerProof::ServerFailed => Some(false),
                ServerProof::NotApplicable => None,
            }),
            error: sign_in.error.clone(),
            cancelled: None,
            working: None,
        }
    }
}

impl Session {
    /// What a page draws now.
    pub fn view(&self) -> View {
        let step = self.proposal();
        let upcoming = step.as_ref().map_or_else(Vec::new, |step| self.upcoming(step));
        let view = self.case().view();
        View {
            turn: self.turn(),
            waiting: self.waiting(),
            proposal: step.map(|step| self.show_step(step)),
            upcoming,
            running: self.is_running(),
            paused: self.paused().map(str::to_owned),
            sign_in: self.present_sign_in(view.sign_in),
            progress: self.progress().map(|(sent, total)| Progress { sent, total }),
            ..view
        }
    }

    fn turn(&self) -> Turn {
        let record = self.record();
        match record.link() {
            Link::Over => Turn::Over,
            Link::Calling | Link::Dialing => Turn::Connecting,
            _ if record.awaiting().is_some() || record.probes().running().is_some() || self.is_sending() => {
                Turn::Server
            }
            _ if record.phase() == Phase::Data || record.chunk_left() > 0 => Turn::Message,
            _ => Turn::You,
        }
    }

    fn waiting(&self) -> Option<Waiting> {
        if let Some((since, until)) = self.waits_for_quiet() {
            let since = self.moment(since);
            return Some(Waiting {
                what: "what else the server may say".into(),
                since: since.0,
                limit: until.since(since),
                section: "Ehlo's own limit",
                hint: "",
                overdue: false,
            });
        }
        let (asked, since) = self.record().waiting().filter(|_| !self.record().is_over())?;
        let wait = timers::wait(asked, self.record().via());
        Some(Waiting {
            what: words::awaited(asked),
            since: self.moment(since).0,
            limit: wait.limit,
            section: wait.section,
            hint: wait.hint,
            overdue: self.record().is_overdue(),
        })
    }

    fn show_step(&self, step: plan::Step) -> Proposal {
        let caution = match step.what {
            What::SignIn(mechanism, _) => self.credentials_risk(mechanism),
            _ => None,
        };
        let (kind, text) = match step.what {
            What::Command(_, text) => (ProposalKind::Command, text),
            What::SignIn(_, text) | What::Answer(text) => (ProposalKind::SignIn, text),
            What::Hangup => (ProposalKind::Hangup, String::new()),
            What::Message => return self.show_message(step.why),
        };
        Proposal { kind, text, why: step.why, dots: 0, octets: 0, caution, opaque: false }
    }

    fn show_message(&self, why: String) -> Proposal {
        let (left, message) = (self.record().chunk_left(), self.message());
        // A big message is not copied only to be looked at, and a piece of one is sent as it is.
        let opaque = left > 0 || message.len() > SHOWN_MAX || !plan::message::is_text(&self.setup().plan.message);
        let text = if opaque { String::new() } else { String::from_utf8_lossy(message).replace("\r\n", "\n") };
        let (dots, octets) = if left > 0 { (0, left) } else { measure(message) };
        Proposal { kind: ProposalKind::Message, text, why, dots, octets, caution: None, opaque }
    }

    /// Signing in, with what would be done next.
    fn present_sign_in(&self, seen: SignInView) -> SignInView {
        let facts = self.sign_in_facts();
        let chosen = facts.as_ref().and_then(|facts| facts.mechanism);
        SignInView {
            state: self.sign_in_state(),
            mechanism: seen.mechanism.or(chosen.map(Mechanism::word)),
            best: chosen.map(Mechanism::word),
            reason: facts.map_or(String::new(), |facts| facts.reason.to_owned()),
            caution: chosen.and_then(|mechanism| self.credentials_risk(mechanism)),
            allowed: self.may_send_credentials(),
            withheld: self.credentials_withheld().map(str::to_owned),
            cancelled: self.sign_in_cancelled(),
            working: self.sign_in_work().map(|(done, all)| (u64::from(done), u64::from(all))),
            ..seen
        }
    }
}
