//! What there is to choose from in a form: ports, mechanisms, presets, practice servers, commands.

use serde::Serialize;

use crate::plan::presets::{PRESETS, Preset};
use crate::practice::Personality;
use crate::sasl::Mechanism;
use crate::tunnel;
use crate::wire::command::Verb;

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

/// All of it as a JSON object; the page is built with it, so that its form needs nothing else.
pub fn to_json() -> String {
    let row = |one: Personality| PersonalityRow { name: one.name(), title: one.title(), about: one.about() };
    // The last verb stands for all others, and has no word.
    let commands = std::array::from_fn(|at| Verb::ALL[at].word());
    crate::json::to_string(&Catalog {
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
