//! What the DNS and a policy say of a mail domain.

pub mod dns;
pub mod mta_sts;
