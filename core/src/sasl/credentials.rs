//! What a person signs in with, and the TLS session that the proof is bound to.

use std::fmt;

use super::Mechanism;
use crate::json::Mistake;
use crate::secret::{MASK, Secret};

/// What a person signs in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The name whose password or token it is; for ANONYMOUS the trace.
    pub user: String,
    /// The password.
    pub password: Option<Secret>,
    /// The OAuth 2.0 access token.
    pub token: Option<Secret>,
    /// Whom to act for, where that is somebody else; else empty.
    pub authorization_id: String,
    /// The server's name, which OAUTHBEARER repeats; may be empty.
    pub host: String,
    /// The server's port, which OAUTHBEARER repeats; 0 leaves it out.
    pub port: u16,
}

impl Credentials {
    pub(super) fn password(&self) -> &str {
        self.password.as_ref().map(Secret::reveal).unwrap_or_default()
    }

    pub(super) fn token(&self) -> &str {
        self.token.as_ref().map(Secret::reveal).unwrap_or_default()
    }

    /// Whether everything is there that `mechanism` needs, and fit to be sent.
    pub(super) fn check(&self, mechanism: Mechanism) -> Result<(), Mistake> {
        for need in mechanism.needs() {
            let (field, text) = match need.field {
                "password" => (need.field, self.password.as_ref().map(Secret::reveal)),
                "token" => (need.field, self.token.as_ref().map(Secret::reveal).filter(|token| !token.is_empty())),
                "authorization_id" => (need.field, Some(self.authorization_id.as_str())),
                _ => ("user", Some(self.user.as_str()).filter(|user| !user.is_empty())),
            };
            match text {
                None if need.required => {
                    return Err(Mistake::new(field, [mechanism.word(), " needs it"].concat()));
                }
                // Control characters separate the fields of a message: they cannot stand in one.
                Some(text) if text.contains(char::is_control) => {
                    let message = "holds a control character; a line end may have been pasted along";
                    return Err(Mistake::new(field, message));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What identifies a TLS session, so that a proof fits no other (RFC 5056).
#[derive(Clone, PartialEq, Eq)]
pub struct Binding {
    /// What it was made from.
    pub kind: BindingKind,
    /// Its octets. They are secret: who has them can pass off another session as this one.
    pub data: Vec<u8>,
}

/// What a [`Binding`] is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// Exported keying material of the session (RFC 9266).
    TlsExporter,
    /// The digest of the server's certificate (RFC 5929 §4).
    TlsServerEndPoint,
}

impl BindingKind {
    /// Its registered name.
    pub fn word(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        f.write_str(MASK)
    }
}
