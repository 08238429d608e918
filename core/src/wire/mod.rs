//! What crosses the line: one concept a file, each tied to its RFC section.
//!
//! Reading what a server sent never fails: a strange line is a line with [`oddity::Oddity`]s.

pub mod address;
pub mod body;
pub mod command;
pub mod ehlo;
pub mod enhanced;
pub mod line;
pub mod oddity;
pub mod reply;
pub mod rules;
