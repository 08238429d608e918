//! A fault of Ehlo itself: a panic ends the call in which it happens, so it is told before that.

use std::cell::RefCell;
use std::panic;

use js_sys::Function;
use wasm_bindgen::JsValue;

thread_local! {
    static TOLD: RefCell<Vec<(u32, Function)>> = const { RefCell::new(Vec::new()) };
}

/// Whoever holds it is told of a fault; dropped, no more.
pub(crate) struct Watch(u32);

impl Watch {
    /// Calls `told` with a sentence when Ehlo has failed.
    pub(crate) fn new(told: Function) -> Self {
        TOLD.with_borrow_mut(|all| {
            let id = all.last().map_or(0, |(last, _)| last + 1);
            all.push((id, told));
            Self(id)
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        TOLD.with_borrow_mut(|all| all.retain(|(id, _)| *id != self.0));
    }
}

/// From now on each panic is told.
pub(crate) fn watch() {
    panic::set_hook(Box::new(|info| tell(&info.to_string())));
}

/// Tells everybody: what one of them has broken is shared by all.
pub(crate) fn tell(sentence: &str) {
    let all = TOLD.with(|all| all.try_borrow().map(|all| all.clone()).unwrap_or_default());
    for (_, told) in all {
        // Whoever fails at being told cannot be helped.
        let _ = told.call1(&JsValue::NULL, &JsValue::from_str(sentence));
    }
}
