//! A fault of Ehlo itself: a panic ends the call in which it happens, so it is told before that.

use std::cell::RefCell;
use std::panic;

use js_sys::Function;
use wasm_bindgen::prelude::*;

thread_local! {
    static TOLD: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// From now on each panic is told by a call of `told`, with a sentence. What one call has broken is shared by all
/// conversations.
#[wasm_bindgen]
pub fn on_fault(told: Function) {
    TOLD.set(Some(told));
    panic::set_hook(Box::new(|info| tell(&info.to_string())));
}

pub(crate) fn tell(sentence: &str) {
    if let Some(told) = TOLD.with(|told| told.try_borrow().ok()?.clone()) {
        // Whoever fails at being told cannot be helped.
        let _ = told.call1(&JsValue::NULL, &JsValue::from_str(sentence));
    }
}
