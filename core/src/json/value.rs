//! JSON text as a value. Small, since the page's module carries it: numbers are whole ones, names keep their order.

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// A number: a whole one in range, or one that none of our fields can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(Option<i64>);

/// How deep arrays and objects may nest: the reader calls itself for each.
const DEPTH_MAX: usize = 64;

impl Number {
    pub(crate) fn as_i64(self) -> Option<i64> {
        self.0
    }

    pub(crate) fn as_u64(self) -> Option<u64> {
        self.0.and_then(|number| u64::try_from(number).ok())
    }
}

impl Value {
    /// Reads JSON text (RFC 8259); none where it is none, or nests too deep.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        (reader.next_byte().is_none()).then_some(value)
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::Array(list) = self { Some(list) } else { None }
    }
}

/// Reads from `at` on.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// The next octet that is no white space; it stays the next.
    fn next_byte(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blanks;
        rest.get(blanks).copied()
    }

    /// Whether `word` comes next; then it is read.
    fn takes(&mut self, word: &str) -> bool {
        let found = self.next_byte().is_some() && self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.next_byte()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Value::String),
            b't' => self.takes("true").then_some(Value::Bool(true)),
            b'f' => self.takes("false").then_some(Value::Bool(false)),
            b'n' => self.takes("null").then_some(Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.takes("}") {
            return Some(Value::Object(fields));
        }
        loop {
            if self.next_byte()? != b'"' {
                return None;
            }
            let name = self.string()?;
            if !self.takes(":") {
                return None;
            }
            fields.push((name, self.value(depth + 1)?));
            if self.takes("}") {
                return Some(Value::Object(fields));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut list = Vec::new();
        if self.takes("]") {
            return Some(Value::Array(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if self.takes("]") {
                return Some(Value::Array(list));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    /// A string, from its opening quote on.
    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
            out.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Some(out),
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Option<char> {
        let letter = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                if !(0xd800..0xdc00).contains(&unit) {
                    return char::from_u32(unit);
                }
                // The second half of a character beyond 16 bits (RFC 8259 §7).
                if !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
                    return None;
                }
                self.at += 2;
                let low = self.hex()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x10000 + ((unit - 0xd800) << 10) + low);
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |number, &digit| Some(number * 16 + char::from(digit).to_digit(16)?))
    }

    /// A number (RFC 8259 §6). Fraction and exponent are read, and make it none that we use.
    fn number(&mut self) -> Option<Value> {
        let begin = self.at;
        let minus = usize::from(self.takes("-"));
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.text.as_bytes()[begin + minus] == b'0') {
            return None;
        }
        let mut number = self.text[begin..self.at].parse().ok();
        if self.peek() == Some(b'.') {
            self.at += 1;
            number = None;
            if self.digits() == 0 {
                return None;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            number = None;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return None;
            }
        }
        Some(Value::Number(Number(number)))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over digits; how many.
    fn digits(&mut self) -> usize {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - begin
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same value, as serde_json has it.
    fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
        use serde_json::Value as Theirs;
        match (ours, theirs) {
            (Value::Null, Theirs::Null) => true,
            (Value::Bool(one), Theirs::Bool(other)) => one == other,
            // Theirs has a zero below zero.
            (Value::Number(one), Theirs::Number(other)) if one.as_i64() == Some(0) => other.as_f64() == Some(0.0),
            (Value::Number(one), Theirs::Number(other)) => one.as_i64() == other.as_i64(),
            (Value::String(one), Theirs::String(other)) => one == other,
            (Value::Array(one), Theirs::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
            }
            // The last of a name counts.
            (Value::Object(one), Theirs::Object(other)) => other.iter().all(|(name, value)| {
                one.iter().rfind(|(known, _)| known == name).is_some_and(|(_, known)| same(known, value))
            }),
            _ => false,
        }
    }

    fn agree(text: &str) {
        match (Value::parse(text), serde_json::from_str::<serde_json::Value>(text)) {
            (Some(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{text:?}: {ours:?}"),
            (None, Err(_)) => {}
            // Beyond the range of floats.
            (Some(_), Err(error)) if error.to_string().contains("out of range") => {}
            (ours, theirs) => panic!("{text:?}: {ours:?}, {theirs:?}"),
        }
    }

    #[test]
    fn odd_texts_are_read_as_serde_json_reads_them() {
        for text in [
            "",
            " ",
            "null",
            "nul",
            "nulll",
            " true ",
            "false,",
            "0",
            "-0",
            "-",
            "01",
            "-01",
            "1.",
            "1.5",
            ".5",
            "1e5",
            "1E+5",
            "1e",
            "1e-",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "\"",
            "\"a",
            "\"\\u0041\\n\\/\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83d\\u0041\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\n\"",
            "\"\u{7f}ä\"",
            "[]",
            "[ ]",
            "[1,]",
            "[,]",
            "[1 2]",
            "[1,[2,{}]]",
            "{}",
            "{ }",
            "{a:1}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1,\"a\":2}",
            "{\"a\" : {\"b\":[null]} }",
            "[1]]",
            "\u{feff}1",
            "- 1",
            "1 .5",
            "+1",
        ] {
            agree(text);
        }
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::parse(&nested(DEPTH_MAX)).is_some());
        assert!(Value::parse(&nested(100_000)).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_serde_json_reads_it(text in r#"[\[\]{}",:\\u0-9a-f \-+.eEtrunlse]{0,24}"#) {
            agree(&text);
        }

        #[test]
        fn any_string_comes_back(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(Value::parse(&written), Some(Value::String(text)));
        }
    }
}
