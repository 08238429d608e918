//! `ehlo-core` for the page: `(now, input)` in, outputs out, JSON across the border.
//!
//! Nothing here knows SMTP, and nothing does I/O: the page's driver owns the WebSocket and the timer.

mod catalog;
mod output;
mod practice;
mod reading;
mod search;
mod session;

use serde::Serialize;
use wasm_bindgen::prelude::*;

pub use catalog::{catalog, explain_code, explain_keyword};
pub use output::StepOutput;
pub use practice::PracticeServer;
pub use reading::Reading;
pub use search::HostSearch;
pub use session::Conversation;

use ehlo_core::session::{Mistake, SocketContext};
use ehlo_core::time::Now;

/// The driver's clock, in milliseconds; what is not a number counts as its zero.
fn moment(now: f64) -> Now {
    Now(if now.is_finite() && now > 0.0 { now as u64 } else { 0 })
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

fn mistake(mistake: &Mistake) -> JsValue {
    JsValue::from_str(&json(mistake))
}

fn context(text: &str) -> SocketContext {
    SocketContext::from_json(text)
}
