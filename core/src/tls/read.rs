//! Reading the data back from JSON: bounded, and nothing in it can play tricks with a terminal or a page.

use crate::json::{Mistake, Object, Value};
use crate::printable;

/// Longest JSON that is read; a report with the largest chain that TLS can carry is smaller.
const MAX_JSON: usize = 400_000;
/// Most entries of a list.
const MAX_LIST: usize = 200;

/// The object in `json`, if it is not too long.
pub(super) fn object(json: &str) -> Result<Object, Mistake> {
    if json.len() > MAX_JSON { Err(Mistake::new("", "is too long")) } else { Object::parse(json) }
}

/// The field's text, made harmless; empty where there is none.
pub(super) fn text(object: &mut Object, field: &str) -> String {
    printable::text(object.or_empty(field).as_bytes())
}

/// The field's text, made harmless; none where there is none.
pub(super) fn some_text(object: &mut Object, field: &str) -> Option<String> {
    Some(text(object, field)).filter(|text| !text.is_empty())
}

/// The field's texts, made harmless.
pub(super) fn texts(object: &mut Object, field: &str) -> Vec<String> {
    let mut texts = object.all_texts(field);
    texts.truncate(MAX_LIST);
    texts.iter().map(|text| printable::text(text.as_bytes())).collect()
}

/// The field's flag; false where there is none.
pub(super) fn flag(object: &mut Object, field: &str) -> bool {
    object.flag(field).ok().flatten().unwrap_or_default()
}

/// The field's number; 0 where there is none in range.
pub(super) fn number<T: TryFrom<i64> + Default>(object: &mut Object, field: &str) -> T {
    object.number(field).ok().flatten().unwrap_or_default()
}

/// The field's list of objects, each read by `one`.
pub(super) fn list<T>(
    object: &mut Object,
    field: &str,
    one: fn(Object) -> Result<T, Mistake>,
) -> Result<Vec<T>, Mistake> {
    let values: Vec<Value> = object.list(field)?.unwrap_or_default();
    values.into_iter().take(MAX_LIST).map(|value| one(Object::of(value)?)).collect()
}

/// Declares an enum whose variants have a stable word each, written and read as that word.
macro_rules! words {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            /// The stable word, as in JSON.
            pub const fn word(self) -> &'static str {
                Self::WORDS[self as usize].0
            }

            pub(super) fn read(object: &mut $crate::json::Object, field: &str) -> Result<Self, $crate::json::Mistake> {
                let found = object.word(field, Self::WORDS)?;
                found.ok_or_else(|| $crate::json::Mistake::new(field, "is missing"))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}
pub(super) use words;
