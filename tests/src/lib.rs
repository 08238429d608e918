//! The harness of the end-to-end tests: real mail servers, the relay, real browsers, all on free loopback ports, in
//! private folders, and gone when dropped.

pub mod failure;
pub mod packages;
pub mod process;
pub mod servers;
pub mod wait;

pub use failure::{Failure, Outcome};
