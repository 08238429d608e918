//! What is done to the modules themselves, with walrus.

use std::collections::BTreeSet;

use walrus::ir::{Call, CallIndirect, Const, Instr, LocalGet, RefFunc, ReturnCall, Value, Visitor, dfs_in_order};
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind, GlobalKind,
    ImportedFunction, Module, ModuleConfig, TableId,
};

use super::Plan;
use super::data::Cut;

/// What a part imports comes from here: all of it is among the module's exports.
const FROM: &str = "m";

/// The same octets give the same functions in the same order.
pub(super) fn parse(whole: &[u8]) -> Result<Module, String> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module =
        config.parse(whole).map_err(|error| format!("the page's module cannot be read again: {error:#}"))?;
    // The linker's own notes, which no browser reads.
    for id in module.customs.iter().map(|(id, _)| id).collect::<Vec<_>>() {
        module.customs.delete(id);
    }
    Ok(module)
}

/// All functions, imported ones too, by their names.
pub(super) fn functions(module: &Module) -> Vec<(FunctionId, String)> {
    module.funcs.iter().map(|function| (function.id(), function.name.clone().unwrap_or_default())).collect()
}

/// The functions that one function names in its code.
pub(super) fn callees(module: &Module, id: FunctionId) -> BTreeSet<FunctionId> {
    struct Callees(BTreeSet<FunctionId>);
    impl Visitor<'_> for Callees {
        fn visit_call(&mut self, call: &Call) {
            self.0.insert(call.func);
        }
        fn visit_return_call(&mut self, call: &ReturnCall) {
            self.0.insert(call.func);
        }
        fn visit_ref_func(&mut self, named: &RefFunc) {
            self.0.insert(named.func);
        }
    }
    let mut callees = Callees(BTreeSet::new());
    if let FunctionKind::Local(function) = &module.funcs.get(id).kind {
        dfs_in_order(&mut callees, function, function.entry_block());
    }
    callees.0
}

/// The functions that are reached from outside of any code: exports, the table's, and the one that starts the module.
pub(super) fn entries(module: &Module) -> BTreeSet<FunctionId> {
    let mut entries: BTreeSet<FunctionId> = module.start.into_iter().collect();
    entries.extend(module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id),
        _ => None,
    }));
    for element in module.elements.iter() {
        if let ElementItems::Functions(ids) = &element.items {
            entries.extend(ids);
        }
    }
    entries
}

