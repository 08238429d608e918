//! What is answered over HTTP: the page's files, and the upgrade to the tunnel.
//!
//! It does not know what goes through the tunnel.

pub(crate) mod answer;
pub(crate) mod assets;
pub(crate) mod serve;
pub(crate) mod site;
pub(crate) mod upgrade;
