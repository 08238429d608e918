//! TLS (RFC 8446, RFC 5246) as a machine without I/O beside the session: what it is told, what it found, why it failed.
//!
//! The data that the session, the transcript and the page share is always there: [`Settings`], [`Report`],
//! [`Failure`], [`Legacy`], [`Binding`]. The machine itself needs the cargo feature `tls`: the page loads it as a module of
//! its own when a handshake is due.

#[cfg(feature = "tls")]
pub mod describe;
#[cfg(feature = "tls")]
mod explain;
mod failure;
#[cfg(feature = "tls")]
mod identity;
#[cfg(feature = "tls")]
pub mod layer;
#[cfg(feature = "tls")]
mod probe;
mod read;
#[cfg(feature = "tls")]
mod recorder;
#[cfg(feature = "tls")]
mod records;
#[cfg(feature = "tls")]
mod registry;
mod report;
mod settings;
#[cfg(feature = "tls")]
mod verdict;
#[cfg(feature = "tls")]
mod x509;

pub use failure::{Alert, Failure, FailureKind, Legacy};
pub use report::{Binding, Certificate, ClientCertificate, Problem, ProblemKind, Report, Verdict};
pub use settings::{Settings, Versions};

/// Most certificates of one server that are kept.
pub const MAX_CERTIFICATES: usize = 16;

/// The first line of what a server sent, made harmless.
#[cfg(feature = "tls")]
fn printable_start(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty()).unwrap_or(bytes);
    crate::printable::text(&line[..line.len().min(120)])
}
