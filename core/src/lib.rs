//! The SMTP conversation without I/O.

pub mod secret;
pub mod time;
pub mod tunnel;
