//! What can be read from a record: functions of it, and of the setup where they must know what was wanted.
//!
//! Nothing here is kept anywhere; whoever wants to know asks again.

pub mod ending;
pub mod findings;
pub mod lint;
pub mod meaning;
pub mod protection;
pub mod summary;
pub mod words;
