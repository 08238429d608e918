//! The table itself.

use super::put::{
    add, file_beside, file_told, list, listeners, listeners_told, maybe, origins, put, seconds, some, target_list,
    targets, tokens,
};
use super::{Entry, Text};

/// A limit that is a time, in whole seconds.
macro_rules! time {
    ($field:ident, $about:literal) => {
        Entry {
            name: concat!("limits.", stringify!($field)),
            flag: None,
            form: "SECONDS",
            text: Text::Number,
            about: $about,
            get: |config| config.limits.$field.as_secs().to_string(),
            set: |config, value, _| seconds(&mut config.limits.$field, value),
        }
    };
}

/// A limit that is a count.
macro_rules! count {
    ($field:ident, $about:literal) => {
        Entry {
            name: concat!("limits.", stringify!($field)),
            flag: None,
            form: "N",
            text: Text::Number,
            about: $about,
            get: |config| config.limits.$field.to_string(),
            set: |config, value, _| put(&mut config.limits.$field, value),
        }
    };
}

/// A limit that there may not be.
macro_rules! at_most {
    ($field:ident, $about:literal) => {
        Entry {
            name: concat!("limits.", stringify!($field)),
            flag: None,
            form: "N",
            text: Text::Number,
            about: $about,
            get: |config| maybe(config.limits.$field),
            set: |config, value, _| some(&mut config.limits.$field, value),
        }
    };
}

