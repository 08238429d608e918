//! What an operator installs: the static binary, its unit, its Debian package, its container.

mod container;
mod package;
mod support;
mod unit;
