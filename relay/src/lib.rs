//! The relay: it serves the page, and bridges the page's WebSocket to a mail server's TCP port.
//!
//! It is an outbound connection service and is built as one. It does not understand SMTP, and after STARTTLS it
//! cannot. One WebSocket is one TCP connection; the words are those of [`ehlo_core::tunnel`].
//!
//! ```text
//!  config    profiles, options, file, tokens, what is told           assets   the page's files
//!  serve     accept loop, start and stop
//!  site      HTTP: Host and Origin lists, upgrade
//!  forwarded who a visitor is behind a proxy of the operator
//!  tunnel    first message, then look-ups or one connection           dns      answers for the page
//!  target    what was named: port and address policy                  limits   rates and counts
//!  address   public or not, and which IPv4 address is inside
//!  resolve   name → addresses, once                                   refusal  the no, and the last word
//!  dial      addresses → one TCP connection                           practice a server to practise on
//!  proxy     the header that the page may ask for, before all else
//!  guard     holds the page's bytes until the target has greeted
//!  bridge    bytes both ways, bounded
//! ```
//!
//! [`Relay::start`] runs it inside any tokio runtime:
//!
//! ```no_run
//! # async fn example() -> Result<(), ehlo_relay::StartError> {
//! use ehlo_relay::{Config, Relay};
//!
//! let config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Config::default() };
//! let running = Relay::start(config).await?;
//! println!("{}", running.url());
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod address;
pub mod assets;
mod bridge;
mod config;
mod dial;
mod dns;
mod forwarded;
mod guard;
mod limits;
mod practice;
mod proxy;
mod refusal;
mod resolve;
mod serve;
mod site;
mod target;
mod tunnel;

pub use address::{NotPublic, public_unicast};
pub use config::{
    Config, ConfigError, DEFAULT_PORT, FileError, LogFormat, NamedTarget, Profile, TOKEN_MIN, Token, TokenError,
    default_listen, options,
};
pub use limits::Limits;
pub use practice::PracticeTarget;
pub use serve::{Relay, Running, StartError};
pub use target::AddressPolicy;
