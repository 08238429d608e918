//! Splits a module of the page: what every visit runs comes at once, the rest as *parts* that are fetched when they are
//! first needed.
//!
//! `wasm/parts/NAME.txt` lists the functions that are not needed at once, and the part that each goes into; a function
//! that no list names stays. A list decides what is downloaded when, never what works: where a function was, a stub calls
//! it through the module's table, whose slot is empty until the part has come. The call traps, the page undoes what the
//! call had done, fetches the parts, and makes the call again (`www/js/parts.js`).
//!
//! A part shares memory, table and globals with its module. Text and tables that only its functions use go along, as the
//! linker's relocations tell (`data.rs`).

mod data;
mod list;
mod module;
mod profile;

use std::collections::{BTreeMap, BTreeSet};

use walrus::{FunctionId, Module};

pub(crate) use data::Uses;
pub(crate) use list::List;
pub(crate) use profile::profiled;

/// A module without its parts, and the parts by name; all as files of WebAssembly without names.
pub(crate) struct Split {
    pub(crate) module: Vec<u8>,
    pub(crate) parts: Vec<(String, Vec<u8>)>,
}

/// Where each function of a module goes, and what is shared; functions are numbered as the module has them.
struct Plan {
    /// For each function its part, or `None` where it stays.
    part: Vec<Option<usize>>,
    /// Functions of a part that are called from elsewhere, and their slots in the table, counted from its end.
    slots: BTreeMap<usize, usize>,
    /// For each part the functions that it calls and that are not its own.
    wanted: Vec<BTreeSet<usize>>,
}

/// Splits `module`, as wasm-bindgen made it from the module that `uses` was read from.
pub(crate) fn split(module: &mut Module, list: &List, uses: &Uses) -> Result<Split, String> {
    let whole = module.emit_wasm();
    let names: Vec<String> = module::functions(&module::parse(&whole)?).into_iter().map(|(_, name)| name).collect();
    let labels: Vec<String> = names.iter().map(|name| uses.label(name)).collect();
    let plan = plan(&module::parse(&whole)?, &labels, list);
    let homes = homes(&plan, &names, list.parts.len());
    let cuts = uses.cuts(&homes)?;
    let mut parts = Vec::new();
    for (number, name) in list.parts.iter().enumerate() {
        parts.push((name.clone(), module::part(&whole, &plan, number, &cuts[number])?));
    }
    Ok(Split { module: module::rest(&whole, &plan, &cuts)?, parts })
}

fn plan(module: &Module, labels: &[String], list: &List) -> Plan {
    let functions = module::functions(module);
    let number: BTreeMap<FunctionId, usize> = functions.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let local = |at: usize| matches!(module.funcs.get(functions[at].0).kind, walrus::FunctionKind::Local(_));
    let part: Vec<_> = labels.iter().enumerate().map(|(at, label)| list.part(label).filter(|_| local(at))).collect();
    let mut called = BTreeSet::new();
    let mut wanted = vec![BTreeSet::new(); list.parts.len()];
    for (caller, (id, _)) in functions.iter().enumerate() {
        for callee in module::callees(module, *id).iter().map(|id| number[id]) {
            if part[callee] == part[caller] {
                continue;
            }
            called.insert(callee);
            if let Some(part) = part[caller] {
                wanted[part].insert(callee);
            }
        }
    }
    called.extend(module::entries(module).iter().map(|id| number[id]));
    // The slots of a part lie side by side.
    let mut outside: Vec<usize> = called.into_iter().filter(|&at| part[at].is_some()).collect();
    outside.sort_by_key(|&at| (part[at], at));
    let slots = outside.into_iter().enumerate().map(|(slot, at)| (at, slot)).collect();
    Plan { part, slots, wanted }
}

/// The names of the functions in the module that stays, then those of each part.
fn homes(plan: &Plan, names: &[String], parts: usize) -> Vec<BTreeSet<String>> {
    let mut homes = vec![BTreeSet::new(); parts + 1];
    for (part, name) in plan.part.iter().zip(names) {
        homes[part.map_or(0, |part| part + 1)].insert(name.clone());
    }
    homes
}
