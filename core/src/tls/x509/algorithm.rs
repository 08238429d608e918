//! Keys and signatures by kind, length, curve and hash.

use super::der::{Der, INTEGER, OID, SEQUENCE};

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

pub(super) fn key(spki: &[u8]) -> Option<Key> {
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

/// Bits of a number.
fn length(number: &[u8]) -> usize {
    let start = number.iter().position(|&byte| byte != 0).unwrap_or(number.len());
    let number = &number[start..];
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

pub(super) const UNKNOWN_SIGNATURE: Signature = Signature { hash: Hash::None, with: "of an unknown kind" };

pub(super) fn signature(algorithm: &[u8]) -> Signature {
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
