//! The practice server in the page.

use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use wasm_bindgen::prelude::*;

use crate::{StepOutput, moment};

/// One connection to the practice server.
#[wasm_bindgen(js_name = Practice)]
pub struct PracticeServer {
    inner: Practice,
    personality: Personality,
}

#[wasm_bindgen(js_class = Practice)]
impl PracticeServer {
    /// A server of this personality, by name.
    ///
    /// # Errors
    /// Text: the names that there are.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str) -> Result<Self, JsValue> {
        let personality = Personality::from_name(name).ok_or_else(|| {
            let names: Vec<&str> = Personality::ALL.into_iter().map(Personality::name).collect();
            JsValue::from_str(&format!("no practice server is called {name:?}; there are {}", names.join(", ")))
        })?;
        Ok(Self { inner: Practice::new(personality, Memory::default()), personality })
    }

    /// A new connection to the same server: it remembers whom it has greylisted.
    pub fn next(&self) -> Self {
        Self { inner: Practice::new(self.personality, self.inner.memory().clone()), personality: self.personality }
    }

    /// The connection stands.
    pub fn opened(&mut self, now: f64) {
        self.inner.handle(moment(now), Input::Opened);
    }

    /// Octets came from the client.
    pub fn bytes(&mut self, now: f64, bytes: &[u8]) {
        self.inner.handle(moment(now), Input::Bytes(bytes));
    }

    /// The client closed.
    pub fn closed(&mut self, now: f64) {
        self.inner.handle(moment(now), Input::Closed);
    }

    /// A deadline has come.
    pub fn tick(&mut self, now: f64) {
        self.inner.handle(moment(now), Input::Tick);
    }

    /// The next thing to do: `send`, `hangup` or `idle`.
    pub fn poll(&mut self) -> StepOutput {
        match self.inner.poll() {
            Output::Send(bytes) => StepOutput::send(bytes),
            Output::Hangup => StepOutput::plain("hangup"),
            Output::Idle(deadline) => StepOutput::idle(deadline.map(|at| at.0 as f64)),
        }
    }
}
