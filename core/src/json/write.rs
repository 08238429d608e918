//! Writes JSON. Small, since the page's module carries it: nothing can fail, so there is nothing to handle.

use std::fmt::{self, Display};

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    Serializer,
};

/// `value` as JSON text.
///
/// Made for our own data: texts, flags, whole numbers, lists, structs and enums of these. Anything else does not
/// compile, or is no part of it.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> String {
    let mut writer = Writer { out: String::with_capacity(256) };
    match value.serialize(&mut writer) {
        Ok(()) => writer.out,
        Err(never) => match never {},
    }
}

/// The error that there is not.
#[derive(Debug)]
enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl serde::ser::Error for Never {
    fn custom<T: Display>(message: T) -> Self {
        unreachable!("our own data can always be written: {message}")
    }
}

struct Writer {
    out: String,
}

type Done = Result<(), Never>;

impl Writer {
    /// A comma, where something stands before in the same list or object.
    #[inline(never)]
    fn next(&mut self) {
        if !self.out.ends_with(['[', '{']) {
            self.out.push(',');
        }
    }

    #[inline(never)]
    fn name(&mut self, name: &str) {
        self.next();
        self.string(name);
        self.out.push(':');
    }

    #[inline(never)]
    fn string(&mut self, text: &str) {
        self.out.push('"');
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escape = match byte {
                b'"' | b'\\' => byte,
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                8 => b'b',
                12 => b'f',
                0..0x20 => b'u',
                _ => continue,
            };
            self.out.push_str(&text[from..at]);
            from = at + 1;
            self.out.push('\\');
            self.out.push(char::from(escape));
            if escape == b'u' {
                self.out.push_str(if byte < 16 { "000" } else { "001" });
                self.out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
            }
        }
        self.out.push_str(&text[from..]);
        self.out.push('"');
    }

    #[inline(never)]
    fn number(&mut self, number: u64) {
        self.out.push_str(&number.to_string());
    }

    #[inline(never)]
    fn begin(&mut self, bracket: char) -> Result<&mut Self, Never> {
        self.out.push(bracket);
        Ok(self)
    }

    #[inline(never)]
    fn end(&mut self, bracket: char) -> Done {
        self.out.push(bracket);
        Ok(())
    }

    /// An enum's variant that holds something: an object of one field.
    #[inline(never)]
    fn variant(&mut self, name: &str) {
        self.out.push('{');
        self.name(name);
    }
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), Never>;
    type SerializeTupleVariant = Impossible<(), Never>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Variant<'a>;

    fn serialize_bool(self, value: bool) -> Done {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Done {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Done {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Done {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Done {
        if value < 0 {
            self.out.push('-');
        }
        self.number(value.unsigned_abs());
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Done {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Done {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Done {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Done {
        self.number(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Done {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Done {
        // JSON has no other numbers than finite ones.
        if value.is_finite() {
            self.out.push_str(&value.to_string());
            return Ok(());
        }
        self.serialize_unit()
    }

    fn serialize_char(self, value: char) -> Done {
        self.string(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Done {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.string(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.end('}')
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Never> {
        self.begin('[')
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        self.begin('[')
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Impossible<(), Never>, Never> {
        unreachable!("{name}: there is no struct without names in our data")
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Never>, Never> {
        unreachable!("{name}: there is no variant without names in our data")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Never> {
        self.begin('{')
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.begin('{')
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<'a>, Never> {
        self.variant(variant);
        self.begin('{').map(Variant)
    }
}

impl SerializeSeq for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        self.next();
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Writer::end(self, ']')
    }
}

impl SerializeTuple for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Done {
        Writer::end(self, ']')
    }
}

impl SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Done {
        self.next();
        key.serialize(&mut **self)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        self.out.push(':');
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Writer::end(self, '}')
    }
}

impl SerializeStruct for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Done {
        self.name(name);
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Writer::end(self, '}')
    }
}

/// A variant with named fields: an object in an object of one field.
struct Variant<'a>(&'a mut Writer);

impl SerializeStructVariant for Variant<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Done {
        self.0.name(name);
        value.serialize(&mut *self.0)
    }

    fn end(self) -> Done {
        Writer::end(self.0, '}')?;
        Writer::end(self.0, '}')
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[derive(serde::Serialize)]
    #[serde(tag = "type", rename_all = "kebab-case")]
    enum Tagged {
        Plain { text: &'static str },
        Empty {},
    }

    #[derive(serde::Serialize)]
    enum Free {
        Unit,
        Of(i8),
        Named { a: Option<u8>, b: [bool; 2] },
    }

    #[derive(serde::Serialize)]
    struct All {
        texts: Vec<String>,
        none: Option<()>,
        least: i64,
        most: u64,
        pair: (u16, char),
        tagged: [Tagged; 2],
        free: [Free; 3],
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<u8>,
        map: BTreeMap<&'static str, f64>,
        empty: [u8; 0],
    }

    #[test]
    fn everything_is_written_as_serde_json_writes_it() {
        let controls: String = (0..0x20).map(char::from).collect();
        let all = All {
            texts: vec![controls, "\"\\/\u{7f}ä😀".into(), "[{".into(), String::new()],
            none: None,
            least: i64::MIN,
            most: u64::MAX,
            pair: (25, '"'),
            tagged: [Tagged::Plain { text: "x" }, Tagged::Empty {}],
            free: [Free::Unit, Free::Of(-3), Free::Named { a: Some(1), b: [true, false] }],
            left_out: None,
            map: [("half", 0.5), ("nan", f64::NAN)].into(),
            empty: [],
        };
        assert_eq!(to_string(&all), serde_json::to_string(&all).unwrap());
    }

    #[test]
    fn any_value_of_serde_json_comes_back() {
        let value = json!({ "a": [1, -2, null, true, { "b": "c" }], "d": { "e": [], "f": {} } });
        assert_eq!(serde_json::from_str::<Value>(&to_string(&value)).unwrap(), value);
    }
}
