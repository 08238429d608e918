//! JSON: objects from outside are read field by field, and what is wrong with one is told by the field's name.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

pub(crate) use serde_json::Value;

/// `value` as JSON text, in one line.
///
/// # Panics
/// Where it is no data of ours: a map whose keys are no texts.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> String {
    match serde_json::to_string(value) {
        Ok(text) => text,
        Err(error) => unreachable!("our own data can always be written: {error}"),
    }
}

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

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        serde_json::from_str(text).map_err(|error| match error.is_data() {
            true => Mistake::new("", "must be a JSON object"),
            false => Mistake::new("", "is no JSON"),
        })
    }

    pub(crate) fn of(value: Value) -> Result<Self, Mistake> {
        match value {
            Value::Object(fields) => Ok(Self { fields: fields.into_iter().collect() }),
            _ => Err(Mistake::new("", "must be an object")),
        }
    }

    /// An object of one field.
    pub(crate) fn with(field: &str, value: Value) -> Self {
        Self { fields: vec![(field.to_owned(), value)] }
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
        let number = value.as_i64().and_then(|number| T::try_from(number).ok());
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

/// Keeps a field that stands there twice, so that it can be refused.
impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object { fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

fn none_of(field: &str, words: &mut dyn Iterator<Item = &str>) -> Mistake {
    let all: Vec<&str> = words.collect();
    Mistake::new(field, ["must be one of ", &all.join(", ")].concat())
}

fn out_of_range(field: &str) -> Mistake {
    Mistake::new(field, "must be a whole number in range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake<T>(read: Result<T, Mistake>) -> String {
        read.err().map(|mistake| mistake.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_object() {
        for text in ["", " ", "{", "{\"a\":1,}", "{\"a\":01}", "{\"a\":\"\\ud800\"}", "{} x", "{'a':1}"] {
            assert_eq!(mistake(Object::parse(text)), ": is no JSON", "{text}");
        }
        for text in ["[]", "1", "\"a\"", "null"] {
            assert_eq!(mistake(Object::parse(text)), ": must be a JSON object", "{text}");
        }
        let nested = |depth: usize| ["{\"a\":", &"[".repeat(depth), &"]".repeat(depth), "}"].concat();
        assert!(Object::parse(&nested(60)).is_ok());
        assert_eq!(mistake(Object::parse(&nested(100_000))), ": is no JSON");
    }

    #[test]
    fn a_field_is_taken_once_and_what_is_left_is_named() {
        let mut object = Object::parse(r#"{"a":1,"a":2,"b":null,"c":"x","d":1.5,"e":-1}"#).unwrap();
        assert_eq!(object.number::<u8>("a"), Ok(Some(2)), "the last of a name counts");
        assert_eq!(object.text("b"), Ok(None));
        assert_eq!(mistake(object.flag("c")), "c: must be true or false");
        assert_eq!(mistake(object.number::<u8>("d")), "d: must be a whole number in range");
        assert_eq!(mistake(object.number::<u8>("e")), "e: must be a whole number in range");
        assert_eq!(mistake(object.done()), "a: is not known");
    }

    #[test]
    fn a_number_keeps_its_value_up_to_the_largest() {
        let mut object = Object::parse(r#"{"a":9223372036854775807,"b":9223372036854775808}"#).unwrap();
        assert_eq!(object.number::<i64>("a"), Ok(Some(i64::MAX)));
        assert!(object.number::<i64>("b").is_err());
    }
}
