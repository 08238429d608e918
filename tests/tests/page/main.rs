//! The page in real browsers, driven as a person drives it, through the relay to real mail servers.

mod article;
mod axe;
mod embed;
mod failing;
mod foreign;
mod intranet;
mod keyboard;
mod loading;
mod matrix;
mod meddler;
mod mx;
mod phone;
mod plain_http;
mod planted;
mod practice;
mod proxy;
mod recipes;
mod refused;
mod secure;
mod support;
mod survive;
mod tamper;
mod traps;
mod typed;
mod unserved;
mod weight;
