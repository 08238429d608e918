//! A reader of certificates (X.509, RFC 5280) for showing them: tolerant, bounded, never deciding whom to trust.

use crate::printable;

/// Most names of one certificate that are kept.
const MAX_NAMES: usize = 100;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// What follows in DER (ITU-T X.690), value by value.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

/// One value of it.
#[derive(Clone, Copy)]
struct Value<'a> {
    tag: u8,
    content: &'a [u8],
    /// Tag, length and content.
    whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // Tags above 30 do not occur in certificates.
        if tag & 0x1F == 0x1F {
            return None;
        }
        let count = if first < 0x80 { 0 } else { usize::from(first & 0x7F) };
        if first == 0x80 || count > 3 {
            return None;
        }
        let (length, rest) = rest.split_at_checked(count)?;
        let short = if first < 0x80 { usize::from(first) } else { 0 };
        let length = length.iter().fold(short, |sum, &byte| sum << 8 | usize::from(byte));
        let (content, after) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some(Value { tag, content, whole })
    }

    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|value| value.tag == tag).map(|value| value.content)
    }

    /// The next value if it has that tag; otherwise nothing is taken.
    fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.next().map(|value| value.content) } else { None }
    }
}

impl<'a> Iterator for Der<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        Der::next(self)
    }
}

/// A public key's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// With the modulus' length in bits.
    Rsa(usize),
    /// On a named curve.
    Ec(&'static str),
    /// DSA, with the prime's length in bits.
    Dsa(usize),
    /// Any other, by name.
    Other(&'static str),
}

impl Key {
    /// Whether it is too short: RSA and DSA below 2048 bits, curves below 224.
    pub(crate) fn weak(self) -> bool {
        match self {
            Self::Rsa(bits) | Self::Dsa(bits) => bits < 2048,
            Self::Ec(curve) => curve == "P-192",
            Self::Other(_) => false,
        }
    }

    /// Whether the TLS machine can check what it signs.
    pub(crate) fn supported(self) -> bool {
        matches!(self, Self::Rsa(2048..=8192) | Self::Ec("P-256" | "P-384") | Self::Other("Ed25519"))
    }

    pub(crate) fn words(self) -> String {
        match self {
            Self::Rsa(bits) => ["RSA ", &bits.to_string()].concat(),
            Self::Dsa(bits) => ["DSA ", &bits.to_string()].concat(),
            Self::Ec(curve) => ["ECDSA ", curve].concat(),
            Self::Other(name) => name.to_owned(),
        }
    }
}

/// The hash within a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    /// The signature has none of its own, or it is not known.
    None,
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::None => "an unknown hash",
        }
    }

    pub(crate) fn weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) hash: Hash,
    with: &'static str,
}

impl Signature {
    pub(crate) fn words(self) -> String {
        match self.with {
            "RSA" | "RSA-PSS" | "ECDSA" | "DSA" => [self.hash.name(), " with ", self.with].concat(),
            alone => alone.to_owned(),
        }
    }
}

/// What a certificate says.
pub(crate) struct X509<'a> {
    /// 1, 2 or 3.
    pub(crate) version: u8,
    pub(crate) serial: &'a [u8],
    /// The content of the issuer's name, without the outer tag and length.
    pub(crate) issuer: &'a [u8],
    /// The content of the subject's name.
    pub(crate) subject: &'a [u8],
    /// Milliseconds since 1970 began.
    pub(crate) not_before: Option<i64>,
    pub(crate) not_after: Option<i64>,
    /// SubjectPublicKeyInfo, with tag and length.
    pub(crate) spki: &'a [u8],
    pub(crate) key: Key,
    pub(crate) signature: Signature,
    /// Subject alternative names, made harmless.
    pub(crate) names: Vec<String>,
    pub(crate) is_ca: bool,
    /// Where the issuer's certificate can be got.
    pub(crate) issuer_at: Option<String>,
}

