//! TLS (RFC 8446, RFC 5246) as a machine without I/O beside the session: what it is told, what it found, why it failed.
//!
//! The data that the session, the transcript and the page share is always there: [`Settings`], [`Report`],
//! [`Failure`], [`Legacy`], [`Binding`]. The machine itself needs the cargo feature `tls`: the page loads it as a module of
//! its own when a handshake is due.

mod failure;
mod read;
mod report;
mod settings;

pub use failure::{Alert, Failure, FailureKind, Legacy};
pub use report::{Binding, Certificate, ClientCertificate, Problem, ProblemKind, Report, Verdict};
pub use settings::{Settings, Versions};

/// Most certificates of one server that are kept.
pub const MAX_CERTIFICATES: usize = 16;
