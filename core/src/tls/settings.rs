//! What a handshake is told: names, versions, authorities, the client's own certificate.

use std::fmt;

use serde::Serialize;

use super::read::{self, words};
use crate::json::Mistake;
use crate::printable;
use crate::secret::Secret;

words! {
    /// Which versions of TLS are offered.
    pub enum Versions {
        /// TLS 1.2 and TLS 1.3.
        Both = "both",
        /// TLS 1.2 (RFC 5246) only.
        Tls12 = "1.2",
        /// TLS 1.3 (RFC 8446) only.
        Tls13 = "1.3",
    }
}

/// What a handshake is told.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The host that was called, for the `openssl` command: a name or an address.
    pub host: String,
    /// The port that was called.
    pub port: u16,
    /// Whether the handshake follows a `220` to STARTTLS (RFC 3207) and not the connection itself.
    pub starttls: bool,
    /// The name sent in clear text as server name indication (RFC 6066 §3); empty sends none, and an address is never
    /// sent.
    pub server_name: String,
    /// The name or address that the certificate must carry; empty checks none, which is a problem of the verdict.
    pub check_name: String,
    /// Which versions are offered.
    pub versions: Versions,
    /// Certificates in PEM that are trusted as well as the well-known authorities.
    pub authorities: Option<String>,
    /// The client's own certificate, those that signed it, and its private key, in PEM.
    pub client: Option<Secret>,
    /// The wall clock, in milliseconds since 1970 began (UTC): certificates are judged by it.
    pub now: u64,
    /// Whether to ask with a hand-made ClientHello what an old server would agree to, instead of shaking hands.
    pub probe: bool,
}

impl Settings {
    /// A handshake with `host`, by whose name the certificate is checked, both versions offered.
    pub fn new(host: &str, port: u16, starttls: bool, now: u64) -> Self {
        Self {
            host: host.to_owned(),
            port,
            starttls,
            server_name: host.to_owned(),
            check_name: host.to_owned(),
            versions: Versions::Both,
            authorities: None,
            client: None,
            now,
            probe: false,
        }
    }

    /// The settings on one line of JSON, the private key included: for the TLS machine and for nothing else.
    pub fn to_json(&self) -> String {
        crate::json::to_string(self)
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, Mistake> {
        let mut object = read::object(json)?;
        Ok(Self {
            host: object.or_empty("host"),
            port: read::number(&mut object, "port"),
            starttls: read::flag(&mut object, "starttls"),
            server_name: object.or_empty("server_name"),
            check_name: object.or_empty("check_name"),
            versions: Versions::read(&mut object, "versions")?,
            authorities: object.text("authorities")?,
            client: object.text("client")?.map(Secret::new),
            now: object.or_zero("now"),
            probe: read::flag(&mut object, "probe"),
        })
    }

    /// The `openssl` command that shakes hands with the same server, to go further in a terminal.
    pub fn openssl(&self) -> String {
        let mut command = "openssl s_client".to_owned();
        if self.starttls {
            command.push_str(" -starttls smtp");
        }
        let host = if self.host.contains(':') { ["[", &self.host, "]"].concat() } else { self.host.clone() };
        command.push_str(" -connect ");
        command.push_str(&quoted(&[&host, ":", &self.port.to_string()].concat()));
        if self.server_name.is_empty() || is_address(&self.server_name) {
            command.push_str(" -noservername");
        } else {
            command.push_str(" -servername ");
            command.push_str(&quoted(&self.server_name));
        }
        if !self.check_name.is_empty() {
            let check = if is_address(&self.check_name) { " -verify_ip " } else { " -verify_hostname " };
            command.push_str(check);
            command.push_str(&quoted(&self.check_name));
        }
        match self.versions {
            Versions::Both => {}
            Versions::Tls12 => command.push_str(" -tls1_2"),
            Versions::Tls13 => command.push_str(" -tls1_3"),
        }
        if self.authorities.is_some() {
            command.push_str(" -CAfile own-ca.pem");
        }
        if self.client.is_some() {
            command.push_str(" -cert client.pem -key client.pem");
        }
        command.push_str(" -showcerts -crlf");
        command
    }
}

impl fmt::Debug for Settings {
    /// Names and switches; of the certificates only whether there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("starttls", &self.starttls)
            .field("server_name", &self.server_name)
            .field("check_name", &self.check_name)
            .field("versions", &self.versions)
            .field("authorities", &self.authorities.is_some())
            .field("client", &self.client)
            .field("now", &self.now)
            .field("probe", &self.probe)
            .finish()
    }
}

/// Whether `name` is an IP address and not a name.
pub(super) fn is_address(name: &str) -> bool {
    crate::wire::address::is_ip(name)
}

/// `word` for a POSIX shell: as it is where that is safe, between single quotes otherwise.
fn quoted(word: &str) -> String {
    let word = printable::text(word.as_bytes());
    let safe = |c: char| c.is_ascii_alphanumeric() || ".:-_".contains(c);
    if word.chars().all(safe) && !word.is_empty() {
        return word;
    }
    ["'", &word.replace('\'', "'\\''"), "'"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("mx.example", 25, true, 1_700_000_000_000)
    }

    #[test]
    fn settings_read_back_as_they_were_written() {
        let mut all = settings();
        all.authorities = Some("-----BEGIN CERTIFICATE-----\n".into());
        all.client = Some(Secret::new("key"));
        all.versions = Versions::Tls12;
        all.probe = true;
        for settings in [settings(), all] {
            assert_eq!(Settings::from_json(&settings.to_json()), Ok(settings));
        }
        assert!(Settings::from_json("[]").is_err());
    }

    #[test]
    fn a_private_key_is_not_in_debug() {
        let settings = Settings { client: Some(Secret::new("hunter2")), ..settings() };
        assert!(!format!("{settings:?}{settings:#?}").contains("hunter2"));
    }

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        assert_eq!(
            settings().openssl(),
            "openssl s_client -starttls smtp -connect mx.example:25 -servername mx.example -verify_hostname mx.example \
             -showcerts -crlf"
        );
        let hostile = Settings { server_name: "a'; rm -rf $HOME\n".into(), ..settings() };
        assert!(hostile.openssl().contains(r"-servername 'a'\''; rm -rf $HOME␊'"), "{}", hostile.openssl());
        let address = Settings::new("2001:db8::1", 465, false, 0).openssl();
        assert!(address.contains("-connect '[2001:db8::1]:465' -noservername -verify_ip 2001:db8::1"), "{address}");
    }
}
