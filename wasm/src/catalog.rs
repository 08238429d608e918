//! What there is to choose from.

use ehlo_core::plan::presets::PRESETS;
use ehlo_core::practice::Personality;
use ehlo_core::tunnel;
use ehlo_core::wire::command::Verb;
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
        "commands": Verb::ALL.map(Verb::word).iter().filter(|word| !word.is_empty()).collect::<Vec<_>>(),
    }))
}
