//! The TLS machine: octets from the network in, octets for the network and plain text out. It does no I/O and has no
//! clock; whoever drives it calls [`Layer::poll`] after each call until it says [`Out::Idle`].
//!
//! Nothing of the plain text goes out before the chain is judged and [`Out::Done`] is said: the session decides then what
//! a bad certificate means.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, ring as provider};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, SupportedCipherSuite, SupportedProtocolVersion};

use super::explain::{End, Scene, explain};
use super::failure::{Failure, FailureKind};
use super::identity::{self, Identity};
use super::recorder::Recorder;
use super::records::Records;
use super::report::{Binding, ClientCertificate, Report};
use super::settings::{Settings, Versions};
use super::verdict::{self, Basis};
use super::x509::{Hash, X509};
use super::{describe, probe, registry};

/// What the machine wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Out {
    /// Send these octets to the server.
    ToNetwork(Vec<u8>),
    /// The server's plain text.
    Plain(Vec<u8>),
    /// The handshake is over and its chain judged. From here on plain text can be sent.
    Done(Box<Report>, Binding),
    /// It failed; nothing more can be done with this connection. With TLS 1.3 this may follow `Done`, since a server
    /// looks at the client's certificate only then.
    Failed(Box<Failure>),
    /// The server will send no more (close_notify, RFC 8446 §6.1).
    CloseNotify,
    /// Nothing to do until something comes.
    Idle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// An old server is asked; there is no connection of rustls.
    Probing,
    Shaking,
    Secured,
    Over,
}

/// One TLS connection, or one question for old versions.
pub struct Layer {
    settings: Settings,
    connection: ClientConnection,
    recorder: Arc<Recorder>,
    identity: Arc<Identity>,
    /// The authorities that everybody trusts.
    known: &'static [TrustAnchor<'static>],
    /// The person's own authorities.
    authorities: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    records: Records,
    stage: Stage,
    out: VecDeque<Out>,
    held: Vec<u8>,
    close_notified: bool,
    sent: u64,
    received: u64,
}

/// The wall clock as it was when the handshake began.
#[derive(Debug)]
struct Clock(u64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(self.0)))
    }
}

impl std::fmt::Debug for Layer {
    /// The stage and the settings; no keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layer").field("stage", &self.stage).field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn unusable(sentence: &str) -> Failure {
    Failure::new(FailureKind::Settings, sentence)
}

impl Layer {
    /// A machine that has not yet said anything. It trusts the authorities that browsers trust (Mozilla's list, from
    /// the crate `webpki-roots`), and those of the settings.
    ///
    /// # Errors
    /// The settings cannot be used: a name, an authority, a client's certificate or key.
    pub fn new(settings: Settings) -> Result<Self, Box<Failure>> {
        Self::knowing(settings, webpki_roots::TLS_SERVER_ROOTS)
    }

