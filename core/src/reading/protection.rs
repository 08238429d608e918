//! What in a conversation was protected, and from whom: counted, and said in sentences.

use serde::Serialize;

use super::words::carriers;
use crate::case::Case;
use crate::record::{Record, Via};
use crate::setup::Security;
use crate::wire::ehlo::Extension;

/// What changed in the offered extensions with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfferChanges {
    /// Offered only since.
    pub new: Vec<ExtensionView>,
    /// Offered before, and no longer.
    pub gone: Vec<ExtensionView>,
    /// Offered both times with other parameters; here with the present ones.
    pub other: Vec<ExtensionView>,
}

/// What crossed in clear text and what encrypted, and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// Octets that were sent in clear text.
    pub clear_sent: u64,
    /// Octets that were received in clear text.
    pub clear_received: u64,
    /// Octets of ciphertext that were sent, the handshake's included.
    pub encrypted_sent: u64,
    /// Octets of ciphertext that were received, the handshake's included.
    pub encrypted_received: u64,
    /// What the relay, and everybody on the way, could read or change; a sentence each.
    pub readable: Vec<String>,
    /// What they could not.
    pub hidden: Vec<String>,
    /// What all that rests on, and how to be surer.
    pub trust: Vec<String>,
}

/// An offered extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtensionView {
    /// The extension keyword in capitals.
    pub keyword: String,
    /// What stood behind it.
    pub params: String,
}

impl Record {
    /// What changed in the offered extensions with TLS; none before both EHLO were answered.
    pub fn offer_changes(&self) -> Option<OfferChanges> {
        let before = &self.tls().before.as_ref()?.extensions;
        self.tls().report()?;
        self.hello().accepted?;
        let now = &self.hello().capabilities.extensions;
        let missing = |one: &&Extension, from: &[Extension]| !from.iter().any(|other| other.keyword == one.keyword);
        let changed = |one: &&Extension| before.iter().any(|o| o.keyword == one.keyword && o.params != one.params);
        let view = |one: &Extension| ExtensionView { keyword: one.keyword.clone(), params: one.params.clone() };
        Some(OfferChanges {
            new: now.iter().filter(|one| missing(one, before)).map(view).collect(),
            gone: before.iter().filter(|one| missing(one, now)).map(view).collect(),
            other: now.iter().filter(changed).map(view).collect(),
        })
    }
}

impl Case {
    /// What whoever carried the bytes could read.
    pub fn protection(&self) -> Protection {
        let ((clear_sent, clear_received), (encrypted_sent, encrypted_received)) = self.record.carried();
        let mut told =
            Protection { clear_sent, clear_received, encrypted_sent, encrypted_received, ..Protection::default() };
        // The practice server in the page has nobody on the way.
        if self.setup.practice.is_some() || !self.has_been_up() {
            return told;
        }
        self.tell_readable(&mut told);
        if self.record.tls().report().is_some() {
            self.tell_trust(&mut told);
        }
        told
    }

    fn tell_readable(&self, told: &mut Protection) {
        let secured = self.record.tls().report().is_some();
        let mut readable = |sentence: &str| told.readable.push(sentence.to_owned());
        if !secured {
            let who = carriers(self.record.via()).replace(',', "");
            readable(&format!(
                "Everything in this conversation crossed in clear text: {who} could read it, and could have changed \
                 either side's words."
            ));
            if self.record.sign_in().sent_in_clear {
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
        told.hidden.push(match self.record.is_protected() {
            true => "Everything since the handshake: commands, credentials, replies and the message.".to_owned(),
            false => "Since the handshake everything is encrypted; but as the certificate is not trusted, it may be \
                      encrypted for somebody in between instead of the server."
                .to_owned(),
        });
    }

    fn tell_trust(&self, told: &mut Protection) {
        let mut trust = |sentence: &str| told.trust.push(sentence.to_owned());
        trust(match self.record.via() {
            Via::Relay => {
                "TLS ends in this page, so the relay carries what it cannot read. It could not swap the certificate \
                 unseen: the check is made here."
            }
            _ => "TLS ends in this program, and the certificate is checked here.",
        });
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
