//! The two mechanisms that carry an OAuth 2.0 access token, and the errors that servers answer them with.

use serde::Serialize;

use super::Credentials;
use super::scram::push_name;
use crate::json::{Object, Value};
use crate::printable;

/// The message of XOAUTH2: user and token, each ended by the octet 1.
pub(super) fn xoauth2(who: &Credentials) -> Vec<u8> {
    ["user=", &who.user, "\x01auth=Bearer ", who.token(), "\x01\x01"].concat().into_bytes()
}

/// The message of OAUTHBEARER (RFC 7628 §3.1).
pub(super) fn oauthbearer(who: &Credentials) -> Vec<u8> {
    let mut out = "n,".to_owned();
    let name = if who.authorization_id.is_empty() { &who.user } else { &who.authorization_id };
    if !name.is_empty() {
        out.push_str("a=");
        push_name(&mut out, name);
    }
    out.push_str(",\x01");
    if !who.host.is_empty() {
        out.push_str("host=");
        out.push_str(&who.host);
        out.push('\x01');
    }
    if who.port != 0 {
        out.push_str("port=");
        out.push_str(&who.port.to_string());
        out.push('\x01');
    }
    out.push_str("auth=Bearer ");
    out.push_str(who.token());
    out.push_str("\x01\x01");
    out.into_bytes()
}

/// What a server says of a token that it does not take (RFC 7628 §3.2.2; XOAUTH2 has the same form).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OauthError {
    /// The status: a word of RFC 6750 §3.1, or a number of HTTP as text.
    pub status: String,
    /// The scope that the token must be for; may be empty.
    pub scope: String,
    /// The kinds of token that it takes; may be empty.
    pub schemes: String,
    /// Where the server says how tokens are got; may be empty.
    pub configuration: String,
    /// What it means, in one sentence.
    pub sentence: &'static str,
    /// What to do.
    pub advice: &'static str,
}

/// What the server's JSON says, in words; nothing where it is no such error.
pub fn explain_error(json: &[u8]) -> Option<OauthError> {
    let mut fields = Object::parse(std::str::from_utf8(json).ok()?).ok()?;
    let status = match fields.take("status")? {
        Value::String(text) => text,
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    let (sentence, advice) = meaning(&status);
    let mut text = |name: &str| printable::text(fields.or_empty(name).as_bytes());
    Some(OauthError {
        scope: text("scope"),
        schemes: text("schemes"),
        configuration: text("openid-configuration"),
        status: printable::text(status.as_bytes()),
        sentence,
        advice,
    })
}

fn meaning(status: &str) -> (&'static str, &'static str) {
    match status {
        "invalid_token" | "401" => (
            "The server does not take the token: it has run out, was withdrawn, is of another account, or is not for mail.",
            "Get a new access token, for this account and with the scope for SMTP; most last an hour.",
        ),
        "insufficient_scope" | "403" => (
            "The token is good, but does not allow to send mail.",
            "Ask for a token with the scope that the server names, and see that the account may use SMTP AUTH.",
        ),
        "invalid_request" | "400" => (
            "The server could not make sense of the message with the token.",
            "See that the token is whole, without spaces, line ends or the word Bearer, and that the user is the full address.",
        ),
        status if status.starts_with('5') => {
            ("The server has trouble of its own with checking tokens.", "Try again later.")
        }
        _ => (
            "The server does not take the token.",
            "Get a new access token, for this account and with the scope for SMTP.",
        ),
    }
}
