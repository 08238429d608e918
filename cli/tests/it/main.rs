//! The program `ehlo` as it is built, with the page inside, one file a subject.

#[cfg(unix)]
mod acme;
mod cli;
#[cfg(unix)]
mod descriptors;
#[cfg(target_os = "linux")]
mod growth;
mod log;
mod page;
mod program;
#[cfg(unix)]
mod reload;
#[cfg(target_os = "linux")]
mod scale;
#[allow(dead_code, reason = "the relay's own tests use all of it")]
#[path = "../../../relay/tests/it/support.rs"]
mod support;
#[path = "../../../relay/tests/it/zone.rs"]
mod zone;