    /// As [`Self::new`], with `known` in place of the authorities that browsers trust.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn knowing(settings: Settings, known: &'static [TrustAnchor<'static>]) -> Result<Self, Box<Failure>> {
        let provider = Arc::new(fastest_first(provider::default_provider(), has_aes()));
        let authorities = settings.authorities.as_deref().map(identity::authorities).transpose()?.unwrap_or_default();
        let client = settings.client.as_ref().map(|pem| identity::client(pem.reveal())).transpose()?;
        let identity = Arc::new(Identity::new(client));
        let recorder = Arc::new(Recorder::new(provider.signature_verification_algorithms));
        let versions: &[&SupportedProtocolVersion] = match settings.versions {
            Versions::Both => &[&TLS13, &TLS12],
            Versions::Tls12 => &[&TLS12],
            Versions::Tls13 => &[&TLS13],
        };
        let config = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Clock(settings.now)))
            .with_protocol_versions(versions)
            .map_err(|_| Box::new(unusable("These versions of TLS cannot be offered.")))?;
        let mut config = config
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&recorder) as _)
            .with_client_cert_resolver(Arc::clone(&identity) as _);
        // Each conversation shows a whole handshake.
        config.resumption = Resumption::disabled();
        let name = settings.server_name.trim_end_matches('.');
        config.enable_sni = !name.is_empty();
        let name = if name.is_empty() { "no-name.invalid" } else { name };
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            let advice = "Write a host name with letters, digits and hyphens, or leave it empty.";
            identity::refused("The name to send (SNI) is no host name.", advice)
        })?;
        let connection = ClientConnection::new(Arc::new(config), name);
        let mut connection = connection.map_err(|_| Box::new(unusable("TLS cannot be begun.")))?;
        // What is written goes out at once; the network's own flow decides how much there is.
        connection.set_buffer_limit(None);
        Ok(Self {
            settings,
            connection,
            recorder,
            identity,
            known,
            authorities,
            provider,
            records: Records::default(),
            stage: Stage::New,
            out: VecDeque::new(),
            held: Vec::new(),
            close_notified: false,
            sent: 0,
            received: 0,
        })
    }

    /// Says the ClientHello.
    pub fn start(&mut self) {
        if self.stage != Stage::New {
            return;
        }
        if !self.settings.probe {
            self.stage = Stage::Shaking;
            self.flush();
            return;
        }
        self.stage = Stage::Probing;
        match probe::client_hello(self.settings.server_name.trim_end_matches('.')) {
            Some(hello) => self.hand_out(hello),
            None => self.fail(unusable("There is no source of random numbers.")),
        }
    }

    /// Octets came from the server.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.received = self.received.saturating_add(bytes.len() as u64);
        match self.stage {
            Stage::New | Stage::Over => {}
            Stage::Probing => {
                self.records.push(bytes);
                if probe::answered(&self.records) {
                    self.probed();
                }
            }
            Stage::Shaking | Stage::Secured => {
                if self.stage == Stage::Shaking {
                    self.records.push(bytes);
                }
                self.take(bytes);
            }
        }
    }

    /// Encrypts plain text for the server. Returns whether it was taken: before [`Out::Done`] and after the end it is
    /// not.
    pub fn send(&mut self, plain: &[u8]) -> bool {
        if self.stage != Stage::Secured {
            return false;
        }
        let taken = self.connection.writer().write_all(plain).is_ok();
        self.flush();
        taken
    }

    /// The server closed its side of the connection.
    pub fn eof(&mut self) {
        match self.stage {
            Stage::Probing => self.probed(),
            Stage::Shaking => self.explain(&End::Closed),
            // What came before the end is judged and told all the same.
            Stage::New | Stage::Secured | Stage::Over => {}
        }
    }

    /// The connection was reset.
    pub fn reset(&mut self) {
        match self.stage {
            Stage::Probing => self.probed(),
            Stage::Shaking => self.explain(&End::Reset),
            Stage::New | Stage::Secured | Stage::Over => {}
        }
    }

    /// Says that nothing more will be sent (close_notify).
    pub fn close(&mut self) {
        if matches!(self.stage, Stage::Shaking | Stage::Secured) {
            self.connection.send_close_notify();
            self.flush();
        }
    }

    /// What to do next.
    pub fn poll(&mut self) -> Out {
        self.out.pop_front().unwrap_or(Out::Idle)
    }

    /// Octets on the network since the handshake began, all of them TLS: sent and received.
    pub fn carried(&self) -> (u64, u64) {
        (self.sent, self.received)
    }

    fn hand_out(&mut self, bytes: Vec<u8>) {
        self.sent = self.sent.saturating_add(bytes.len() as u64);
        self.out.push_back(Out::ToNetwork(bytes));
    }

    /// Hands out what rustls has to send, in one piece.
    fn flush(&mut self) {
        let mut bytes = Vec::new();
        while self.connection.wants_write() {
            // Writing into memory does not fail.
            if self.connection.write_tls(&mut bytes).is_err() {
                break;
            }
        }
        if !bytes.is_empty() {
            self.hand_out(bytes);
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let read = self.connection.read_tls(&mut bytes);
            let state = match self.connection.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    self.plain();
                    // The alert that tells the server.
                    self.flush();
                    return self.explain(&End::Error(error));
                }
            };
            self.plain();
            self.flush();
            if self.stage == Stage::Shaking && !self.connection.is_handshaking() {
                self.judge();
            }
            if state.peer_has_closed() && !self.close_notified {
                self.close_notified = true;
                if self.stage == Stage::Secured {
                    self.out.push_back(Out::CloseNotify);
                }
            }
            // Nothing is read after close_notify, and nothing more of what breaks the rules.
            if self.stage == Stage::Over || !matches!(read, Ok(1..)) {
                return;
            }
        }
    }

    /// Hands out the server's plain text, or holds what came with the end of the handshake until the chain is judged.
    fn plain(&mut self) {
        let mut plain = Vec::new();
        // An end without close_notify is an error of reading, which the session sees for itself.
        let _ = self.connection.reader().read_to_end(&mut plain);
        if plain.is_empty() {
            return;
        }
        if self.stage == Stage::Secured {
            self.out.push_back(Out::Plain(plain));
            return;
        }
        self.held.append(&mut plain);
    }

    fn judge(&mut self) {
        let shown = self.recorder.shown();
        let verdict = verdict::judge(&Basis {
            chain: &shown.chain,
            known: self.known,
            own: &self.authorities,
            name: &self.settings.check_name,
            now: self.settings.now,
            signed: shown.signed,
            algorithms: self.provider.signature_verification_algorithms.all,
        });
        let suite = self.connection.negotiated_cipher_suite().map_or(0, |suite| u16::from(suite.suite()));
        let group = self.connection.negotiated_key_exchange_group().map(|group| u16::from(group.name()));
        let report = Report {
            version: self.connection.protocol_version().map_or_else(String::new, |id| registry::version(u16::from(id))),
            suite: registry::suite(suite),
            suite_id: suite,
            group: group.map_or_else(String::new, registry::group),
            server_name: self.sent_name(),
            checked_name: self.settings.check_name.trim_end_matches('.').to_owned(),
            certificates: describe::chain(&shown.chain),
            verdict,
            client_certificate: match (self.identity.asked(), self.identity.given()) {
                (false, _) => ClientCertificate::NotAsked,
                (true, false) => ClientCertificate::NoneGiven,
                (true, true) => ClientCertificate::Given,
            },
            handshake_ms: None,
        };
        let binding = self.binding(shown.chain.first());
        self.stage = Stage::Secured;
        self.out.push_back(Out::Done(Box::new(report), binding));
        if !self.held.is_empty() {
            self.out.push_back(Out::Plain(std::mem::take(&mut self.held)));
        }
        if self.close_notified {
            self.out.push_back(Out::CloseNotify);
        }
    }

    /// The name as it went out; rustls sends no address.
    fn sent_name(&self) -> String {
        let name = self.settings.server_name.trim_end_matches('.');
        if super::settings::is_address(name) { String::new() } else { name.to_owned() }
    }

    fn binding(&self, leaf: Option<&CertificateDer<'_>>) -> Binding {
        // In TLS 1.2 the exporter binds nothing without extended master secret (RFC 9266 §4.2), which the ServerHello
        // says in clear text.
        let master = self.records.hello.is_some_and(|hello| hello.extended_master_secret);
        let bound = self.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) || master;
        let exported =
            bound.then(|| self.connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")));
        Binding { exporter: exported.and_then(Result::ok), server_end_point: leaf.and_then(|leaf| end_point(leaf)) }
    }

    fn scene(&self) -> Scene<'_> {
        let shown = self.recorder.shown().chain;
        let chain = if shown.is_empty() {
            self.records.certificates.clone()
        } else {
            shown.iter().map(|der| der.to_vec()).collect()
        };
        Scene {
            settings: &self.settings,
            records: &self.records,
            chain,
            asked: self.identity.asked() || self.records.certificate_wanted,
            given: self.identity.given(),
            after: self.stage != Stage::Shaking,
        }
    }

    fn explain(&mut self, end: &End) {
        if self.stage != Stage::Over {
            let failure = explain(&self.scene(), end);
            self.fail(failure);
        }
    }

    fn probed(&mut self) {
        let legacy = probe::verdict(&self.records);
        let failure = Failure {
            records: legacy.records.clone(),
            certificates: legacy.certificates.clone(),
            openssl: self.settings.openssl(),
            looks_like: self.records.looks_like(),
            alert: self.records.alert.map(registry::alert),
            ..Failure::new(FailureKind::Probed, legacy.sentence.clone())
        };
        self.fail(Failure { legacy: Some(legacy), ..failure });
    }

    fn fail(&mut self, failure: Failure) {
        self.stage = Stage::Over;
        self.out.push_back(Out::Failed(Box::new(failure)));
    }
}

