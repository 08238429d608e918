//! A module that tells which of its functions have been called, from which `tests/parts` makes the lists.

use walrus::ir::{Const, GlobalSet, Value};
use walrus::{ConstExpr, FunctionId, Module, ValType};

use super::Uses;

/// Exports for each function a number named `called:NUMBER:LABEL`, which the function's first call turns from 0 to 1.
pub(crate) fn profiled(module: &mut Module, uses: &Uses) -> Vec<u8> {
    let local: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    for (number, id) in local.into_iter().enumerate() {
        let label = uses.label(module.funcs.get(id).name.as_deref().unwrap_or_default());
        let global = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
        module.exports.add(&format!("called:{number}:{label}"), global);
        let mut body = module.funcs.get_mut(id).kind.unwrap_local_mut().builder_mut().func_body();
        body.instr_at(0, Const { value: Value::I32(1) }).instr_at(1, GlobalSet { global });
    }
    module.emit_wasm()
}
