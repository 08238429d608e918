//! The search for a domain's mail hosts, through a relay.

use ehlo_core::json::Mistake;
use ehlo_core::machine::connection::{Arrived, Do};
use ehlo_core::machine::{Closed, Output};
use ehlo_core::search;
use ehlo_core::secret::Secret;
use ehlo_core::time::Now;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::line::{Line, Machine, Told, Way};
use crate::socket::Socket;
use crate::{browser, thrown, to_json};

impl Machine for search::Search {
    fn handle(&mut self, now: Now, arrived: Arrived<'_>) -> Result<(), Mistake> {
        match arrived {
            Arrived::Reached => self.reached(now),
            Arrived::Relay(message) => self.relay_says(now, message),
            Arrived::Closed(Closed::Socket { context, .. }) => self.closed(now, &context),
            Arrived::Tick => self.tick(now),
            // Nothing else happens to a search.
            _ => {}
        }
        Ok(())
    }

    fn poll(&mut self) -> Do {
        match self.poll() {
            Output::Control(message) => Do::Control(message),
            Output::Hangup => Do::Hangup,
            Output::Changed => Do::Changed,
            Output::Idle(due) => Do::Idle(due),
            // It sends nothing to a mail server.
            Output::Send(_) | Output::Handshake(_) => Do::Changed,
        }
    }
}

/// One search; freed, it is over.
#[wasm_bindgen]
pub struct Search {
    line: Line<search::Search>,
}

#[wasm_bindgen]
impl Search {
    /// Searches the mail hosts of a domain or of a mail address, through the relay at this address. `changed` is called
    /// when [`Self::result`] may have come.
    ///
    /// # Errors
    /// JSON `{field, message}`.
    #[wasm_bindgen(constructor)]
    pub fn new(domain: &str, token: Option<String>, relay: &str, changed: Function) -> Result<Self, JsValue> {
        let search = search::Search::new(browser::now(), domain, token.map(Secret::new));
        let line = Line::new(search.map_err(|mistake| thrown(&mistake))?, move |told| {
            if let Told::Changed = told {
                // Whoever is called handles what goes wrong there.
                let _ = changed.call0(&JsValue::NULL);
            }
        });
        line.start(|report| Way::Relay(Socket::open(relay, report)));
        Ok(Self { line })
    }

    /// What was found, as JSON; `null` while the search goes on.
    pub fn result(&self) -> String {
        self.line.with(|search| to_json(&search.route()))
    }
}
