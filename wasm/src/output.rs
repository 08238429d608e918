//! One output of the core, for the page's driver.

use ehlo_core::machine::Output;
use wasm_bindgen::prelude::*;

/// One thing for the driver to do.
#[wasm_bindgen(js_name = Output)]
pub struct StepOutput {
    kind: &'static str,
    bytes: Option<Vec<u8>>,
    text: Option<String>,
    deadline: Option<f64>,
}

#[wasm_bindgen(js_class = Output)]
impl StepOutput {
    /// `send`, `control`, `handshake`, `hangup`, `changed` or `idle`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        self.kind.to_owned()
    }

    /// For `send`: the octets; handed over, so that they are there once only.
    pub fn take_bytes(&mut self) -> Option<Vec<u8>> {
        self.bytes.take()
    }

    /// For `control`: the message; for `handshake`: the TLS settings.
    pub fn take_text(&mut self) -> Option<String> {
        self.text.take()
    }

    /// For `idle`: call `tick` at this moment.
    #[wasm_bindgen(getter)]
    pub fn deadline(&self) -> Option<f64> {
        self.deadline
    }
}

impl StepOutput {
    pub(crate) fn plain(kind: &'static str) -> Self {
        Self { kind, bytes: None, text: None, deadline: None }
    }

    pub(crate) fn send(bytes: Vec<u8>) -> Self {
        Self { bytes: Some(bytes), ..Self::plain("send") }
    }

    pub(crate) fn idle(deadline: Option<f64>) -> Self {
        Self { deadline, ..Self::plain("idle") }
    }
}

impl From<Output> for StepOutput {
    fn from(output: Output) -> Self {
        match output {
            Output::Send(bytes) => Self::send(bytes),
            Output::Control(message) => Self { text: Some(message.to_json()), ..Self::plain("control") },
            Output::Handshake(settings) => Self { text: Some(settings.to_json()), ..Self::plain("handshake") },
            Output::Hangup => Self::plain("hangup"),
            Output::Changed => Self::plain("changed"),
            Output::Idle(deadline) => Self::idle(deadline.map(|at| at.0 as f64)),
        }
    }
}
