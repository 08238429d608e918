//! The relay: it serves the page, and bridges the page's WebSocket to a mail server's TCP port.
//!
//! It is an outbound connection service and is built as one. It does not understand SMTP, and after STARTTLS it
//! cannot. One WebSocket is one TCP connection; the words are those of [`ehlo_core::tunnel`].
//!
//! ```text
//!  config     profiles, options, file, tokens, what is told
//!  serve      start, accept loop, reload, stop
//!  listen     TCP addresses and Unix sockets            wire     what octets come over
//!  connection one visitor: PROXY header, TLS, HTTP      tls      certificate and key, read again
//!                                                  acme     the same, from an authority, and renewed
//!  proxy_in   whom a proxy of the operator speaks for   forwarded  the same, by its HTTP header
//!  site       Host and Origin lists, upgrade            assets   the page's files
//!  tunnel     first message, then look-ups or one connection
//!  dns        answers for the page                      mta_sts  policies for the page
//!  limits     every bound                           quotas   what is used of them, and by whom
//!  target     what was named: port and address policy   refusal  the no, and the last word
//!  address    public or not, and which IPv4 address is inside
//!  resolve    name → addresses, once                    practice a server to practise on
//!  dial       addresses → one TCP connection            through  by a proxy of the operator
//!  proxy      the header that the page may ask for, before all else
//!  guard      holds the page's bytes until the target has greeted
//!  bridge     bytes both ways, bounded              metrics  counts for Prometheus
//!                                                  operator their listener, and status the page there
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

mod acme;
mod address;
mod assets;
mod bridge;
mod certificate;
mod config;
mod connection;
mod dial;
mod dns;
mod forwarded;
#[doc(hidden)]
pub mod fuzz;
mod guard;
mod limits;
mod listen;
mod metrics;
mod mta_sts;
mod operator;
mod practice;
mod proxy;
mod proxy_in;
mod quotas;
mod refusal;
mod resolve;
mod serve;
mod site;
mod status;
mod tally;
mod target;
mod through;
mod tls;
mod tunnel;
mod wire;

#[cfg(test)]
#[path = "../tests/it/zone.rs"]
mod zone;

pub use address::{NotPublic, public_unicast};
pub use assets::{Asset, Assets};
pub use config::{
    AcmeFault, Config, ConfigError, DEFAULT_PORT, FileError, LogFormat, NameServer, NamedTarget, Prefer, Profile,
    ProxyKind, TOKEN_MIN, Through, Token, TokenError, default_listen, options,
};
pub use limits::Limits;
pub use practice::PracticeTarget;
pub use serve::{Relay, Running, StartError};
pub use target::AddressPolicy;
pub use tls::TlsError;
