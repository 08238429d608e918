//! The SMTP conversation without I/O.

pub mod practice;
pub mod printable;
pub mod secret;
pub mod time;
pub mod transcript;
pub mod tunnel;
pub mod wire;
