//! A saved talk, read-only.

use ehlo_core::case::Case;
use ehlo_core::reading::meaning;
use wasm_bindgen::prelude::*;

use crate::{export, to_json};

/// A saved talk, to be read with the same explanations.
#[wasm_bindgen]
pub struct Reading {
    case: Case,
}

#[wasm_bindgen]
impl Reading {
    /// Reads a talk.
    ///
    /// # Errors
    /// JSON `{line, message}`: the first line that is none of a talk's.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Self, JsValue> {
        let case = Case::open(text).map_err(|error| JsValue::from_str(&to_json(&error)))?;
        Ok(Self { case })
    }

    /// What a page draws, as JSON.
    pub fn view(&self) -> String {
        to_json(&self.case.view())
    }

    /// All entries of the transcript, as JSON.
    pub fn entries(&self) -> String {
        to_json(&self.case.entries(0))
    }

    /// As [`Conversation::meaning`](crate::Conversation::meaning).
    pub fn meaning(&self, reply: usize) -> String {
        to_json(&meaning::of(&self.case, reply))
    }

    /// As [`Conversation::export`](crate::Conversation::export).
    pub fn export(&self, format: &str) -> String {
        export(&self.case, format)
    }

    /// As [`Conversation::result`](crate::Conversation::result).
    pub fn result(&self) -> String {
        to_json(&self.case.report())
    }
}
