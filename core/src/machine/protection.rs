//! What in a conversation was protected, and from whom: counted, and said in sentences.

use super::Session;
use super::secure::Stage;
use super::view::{ExtensionView, OfferChanges, Protection, TlsView};
use crate::setup::Security;
use crate::wire::ehlo::Extension;

impl Session {
    /// The TLS session as a page draws it.
    pub(super) fn tls_view(&self) -> Option<TlsView> {
        if self.tls.stage == Stage::Clear {
            return None;
        }
        let (report, failure) = (self.tls_report(), self.tls_failure());
        let openssl = failure.map(|failure| failure.openssl.clone()).filter(|command| !command.is_empty());
        let pem = report.map(crate::tls::Report::pem).or_else(|| failure.map(crate::tls::Failure::pem));
        Some(TlsView {
            stage: self.tls.stage.word(),
            report: report.cloned(),
            pem: pem.unwrap_or_default(),
            failure: failure.cloned(),
            openssl: openssl.unwrap_or_else(|| self.tls_settings().openssl()),
            changes: self.offer_changes(),
            since: self.secured_since(),
        })
    }

    /// What changed in the offered extensions with TLS; none before both EHLO were answered.
    pub fn offer_changes(&self) -> Option<OfferChanges> {
        let before = &self.tls.before.as_ref()?.extensions;
        self.tls.report.as_ref()?;
        self.hello.accepted?;
        let now = &self.hello.capabilities.extensions;
        let missing = |one: &&Extension, from: &[Extension]| !from.iter().any(|other| other.keyword == one.keyword);
        let changed = |one: &&Extension| before.iter().any(|o| o.keyword == one.keyword && o.params != one.params);
        let view = |one: &Extension| ExtensionView { keyword: one.keyword.clone(), params: one.params.clone() };
        Some(OfferChanges {
            new: now.iter().filter(|one| missing(one, before)).map(view).collect(),
            gone: before.iter().filter(|one| missing(one, now)).map(view).collect(),
            other: now.iter().filter(changed).map(view).collect(),
        })
    }

    /// What whoever carried the octets could read.
    pub fn protection(&self) -> Protection {
        let ((clear_sent, clear_received), (encrypted_sent, encrypted_received)) = self.carried();
        let mut told =
            Protection { clear_sent, clear_received, encrypted_sent, encrypted_received, ..Protection::default() };
        // The practice server in the page has nobody on the way.
        if self.setup.practice.is_some() || !self.has_been_up() {
            return told;
        }
        self.tell_readable(&mut told);
        if self.tls_report().is_some() {
            self.tell_trust(&mut told);
        }
        told
    }

    fn tell_readable(&self, told: &mut Protection) {
        let secured = self.tls_report().is_some();
        let mut readable = |sentence: &str| told.readable.push(sentence.to_owned());
        if !secured {
            readable(
                "Everything in this conversation crossed in clear text: the relay and everybody on the way could read it, \
                 and could have changed either side's words.",
            );
            if self.sent_credentials_in_clear() {
                readable("Credentials were among it: change them if you do not trust the way.");
            }
            return;
        }
        if told.clear_sent + told.clear_received > 0 {
            readable(
                "What was said before the handshake crossed in clear text: the server's greeting, the first EHLO and its \
                 answer, STARTTLS. Whoever carried it could read and change it, so nothing learnt from it counts any more.",
            );
        }
        readable(
            "From the handshake: the name that was asked for, and with TLS 1.2 the certificates. Since then: when, and how much, was said.",
        );
        told.hidden.push(match self.is_protected() {
            true => "Everything since the handshake: commands, credentials, replies and the message.".to_owned(),
            false => "Since the handshake everything is encrypted; but as the certificate is not trusted, it may be \
                      encrypted for somebody in between instead of the server."
                .to_owned(),
        });
    }

    fn tell_trust(&self, told: &mut Protection) {
        let mut trust = |sentence: &str| told.trust.push(sentence.to_owned());
        trust(
            "TLS ends in this page, so the relay carries what it cannot read. It could not swap the certificate unseen: \
             the check is made here.",
        );
        if self.setup.security == Security::StarttlsIfOffered {
            trust(
                "You asked for TLS only if it is offered: somebody on the way could have taken the offer out, and nobody would have noticed.",
            );
        }
        if self.setup.same_origin {
            trust(
                "This page came from the relay itself. Whoever runs it could have changed the page as well: compare the \
                 build's hash, or open the page from a place of your own.",
            );
        }
    }
}
