//! JSON objects from outside, read field by field: what is wrong is told by the field's name.
//!
//! Reading by hand instead of by derived code keeps the page's module small: derived readers of tagged enums
//! were a fifth of it.

mod value;
mod write;

use serde::Serialize;

pub(crate) use value::Value;
pub use write::to_string;

/// A mistake of the caller: which field, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The field's name as in JSON; empty where none can be told.
    pub field: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Mistake {
    pub(crate) fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for Mistake {}

/// The value with this word; none where no value has it.
pub(crate) fn known<T: Copy>(word: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// A number that has 16 bits on the wire.
pub(crate) fn sixteen_bits(number: u64) -> u16 {
    u16::try_from(number).unwrap_or_default()
}

/// An object whose fields are taken out one by one; what is left over at the end was not known.
pub(crate) struct Object {
    fields: Vec<(String, Value)>,
}

impl Object {
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        match Value::parse(text) {
            Some(Value::Object(fields)) => Ok(Self { fields }),
            Some(_) => Err(Mistake::new("", "must be a JSON object")),
            None => Err(Mistake::new("", "is no JSON")),
        }
    }

    pub(crate) fn of(value: Value) -> Result<Self, Mistake> {
        match value {
            Value::Object(fields) => Ok(Self { fields }),
            _ => Err(Mistake::new("", "must be an object")),
        }
    }

    /// The field's value; `null` counts as absent.
    pub(crate) fn take(&mut self, field: &str) -> Option<Value> {
        self.given(field).filter(|value| *value != Value::Null)
    }

    /// The field's value, `null` included.
    pub(crate) fn given(&mut self, field: &str) -> Option<Value> {
        // The last of a name counts; those before it are left, and not known.
        let at = self.fields.iter().rposition(|(name, _)| name == field)?;
        Some(self.fields.swap_remove(at).1)
    }

    pub(crate) fn text(&mut self, field: &str) -> Result<Option<String>, Mistake> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Mistake::new(field, "must be text")),
        }
    }

    pub(crate) fn some_text(&mut self, field: &str) -> Result<String, Mistake> {
        self.text(field)?.ok_or_else(|| Mistake::new(field, "is missing"))
    }

    pub(crate) fn number<T: TryFrom<i64>>(&mut self, field: &str) -> Result<Option<T>, Mistake> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let number = if let Value::Number(number) = value { number.as_i64() } else { None };
        let number = number.and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| out_of_range(field))
    }

    pub(crate) fn flag(&mut self, field: &str) -> Result<Option<bool>, Mistake> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Mistake::new(field, "must be true or false")),
        }
    }

    pub(crate) fn list(&mut self, field: &str) -> Result<Option<Vec<Value>>, Mistake> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(Mistake::new(field, "must be a list")),
        }
    }

    pub(crate) fn texts(&mut self, field: &str) -> Result<Option<Vec<String>>, Mistake> {
        let Some(list) = self.list(field)? else { return Ok(None) };
        let text = |value| if let Value::String(text) = value { Some(text) } else { None };
        let texts: Option<Vec<String>> = list.into_iter().map(text).collect();
        texts.map(Some).ok_or_else(|| Mistake::new(field, "must be a list of texts"))
    }

    /// One of `words`, by its word.
    pub(crate) fn word<T: Copy>(&mut self, field: &str, words: &[(&str, T)]) -> Result<Option<T>, Mistake> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => Err(none_of(field, &mut words.iter().map(|(word, _)| *word))),
        }
    }

    /// The field's text; empty where there is none. For messages of a trusted sender.
    pub(crate) fn or_empty(&mut self, field: &str) -> String {
        self.text(field).ok().flatten().unwrap_or_default()
    }

    /// The field's number; 0 where there is none. For messages of a trusted sender.
    pub(crate) fn or_zero(&mut self, field: &str) -> u64 {
        self.take(field).and_then(|value| value.as_u64()).unwrap_or_default()
    }

    /// The field's texts; those that are none are left out. For messages of a trusted sender.
    pub(crate) fn all_texts(&mut self, field: &str) -> Vec<String> {
        self.texts(field).ok().flatten().unwrap_or_default()
    }

    /// Whether every field has been taken.
    pub(crate) fn done(self) -> Result<(), Mistake> {
        match self.fields.into_iter().next() {
            None => Ok(()),
            Some((field, _)) => Err(Mistake::new(&field, "is not known")),
        }
    }
}

fn none_of(field: &str, words: &mut dyn Iterator<Item = &str>) -> Mistake {
    let all: Vec<&str> = words.collect();
    Mistake::new(field, ["must be one of ", &all.join(", ")].concat())
}

fn out_of_range(field: &str) -> Mistake {
    Mistake::new(field, "must be a whole number in range")
}
