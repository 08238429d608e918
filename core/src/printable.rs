//! Bytes made visible: what a person may safely look at, whatever the server sent.

use serde::Serialize;

/// A piece of text to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The text; for a special piece what stands for it, such as `␀`, `\xE9` or `U+202E`.
    pub text: String,
    /// For a special piece: its name in words; to be shown as different from ordinary text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special: Option<&'static str>,
}

/// Names of the C0 control characters, as in the Unicode control pictures block.
const CONTROL_NAMES: [&str; 32] = [
    "null",
    "start of heading",
    "start of text",
    "end of text",
    "end of transmission",
    "enquiry",
    "acknowledge",
    "bell",
    "backspace",
    "tab",
    "line feed",
    "vertical tab",
    "form feed",
    "carriage return",
    "shift out",
    "shift in",
    "data link escape",
    "device control 1",
    "device control 2",
    "device control 3",
    "device control 4",
    "negative acknowledge",
    "synchronous idle",
    "end of transmission block",
    "cancel",
    "end of medium",
    "substitute",
    "escape",
    "file separator",
    "group separator",
    "record separator",
    "unit separator",
];

/// The text of `bytes` in segments: UTF-8 where it is valid and visible, everything else by a stand-in.
///
/// Characters that reorder or hide text (bidirectional controls, zero-width characters) are never passed on as they are:
/// a server must not be able to make a line read as another.
pub fn segments(bytes: &[u8]) -> Vec<Segment> {
    let mut out = Vec::new();
    let mut plain = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match special(c) {
                None => plain.push(c),
                Some((text, name)) => push_special(&mut out, &mut plain, text, name),
            }
        }
        for byte in chunk.invalid() {
            push_special(&mut out, &mut plain, format!("\\x{byte:02X}"), "a byte that is not UTF-8");
        }
    }
    if !plain.is_empty() {
        out.push(Segment { text: plain, special: None });
    }
    out
}

/// The same as one string, for text exports.
pub fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    push_text(&mut out, bytes);
    out
}

/// The same, at the end of `out`.
pub fn push_text(out: &mut String, bytes: &[u8]) {
    let plain = !bytes.iter().fold(false, |strange, &b| strange | !(b' '..0x7F).contains(&b));
    match std::str::from_utf8(bytes) {
        Ok(text) if plain => out.push_str(text),
        _ => segments(bytes).iter().for_each(|segment| out.push_str(&segment.text)),
    }
}

fn push_special(out: &mut Vec<Segment>, plain: &mut String, text: String, name: &'static str) {
    if !plain.is_empty() {
        out.push(Segment { text: std::mem::take(plain), special: None });
    }
    out.push(Segment { text, special: Some(name) });
}

fn special(c: char) -> Option<(String, &'static str)> {
    let code = c as u32;
    match code {
        0x09 => Some(("␉".into(), CONTROL_NAMES[9])),
        0x00..0x20 => {
            let picture = char::from_u32(0x2400 + code).unwrap_or('\u{FFFD}');
            Some((picture.to_string(), CONTROL_NAMES[code as usize]))
        }
        0x7F => Some(("␡".into(), "delete")),
        0x80..0xA0 => Some((format!("U+{code:04X}"), "a control character")),
        0x202A..=0x202E | 0x2066..=0x2069 | 0x200E | 0x200F | 0x061C => {
            Some((format!("U+{code:04X}"), "a character that changes the direction of text"))
        }
        0x00AD | 0x200B..=0x200D | 0x2060..=0x2064 | 0xFEFF | 0x180E | 0xE0000..=0xE007F => {
            Some((format!("U+{code:04X}"), "an invisible character"))
        }
        0x2028 | 0x2029 => Some((format!("U+{code:04X}"), "a line separator")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        segments(bytes)
            .iter()
            .map(|s| if s.special.is_some() { format!("[{}]", s.text) } else { s.text.clone() })
            .collect()
    }

    #[test]
    fn plain_text_stays_one_piece_and_keeps_its_letters() {
        assert_eq!(shown("220 mx.example grüßt".as_bytes()), "220 mx.example grüßt");
        assert_eq!(segments(b"220 mx").len(), 1);
    }

    #[test]
    fn control_characters_and_foreign_bytes_get_a_stand_in() {
        assert_eq!(shown(b"a\0b\rc\x7f\xe9d\te"), "a[\u{2400}]b[\u{240D}]c[\u{2421}][\\xE9]d[\u{2409}]e");
    }

    #[test]
    fn text_that_would_read_backwards_is_made_visible() {
        assert_eq!(shown("250 \u{202E}ko".as_bytes()), "250 [U+202E]ko");
        assert_eq!(shown("a\u{200B}b".as_bytes()), "a[U+200B]b");
    }

    #[test]
    fn nothing_special_is_left_in_what_is_shown_for_any_byte() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(text(&all).chars().all(|c| !c.is_control()));
    }
}
