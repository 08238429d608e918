//! `ehlo-core` for the page: `(now, input)` in, outputs out, JSON across the border.
//!
//! Nothing here knows SMTP, and nothing does I/O: the page's driver owns the WebSocket and the timer.

//! Two modules are built from this crate: the *conversation*, which every visitor needs at once, and the *practice*
//! server with the search for mail hosts, which is loaded when it is first wanted.

#[cfg(feature = "conversation")]
mod catalog;
mod output;
#[cfg(feature = "conversation")]
mod phrases;
#[cfg(feature = "practice")]
mod practice;
#[cfg(feature = "conversation")]
mod reading;
#[cfg(feature = "practice")]
mod search;
#[cfg(feature = "conversation")]
mod session;

use serde::Serialize;
use wasm_bindgen::prelude::*;

#[cfg(feature = "conversation")]
pub use catalog::catalog;
pub use output::StepOutput;
#[cfg(feature = "practice")]
pub use practice::PracticeServer;
#[cfg(feature = "conversation")]
pub use reading::Reading;
#[cfg(feature = "practice")]
pub use search::HostSearch;
#[cfg(feature = "conversation")]
pub use session::Conversation;

use ehlo_core::time::Now;

/// The driver's clock, in milliseconds; what is not a number counts as its zero.
fn moment(now: f64) -> Now {
    Now(if now.is_finite() && now > 0.0 { now as u64 } else { 0 })
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

fn mistake(mistake: &ehlo_core::session::Mistake) -> JsValue {
    JsValue::from_str(&json(mistake))
}
