//! `ehlo-core` for the page: `(now, input)` in, outputs out, JSON across the border.
//!
//! Nothing here knows SMTP, and nothing does I/O: the page's driver owns the WebSocket and the timer.

mod export;
mod output;
mod practice;
mod reading;
mod search;
mod session;
mod tls;

use ehlo_core::probe::catalogue;
use ehlo_core::time::Now;
use serde::Serialize;
use wasm_bindgen::prelude::*;

pub use output::StepOutput;
pub use practice::PracticeServer;
pub use reading::Reading;
pub use search::HostSearch;
pub use session::Conversation;
pub use tls::{Tls, TlsOutput};

/// The tests that break rules on purpose, as JSON: `question`, which the page asks once, and `recipes`.
#[wasm_bindgen]
pub fn recipes() -> String {
    catalogue::to_json()
}

/// The driver's clock, in milliseconds; what is not a number counts as its zero.
fn moment(now: f64) -> Now {
    Now(if now.is_finite() && now > 0.0 { now as u64 } else { 0 })
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    ehlo_core::json::to_string(value)
}

fn mistake(mistake: &ehlo_core::json::Mistake) -> JsValue {
    JsValue::from_str(&json(mistake))
}
