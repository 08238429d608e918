//! The page in real browsers, driven as a person drives it, through the relay to real mail servers.

mod article;
mod axe;
mod embed;
mod failing;
mod keyboard;
mod mx;
mod phone;
mod plain_http;
mod practice;
mod proxy;
mod refused;
mod support;
mod survive;
mod typed;
mod weight;
