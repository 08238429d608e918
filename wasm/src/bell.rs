//! Has work done in a task of its own, as soon as the browser has finished the present one.

use gloo_events::EventListener;
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

/// A bell: each ring is one call. Dropped, it is never heard again.
pub(crate) struct Bell {
    /// None where the browser has no message channels; every browser that knows WebAssembly has them.
    ends: Option<(MessagePort, MessagePort)>,
    _listener: Option<EventListener>,
}

impl Bell {
    pub(crate) fn new(mut heard: impl FnMut() + 'static) -> Self {
        let Ok(channel) = MessageChannel::new() else { return Self { ends: None, _listener: None } };
        let listener = EventListener::new(&channel.port1(), "message", move |_| heard());
        // A listener that is added by hand hears nothing before this.
        channel.port1().start();
        Self { ends: Some((channel.port1(), channel.port2())), _listener: Some(listener) }
    }

    pub(crate) fn ring(&self) {
        if let Some((_, near)) = &self.ends {
            // Null can always be sent.
            let _ = near.post_message(&JsValue::NULL);
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Some((far, near)) = &self.ends {
            far.close();
            near.close();
        }
    }
}
