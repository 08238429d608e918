//! The way out: what may be reached, how it is reached, and bytes both ways.
//!
//! It carries what it cannot read: no TLS, and of SMTP only the first line that a server says.

pub(crate) mod address;
pub(crate) mod bridge;
pub(crate) mod dial;
pub(crate) mod guard;
pub(crate) mod outbound;
pub(crate) mod proxy_header;
pub(crate) mod resolve;
pub(crate) mod target;
pub(crate) mod through;
