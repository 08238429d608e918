//! Base64 (RFC 4648 §4), written strictly and read with patience: what is wrong is told, not refused.

use serde::Serialize;

/// What was wrong with text that could be read all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flaws {
    /// Spaces, tabs or line ends stand in it or around it.
    pub space: bool,
    /// The `=` at the end are missing, or there are too many.
    pub padding: bool,
    /// The last character has bits that belong to no octet.
    pub bits: bool,
}

impl Flaws {
    /// Whether it was written just as it should be.
    pub fn none(self) -> bool {
        self == Self::default()
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `octets` as base64, in one line and padded.
pub fn encode(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len().div_ceil(3) * 4);
    for three in octets.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, &b| bits << 8 | u32::from(b)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at > three.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

/// The octets that `text` stands for, and what was wrong with it; nothing where it is no base64.
pub fn decode(text: &[u8]) -> Option<(Vec<u8>, Flaws)> {
    let mut flaws = Flaws::default();
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut letters, mut padding) = (0_u32, 0_usize, 0_usize);
    for &byte in text {
        let value = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                flaws.space = true;
                continue;
            }
            b'=' => {
                padding += 1;
                continue;
            }
            _ if padding > 0 => return None,
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        letters += 1;
        if letters % 4 != 1 {
            // After the second, third and fourth letter 4, 2 and 0 bits are left over.
            let over = 6 - letters.wrapping_sub(1) % 4 * 2;
            out.push((bits >> over) as u8);
            bits &= (1 << over) - 1;
        }
    }
    match letters % 4 {
        1 => return None,
        0 if letters == 0 && padding > 0 => return None,
        _ => {}
    }
    flaws.padding = padding != (4 - letters % 4) % 4;
    flaws.bits = letters % 4 != 0 && bits != 0;
    Some((out, flaws))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_that_of_rfc_4648_section_10() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded.as_bytes()), Some((plain.into(), Flaws::default())));
        }
    }

    #[test]
    fn what_is_wrong_with_it_is_told_and_it_is_read_all_the_same() {
        let read =
            |text: &str| decode(text.as_bytes()).map(|(octets, flaws)| (String::from_utf8(octets).unwrap(), flaws));
        let flaws = |space, padding, bits| Flaws { space, padding, bits };
        assert_eq!(read("Zg"), Some(("f".into(), flaws(false, true, false))));
        assert_eq!(read("Zm8"), Some(("fo".into(), flaws(false, true, false))));
        assert_eq!(read("Zm8=="), Some(("fo".into(), flaws(false, true, false))));
        assert_eq!(read("Zm9v="), Some(("foo".into(), flaws(false, true, false))));
        assert_eq!(read(" Zm9v\r\n"), Some(("foo".into(), flaws(true, false, false))));
        assert_eq!(read("Zh=="), Some(("f".into(), flaws(false, false, true))));
    }

    #[test]
    fn what_is_no_base64_is_not_read() {
        for text in ["Z", "=", "Zg==Zg==", "Zm9v-_", "hello world!", "Zm9vY"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(decode(encode(&octets).as_bytes()), Some((octets, Flaws::default())));
        }

        #[test]
        fn any_octets_can_be_tried(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            decode(&octets);
        }
    }
}