/// The module that stays: its own functions, stubs for those of the parts, and exports for what the parts use.
pub(super) fn rest(whole: &[u8], plan: &Plan, cuts: &[Cut]) -> Result<Vec<u8>, String> {
    let mut module = parse(whole)?;
    // The page puts it back when it undoes a call, and knows it by this number.
    if module.globals.iter().next().and_then(|global| global.name.as_deref()) != Some("__stack_pointer") {
        return Err("the module's first global is not the linker's stack pointer".to_owned());
    }
    let functions = functions(&module);
    let (table, size) = functions_table(&module)?;
    for (&at, slot) in &plan.slots {
        stub(&mut module, functions[at].0, table, size + slot);
    }
    let grown = module.tables.get_mut(table);
    grown.initial += plan.slots.len() as u64;
    grown.maximum = grown.maximum.map(|_| grown.initial);
    for at in plan.wanted.iter().flatten().collect::<BTreeSet<_>>() {
        module.exports.add(&name('f', *at), functions[*at].0);
    }
    for (at, table) in module.tables.iter().map(walrus::Table::id).enumerate().collect::<Vec<_>>() {
        module.exports.add(&name('t', at), table);
    }
    for (at, memory) in module.memories.iter().map(walrus::Memory::id).enumerate().collect::<Vec<_>>() {
        module.exports.add(&name('m', at), memory);
    }
    for (at, global) in module.globals.iter().map(walrus::Global::id).enumerate().collect::<Vec<_>>() {
        module.exports.add(&name('g', at), global);
    }
    for cut in cuts {
        empty(&mut module, cut)?;
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// A part: its functions, put into their slots, and its data; everything else is the module's.
pub(super) fn part(whole: &[u8], plan: &Plan, number: usize, cut: &Cut) -> Result<Vec<u8>, String> {
    let mut module = parse(whole)?;
    let functions = functions(&module);
    let (table, size) = functions_table(&module)?;
    for id in module.exports.iter().map(walrus::Export::id).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    module.start = None;
    for id in module.elements.iter().map(walrus::Element::id).collect::<Vec<_>>() {
        module.elements.delete(id);
    }
    module.tables.iter_mut().for_each(|table| table.elem_segments.clear());
    let own: Vec<usize> = plan.slots.keys().copied().filter(|&at| plan.part[at] == Some(number)).collect();
    let mut slots: Vec<(usize, FunctionId)> = own.iter().map(|at| (plan.slots[at], functions[*at].0)).collect();
    slots.sort_unstable_by_key(|(slot, _)| *slot);
    if let Some((first, _)) = slots.first() {
        let offset = ConstExpr::Value(Value::I32((size + first) as i32));
        let items = ElementItems::Functions(slots.iter().map(|(_, id)| *id).collect());
        let element = module.elements.add(ElementKind::Active { table, offset }, items);
        module.tables.get_mut(table).elem_segments.insert(element);
    }
    let memory = module.memories.iter().next().ok_or("the page's module has no memory")?.id();
    for id in module.data.iter().map(walrus::Data::id).collect::<Vec<_>>() {
        module.data.delete(id);
    }
    module.memories.get_mut(memory).data_segments.clear();
    for (address, octets) in &cut.pieces {
        let kind = DataKind::Active { memory, offset: ConstExpr::Value(Value::I32(*address as i32)) };
        let piece = module.data.add(kind, octets.clone());
        module.memories.get_mut(memory).data_segments.insert(piece);
    }
    import(&mut module, plan, number, &functions);
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// Makes imports of all that is the module's; what of it is not used goes afterwards.
fn import(module: &mut Module, plan: &Plan, number: usize, functions: &[(FunctionId, String)]) {
    for (at, (id, _)) in functions.iter().enumerate() {
        if plan.part[at] == Some(number) {
            continue;
        }
        match &module.funcs.get(*id).kind {
            FunctionKind::Import(imported) => {
                let import = module.imports.get_mut(imported.import);
                (import.module, import.name) = (FROM.to_owned(), name('f', at));
            }
            _ => {
                let ty = module.funcs.get(*id).ty();
                let import = module.imports.add(FROM, &name('f', at), *id);
                module.funcs.get_mut(*id).kind = FunctionKind::Import(ImportedFunction { import, ty });
            }
        }
    }
    for (at, id) in module.tables.iter().map(walrus::Table::id).enumerate().collect::<Vec<_>>() {
        let import = module.imports.add(FROM, &name('t', at), id);
        let table = module.tables.get_mut(id);
        (table.import, table.maximum) = (Some(import), None);
    }
    for (at, id) in module.memories.iter().map(walrus::Memory::id).enumerate().collect::<Vec<_>>() {
        module.memories.get_mut(id).import = Some(module.imports.add(FROM, &name('m', at), id));
    }
    for (at, id) in module.globals.iter().map(walrus::Global::id).enumerate().collect::<Vec<_>>() {
        module.globals.get_mut(id).kind = GlobalKind::Import(module.imports.add(FROM, &name('g', at), id));
    }
}

/// Puts in a function's place a call through the table, with the same arguments.
fn stub(module: &mut Module, id: FunctionId, table: TableId, slot: usize) {
    let ty = module.funcs.get(id).ty();
    let (params, results) = module.types.params_results(ty);
    let (params, results) = (params.to_vec(), results.to_vec());
    let arguments: Vec<_> = params.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
    let mut body = builder.func_body();
    for &local in &arguments {
        body.instr(Instr::LocalGet(LocalGet { local }));
    }
    body.instr(Instr::Const(Const { value: Value::I32(slot as i32) }));
    body.instr(Instr::CallIndirect(CallIndirect { ty, table }));
    module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(arguments));
}

/// Empties what has gone into a part: octets of nothing, which pack to nothing.
fn empty(module: &mut Module, cut: &Cut) -> Result<(), String> {
    let segments: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for (address, octets) in &cut.emptied {
        let cleared = segments.iter().any(|&id| {
            let data = module.data.get_mut(id);
            let DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = data.kind else { return false };
            let Some(from) = address.checked_sub(start as u32).map(|from| from as usize) else { return false };
            data.value.get_mut(from..from + octets).map(|octets| octets.fill(0)).is_some()
        });
        if !cleared {
            return Err("the linker's symbols lie outside of the module's data".to_owned());
        }
    }
    Ok(())
}

/// The table of functions, and how many it holds.
fn functions_table(module: &Module) -> Result<(TableId, usize), String> {
    let table = module.tables.main_function_table().map_err(|error| error.to_string())?;
    let table = table.ok_or("the page's module has no table of functions")?;
    Ok((table, module.tables.get(table).initial as usize))
}

/// A short name, for it is downloaded.
fn name(kind: char, number: usize) -> String {
    format!("{kind}{number:x}")
}
