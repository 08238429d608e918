//! Explanations.

use ehlo_core::explain::{self, Step};
use ehlo_core::meaning::{self, Facts};
use ehlo_core::wire::enhanced::Enhanced;
use wasm_bindgen::prelude::*;

use crate::json;

/// What a reply means, as JSON, from the facts that a conversation gave.
///
/// # Errors
/// JSON `{field, message}`: facts that are none.
#[wasm_bindgen(js_name = explain)]
pub fn explain(facts: &str) -> Result<String, JsValue> {
    let facts = Facts::from_json(facts).map_err(|mistake| crate::mistake(&mistake))?;
    Ok(json(&meaning::explain(&facts)))
}

/// What a reply code means, or an enhanced status code where `enhanced` is one, as JSON; `step` is a verb, or empty.
#[wasm_bindgen]
pub fn explain_code(code: u16, enhanced: &str, step: &str) -> String {
    let step = if step.is_empty() { Step::Unknown } else { Step::of_verb(step) };
    match Enhanced::parse(enhanced.as_bytes()) {
        Some(found) => json(&explain::enhanced(found.class, found.subject, found.detail, step)),
        None => json(&explain::reply_code(code, step)),
    }
}

/// What an extension keyword means, as JSON.
#[wasm_bindgen]
pub fn explain_keyword(name: &str, params: &str) -> String {
    json(&explain::keyword(name, params))
}
