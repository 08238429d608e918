//! The page in real browsers, driven as a person drives it, through the relay to real mail servers.

mod article;
mod axe;
mod embed;
mod keyboard;
mod phone;
mod practice;
mod refused;
mod support;
mod typed;
