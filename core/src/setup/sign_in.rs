//! How the person signs in (RFC 4954).

use crate::json::{Mistake, Object};
use crate::secret::Secret;

/// What to sign in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// The SASL mechanism by its name; none: the best that the server offers and the credentials allow.
    pub mechanism: Option<String>,
    /// The user name (authentication identity).
    pub user: String,
    /// The password.
    pub password: Option<Secret>,
    /// The access token, for XOAUTH2 and OAUTHBEARER.
    pub token: Option<Secret>,
    /// The identity to act as (authorisation identity); empty: the user's own.
    pub authorization_id: String,
    /// Whether the first answer goes out together with AUTH (RFC 4954 §4).
    pub initial_response: bool,
    /// Which channel binding a -PLUS mechanism uses: false for `tls-exporter` (RFC 9266), true for
    /// `tls-server-end-point` (RFC 5929).
    pub bind_to_certificate: bool,
}

impl SignIn {
    pub(super) fn of(value: crate::json::Value) -> Result<Self, Mistake> {
        let mut object = Object::of(value).map_err(|_| Mistake::new("sign_in", "must be an object"))?;
        let sign_in = Self {
            mechanism: object.text("mechanism")?.map(|word| word.trim().to_ascii_uppercase()).filter(|w| !w.is_empty()),
            user: object.text("user")?.unwrap_or_default(),
            password: object.text("password")?.filter(|text| !text.is_empty()).map(Secret::new),
            token: object.text("token")?.filter(|text| !text.is_empty()).map(Secret::new),
            authorization_id: object.text("authorization_id")?.unwrap_or_default(),
            initial_response: object.flag("initial_response")?.unwrap_or(true),
            bind_to_certificate: object.flag("bind_to_certificate")?.unwrap_or_default(),
        };
        object.done()?;
        Ok(sign_in)
    }
}
