//! The relay's own certificate by ACME (RFC 8555): asked for, kept over a restart, renewed, and shown without a restart.
//!
//! The authority looks whether the relay really has the name by a handshake with the relay's own listener (tls-alpn-01,
//! RFC 8737), so that no other port and no web server is needed. It does not know who comes in.

mod advice;
mod http;
mod order;
mod shown;
mod store;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::config::Wanted;
use crate::dns::servers::Servers;
use crate::front::certificate::Facts;
use crate::watch::metrics::Metrics;
use advice::Advice;
use http::Client;
pub(crate) use shown::asked_by;
use shown::{PROTOCOL, Pair, Shown};
use store::Store;

/// The time for all that has to be asked for one certificate.
const ATTEMPT: Duration = Duration::from_secs(300);

/// The pause after the first failure. Each that follows is three times as long: authorities count failures by the hour.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3 * 3600);

/// How often it is looked whether a renewal is due: this machine may have slept, or its clock been set.
const LOOK: Duration = Duration::from_secs(3600);

/// The most characters of a failure that are told.
const FAULT_MAX: usize = 1000;

/// A certificate that is had by ACME.
pub(crate) struct Acme {
    pub(crate) wanted: Wanted,
    client: Client,
    store: Store,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
    /// Why the last attempt failed, unless it did not.
    fault: Mutex<Option<String>>,
}

impl std::fmt::Debug for Acme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Acme").field(&self.wanted).finish()
    }
}

impl Acme {
    /// Takes the certificate that was kept, if there is one.
    ///
    /// # Errors
    /// The file of the directory's authorities, or the DNS, cannot be used.
    pub(crate) fn new(wanted: Wanted, servers: &Servers) -> Result<Self, String> {
        let client = Client::new(wanted.authority.as_deref(), servers)?;
        let store = Store::new(&wanted.folder, &wanted.directory);
        let shown = Arc::new(Shown::default());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec(), PROTOCOL.to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        match store.certificate().and_then(|kept| kept.map(|pem| Pair::read(&pem)).transpose()) {
            Ok(Some(pair)) => shown.show(pair),
            Ok(None) => {}
            Err(why) => tracing::warn!(why, "the certificate that was kept cannot be used; another is asked for"),
        }
        Ok(Self { wanted, client, store, shown, acceptor, fault: Mutex::default() })
    }

    /// For the next handshake; without a certificate it fails.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// What is known of the certificate that is shown, if there is one.
    pub(crate) fn facts(&self) -> Option<Facts> {
        self.shown.facts()
    }

    /// Why the last attempt failed, unless it did not.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long it may be until the next attempt, or until the moment that was advised; none where one is due.
    fn rest(&self, advised: Option<SystemTime>) -> Option<Duration> {
        // One that has more names, as some authorities add, is as good.
        let has_all = |facts: &Facts| self.wanted.names.iter().all(|name| facts.names.contains(name));
        let facts = self.facts().filter(has_all)?;
        let due = advised.map_or(facts.due(), |advised| advised.min(facts.due()));
        due.duration_since(SystemTime::now()).ok()
    }

    /// Asks for a certificate whenever one is due, for ever.
    pub(super) async fn keep(&self, metrics: &Metrics) {
        let mut pause = FIRST_PAUSE;
        let mut advice = Advice::none(Duration::ZERO);
        loop {
            loop {
                advice.refresh(self).await;
                let Some(rest) = self.rest(advice.at) else { break };
                sleep(rest.min(LOOK)).await;
            }
            let attempt = timeout(ATTEMPT, self.renew()).await;
            let outcome = attempt.unwrap_or_else(|_| Err("the ACME server takes too long".to_owned()));
            // The server's words are in it.
            let outcome = outcome.map_err(|why| why.chars().take(FAULT_MAX).collect::<String>());
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = outcome.clone().err();
            metrics.certificate_ordered(outcome.is_ok());
            let names = self.wanted.names.join(", ");
            match outcome {
                Ok(()) => {
                    tracing::warn!(names, "a new certificate has come by ACME, and is shown");
                    pause = FIRST_PAUSE;
                    // Not at once: whatever it says of each, no more than one an hour is asked for.
                    advice = Advice::none(LOOK);
                }
                Err(why) => {
                    let (again, directory) = (pause.as_secs(), &self.wanted.directory);
                    let has = if self.facts().is_some() { "the old one is still shown" } else { "HTTPS waits for it" };
                    tracing::error!(why, names, directory, again, "no certificate could be had by ACME; {has}");
                    sleep(pause).await;
                    pause = (pause * 3).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Gets one certificate, shows it and keeps it.
    async fn renew(&self) -> Result<(), String> {
        // Before anybody is asked: what cannot be kept would be asked for again at every start.
        self.store.prepare()?;
        let pem = self.order().await?;
        let pair = Pair::read(&pem)?;
        self.shown.show(pair);
        self.store.keep_certificate(&pem)?;
        match self.rest(None) {
            Some(_) => Ok(()),
            None => Err(
                "the new certificate is not for the names that were asked for, or its renewal is due already: look at \
                         this machine's clock"
                    .to_owned(),
            ),
        }
    }
}
