//! `ehlo-core` for the page: `(now, input)` in, outputs out, JSON across the border.
//!
//! Nothing here knows SMTP, and nothing does I/O: the page's driver owns the WebSocket and the timer.

//! Four modules are built from this crate: the *conversation*, which every visitor needs at once, and those that are
//! loaded when they are first wanted: *reading* for a saved conversation, the *practice* server with the search for
//! mail hosts, and *tls*, when a handshake is due.

#[cfg(feature = "conversation")]
mod catalog;
#[cfg(any(feature = "conversation", feature = "reading"))]
mod export;
#[cfg(any(feature = "conversation", feature = "practice"))]
mod output;
#[cfg(feature = "practice")]
mod practice;
#[cfg(feature = "reading")]
mod reading;
#[cfg(feature = "practice")]
mod search;
#[cfg(feature = "conversation")]
mod session;
#[cfg(feature = "tls")]
mod tls;

#[cfg(any(feature = "conversation", feature = "practice", feature = "reading"))]
use serde::Serialize;
#[cfg(any(feature = "conversation", feature = "practice"))]
use wasm_bindgen::prelude::*;

#[cfg(feature = "conversation")]
pub use catalog::catalog;
#[cfg(any(feature = "conversation", feature = "practice"))]
pub use output::StepOutput;
#[cfg(feature = "practice")]
pub use practice::PracticeServer;
#[cfg(feature = "reading")]
pub use reading::Reading;
#[cfg(feature = "practice")]
pub use search::HostSearch;
#[cfg(feature = "conversation")]
pub use session::Conversation;
#[cfg(feature = "tls")]
pub use tls::{Tls, TlsOutput};

#[cfg(any(feature = "conversation", feature = "practice"))]
use ehlo_core::time::Now;

#[cfg(any(feature = "conversation", feature = "practice"))]
/// The driver's clock, in milliseconds; what is not a number counts as its zero.
fn moment(now: f64) -> Now {
    Now(if now.is_finite() && now > 0.0 { now as u64 } else { 0 })
}

#[cfg(any(feature = "conversation", feature = "practice", feature = "reading"))]
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    ehlo_core::json::to_string(value)
}

#[cfg(any(feature = "conversation", feature = "practice"))]
fn mistake(mistake: &ehlo_core::json::Mistake) -> JsValue {
    JsValue::from_str(&json(mistake))
}
