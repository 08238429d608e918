//! The TLS machine against rustls' server, in memory, with throw-away certificates.

mod anchored;
mod certificates;
mod connection;
mod keys;
mod matrix;
mod oracle;
mod pair;
mod story;
