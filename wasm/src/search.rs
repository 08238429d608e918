//! The search for a domain's mail hosts.

use ehlo_core::domain::search::Search;
use ehlo_core::machine::SocketContext;
use ehlo_core::secret::Secret;
use ehlo_core::tunnel::FromRelay;
use wasm_bindgen::prelude::*;

use crate::{StepOutput, json, mistake, moment};

/// One search; the same drive rule as a session's.
#[wasm_bindgen(js_name = Lookup)]
pub struct HostSearch {
    inner: Search,
}

#[wasm_bindgen(js_class = Lookup)]
impl HostSearch {
    /// A search for the mail hosts of a domain or of a mail address.
    ///
    /// # Errors
    /// JSON `{field, message}`.
    #[wasm_bindgen(constructor)]
    pub fn new(now: f64, domain: &str, token: Option<String>) -> Result<Self, JsValue> {
        let inner = Search::new(moment(now), domain, token.map(Secret::new)).map_err(|error| mistake(&error))?;
        Ok(Self { inner })
    }

    /// The relay's WebSocket is open.
    pub fn reached(&mut self, now: f64) {
        self.inner.reached(moment(now));
    }

    /// A text message came from the relay.
    pub fn control(&mut self, now: f64, text: &str) {
        if let Ok(message) = FromRelay::from_json(text) {
            self.inner.relay_says(moment(now), message);
        }
    }

    /// The WebSocket closed.
    pub fn closed(&mut self, now: f64, _code: u16, circumstances: &str) {
        self.inner.closed(moment(now), &SocketContext::from_json(circumstances));
    }

    /// A deadline has come.
    pub fn tick(&mut self, now: f64) {
        self.inner.tick(moment(now));
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> StepOutput {
        self.inner.poll().into()
    }

    /// What was found, as JSON; `null` while the search goes on.
    pub fn result(&self) -> String {
        json(&self.inner.route())
    }
}
