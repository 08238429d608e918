//! What there is to choose from.

use ehlo_core::plan::presets::{PRESETS, Preset};
use ehlo_core::practice::Personality;
use ehlo_core::sasl::Mechanism;
use ehlo_core::tunnel;
use ehlo_core::wire::command::Verb;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::json;

#[derive(Serialize)]
struct Catalog {
    version: &'static str,
    subprotocol: &'static str,
    path: &'static str,
    ports: [Port; 5],
    mechanisms: [MechanismRow; Mechanism::ALL.len()],
    presets: [Preset; 5],
    personalities: [PersonalityRow; 8],
    commands: [&'static str; 16],
}

#[derive(Serialize)]
struct Port {
    port: u16,
    about: &'static str,
}

#[derive(Serialize)]
struct MechanismRow {
    word: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct PersonalityRow {
    name: &'static str,
    title: &'static str,
    about: &'static str,
}

/// Ports, presets, personalities and commands, as JSON.
#[wasm_bindgen]
pub fn catalog() -> String {
    let row = |one: Personality| PersonalityRow { name: one.name(), title: one.title(), about: one.about() };
    // The last verb stands for all others, and has no word.
    let commands = std::array::from_fn(|at| Verb::ALL[at].word());
    json(&Catalog {
        version: env!("CARGO_PKG_VERSION"),
        subprotocol: tunnel::SUBPROTOCOL,
        path: tunnel::PATH,
        ports: [
            Port { port: 25, about: "mail between servers" },
            Port { port: 587, about: "submission by mail programs" },
            Port { port: 465, about: "submission over TLS" },
            Port { port: 2525, about: "submission where 587 is blocked" },
            Port { port: 2465, about: "submission over TLS where 465 is blocked" },
        ],
        mechanisms: Mechanism::ALL.map(|one| MechanismRow { word: one.word(), about: one.about() }),
        presets: PRESETS,
        personalities: Personality::ALL.map(row),
        commands,
    })
}
