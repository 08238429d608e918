//! The TLS machine against rustls' server, in memory, with throw-away certificates.

mod certificates;
mod matrix;
mod pair;
mod story;
