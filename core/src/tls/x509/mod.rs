//! A reader of certificates (X.509, RFC 5280) for showing them: tolerant, bounded, never deciding whom to trust.

mod algorithm;
mod der;
mod moment;
mod name;

pub(crate) use algorithm::{Hash, Key, Signature};
pub(crate) use moment::moment;
pub(crate) use name::name;

use algorithm::{UNKNOWN_SIGNATURE, key, signature};
use der::{Der, INTEGER, OCTETS, OID, SEQUENCE};
use moment::time;
use name::general_name;

use crate::printable;

/// Most names of one certificate that are kept.
const MAX_NAMES: usize = 100;

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
