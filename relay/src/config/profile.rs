//! For whom a relay is.

use serde::Deserialize;

use super::targets::AddressPolicy;

/// For whom the relay is: a word that decides all defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// For the person at this machine: loopback only, any mail server may be named.
    #[default]
    Personal,
    /// For the people of one network: the servers and networks that the operator names.
    Intranet,
    /// For whoever has a token: mail servers at public addresses, and nothing private ever.
    Public,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Personal, Self::Intranet, Self::Public];

    /// The word that configures it, and that the page is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Intranet => "intranet",
            Self::Public => "public",
        }
    }

    /// Whether a refusal names the rule and the address, and a strange greeting is shown.
    pub(crate) const fn explains(self) -> bool {
        matches!(self, Self::Personal)
    }

    /// Whether a page may have a PROXY header written: only the person at this machine, to servers of their own.
    pub(crate) const fn writes_proxy_headers(self) -> bool {
        matches!(self, Self::Personal)
    }

    /// Whether a page may begin with TLS at every port: only the person at this machine, who reaches everything anyhow.
    pub(crate) const fn begins_with_tls_anywhere(self) -> bool {
        matches!(self, Self::Personal)
    }

    /// Whether a name without a dot is looked for in the search domains.
    pub(crate) const fn uses_search_domains(self) -> bool {
        matches!(self, Self::Personal | Self::Intranet)
    }

    /// Whether an IP address may stand where a host name is asked for.
    pub(crate) const fn takes_addresses(self) -> bool {
        matches!(self, Self::Personal | Self::Intranet)
    }

    pub(super) const fn addresses(self) -> AddressPolicy {
        match self {
            Self::Personal => AddressPolicy::Any,
            Self::Intranet => AddressPolicy::Networks,
            Self::Public => AddressPolicy::Public,
        }
    }
}
