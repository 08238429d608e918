//! A saved talk, read-only.

use ehlo_core::case::Case;
use ehlo_core::reading::meaning;
use wasm_bindgen::prelude::*;

use crate::export::export;
use crate::json;

/// A saved talk, to be read with the same explanations.
#[wasm_bindgen]
pub struct Reading {
    inner: Case,
}

#[wasm_bindgen]
impl Reading {
    /// Reads a talk.
    ///
    /// # Errors
    /// JSON `{line, message}`: the first line that is none of a talk's.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Self, JsValue> {
        let inner = Case::open(text).map_err(|error| JsValue::from_str(&json(&error)))?;
        Ok(Self { inner })
    }

    /// As `Session.view`.
    pub fn view(&self) -> String {
        json(&self.inner.view())
    }

    /// As `Session.entries`.
    pub fn entries(&self, from: usize) -> String {
        json(&self.inner.entries(from))
    }

    /// As `Session.meaning`.
    pub fn meaning(&self, reply: usize) -> String {
        json(&meaning::of(&self.inner, reply))
    }

    /// As `Session.export`.
    pub fn export(&self, format: &str) -> String {
        export(&self.inner, format)
    }

    /// As `Session.result`.
    pub fn result(&self) -> String {
        json(&self.inner.report())
    }
}
