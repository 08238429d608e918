//! The SMTP conversation without I/O.

pub mod base64;
pub mod catalog;
#[cfg(feature = "tls")]
pub mod connection;
pub mod diagnose;
pub mod explain;
pub mod json;
pub mod lint;
pub mod meaning;
pub mod patch;
pub mod plan;
pub mod practice;
pub mod printable;
pub mod reading;
pub mod recipe;
pub mod route;
pub mod sasl;
pub mod secret;
pub mod session;
pub mod time;
pub mod tls;
pub mod transcript;
pub mod tunnel;
pub mod wire;
