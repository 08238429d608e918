//! The harness of the end-to-end tests: real mail servers, the relay, real browsers, all on free loopback ports, in
//! private folders, and gone when dropped.

pub mod browser;
pub mod client;
pub mod conversation;
pub mod dns;
pub mod failure;
pub mod fake;
pub mod figures;
pub mod fileserver;
pub mod network;
pub mod packages;
pub mod pki;
pub mod process;
pub mod relay;
pub mod servers;
pub mod wait;

pub use failure::{Failure, TestResult};
