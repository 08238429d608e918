//! The practice server, driven with a clock that the tests move.

mod commands;
mod harness;
mod hostile;
mod message;
mod personalities;
