//! The core's tests from outside: every talk, properties, fuzz bodies over their corpus.

mod corpus;
mod ending;
mod flood;
mod foreseen;
mod lint;
mod oracles;
mod peers;
mod planted;
mod properties;
mod readings;
mod secrets;
mod stage;
mod streaming;
mod talks;