/// `provider` with the suites in the order in which they are offered: without AES instructions ChaCha20-Poly1305 comes
/// first (RFC 8446 B.4, RFC 7905), which is much faster there.
fn fastest_first(mut provider: CryptoProvider, aes: bool) -> CryptoProvider {
    let chacha = |suite: &SupportedCipherSuite| registry::suite(u16::from(suite.suite())).contains("CHACHA20");
    if !aes {
        // By version first, as they stand: TLS 1.3 before TLS 1.2.
        provider.cipher_suites.sort_by_key(|suite| (suite.tls13().is_none(), !chacha(suite)));
    }
    provider
}

/// Whether this machine has instructions for AES, which WebAssembly never has.
fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

/// The hash of the server's certificate by the hash of its signature, at least SHA-256 (RFC 5929 §4.1).
fn end_point(leaf: &[u8]) -> Option<Vec<u8>> {
    use ring::digest::{SHA256, SHA384, SHA512, digest};
    let algorithm = match X509::read(leaf)?.signature.hash {
        Hash::Md5 | Hash::Sha1 | Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
        Hash::Sha224 | Hash::None => return None,
    };
    Some(digest(algorithm, leaf).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_aes_instructions_chacha20_is_offered_first_in_each_version_and_nothing_is_lost() {
        let order = |aes| {
            let suites = fastest_first(provider::default_provider(), aes).cipher_suites;
            suites.iter().map(|suite| registry::suite(u16::from(suite.suite()))).collect::<Vec<_>>()
        };
        let (with, without) = (order(true), order(false));
        assert!(with[0].contains("AES"), "{with:?}");
        assert_eq!(without[0], "TLS_CHACHA20_POLY1305_SHA256");
        let first_of_tls12 = without.iter().find(|name| name.contains("ECDHE"));
        assert!(first_of_tls12.is_some_and(|name| name.contains("CHACHA20")), "{without:?}");
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(with), sorted(without));
    }
}
