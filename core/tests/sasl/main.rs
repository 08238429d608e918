//! SASL from outside: the vectors of the RFCs, another implementation as the server, wrong servers, secrets.

mod decoded;
mod independent;
mod planted;
mod servers;
mod vectors;

use ehlo_core::sasl::{Binding, BindingKind, Credentials, Exchange, Mechanism};
use ehlo_core::secret::Secret;

/// One exchange of each mechanism with `secret` for password and token.
fn every_exchange(nonce: &str, secret: &str) -> Vec<Exchange> {
    let who = Credentials {
        user: "user".into(),
        password: Some(Secret::new(secret)),
        token: Some(Secret::new(secret)),
        authorization_id: "other".into(),
        host: "mx.example".into(),
        port: 587,
    };
    let binding = Binding { kind: BindingKind::TlsExporter, data: vec![7; 32] };
    let exchange = |mechanism| Exchange::new(mechanism, who.clone(), nonce, Some(&binding), true).unwrap();
    Mechanism::ALL.into_iter().map(exchange).collect()
}
