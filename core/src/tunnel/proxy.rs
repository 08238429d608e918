//! The PROXY protocol header that a page may ask for, and how it is read.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::json::{Mistake, Object, Value};

/// A PROXY protocol header (HAProxy's `proxy-protocol.txt`), which the relay itself writes to the target as its first
/// octets: the target then takes `source` for its client.
///
/// In JSON: `{"version":1,"source":"192.0.2.1:4711","destination":"198.51.100.7:25"}`. Both addresses are of one
/// family; IPv6 is written `[2001:db8::1]:25`, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct ProxyHeader {
    /// Text or binary.
    pub version: ProxyVersion,
    /// The client that the target shall see.
    pub source: SocketAddr,
    /// Where that client had connected to.
    pub destination: SocketAddr,
}

/// The version of a [`ProxyHeader`]: its form, since both say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub enum ProxyVersion {
    /// One line of text.
    V1,
    /// Binary.
    V2,
}

impl From<ProxyVersion> for u8 {
    fn from(version: ProxyVersion) -> Self {
        match version {
            ProxyVersion::V1 => 1,
            ProxyVersion::V2 => 2,
        }
    }
}

impl ProxyHeader {
    /// A header of `version` between two addresses.
    ///
    /// # Errors
    /// The addresses are of different families, or one has a zone, which the header cannot hold.
    pub fn new(version: ProxyVersion, source: SocketAddr, destination: SocketAddr) -> Result<Self, Mistake> {
        for (field, address) in [("source", source), ("destination", destination)] {
            if matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0) {
                return Err(Mistake::new(field, "must have no zone"));
            }
        }
        if source.is_ipv4() != destination.is_ipv4() {
            return Err(Mistake::new(
                "destination",
                "must be of the same family as the source, both IPv4 or both IPv6",
            ));
        }
        Ok(Self { version, source, destination })
    }

    /// Reads the JSON form strictly.
    ///
    /// # Errors
    /// The field that is missing, wrong or not known, and what to write.
    pub(crate) fn of(value: Value) -> Result<Self, Mistake> {
        let mut object = Object::of(value)?;
        let version = match object.number::<u8>("version")? {
            Some(1) => ProxyVersion::V1,
            Some(2) => ProxyVersion::V2,
            _ => return Err(Mistake::new("version", "must be 1 or 2")),
        };
        let source = address(&mut object, "source")?;
        let destination = address(&mut object, "destination")?;
        object.done()?;
        Self::new(version, source, destination)
    }

    /// What is wrong with the header in a message that could not be read; none where something else is.
    pub(super) fn mistake_in(message: &str) -> Option<Mistake> {
        let header = Object::parse(message).ok()?.take("proxy_header")?;
        let mistake = Self::of(header).err()?;
        let field = ["proxy_header", mistake.field.as_str()].join(if mistake.field.is_empty() { "" } else { "." });
        Some(Mistake::new(&field, mistake.message))
    }
}

impl TryFrom<Value> for ProxyHeader {
    type Error = Mistake;

    fn try_from(value: Value) -> Result<Self, Mistake> {
        Self::of(value)
    }
}

fn address(object: &mut Object, field: &str) -> Result<SocketAddr, Mistake> {
    let form = || Mistake::new(field, "must be an IP address and a port, as 192.0.2.1:25 or [2001:db8::1]:25");
    object.some_text(field)?.parse().map_err(|_| form())
}

#[cfg(test)]
mod tests {
    use super::super::{Connect, ToRelay};
    use super::*;

    fn connect(header: &str) -> Result<ToRelay, Mistake> {
        ToRelay::from_json(&format!(r#"{{"type":"connect","host":"mx.example","port":25,"proxy_header":{header}}}"#))
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for (version, source, destination) in [
            (ProxyVersion::V1, "192.0.2.1:4711", "198.51.100.7:25"),
            (ProxyVersion::V2, "[2001:db8::1]:65535", "[2001:db8::2]:587"),
        ] {
            let header = ProxyHeader::new(version, source.parse().unwrap(), destination.parse().unwrap()).unwrap();
            let (host, port) = (Some("mx.example".to_owned()), Some(25));
            let message = ToRelay::Connect(Connect { host, port, proxy_header: Some(header), ..Connect::default() });
            assert_eq!(ToRelay::from_json(&message.to_json()), Ok(message.clone()), "{}", message.to_json());
        }
        let header = r#"{"version":2,"source":"192.0.2.1:4711","destination":"198.51.100.7:25"}"#;
        let Ok(ToRelay::Connect(read)) = connect(header) else { panic!("{header}") };
        assert_eq!(serde_json::to_string(&read.proxy_header).unwrap(), header);
    }

    #[test]
    fn what_is_wrong_with_a_header_is_told_by_its_field() {
        for (header, field) in [
            (r#"{"version":3,"source":"192.0.2.1:1","destination":"192.0.2.2:25"}"#, "proxy_header.version"),
            (r#"{"version":"1","source":"192.0.2.1:1","destination":"192.0.2.2:25"}"#, "proxy_header.version"),
            (r#"{"source":"192.0.2.1:1","destination":"192.0.2.2:25"}"#, "proxy_header.version"),
            (r#"{"version":1,"source":"192.0.2.1","destination":"192.0.2.2:25"}"#, "proxy_header.source"),
            (r#"{"version":1,"source":"mx.example:1","destination":"192.0.2.2:25"}"#, "proxy_header.source"),
            (r#"{"version":1,"source":"[fe80::1%1]:1","destination":"[fe80::2]:25"}"#, "proxy_header.source"),
            (r#"{"version":1,"source":"192.0.2.1:1","destination":"192.0.2.2:65536"}"#, "proxy_header.destination"),
            (r#"{"version":1,"source":"192.0.2.1:1","destination":"[2001:db8::2]:25"}"#, "proxy_header.destination"),
            (r#"{"version":1,"source":"192.0.2.1:1"}"#, "proxy_header.destination"),
            (r#"{"version":1,"source":"192.0.2.1:1","destination":"192.0.2.2:25","x":1}"#, "proxy_header.x"),
            (r#""PROXY TCP4""#, "proxy_header"),
        ] {
            assert_eq!(connect(header).unwrap_err().field, field, "{header}");
        }
        assert_eq!(connect(r#"{"version":1},"x":1"#).unwrap_err().field, "proxy_header.source");
    }
}
