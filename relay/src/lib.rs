//! The relay: it serves the page, and bridges the page's WebSocket to a mail server's TCP port.
//!
//! It is an outbound connection service and is built as one. It does not understand SMTP, and after STARTTLS it
//! cannot. One WebSocket is one TCP connection; the words are those of [`ehlo_core::tunnel`].
//!
//! ```text
//!  config   what the operator says: profiles, options, file, tokens, limits
//!  front    where visitors come in: listeners, PROXY header, TLS, certificate
//!  http     the page's files, and the upgrade to the tunnel
//!  tunnel   one session: the first message, then look-ups or one connection; the no, and the last word
//!  out      what may be reached, how, and bytes both ways
//!  dns      answers for the page, and policies of MTA-STS
//!  quotas   what clients and targets have used
//!  watch    metrics, and the operator's page
//!  relay    start, reload, stop                  accept   the loop, and one visitor's way through the rooms
//!  practice a server to practise on
//! ```
//!
//! [`Relay::start`] runs it inside any tokio runtime:
//!
//! ```no_run
//! # async fn example() -> Result<(), ehlo_relay::StartError> {
//! use ehlo_relay::{Assets, Config, Relay};
//!
//! let config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Config::default() };
//! let running = Relay::start(config, Assets::none()).await?;
//! println!("{}", running.url());
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod accept;
mod config;
mod dns;
mod elapsed;
mod front;
#[doc(hidden)]
pub mod fuzz;
mod http;
mod life;
mod out;
mod practice;
mod quotas;
mod relay;
mod socket;
mod start_error;
mod tunnel;
mod watch;

#[cfg(test)]
#[path = "../tests/it/zone.rs"]
mod zone;

pub use config::{
    AcmeFault, AddressPolicy, Config, ConfigError, DEFAULT_PORT, FileError, Limits, LogFormat, NameServer, NamedTarget,
    Prefer, Profile, ProxyKind, TOKEN_MIN, Through, Token, TokenError, default_listen, options,
};
pub use front::tls::TlsError;
pub use http::assets::{Asset, Assets, CONTENT_SECURITY_POLICY};
pub use out::address::{NotPublic, public_unicast};
pub use practice::PracticeTarget;
pub use relay::{Relay, Running};
pub use start_error::StartError;
