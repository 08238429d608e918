//! `ehlo-core` in the browser. Everything that the core must be given is here: the WebSocket, timers, the clock, random
//! numbers. Nothing here knows SMTP, and nothing draws.

mod bell;
mod browser;
mod conversation;
mod event;
mod fault;
mod line;
mod practice;
mod reading;
mod search;
mod socket;

use ehlo_core::case::Case;
use ehlo_core::json::{self, Mistake};
use ehlo_core::probe::catalogue;
use serde::Serialize;
use wasm_bindgen::prelude::*;

pub use conversation::Conversation;
pub use fault::on_fault;
pub use reading::Reading;
pub use search::Search;

/// The tests that break rules on purpose, as JSON: `question`, which the page asks once, and `recipes`.
#[wasm_bindgen]
pub fn recipes() -> String {
    catalogue::to_json()
}

/// A conversation as text: `markdown`, `json`, or else `talk`.
fn export(case: &Case, format: &str) -> String {
    match format {
        "markdown" => case.markdown(),
        "json" => case.json(),
        _ => case.talk().to_string(),
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    json::to_string(value)
}

/// What is thrown for a mistake: JSON `{field, message}`.
fn thrown(mistake: &Mistake) -> JsValue {
    JsValue::from_str(&to_json(mistake))
}
