//! One session of a page: its first message, then questions or one connection, the no and the last word.
//!
//! It does not know SMTP, nor over what the page's WebSocket has come.

mod connect;
pub(crate) mod context;
mod questions;
pub(crate) mod refusal;
pub(crate) mod send;
pub(crate) mod session;
