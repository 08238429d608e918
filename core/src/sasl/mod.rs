//! SASL: how a client proves who it is (RFC 4422) within AUTH (RFC 4954).
//!
//! Without I/O, clock and randomness: an [`Exchange`] takes the server's challenges and gives the answers, a [`Decoder`]
//! tells a person what stands in the base64 of either side, with every secret masked.
//!
//! ```text
//! Exchange::new ─► initial() ─► AUTH PLAIN <base64>      ◄─ with an initial response
//!                 or           AUTH PLAIN, 334 ─► step("")  ◄─ without
//!                 334 <challenge> ─► step() ─► Answer | Working ─► work() … | Cancel
//!                 235 or 5yz ─► finish() ─► ServerProof
//! ```
//!
//! Names and passwords of SCRAM are prepared as RFC 4013 says but for Unicode's normal form KC: its tables would be larger
//! than all the rest. A browser has it (`String.prototype.normalize`), and so it is the caller's.

mod credentials;
mod decode;
mod exchange;
mod mac;
mod mechanism;
mod oauth;
mod scram;

pub use credentials::{Binding, BindingKind, Credentials};
pub use decode::{Decoded, Decoder, Part, mask_proof};
pub use exchange::{AuthStep, Exchange, ServerProof};
pub use mechanism::{Mechanism, Need, Proposal};
pub use oauth::{OauthError, explain_error};
pub use scram::ROUNDS_MAX;

/// The line that cancels an exchange in place of an answer (RFC 4954 §4); the server says 501 to it.
pub const CANCEL: &str = "*";

/// What stands in the AUTH line for the initial response `octets`: base64, or `=` for an empty one (RFC 4954 §4).
///
/// An answer to a 334 is [`crate::base64::encode`] alone: there an empty one is an empty line.
pub fn encode_initial(octets: &[u8]) -> String {
    if octets.is_empty() { "=".to_owned() } else { crate::base64::encode(octets) }
}
