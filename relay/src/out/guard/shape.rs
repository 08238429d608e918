//! The shapes of a ClientHello that TLS clients send (RFC 8446 §4.1.2 and §4.2).

/// Whether this is the body of such a ClientHello.
pub(super) fn is_client_hello(body: &[u8]) -> bool {
    well_formed(body).unwrap_or(false)
}

fn well_formed(body: &[u8]) -> Option<bool> {
    let mut hello = Reader(body);
    let version = hello.take(2)?;
    hello.take(32)?;
    let session_id = hello.vector(1)?;
    let suites = hello.vector(2)?;
    let compression = hello.vector(1)?;
    let extensions = if hello.0.is_empty() { &[] } else { hello.vector(2)? };
    Some(
        version[0] == 0x03
            && version[1] <= 0x03
            && matches!(session_id.len(), 0 | 32)
            && are_suites(suites)
            && matches!(compression, [0] | [1, 0] | [0, 1])
            && hello.0.is_empty()
            && are_extensions(extensions)?,
    )
}

/// The values that clients send to keep servers tolerant (RFC 8701 §2).
const fn is_grease([high, low]: [u8; 2]) -> bool {
    high == low && high & 0x0F == 0x0A
}

/// A list of numbers, each of which `may` be there, or is a grease value, of which there is at most one.
fn are_numbers(list: &[u8], may: impl Fn([u8; 2]) -> bool) -> bool {
    let (pairs, rest) = list.as_chunks::<2>();
    let grease = pairs.iter().filter(|pair| is_grease(**pair)).count();
    !pairs.is_empty() && rest.is_empty() && grease <= 1 && pairs.iter().all(|pair| is_grease(*pair) || may(*pair))
}

/// Cipher suites of the ranges that are in use; no two octets in a row of them are letters.
fn are_suites(list: &[u8]) -> bool {
    are_numbers(list, |[high, low]| matches!(high, 0x00 | 0x13 | 0xC0 | 0xCC) || [high, low] == [0x56, 0x00])
}

/// Groups: elliptic curves and finite fields (RFC 8422 §5.1.1, RFC 7919 §2), and those with ML-KEM.
const fn is_group([high, low]: [u8; 2]) -> bool {
    match high {
        0x00 => low <= 0x29,
        0x01 => low <= 0x04,
        0x02 => low <= 0x02,
        0x11 => matches!(low, 0xEB..=0xED),
        0x63 => low == 0x99,
        // Arbitrary curves (RFC 4492 §5.1.1).
        0xFF => matches!(low, 0x01 | 0x02),
        _ => false,
    }
}

const fn is_version([high, low]: [u8; 2]) -> bool {
    high == 0x03 && low <= 0x04
}

const fn is_scheme([high, low]: [u8; 2]) -> bool {
    high <= 0x09 && low <= 0x1F
}

fn are_extensions(bytes: &[u8]) -> Option<bool> {
    let mut seen = Vec::new();
    let mut rest = Reader(bytes);
    while !rest.0.is_empty() {
        let kind = [rest.number(1)? as u8, rest.number(1)? as u8];
        let data = rest.vector(2)?;
        if seen.contains(&kind) || !is_extension(kind, data).unwrap_or(false) {
            return Some(false);
        }
        seen.push(kind);
    }
    Some(seen.iter().filter(|kind| is_grease(**kind)).count() <= 2)
}

/// One extension, by the number that it has in IANA's registry of TLS extensions. What is not here is sent by no mail client
/// in its first ClientHello, or is free text.
fn is_extension(kind: [u8; 2], data: &[u8]) -> Option<bool> {
    let whole = |octets, may: fn([u8; 2]) -> bool| {
        let mut list = Reader(data);
        Some(are_numbers(list.vector(octets)?, may) && list.0.is_empty())
    };
    Some(match u16::from_be_bytes(kind) {
        // server_name
        0 => is_server_name(data)?,
        // status_request: OCSP, with no responders named and no extensions
        5 => data == [1, 0, 0, 0, 0],
        // supported_groups
        10 => whole(2, is_group)?,
        // ec_point_formats
        11 => {
            matches!(data, [length, formats @ ..] if usize::from(*length) == formats.len() && formats.iter().all(|one| *one <= 2) && !formats.is_empty())
        }
        // signature_algorithms and signature_algorithms_cert
        13 | 50 => whole(2, is_scheme)?,
        // heartbeat
        15 => matches!(data, [1 | 2]),
        // signed_certificate_timestamp, encrypt_then_mac, extended_master_secret, session_ticket, post_handshake_auth
        18 | 22 | 23 | 35 | 49 => data.is_empty(),
        // padding
        21 => data.iter().all(|octet| *octet == 0),
        // compress_certificate
        27 => whole(1, |[high, low]| high == 0 && matches!(low, 1..=3))?,
        // record_size_limit: 64 and more (RFC 8449 §4)
        28 => matches!(data, [high, low] if *high <= 0x40 && (*high > 0 || *low >= 64)),
        // supported_versions
        43 => whole(1, is_version)?,
        // psk_key_exchange_modes
        45 => matches!(data, [1, 0 | 1] | [2, 0, 1] | [2, 1, 0]),
        // key_share
        51 => are_key_shares(data)?,
        // renegotiation_info
        0xFF01 => data == [0],
        _ => is_grease(kind) && matches!(data, [] | [0]),
    })
}

/// One host name (RFC 6066 §3).
fn is_server_name(data: &[u8]) -> Option<bool> {
    let mut list = Reader(data);
    let mut names = Reader(list.vector(2)?);
    let kind = names.number(1)?;
    let name = names.vector(2)?;
    let is_letter = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    let fits = (1..=255).contains(&name.len()) && name.iter().all(is_letter);
    Some(kind == 0 && fits && names.0.is_empty() && list.0.is_empty())
}

/// Key shares, each as long as its group has it (RFC 8446 §4.2.8). The keys are random by nature.
fn are_key_shares(data: &[u8]) -> Option<bool> {
    let mut list = Reader(data);
    let mut shares = Reader(list.vector(2)?);
    let mut seen = Vec::new();
    while !shares.0.is_empty() {
        let group = [shares.number(1)? as u8, shares.number(1)? as u8];
        let key = shares.vector(2)?;
        let fits = match group {
            // The curves of NIST: an uncompressed point.
            [0x00, 0x17] => key.len() == 65 && key[0] == 4,
            [0x00, 0x18] => key.len() == 97 && key[0] == 4,
            [0x00, 0x19] => key.len() == 133 && key[0] == 4,
            [0x00, 0x1D] => key.len() == 32,
            [0x00, 0x1E] => key.len() == 56,
            // ML-KEM 512, 768 and 1024, alone and with a curve.
            [0x02, 0x00] => key.len() == 800,
            [0x02, 0x01] => key.len() == 1184,
            [0x02, 0x02] => key.len() == 1568,
            [0x11, 0xEB] => key.len() == 1249,
            [0x11, 0xEC] => key.len() == 1216,
            [0x11, 0xED] => key.len() == 1665,
            group => is_grease(group) && key == [0],
        };
        if !fits || seen.contains(&group) {
            return Some(false);
        }
        seen.push(group);
    }
    Some(list.0.is_empty())
}

/// What is left to read; every reading is `None` where there is too little.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, octets: usize) -> Option<usize> {
        Some(self.take(octets)?.iter().fold(0, |sum, &octet| sum << 8 | usize::from(octet)))
    }

    /// A length of so many octets, and as many octets as it says.
    fn vector(&mut self, octets: usize) -> Option<&'a [u8]> {
        let length = self.number(octets)?;
        self.take(length)
    }
}
