//! The SMTP conversation without I/O.

pub mod base64;
pub mod case;
pub mod catalog;
pub mod domain;
pub mod explain;
pub mod export;
pub mod json;
pub mod machine;
pub mod plan;
pub mod practice;
pub mod printable;
pub mod probe;
pub mod reading;
pub mod record;
pub mod sasl;
pub mod search;
pub mod secret;
pub mod setup;
pub mod time;
pub mod tls;
pub mod tunnel;
pub mod wire;
