//! The page in real browsers, driven as a person drives it, through the relay to real mail servers.

mod article;
mod embed;
mod keyboard;
mod practice;
mod refused;
mod support;
mod typed;
