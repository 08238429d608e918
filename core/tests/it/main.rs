//! The core's tests from outside: every talk, properties, fuzz bodies over their corpus.

mod oracles;
mod properties;
mod stage;
mod talks;