impl<'a> X509<'a> {
    /// Reads a certificate; none where its frame cannot be read. Extensions that cannot be read count as absent.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Der(Der(der).expect(SEQUENCE)?);
        let mut tbs = Der(outer.expect(SEQUENCE)?);
        let signature = outer.expect(SEQUENCE).map_or(UNKNOWN_SIGNATURE, signature);
        let version = tbs.optional(0xA0).and_then(|version| Der(version).expect(INTEGER));
        let serial = tbs.expect(INTEGER)?;
        tbs.expect(SEQUENCE)?;
        let issuer = tbs.expect(SEQUENCE)?;
        let mut validity = Der(tbs.expect(SEQUENCE)?);
        let (not_before, not_after) = (validity.next(), validity.next());
        let subject = tbs.expect(SEQUENCE)?;
        let spki = tbs.next().filter(|value| value.tag == SEQUENCE)?;
        let mut read = Self {
            version: version.and_then(<[u8]>::last).map_or(1, |byte| byte.saturating_add(1)),
            serial,
            issuer,
            subject,
            not_before: not_before.and_then(time),
            not_after: not_after.and_then(time),
            spki: spki.whole,
            key: key(spki.content).unwrap_or(Key::Other("a key that cannot be read")),
            signature,
            names: Vec::new(),
            is_ca: false,
            issuer_at: None,
        };
        if let Some(extensions) =
            tbs.find(|value| value.tag == 0xA3).and_then(|outer| Der(outer.content).expect(SEQUENCE))
        {
            Der(extensions).for_each(|extension| {
                let _ = read.extension(extension.content);
            });
        }
        Some(read)
    }

    pub(crate) fn self_signed(&self) -> bool {
        self.subject == self.issuer
    }

    fn extension(&mut self, content: &'a [u8]) -> Option<()> {
        let mut fields = Der(content);
        let id = fields.expect(OID)?;
        fields.optional(0x01);
        let value = Der(fields.expect(OCTETS)?).expect(SEQUENCE)?;
        match id {
            // Subject alternative name (RFC 5280 §4.2.1.6).
            [0x55, 0x1D, 0x11] => self.names = Der(value).take(MAX_NAMES).filter_map(general_name).collect(),
            // Basic constraints (§4.2.1.9).
            [0x55, 0x1D, 0x13] => self.is_ca = Der(value).expect(0x01).is_some_and(|flag| flag != [0]),
            // Authority information access (§4.2.2.1).
            [0x2B, 6, 1, 5, 5, 7, 1, 1] => {
                self.issuer_at = Der(value).find_map(|access| {
                    let mut fields = Der(access.content);
                    let how = fields.expect(OID)?;
                    let location = fields.next()?;
                    // caIssuers, and a URI.
                    let fits = how == [0x2B, 6, 1, 5, 5, 7, 0x30, 2] && location.tag == 0x86;
                    fits.then(|| printable::text(location.content))
                });
            }
            _ => {}
        }
        Some(())
    }
}

/// One subject alternative name; none of a kind that no server is called by.
fn general_name(name: Value<'_>) -> Option<String> {
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

/// UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5), in milliseconds since 1970 began.
fn time(value: Value<'_>) -> Option<i64> {
    let digits = value.content.strip_suffix(b"Z")?;
    let two = |at: usize| -> Option<i64> {
        let pair = digits.get(at..at + 2)?;
        pair.iter().all(u8::is_ascii_digit).then(|| i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0'))
    };
    let (year, at) = match value.tag {
        0x17 => (two(0)? + if two(0)? < 50 { 2000 } else { 1900 }, 2),
        0x18 => (two(0)? * 100 + two(2)?, 4),
        _ => return None,
    };
    let (month, day, hour, minute) = (two(at)?, two(at + 2)?, two(at + 4)?, two(at + 6)?);
    let second = if digits.len() > at + 8 { two(at + 8)? } else { 0 };
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    fits.then(|| (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// A moment in words, such as `2026-01-31 12:00:00 UTC`.
pub(crate) fn moment(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (day, second) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * from_march + 2) / 5 + 1, (from_march + 2) % 12 + 1);
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

const CURVES: &[(&[u8], &str)] = &[
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7], "P-256"),
    (&[0x2B, 0x81, 0x04, 0x00, 0x22], "P-384"),
    (&[0x2B, 0x81, 0x04, 0x00, 0x23], "P-521"),
    (&[0x2B, 0x81, 0x04, 0x00, 0x21], "P-224"),
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 1], "P-192"),
    (&[0x2B, 0x81, 0x04, 0x00, 0x0A], "secp256k1"),
    (&[0x2B, 0x24, 3, 3, 2, 8, 1, 1, 7], "brainpoolP256r1"),
    (&[0x2B, 0x24, 3, 3, 2, 8, 1, 1, 11], "brainpoolP384r1"),
    (&[0x2B, 0x24, 3, 3, 2, 8, 1, 1, 13], "brainpoolP512r1"),
];

