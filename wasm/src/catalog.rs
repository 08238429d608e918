//! What there is to choose from, and explanations without a conversation.

use ehlo_core::explain::{self, Step};
use ehlo_core::plan::presets::PRESETS;
use ehlo_core::practice::Personality;
use ehlo_core::tunnel;
use ehlo_core::wire::enhanced::Enhanced;
use serde_json::json as value;
use wasm_bindgen::prelude::*;

use crate::json;

/// Ports, presets, personalities and commands, as JSON.
#[wasm_bindgen]
pub fn catalog() -> String {
    let personalities: Vec<_> = Personality::ALL
        .into_iter()
        .map(|one| value!({ "name": one.name(), "title": one.title(), "about": one.about() }))
        .collect();
    json(&value!({
        "version": env!("CARGO_PKG_VERSION"),
        "subprotocol": tunnel::SUBPROTOCOL,
        "path": tunnel::PATH,
        "ports": [
            { "port": 25, "label": "25", "about": "mail between servers" },
            { "port": 587, "label": "587", "about": "submission by mail programs" },
            { "port": 2525, "label": "2525", "about": "submission where 587 is blocked" },
        ],
        "presets": PRESETS,
        "personalities": personalities,
        "commands": explain::known_commands().collect::<Vec<_>>(),
    }))
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
