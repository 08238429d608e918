//! Names in certificates, made harmless.

use super::MAX_NAMES;
use super::der::{Der, OID, SET, Value};
use crate::printable;

/// One subject alternative name; none of a kind that no server is called by.
pub(super) fn general_name(name: Value<'_>) -> Option<String> {
    match name.tag {
        0x81 | 0x82 => Some(printable::text(name.content)),
        0x86 => Some(["URI ", &printable::text(name.content)].concat()),
        0x87 => Some(match <[u8; 4]>::try_from(name.content) {
            Ok(four) => std::net::Ipv4Addr::from(four).to_string(),
            Err(_) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(name.content).ok()?).to_string(),
        }),
        _ => None,
    }
}

/// Attribute types by the last octet of 2.5.4.N.
const ATTRIBUTES: &[(u8, &str)] = &[
    (3, "CN"),
    (4, "SN"),
    (5, "serialNumber"),
    (6, "C"),
    (7, "L"),
    (8, "ST"),
    (9, "street"),
    (10, "O"),
    (11, "OU"),
    (12, "title"),
    (17, "postalCode"),
    (42, "GN"),
    (97, "organizationIdentifier"),
];

/// A distinguished name as text, the most specific part first (RFC 4514).
pub(crate) fn name(content: &[u8]) -> String {
    let mut parts: Vec<String> = Der(content)
        .filter(|set| set.tag == SET)
        .flat_map(|set| Der(set.content))
        .take(MAX_NAMES)
        .filter_map(|attribute| {
            let mut fields = Der(attribute.content);
            let kind = fields.expect(OID)?;
            let value = string(fields.next()?);
            Some([&attribute_type(kind), "=", &value.replace('\\', "\\\\").replace(',', "\\,")].concat())
        })
        .collect();
    parts.reverse();
    if parts.is_empty() { "(no name)".to_owned() } else { parts.join(", ") }
}

fn attribute_type(oid: &[u8]) -> String {
    match oid {
        [0x55, 4, last] if let Some((_, name)) = ATTRIBUTES.iter().find(|(number, _)| number == last) => (*name).into(),
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1] => "emailAddress".into(),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25] => "DC".into(),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1] => "UID".into(),
        _ => dotted(oid),
    }
}

/// An object identifier in dotted form.
fn dotted(oid: &[u8]) -> String {
    let mut out = String::new();
    let mut number = 0_u64;
    for &byte in oid.iter().take(64) {
        number = number << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            continue;
        }
        if out.is_empty() {
            let first = (number / 40).min(2);
            out.push_str(&first.to_string());
            number -= first * 40;
        }
        out.push('.');
        out.push_str(&number.to_string());
        number = 0;
    }
    out
}

/// A string of any of ASN.1's kinds, made harmless.
fn string(value: Value<'_>) -> String {
    let text: String = match value.tag {
        // BMPString: UTF-16, the high octet first.
        0x1E => char::decode_utf16(value.content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])))
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        // TeletexString: read as Latin-1, as everybody wrote it.
        0x14 => value.content.iter().map(|&byte| char::from(byte)).collect(),
        _ => return printable::text(value.content),
    };
    printable::text(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_written_with_dots() {
        assert_eq!(dotted(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x88, 0x37, 3]), "2.999.3");
    }
}
