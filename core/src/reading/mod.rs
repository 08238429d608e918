//! What can be read from a record.

pub mod findings;
pub mod lint;
pub mod meaning;
