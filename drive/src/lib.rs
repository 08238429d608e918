//! Drives `ehlo-core` natively, on tokio: sockets, clock and random numbers are here, and nothing of SMTP.
//!
//! A [`Conversation`] holds one [`Connection`](ehlo_core::machine::connection::Connection) of the core and carries it over one
//! way to the mail server: through a relay, as the page does, or over TCP from this machine. Tests and the command line both drive the core by it.

mod conversation;
mod error;
pub mod relay;
mod tcp;
mod way;

pub use conversation::{Conversation, Happening};
pub use error::Error;
