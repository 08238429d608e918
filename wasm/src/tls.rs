//! One TLS connection.

use ehlo_core::tls::layer::{Layer, Out};
use ehlo_core::tls::{Binding, Failure, FailureKind, Settings};
use wasm_bindgen::prelude::*;

/// One TLS connection, or one question for old versions; see `ehlo_core::tls::layer::Layer`.
///
/// After each call the driver calls [`Self::poll`] until it says `idle`.
#[wasm_bindgen]
pub struct Tls {
    inner: Layer,
}

/// One thing for the driver to do.
#[wasm_bindgen]
pub struct TlsOutput {
    kind: &'static str,
    bytes: Option<Vec<u8>>,
    text: Option<String>,
    binding: Binding,
    carried: [f64; 2],
}

#[wasm_bindgen]
impl TlsOutput {
    /// `network`, `plain`, `done`, `failed`, `close-notify` or `idle`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        self.kind.to_owned()
    }

    /// For `network` and `plain`: the octets. Handed over, so that they are there once only.
    pub fn take_bytes(&mut self) -> Option<Vec<u8>> {
        self.bytes.take()
    }

    /// For `done`: the report as JSON; for `failed`: the failure as JSON. Handed over.
    pub fn take_text(&mut self) -> Option<String> {
        self.text.take()
    }

    /// For `done`: the channel binding `tls-exporter`, once; a secret.
    pub fn take_exporter(&mut self) -> Option<Vec<u8>> {
        self.binding.exporter.take().map(Vec::from)
    }

    /// For `done`: the channel binding `tls-server-end-point`, once.
    pub fn take_end_point(&mut self) -> Option<Vec<u8>> {
        self.binding.server_end_point.take()
    }

    /// Octets sent to the network so far, all of them TLS.
    #[wasm_bindgen(getter)]
    pub fn sent(&self) -> f64 {
        self.carried[0]
    }

    /// Octets received from the network so far.
    #[wasm_bindgen(getter)]
    pub fn received(&self) -> f64 {
        self.carried[1]
    }
}

#[wasm_bindgen]
impl Tls {
    /// A connection that has not yet said anything, by the settings' JSON.
    ///
    /// # Errors
    /// JSON of the failure: what is wrong with the settings.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<Self, JsValue> {
        let settings = Settings::from_json(settings).map_err(|error| {
            let sentence = ["The settings of TLS cannot be read: ", &error.field, " ", &error.message].concat();
            refused(&Failure::new(FailureKind::Settings, sentence))
        })?;
        let inner = Layer::new(settings).map_err(|failure| refused(&failure))?;
        Ok(Self { inner })
    }

    /// Says the ClientHello.
    pub fn start(&mut self) {
        self.inner.start();
    }

    /// Octets came from the server.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.inner.receive(bytes);
    }

    /// Encrypts plain text for the server; `false` before `done` and after the end.
    pub fn send(&mut self, plain: &[u8]) -> bool {
        self.inner.send(plain)
    }

    /// The server closed its side of the connection.
    pub fn eof(&mut self) {
        self.inner.eof();
    }

    /// Says that nothing more will be sent.
    pub fn close(&mut self) {
        self.inner.close();
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> TlsOutput {
        let mut binding = Binding { exporter: None, server_end_point: None };
        let (kind, bytes, text) = match self.inner.poll() {
            Out::ToNetwork(bytes) => ("network", Some(bytes), None),
            Out::Plain(bytes) => ("plain", Some(bytes), None),
            Out::Done(report, bound) => {
                binding = bound;
                ("done", None, Some(report.to_json()))
            }
            Out::Failed(failure) => ("failed", None, Some(failure.to_json())),
            Out::CloseNotify => ("close-notify", None, None),
            Out::Idle => ("idle", None, None),
        };
        let (sent, received) = self.inner.carried();
        TlsOutput { kind, bytes, text, binding, carried: [sent as f64, received as f64] }
    }
}

fn refused(failure: &Failure) -> JsValue {
    JsValue::from_str(&failure.to_json())
}
