//! Where a conversation stands, in words that record, machine and readings share.

use crate::wire::command::Verb;
use crate::wire::ehlo::Capabilities;

/// What was agreed before the conversation, and decides how its events are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether a person watches: then a wait that is overdue ends nothing.
    pub attended: bool,
    /// Whether TLS is spoken from the first byte on (RFC 8314 §3).
    pub tls_at_once: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { attended: true, tls_at_once: false }
    }
}

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The relay is called.
    Calling,
    /// The server is called.
    Dialing,
    /// Bytes flow.
    Up,
    /// The end is agreed on; it has not come yet.
    Closing,
    /// It has ended.
    Over,
}

/// By which way the server is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// A relay, which connects to the server and passes bytes on.
    #[default]
    Relay,
    /// A TCP connection from here.
    Direct,
    /// None: the practice server in the page.
    Practice,
}

/// What the server said to our greeting.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    /// The code of its own greeting; 0 while there is none.
    pub greeting: u16,
    /// The name in its greeting.
    pub greeting_name: Option<String>,
    /// The last code that answered EHLO or LHLO.
    pub ehlo: Option<u16>,
    /// The last code that answered HELO.
    pub helo: Option<u16>,
    /// The greeting that it accepted.
    pub accepted: Option<Verb>,
    /// What it offers.
    pub capabilities: Capabilities,
}

impl Hello {
    /// What stays when all begins anew: the server's own greeting.
    pub(super) fn forget(&mut self) -> Self {
        let greeting_name = self.greeting_name.clone();
        std::mem::replace(self, Self { greeting: self.greeting, greeting_name, ..Self::default() })
    }
}
