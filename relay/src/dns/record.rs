//! Records as the page is told them.

use ehlo_core::tunnel::{Record, RecordType};
use hickory_resolver::proto::rr::{RData, RecordType as Type};

use super::name::plain;

/// The most octets of one text that the page is told; no record that concerns mail comes near.
const TEXT_MAX: usize = 4096;

/// The most octets of a TLSA record's data that the page is told: a whole certificate may be there.
const DATA_MAX: usize = 4096;

pub(super) const fn type_of(rtype: RecordType) -> Type {
    match rtype {
        RecordType::Mx => Type::MX,
        RecordType::A => Type::A,
        RecordType::Aaaa => Type::AAAA,
        RecordType::Ptr => Type::PTR,
        RecordType::Txt => Type::TXT,
        RecordType::Tlsa => Type::TLSA,
        RecordType::Cname => Type::CNAME,
        RecordType::Srv => Type::SRV,
    }
}

/// None where it is of a kind that the page does not ask for.
pub(super) fn record_of(data: &RData) -> Option<Record> {
    match data {
        RData::MX(mx) => Some(Record::Mx { preference: mx.preference, exchange: plain(&mx.exchange) }),
        RData::A(a) => Some(Record::A { address: a.0.to_string() }),
        RData::AAAA(aaaa) => Some(Record::Aaaa { address: aaaa.0.to_string() }),
        RData::PTR(ptr) => Some(Record::Ptr { name: plain(&ptr.0) }),
        RData::TXT(txt) => {
            let octets: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).take(TEXT_MAX).collect();
            Some(Record::Txt { text: String::from_utf8_lossy(&octets).into_owned() })
        }
        RData::TLSA(tlsa) => Some(Record::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.iter().take(DATA_MAX).map(|octet| format!("{octet:02x}")).collect(),
        }),
        RData::CNAME(cname) => Some(Record::Cname { name: plain(&cname.0) }),
        RData::SRV(srv) => {
            Some(Record::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: plain(&srv.target) })
        }
        _ => None,
    }
}
