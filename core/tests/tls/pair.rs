//! A machine and a server, joined in memory.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use ehlo_core::tls::layer::{Layer, Out};
use ehlo_core::tls::{Binding, Failure, Report, Settings};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use crate::certificates::Made;

/// 2026-11-23, in milliseconds since 1970 began.
pub(crate) const NOW: u64 = 1_795_392_000_000;

/// Which certificate a server wants of its client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    IfThereIsOne,
    Always,
}

pub(crate) fn server(
    made: &Made,
    versions: &[&'static SupportedProtocolVersion],
    wants: Wants,
    client_root: &str,
) -> ServerConnection {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = if wants == Wants::Nothing {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(client_root.as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = if wants == Wants::Always { verifier } else { verifier.allow_unauthenticated() };
        builder.with_client_cert_verifier(verifier.build().unwrap())
    };
    let config = builder.with_single_cert(made.chain.clone(), made.key.clone_key()).unwrap();
    ServerConnection::new(Arc::new(config)).unwrap()
}

pub(crate) fn settings(made: &Made) -> Settings {
    Settings { authorities: Some(made.root_pem.clone()), ..Settings::new("mx.example", 25, true, NOW) }
}

/// What came out of a machine.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) network: Vec<u8>,
    pub(crate) plain: Vec<u8>,
    pub(crate) done: Option<(Report, Binding)>,
    pub(crate) failed: Option<Failure>,
    pub(crate) close_notify: bool,
}

impl Heard {
    /// Takes all that the machine has to say.
    pub(crate) fn drain(&mut self, layer: &mut Layer) {
        loop {
            match layer.poll() {
                Out::ToNetwork(bytes) => self.network.extend(bytes),
                Out::Plain(bytes) => self.plain.extend(bytes),
                Out::Done(report, binding) => self.done = Some((*report, binding)),
                Out::Failed(failure) => self.failed = Some(*failure),
                Out::CloseNotify => self.close_notify = true,
                Out::Idle => return,
            }
        }
    }
}

/// Carries octets in both directions until nothing more comes, in pieces of that size.
pub(crate) fn carry(layer: &mut Layer, server: &mut ServerConnection, heard: &mut Heard, piece: usize) {
    loop {
        heard.drain(layer);
        let sent = std::mem::take(&mut heard.network);
        let mut left = &sent[..];
        while !left.is_empty() {
            server.read_tls(&mut left).unwrap();
            if server.process_new_packets().is_err() {
                break;
            }
        }
        let mut answer = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut answer).unwrap();
        }
        for bytes in answer.chunks(piece) {
            layer.receive(bytes);
            heard.drain(layer);
        }
        if sent.is_empty() && answer.is_empty() {
            return;
        }
    }
}

/// A handshake to its end.
pub(crate) fn shake(settings: Settings, server: &mut ServerConnection) -> (Layer, Heard) {
    let mut layer = Layer::new(settings).unwrap();
    let mut heard = Heard::default();
    layer.start();
    carry(&mut layer, server, &mut heard, usize::MAX);
    (layer, heard)
}

/// What the server has read.
pub(crate) fn read(server: &mut ServerConnection) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = server.reader().read_to_end(&mut out);
    out
}

pub(crate) fn write(server: &mut ServerConnection, plain: &[u8]) {
    server.set_buffer_limit(None);
    server.writer().write_all(plain).unwrap();
}
