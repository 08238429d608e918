//! What the DNS says to the page's questions, and the policies of MTA-STS.
//!
//! It does not know who asks. The tunnel's own look-ups, with the hosts file, are in [`crate::out::resolve`].

pub(crate) mod lookup;
pub(crate) mod mta_sts;
pub(crate) mod name;
mod record;
pub(crate) mod servers;
mod validate;
