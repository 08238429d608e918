//! Questions to the DNS and its answers, as page and relay tell them to each other.

use serde::{Deserialize, Serialize};

use crate::json::{Mistake, Object, Value, known, sixteen_bits};
use crate::secret::Secret;

/// A question to the DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The name asked for, taken as absolute; for [`RecordType::Ptr`] an IP address.
    pub name: String,
    /// What is asked.
    pub rtype: RecordType,
    /// The relay's token, where it wants one; needed in the first message only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// A DNS record type that a page may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// Mail exchangers.
    Mx,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The name of an address.
    Ptr,
    /// Texts, such as those of SPF, DKIM, DMARC and MTA-STS.
    Txt,
    /// What certificate a server has (RFC 6698); `_25._tcp.` stands before the host's name.
    Tlsa,
    /// The name that this name stands for.
    Cname,
    /// Where a service is (RFC 2782), such as `_submission._tcp` (RFC 6186).
    Srv,
}

/// The answer to a [`Lookup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The name that was asked for.
    pub name: String,
    /// What was asked.
    pub rtype: RecordType,
    /// How the DNS answered.
    pub rcode: Rcode,
    /// The records of the asked type, in the order of the answer.
    pub records: Vec<Record>,
    /// The least time to live among them, in seconds.
    pub ttl: Option<u32>,
    /// Whether DNSSEC vouches for the answer.
    pub dnssec: Dnssec,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// How the DNS answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rcode {
    /// The name exists (RFC 1035 §4.1.1, 0); there may still be no record of the asked type.
    NoError,
    /// The name does not exist (3).
    NxDomain,
    /// The resolver could not find out (2).
    ServFail,
    /// The resolver does not want to say (5).
    Refused,
    /// No answer in time.
    Timeout,
    /// Anything else.
    Other,
}

/// One record of an answer; names without the final dot, but for the root, which is `.`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum Record {
    /// RFC 5321 §5; an exchange of `.` means that the domain takes no mail (RFC 7505).
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host.
        exchange: String,
    },
    /// An IPv4 address.
    A {
        /// The address as text.
        address: String,
    },
    /// An IPv6 address.
    Aaaa {
        /// The address as text.
        address: String,
    },
    /// A host name.
    Ptr {
        /// The name.
        name: String,
    },
    /// A text; the strings of which it is made are put together, as everybody reads them (RFC 7208 §3.3).
    Txt {
        /// The text; what is no UTF-8 in it is replaced.
        text: String,
    },
    /// RFC 6698 §2.1.
    Tlsa {
        /// 0 to 3: which certificate is meant; 3 is the server's own.
        usage: u8,
        /// 0 for the whole certificate, 1 for its public key.
        selector: u8,
        /// 0 for the data itself, 1 for its SHA-256, 2 for its SHA-512.
        matching: u8,
        /// The data in hexadecimal.
        data: String,
    },
    /// Another name.
    Cname {
        /// The name.
        name: String,
    },
    /// RFC 2782; a target of `.` means that the service is not offered.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The TCP or UDP port.
        port: u16,
        /// The host.
        target: String,
    },
}

/// DNSSEC's verdict (RFC 4035 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dnssec {
    /// Signed, and the chain holds.
    Secure,
    /// Proven to be unsigned.
    Insecure,
    /// Signed, and the chain does not hold.
    Bogus,
    /// Not validated: the DNS server that was asked passes no signatures, or did not say in time.
    Unknown,
}

impl Answer {
    pub(crate) fn take(object: &mut Object) -> Result<Self, Mistake> {
        let records = object.list("records")?.unwrap_or_default();
        let rtype = known(&object.or_empty("rtype"), &RecordType::WORDS);
        Ok(Self {
            name: object.or_empty("name"),
            rtype: rtype.ok_or_else(|| Mistake::new("rtype", "is not known"))?,
            rcode: known(&object.or_empty("rcode"), &Rcode::WORDS).unwrap_or(Rcode::Other),
            records: records.into_iter().filter_map(Record::of).collect(),
            ttl: object.number("ttl")?,
            dnssec: known(&object.or_empty("dnssec"), &Dnssec::WORDS).unwrap_or(Dnssec::Unknown),
            ms: object.or_zero("ms"),
        })
    }
}

impl Record {
    fn of(value: Value) -> Option<Self> {
        let mut object = Object::of(value).ok()?;
        Some(match known(&object.or_empty("type"), &RecordType::WORDS)? {
            RecordType::Mx => Self::Mx {
                preference: sixteen_bits(object.or_zero("preference")),
                exchange: object.or_empty("exchange"),
            },
            RecordType::A => Self::A { address: object.or_empty("address") },
            RecordType::Aaaa => Self::Aaaa { address: object.or_empty("address") },
            RecordType::Ptr => Self::Ptr { name: object.or_empty("name") },
            RecordType::Txt => Self::Txt { text: object.or_empty("text") },
            RecordType::Tlsa => Self::Tlsa {
                usage: sixteen_bits(object.or_zero("usage")) as u8,
                selector: sixteen_bits(object.or_zero("selector")) as u8,
                matching: sixteen_bits(object.or_zero("matching")) as u8,
                data: object.or_empty("data"),
            },
            RecordType::Cname => Self::Cname { name: object.or_empty("name") },
            RecordType::Srv => Self::Srv {
                priority: sixteen_bits(object.or_zero("priority")),
                weight: sixteen_bits(object.or_zero("weight")),
                port: sixteen_bits(object.or_zero("port")),
                target: object.or_empty("target"),
            },
        })
    }
}

impl RecordType {
    /// Each type with its word.
    pub const WORDS: [(&str, Self); 8] = [
        ("MX", Self::Mx),
        ("A", Self::A),
        ("AAAA", Self::Aaaa),
        ("PTR", Self::Ptr),
        ("TXT", Self::Txt),
        ("TLSA", Self::Tlsa),
        ("CNAME", Self::Cname),
        ("SRV", Self::Srv),
    ];
}

impl Rcode {
    pub(crate) const WORDS: [(&str, Self); 6] = [
        ("no_error", Self::NoError),
        ("nx_domain", Self::NxDomain),
        ("serv_fail", Self::ServFail),
        ("refused", Self::Refused),
        ("timeout", Self::Timeout),
        ("other", Self::Other),
    ];
}

impl Dnssec {
    pub(crate) const WORDS: [(&str, Self); 4] =
        [("secure", Self::Secure), ("insecure", Self::Insecure), ("bogus", Self::Bogus), ("unknown", Self::Unknown)];
}
