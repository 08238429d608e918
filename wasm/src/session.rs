//! One conversation.

use ehlo_core::machine::{Action, Closed, Input, Secured, Session, Setup, SocketContext};
use ehlo_core::reading::{lint, meaning};
use ehlo_core::setup::Message;
use ehlo_core::tls::{Binding, Failure, Legacy, Report};
use ehlo_core::tunnel::FromRelay;
use wasm_bindgen::prelude::*;

use crate::export::export;
use crate::{StepOutput, json, mistake, moment};

/// One conversation over one connection; see `ehlo_core::machine::Session`.
#[wasm_bindgen(js_name = Session)]
pub struct Conversation {
    pub(crate) inner: Session,
}

#[wasm_bindgen(js_class = Session)]
impl Conversation {
    /// A conversation set up by JSON; `message` is the message byte for byte, in place of the setup's.
    ///
    /// # Errors
    /// JSON `{field, message}`: what is wrong with the setup.
    #[wasm_bindgen(constructor)]
    pub fn new(now: f64, setup: &str, message: Option<Vec<u8>>) -> Result<Self, JsValue> {
        let mut setup = Setup::from_json(setup).map_err(|error| mistake(&error))?;
        if let Some(bytes) = message {
            setup.plan.message = Message::Bytes(bytes.into());
        }
        Ok(Self { inner: Session::new(moment(now), setup) })
    }

    /// The relay's WebSocket is open.
    pub fn reached(&mut self, now: f64) {
        self.feed(now, Input::Reached);
    }

    /// The practice server in the page takes the call.
    pub fn opened(&mut self, now: f64) {
        self.feed(now, Input::Opened);
    }

    /// A text message came from the relay; one that cannot be read is passed over.
    pub fn control(&mut self, now: f64, text: &str) {
        if let Ok(message) = FromRelay::from_json(text) {
            self.feed(now, Input::Relay(message));
        }
    }

    /// Octets came from the server.
    pub fn bytes(&mut self, now: f64, bytes: &[u8]) {
        self.feed(now, Input::Bytes(bytes));
    }

    /// The WebSocket closed; `context` is JSON of what the page knows.
    pub fn closed(&mut self, now: f64, code: u16, circumstances: &str) {
        self.feed(now, Input::Closed(Closed::Socket { code, context: SocketContext::from_json(circumstances) }));
    }

    /// The first words of the TLS handshake have gone out.
    pub fn handshaking(&mut self, now: f64) {
        self.feed(now, Input::Handshaking);
    }

    /// The handshake is done: the TLS layer's report, and the values that bind a sign-in to it.
    pub fn secured(&mut self, now: f64, report: &str, exporter: Option<Vec<u8>>, end_point: Option<Vec<u8>>) {
        let exporter = exporter.and_then(|octets| octets.try_into().ok());
        match Report::from_json(report) {
            Ok(report) => {
                let binding = Some(Binding { exporter, server_end_point: end_point });
                self.feed(now, Input::Secured(Secured { report: Box::new(report), binding }));
            }
            Err(error) => self.tls_failed(now, &Failure::not_loaded(&error.to_string()).to_json()),
        }
    }

    /// The handshake failed, or the TLS session broke: the layer's failure; text that is none is the browser's own
    /// word on why the layer did not load.
    pub fn tls_failed(&mut self, now: f64, failure: &str) {
        let failure = Failure::from_json(failure).unwrap_or_else(|_| Failure::not_loaded(failure));
        self.feed(now, Input::TlsFailed(Box::new(failure)));
    }

    /// What a second connection found out about a server with which the handshake had failed.
    pub fn probed(&mut self, now: f64, legacy: &str) {
        if let Ok(legacy) = Legacy::from_json(legacy) {
            self.feed(now, Input::Probed(Box::new(legacy)));
        }
    }

    /// The server announced the end of the TLS session.
    pub fn close_notify(&mut self, now: f64) {
        self.feed(now, Input::CloseNotify);
    }

    /// How many octets of ciphertext have crossed since the handshake began.
    pub fn carried(&mut self, now: f64, sent: f64, received: f64) {
        self.feed(now, Input::Carried { sent: sent as u64, received: received as u64 });
    }

    /// So many octets that were to be sent have left for the network.
    pub fn written(&mut self, now: f64, octets: f64) {
        self.feed(now, Input::Written(octets as u64));
    }

    /// The practice server in the page hung up.
    pub fn practice_closed(&mut self, now: f64) {
        self.feed(now, Input::Closed(Closed::Practice));
    }

    /// A deadline has come.
    pub fn tick(&mut self, now: f64) {
        self.feed(now, Input::Tick);
    }

    /// The person does something, as JSON.
    ///
    /// # Errors
    /// JSON `{field, message}`: what cannot be done, and why.
    pub fn act(&mut self, now: f64, action: &str) -> Result<(), JsValue> {
        let action = Action::from_json(action).map_err(|error| mistake(&error))?;
        self.inner.handle(moment(now), Input::Do(action)).map_err(|error| mistake(&error))
    }

    /// Sends a message byte for byte; only its dots are doubled, and the final dot is added.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn send_message_bytes(&mut self, now: f64, bytes: Vec<u8>) -> Result<(), JsValue> {
        self.inner.handle(moment(now), Input::Do(Action::MessageBytes { bytes })).map_err(|error| mistake(&error))
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> StepOutput {
        self.inner.poll().into()
    }

    /// What a page draws, as JSON.
    pub fn view(&self) -> String {
        json(&self.inner.view())
    }

    /// The transcript's entries from `from` on, as JSON.
    pub fn entries(&self, from: usize) -> String {
        json(&self.inner.entries(from))
    }

    /// What a reply means, as JSON; `null` if there is no such reply.
    pub fn meaning(&self, reply: usize) -> String {
        json(&meaning::of(self.inner.case(), reply))
    }

    /// Advice on a line before it is sent, as JSON.
    pub fn lint(&self, line: &str) -> String {
        json(&lint::lint(self.inner.case(), line))
    }

    /// Whether a line is a secret, to be kept out of history and storage.
    pub fn is_secret(&self, line: &str) -> bool {
        self.inner.record().is_secret(line)
    }

    /// Completions of what is typed, as JSON.
    pub fn complete(&self, typed: &str) -> String {
        json(&lint::complete(self.inner.case(), typed))
    }

    /// The conversation as `talk`, `markdown` or `json`; anything else is taken for `talk`.
    pub fn export(&self, format: &str) -> String {
        export(self.inner.case(), format)
    }

    /// The conversation as plain data for scripts, as JSON.
    pub fn result(&self) -> String {
        json(&self.inner.report())
    }

    fn feed(&mut self, now: f64, input: Input<'_>) {
        // Only what the person does can be a mistake; what happens is taken as it comes.
        let _ = self.inner.handle(moment(now), input);
    }
}
