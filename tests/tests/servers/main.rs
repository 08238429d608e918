//! The core's session through the real relay: against real mail servers, against servers that misbehave, against what
//! is no mail server, and with every talk over a real socket.

mod matrix;
mod misbehaving;
mod postfix;
mod recipes;
mod route;
mod scenarios;
mod secure;
/// The core's own runner of talks, to compare with.
#[path = "../../../core/tests/it/stage.rs"]
#[allow(dead_code)] // here a talk is played whole only
mod stage;
mod strangers;
mod support;
mod talks;