fn key(spki: &[u8]) -> Option<Key> {
    let mut spki = Der(spki);
    let mut algorithm = Der(spki.expect(SEQUENCE)?);
    // The first octet of a bit string counts the bits to leave out.
    let bits = || spki.clone_next(0x03).and_then(|bits| bits.get(1..));
    Some(match algorithm.expect(OID)? {
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1 | 10] => {
            Key::Rsa(length(Der(Der(bits()?).expect(SEQUENCE)?).expect(INTEGER)?))
        }
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1] => {
            let curve = algorithm.expect(OID).unwrap_or_default();
            Key::Ec(CURVES.iter().find(|(id, _)| *id == curve).map_or("on an unknown curve", |(_, name)| name))
        }
        [0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1] => Key::Dsa(length(Der(algorithm.expect(SEQUENCE)?).expect(INTEGER)?)),
        [0x2B, 0x65, 0x70] => Key::Other("Ed25519"),
        [0x2B, 0x65, 0x71] => Key::Other("Ed448"),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17..=19] => Key::Other("ML-DSA"),
        _ => Key::Other("of an unknown kind"),
    })
}

impl<'a> Der<'a> {
    /// As [`Self::expect`], without moving on.
    fn clone_next(&self, tag: u8) -> Option<&'a [u8]> {
        Der(self.0).expect(tag)
    }
}

/// Bits of a number.
fn length(number: &[u8]) -> usize {
    let start = number.iter().position(|&byte| byte != 0).unwrap_or(number.len());
    let number = &number[start..];
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

const UNKNOWN_SIGNATURE: Signature = Signature { hash: Hash::None, with: "of an unknown kind" };

fn signature(algorithm: &[u8]) -> Signature {
    let mut fields = Der(algorithm);
    let (hash, with) = match fields.expect(OID).unwrap_or_default() {
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, which] => match which {
            2..=4 => (Hash::Md5, "RSA"),
            5 => (Hash::Sha1, "RSA"),
            10 => (pss(fields), "RSA-PSS"),
            11 => (Hash::Sha256, "RSA"),
            12 => (Hash::Sha384, "RSA"),
            13 => (Hash::Sha512, "RSA"),
            14 => (Hash::Sha224, "RSA"),
            _ => return UNKNOWN_SIGNATURE,
        },
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1] => (Hash::Sha1, "ECDSA"),
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, which] => match which {
            1 => (Hash::Sha224, "ECDSA"),
            2 => (Hash::Sha256, "ECDSA"),
            3 => (Hash::Sha384, "ECDSA"),
            4 => (Hash::Sha512, "ECDSA"),
            _ => return UNKNOWN_SIGNATURE,
        },
        [0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 3] => (Hash::Sha1, "DSA"),
        [0x2B, 0x65, 0x70] => (Hash::None, "Ed25519"),
        [0x2B, 0x65, 0x71] => (Hash::None, "Ed448"),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17..=19] => (Hash::None, "ML-DSA"),
        _ => return UNKNOWN_SIGNATURE,
    };
    Signature { hash, with }
}

/// The hash of an RSASSA-PSS signature (RFC 4055 §3.1), SHA-1 where it is not named.
fn pss(mut after: Der<'_>) -> Hash {
    let hash = |parameters| Der(Der(Der(parameters).clone_next(0xA0)?).expect(SEQUENCE)?).expect(OID);
    match after.expect(SEQUENCE).and_then(hash) {
        Some([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]) => Hash::Sha256,
        Some([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2]) => Hash::Sha384,
        Some([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3]) => Hash::Sha512,
        Some([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4]) => Hash::Sha224,
        _ => Hash::Sha1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written_across_leap_years() {
        for (text, ms, words) in [
            ("700101000000Z", 0, "1970-01-01 00:00:00 UTC"),
            ("240229235959Z", 1_709_251_199_000, "2024-02-29 23:59:59 UTC"),
            ("500101000000Z", -631_152_000_000, "1950-01-01 00:00:00 UTC"),
            ("491231235959Z", 2_524_607_999_000, "2049-12-31 23:59:59 UTC"),
        ] {
            let value = Value { tag: 0x17, content: text.as_bytes(), whole: &[] };
            assert_eq!(time(value), Some(ms), "{text}");
            assert_eq!(moment(ms), words);
        }
        let long = Value { tag: 0x18, content: b"99991231235959Z", whole: &[] };
        assert_eq!(moment(time(long).unwrap()), "9999-12-31 23:59:59 UTC");
        assert_eq!(time(Value { tag: 0x17, content: b"2413", whole: &[] }), None);
    }

    #[test]
    fn object_identifiers_are_written_with_dots() {
        assert_eq!(dotted(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x88, 0x37, 3]), "2.999.3");
    }
}