/// All options, in the order in which they are told.
pub const ALL: &[Entry] = &[
    Entry {
        name: "profile",
        flag: None,
        form: "personal|intranet|public",
        text: Text::Word,
        about: "For whom the relay is; this decides all defaults.",
        get: |config| config.profile.word().to_owned(),
        // It has been chosen before all else, since the defaults come from it.
        set: |_, value, _| put(&mut super::Profile::default(), value),
    },
    Entry {
        name: "listen",
        flag: None,
        form: "ADDR:PORT|unix:PATH",
        text: Text::Words,
        about: "Listen here; port 0 takes a free one, and a Unix socket is for a web server in front.",
        get: listeners_told,
        set: listeners,
    },
    Entry {
        name: "tls_certificate",
        flag: None,
        form: "FILE",
        text: Text::Word,
        about: "Serve HTTPS with this certificate chain (PEM); it is read again when it changes.",
        get: |config| file_told(config.tls_certificate.as_deref()),
        set: |config, value, beside| file_beside(&mut config.tls_certificate, value, beside),
    },
    Entry {
        name: "tls_key",
        flag: None,
        form: "FILE",
        text: Text::Word,
        about: "The private key to that certificate (PEM).",
        get: |config| file_told(config.tls_key.as_deref()),
        set: |config, value, beside| file_beside(&mut config.tls_key, value, beside),
    },
    Entry {
        name: "proxy_protocol",
        flag: None,
        form: "true|false",
        text: Text::Switch,
        about: "Expect a PROXY protocol header, version 1 or 2, at the begin of each connection; it must come from `trusted_proxies`.",
        get: |config| config.proxy_protocol.to_string(),
        set: |config, value, _| put(&mut config.proxy_protocol, value),
    },
    Entry {
        name: "public_names",
        flag: Some("public-name"),
        form: "NAME",
        text: Text::Words,
        about: "By which names people open the page, with the port where it is not 80 or 443.",
        get: |config| list(&config.public_names),
        set: |config, value, _| put(&mut config.public_names, value),
    },
    Entry {
        name: "ports",
        flag: None,
        form: "N",
        text: Text::Numbers,
        about: "The ports that may be reached.",
        get: |config| list(&config.ports),
        set: |config, value, _| put(&mut config.ports, value),
    },
    Entry {
        name: "allow_ports",
        flag: Some("allow-port"),
        form: "N",
        text: Text::Numbers,
        about: "Reach these ports too, beside those of `ports`.",
        get: |config| list(&config.allow_ports),
        set: |config, value, _| add(&mut config.allow_ports, value),
    },
    Entry {
        name: "allow_networks",
        flag: Some("allow-network"),
        form: "NETWORK",
        text: Text::Words,
        about: "Let pages of the profile `intranet` reach the addresses of this network.",
        get: |config| list(&config.allow_networks),
        set: |config, value, _| add(&mut config.allow_networks, value),
    },
    Entry {
        name: "deny_networks",
        flag: Some("deny-network"),
        form: "NETWORK",
        text: Text::Words,
        about: "Never reach the addresses of this network.",
        get: |config| list(&config.deny_networks),
        set: |config, value, _| add(&mut config.deny_networks, value),
    },
    Entry {
        name: "targets",
        flag: Some("target"),
        form: "NAME=HOST:PORT",
        text: Text::Named,
        about: "Let pages reach this server by a name; in the file `[targets.NAME]` has `host`, `port` and, if wanted, \
                `allow_proxy_header`.",
        get: target_list,
        set: |config, value, _| targets(&mut config.targets, value),
    },
    Entry {
        name: "tokens",
        flag: Some("token"),
        form: "NAME=SHA256",
        text: Text::Named,
        about: "Who may use it; in the file `[tokens.NAME]` has `sha256`, or a `file` with the token itself.",
        get: |config| list(config.tokens.iter().map(|token| &token.name)),
        set: |config, value, beside| tokens(&mut config.tokens, value, beside),
    },
    Entry {
        name: "open_to_everybody",
        flag: None,
        form: "true|false",
        text: Text::Switch,
        about: "Let everybody use a public relay, without a token.",
        get: |config| config.open_to_everybody.to_string(),
        set: |config, value, _| put(&mut config.open_to_everybody, value),
    },
    Entry {
        name: "allow_origins",
        flag: Some("allow-origin"),
        form: "URL",
        text: Text::Words,
        about: "Let pages of this origin use the relay, such as `https://docs.example`.",
        get: |config| list(&config.allow_origins),
        set: |config, value, _| origins(&mut config.allow_origins, value),
    },
    Entry {
        name: "trusted_proxies",
        flag: Some("trusted-proxy"),
        form: "NETWORK",
        text: Text::Words,
        about: "Believe the proxies of this network whom they speak for (`X-Forwarded-For`).",
        get: |config| list(&config.trusted_proxies),
        set: |config, value, _| add(&mut config.trusted_proxies, value),
    },
    Entry {
        name: "source_address",
        flag: None,
        form: "ADDR",
        text: Text::Words,
        about: "Dial out from this address of the machine; one IPv4 address and one IPv6 address at most.",
        get: |config| list(&config.source_address),
        set: |config, value, _| put(&mut config.source_address, value),
    },
    Entry {
        name: "prefer",
        flag: None,
        form: "ipv4|ipv6|only-ipv4|only-ipv6",
        text: Text::Word,
        about: "Which addresses of a name are tried first, or alone; what the page asks for comes before this.",
        get: |config| config.prefer.word().to_owned(),
        set: |config, value, _| put(&mut config.prefer, value),
    },
    Entry {
        name: "dns",
        flag: None,
        form: "ADDR[:PORT]|tls://ADDR[:PORT]#NAME",
        text: Text::Words,
        about: "Ask these DNS servers in place of the system's; over TLS with the name in their certificate.",
        get: |config| list(&config.dns),
        set: |config, value, _| put(&mut config.dns, value),
    },
    Entry {
        name: "dns_authority",
        flag: None,
        form: "FILE",
        text: Text::Word,
        about: "Trust these authorities (PEM) for DNS over TLS, in place of the well-known ones.",
        get: |config| file_told(config.dns_authority.as_deref()),
        set: |config, value, beside| file_beside(&mut config.dns_authority, value, beside),
    },
    Entry {
        name: "dnssec_anchor",
        flag: None,
        form: "FILE",
        text: Text::Word,
        about: "Begin DNSSEC with the keys in this file (DNSKEY records), in place of the root's.",
        get: |config| file_told(config.dnssec_anchor.as_deref()),
        set: |config, value, beside| file_beside(&mut config.dnssec_anchor, value, beside),
    },
    Entry {
        name: "practice",
        flag: None,
        form: "true|false",
        text: Text::Switch,
        about: "Offer a mail server to practise on, over real TCP.",
        get: |config| config.practice.to_string(),
        set: |config, value, _| put(&mut config.practice, value),
    },
    Entry {
        name: "log",
        flag: None,
        form: "FILTER",
        text: Text::Word,
        about: "What the log on stderr tells; `debug` tells more.",
        get: |config| config.log.clone(),
        set: |config, value, _| put(&mut config.log, value),
    },
    Entry {
        name: "log_format",
        flag: None,
        form: "json|human",
        text: Text::Word,
        about: "How the log looks: one JSON object a line, or lines for a person.",
        get: |config| config.log_format.word().to_owned(),
        set: |config, value, _| put(&mut config.log_format, value),
    },
    time!(http_head, "The time for the head of an HTTP request."),
    time!(http, "The time that a connection may be HTTP."),
    time!(first_message, "The time from the upgrade to the page's first message."),
    time!(resolve, "The time for the DNS to answer."),
    time!(connect_each, "The time to connect to one address."),
    time!(connect_all, "The time to connect to any address of a name."),
    count!(connect_addresses, "The most addresses of one name that are tried."),
    time!(idle, "The time without an octet either way."),
    time!(half_closed, "The time without an octet once the target has closed its side."),
    time!(next_lookup, "The time between two look-ups on one WebSocket."),
    time!(lifetime, "The age at which a conversation ends."),
    time!(ping, "The time between two pings to the page."),
    count!(pings_unanswered, "So many pings may go unanswered."),
    count!(sent, "The octets from page to target in one conversation."),
    count!(received, "The octets from target to page in one conversation."),
    count!(connections, "Connections that are still HTTP, all together."),
    count!(connections_per_client, "Connections that are still HTTP, of one client."),
    count!(sessions, "Conversations at once, all together."),
    count!(sessions_per_client, "Conversations at once of one client."),
    count!(sessions_per_minute, "Conversations a minute of one client."),
    count!(sessions_burst, "Conversations of one client that may come in a row."),
    count!(lookups_per_minute, "Look-ups a minute of one client."),
    count!(at_once_per_target, "Connections at once to one target address."),
    count!(per_minute_per_target, "Connections a minute to one target address."),
    at_most!(sessions_per_day, "Conversations of one client in 24 hours."),
    at_most!(octets_per_day, "Octets to targets of one client in 24 hours."),
    at_most!(per_day_to_target, "Connections of one client to one target address in 24 hours."),
    time!(grace, "The time that conversations have to end by themselves when the relay is stopped."),
];
