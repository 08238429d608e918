//! Where visitors come in: listeners, the PROXY header of a proxy in front, TLS and the relay's own certificate.
//!
//! It does not know what a visitor asks for.

pub(crate) mod acme;
pub(crate) mod certificate;
pub(crate) mod connection;
pub(crate) mod entrance;
pub(crate) mod forwarded;
pub(crate) mod https;
pub(crate) mod listen;
pub(crate) mod proxy_header;
pub(crate) mod renewal;
pub(crate) mod stream;
pub(crate) mod tls;
pub(crate) mod warnings;
