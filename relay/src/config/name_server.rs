//! DNS servers as operators write them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

/// A DNS server to ask, in place of the system's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NameServer {
    /// Where it is.
    pub address: SocketAddr,
    /// The name in its certificate, where it is asked over TLS (RFC 7858).
    pub tls_name: Option<String>,
}

impl From<SocketAddr> for NameServer {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls_name: None }
    }
}

impl FromStr for NameServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mistake =
            || format!("{text:?} is no DNS server; write 192.0.2.53, 192.0.2.53:53 or tls://192.0.2.53#dns.example");
        let (place, tls_name) = match text.strip_prefix("tls://") {
            Some(rest) => match rest.split_once('#') {
                Some((place, name)) if super::names::is_host_name(name) => (place, Some(name.to_owned())),
                _ => {
                    return Err(format!(
                        "{text:?} lacks the name in the server's certificate: tls://192.0.2.53#dns.example"
                    ));
                }
            },
            None => (text, None),
        };
        let usual = if tls_name.is_some() { 853 } else { 53 };
        let bare = place.strip_prefix('[').and_then(|place| place.strip_suffix(']')).unwrap_or(place);
        let with_usual = || bare.parse::<IpAddr>().ok().map(|ip| (ip, usual).into());
        let address = place.parse().ok().or_else(with_usual).ok_or_else(mistake)?;
        Ok(Self { address, tls_name })
    }
}

impl TryFrom<String> for NameServer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tls_name {
            Some(name) => write!(f, "tls://{}#{name}", self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_with_or_without_port_and_with_a_name_where_tls_is_wanted() {
        for (text, told) in [
            ("192.0.2.53", "192.0.2.53:53"),
            ("192.0.2.53:5353", "192.0.2.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]", "[2001:db8::53]:53"),
            ("[2001:db8::53]:54", "[2001:db8::53]:54"),
            ("tls://192.0.2.53#dns.example", "tls://192.0.2.53:853#dns.example"),
            ("tls://[2001:db8::53]:8853#dns.example", "tls://[2001:db8::53]:8853#dns.example"),
        ] {
            assert_eq!(text.parse::<NameServer>().unwrap().to_string(), told);
        }
        for text in [
            "",
            "dns.example",
            "tls://192.0.2.53",
            "tls://dns.example#dns.example",
            "192.0.2.53:99999",
            "tls://192.0.2.53#a b",
        ] {
            let told = text.parse::<NameServer>().unwrap_err();
            assert!(told.contains("192.0.2.53"), "{told}");
        }
    }
}
