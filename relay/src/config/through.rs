//! The proxy through which mail servers are reached, where a network has no other way out.

use std::fmt;
use std::str::FromStr;

use ehlo_core::secret::Secret;
use serde::Deserialize;

use super::names::is_host_name;

/// A proxy, such as `socks5://proxy.corp.example:1080` or `http://user:password@192.0.2.8:3128`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Through {
    /// What it speaks.
    pub kind: ProxyKind,
    /// A host name or an IP address, which is no concern of the policy: the operator has named it.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The user and the password that it wants.
    pub credentials: Option<(String, Secret)>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// RFC 1928, with RFC 1929 where there are credentials.
    Socks5,
    /// CONNECT of HTTP (RFC 9110 §9.3.6).
    Http,
}

impl ProxyKind {
    const fn scheme(self) -> &'static str {
        match self {
            Self::Socks5 => "socks5",
            Self::Http => "http",
        }
    }
}

impl FromStr for Through {
    type Err = String;

    // No message repeats the text, which may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let mistake = || {
            "write the proxy as socks5://HOST:PORT or http://HOST:PORT, with user:password@ before the host where it wants them"
                .to_owned()
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(mistake)?;
        let kind = [ProxyKind::Socks5, ProxyKind::Http].into_iter().find(|kind| kind.scheme() == scheme);
        let (credentials, place) = match rest.trim_end_matches('/').rsplit_once('@') {
            Some((credentials, place)) => {
                let (user, password) = credentials.split_once(':').ok_or_else(mistake)?;
                (Some((decoded(user).ok_or_else(mistake)?, Secret::new(decoded(password).ok_or_else(mistake)?))), place)
            }
            None => (None, rest.trim_end_matches('/')),
        };
        let (host, port) = place.rsplit_once(':').ok_or_else(mistake)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host =
            bare.filter(|host| host.parse::<std::net::Ipv6Addr>().is_ok()).or(is_host_name(host).then_some(host));
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(mistake)?;
        // RFC 1929 has one octet for each length.
        let fits = |text: &str| (1..=255).contains(&text.len());
        if credentials.as_ref().is_some_and(|(user, password)| !fits(user) || !fits(password.reveal())) {
            return Err("user and password of a proxy have 1 to 255 octets each".to_owned());
        }
        Ok(Self { kind: kind.ok_or_else(mistake)?, host: host.ok_or_else(mistake)?.to_owned(), port, credentials })
    }
}

/// Percent-encoded octets (RFC 3986 §2.1), for a `:` or an `@` in a password.
fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(octets).ok()
}

impl TryFrom<String> for Through {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Without the password.
impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.credentials.as_ref().map(|(user, _)| format!("{user}:…@")).unwrap_or_default();
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{}://{user}{host}:{}", self.kind.scheme(), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_and_told_without_its_password() {
        for (text, told) in [
            ("socks5://proxy.corp.example:1080", "socks5://proxy.corp.example:1080"),
            ("http://192.0.2.8:3128/", "http://192.0.2.8:3128"),
            ("http://[2001:db8::8]:3128", "http://[2001:db8::8]:3128"),
            ("socks5://user:p%40ss%3Aw@proxy.example:1080", "socks5://user:…@proxy.example:1080"),
        ] {
            let through: Through = text.parse().unwrap();
            assert_eq!(through.to_string(), told);
            assert!(!format!("{through:?}").contains("p@ss"));
        }
        let through: Through = "socks5://user:p%40ss%3Aw@proxy.example:1080".parse().unwrap();
        assert_eq!(through.credentials.unwrap().1.reveal(), "p@ss:w");
    }

    #[test]
    fn what_is_no_proxy_is_told_without_repeating_what_may_be_a_password() {
        for text in [
            "",
            "proxy:1080",
            "socks4://proxy:1080",
            "socks5://proxy",
            "socks5://planted@proxy:1",
            "http://u:planted@:1",
            "http://u:planted%G@h:1",
        ] {
            let told = text.parse::<Through>().unwrap_err();
            assert!(told.contains("socks5://HOST:PORT") && !told.contains("planted"), "{told}");
        }
    }
}
