//! What the operator sees: metrics, and a page of how the relay is.
//!
//! It does not know who talks to whom: no name or address of a visitor or a mail server gets here.

pub(crate) mod metrics;
pub(crate) mod operator;
pub(crate) mod status;
pub(crate) mod tally;
