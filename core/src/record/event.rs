//! What happens around the conversation: the relay's reports, the network's, and this side's own steps.

use crate::sasl::ServerProof;
use crate::tls::{Failure, Legacy, Report};
use crate::tunnel::{Closer, Code, Guess, ProxyHeader, ProxyVersion};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The relay was asked for a connection.
    Calling {
        /// Host, or the relay's named target.
        host: String,
        /// The port; none for a named target.
        port: Option<u16>,
    },
    /// A TCP connection was begun from here, without a relay.
    Dialing {
        /// Host name or address.
        host: String,
        /// The port.
        port: u16,
    },
    /// The connection that was begun from here did not come about.
    NotConnected {
        /// Why.
        code: Code,
    },
    /// The relay was asked to begin with a PROXY protocol header.
    Proxy(ProxyHeader),
    /// The name was looked up.
    Resolved {
        /// The name.
        name: String,
        /// Its addresses in the order of trying.
        addresses: Vec<String>,
        /// Milliseconds.
        ms: u64,
    },
    /// An address was tried in vain.
    Attempt {
        /// The address.
        address: String,
        /// Why.
        error: Code,
        /// Milliseconds.
        ms: u64,
    },
    /// The connection stands.
    Connected {
        /// The address reached.
        address: String,
        /// The port reached.
        port: u16,
        /// From which address and port.
        local: Option<String>,
        /// That address's own name.
        local_name: Option<String>,
        /// Milliseconds.
        ms: u64,
    },
    /// The practice server in the page answers.
    Practice {
        /// Which personality.
        name: String,
    },
    /// The TLS handshake is done.
    Secured(Box<Report>),
    /// The TLS handshake failed, or the TLS session broke.
    TlsFailed(Box<Failure>),
    /// What a second connection found out after a failed handshake.
    Probed(Box<Legacy>),
    /// What a sign-in proved of the server.
    ServerProof(ServerProof),
    /// Credentials were not sent, and wait for the person's word.
    Withheld {
        /// What would have become known to whom.
        why: String,
    },
    /// The server announced the end of TLS (RFC 8446 §6.1).
    CloseNotify,
    /// A test that breaks rules on purpose began.
    Recipe {
        /// Which one.
        id: String,
    },
    /// What came of it.
    Verdict {
        /// The verdict.
        verdict: Soundness,
        /// The same in a sentence.
        sentence: String,
    },
    /// The server closed its sending side.
    Eof,
    /// The relay's last word on a connection that stood.
    Closed {
        /// Who ended it.
        by: Closer,
        /// Why.
        code: Code,
    },
    /// The relay's no.
    Refused {
        /// Which no.
        code: Code,
        /// The relay's sentence.
        message: String,
        /// What the other side seems to speak.
        guess: Option<Guess>,
        /// Seconds after which the relay asks to try again; a talk does not keep it.
        retry_after: Option<u64>,
    },
    /// The WebSocket broke without a last word.
    RelayLost {
        /// Its close code (RFC 6455 §7.4).
        code: u16,
    },
    /// No WebSocket came about.
    NoRelay {
        /// Why, as far as the page can know.
        why: NoRelay,
        /// The relay's address.
        relay: String,
        /// The page's origin, where it has one that a relay could be told.
        page: Option<String>,
    },
    /// The person hung up.
    HungUp,
    /// The standard's time for this wait has passed.
    Overdue,
    /// The server sent more than is kept.
    Flood,
}

/// Why no WebSocket came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRelay {
    /// The page came by https, and browsers let such a page open no `ws:`.
    HttpsPage,
    /// A public page asked for a local address: the browser may have asked the person first.
    LocalNetwork,
    /// Nobody answered, or the relay did not want this page; a browser tells neither.
    Silent,
}

impl NoRelay {
    const fn word(self) -> &'static str {
        match self {
            Self::HttpsPage => "https-page",
            Self::LocalNetwork => "local-network",
            Self::Silent => "silent",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::HttpsPage, Self::LocalNetwork, Self::Silent].into_iter().find(|why| why.word() == word)
    }
}

impl Event {
    /// The event as the rest of a talk's `@` line.
    pub fn to_talk(&self) -> String {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        match self {
            Self::Calling { host, port } => match port {
                Some(port) => format!("call {host} {port}"),
                None => format!("call {host}"),
            },
            Self::Dialing { host, port } => format!("dial {host} {port}"),
            Self::NotConnected { code } => ["not-connected ", code.word()].concat(),
            Self::Proxy(header) => {
                let ProxyHeader { source, destination, .. } = header;
                format!("proxy {} {source} {destination}", u8::from(header.version))
            }
            Self::Resolved { name, addresses, ms } => format!("resolved {ms} {name} {}", addresses.join(" ")),
            Self::Attempt { address, error, ms } => format!("attempt {ms} {address} {}", error.word()),
            Self::Connected { address, port, local, local_name, ms } => {
                format!("connected {ms} {address} {port} {} {}", or_dash(local), or_dash(local_name))
            }
            Self::Practice { name } => format!("practice {name}"),
            Self::Secured(report) => ["tls ", &report.to_json()].concat(),
            Self::TlsFailed(failure) => ["tls-failed ", &failure.to_json()].concat(),
            Self::Probed(legacy) => ["tls-probed ", &legacy.to_json()].concat(),
            Self::ServerProof(outcome) => ["proof ", proof(*outcome)].concat(),
            Self::Withheld { why } => ["withheld ", why].concat(),
            Self::Recipe { id } => ["recipe ", id].concat(),
            Self::Verdict { verdict, sentence } => ["verdict ", verdict.word(), " ", sentence].concat(),
            Self::CloseNotify => "close-notify".into(),
            Self::Eof => "eof".into(),
            Self::Closed { by, code } => format!("closed {} {}", closer_word(*by), code.word()),
            Self::Refused { code, message, guess, .. } => {
                format!("refused {} {} {message}", code.word(), guess.map_or("-", guess_word))
            }
            Self::RelayLost { code } => format!("relay-lost {code}"),
            Self::NoRelay { why, relay, page } => {
                let page = page.as_ref().map_or(String::new(), |page| [" ", page].concat());
                format!("no-relay {} {relay}{page}", why.word())
            }
            Self::HungUp => "hang-up".into(),
            Self::Overdue => "overdue".into(),
            Self::Flood => "flood".into(),
        }
    }

    /// Reads the rest of a talk's `@` line; none if it is no event.
    pub fn from_talk(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = rest.split_whitespace();
        let some = |word: &str| (word != "-").then(|| word.to_owned());
        Some(match word {
            "call" => {
                Self::Calling { host: words.next()?.to_owned(), port: words.next().map(str::parse).transpose().ok()? }
            }
            "dial" => Self::Dialing { host: words.next()?.to_owned(), port: words.next()?.parse().ok()? },
            "not-connected" => Self::NotConnected { code: Code::from_word(words.next()?)? },
            "proxy" => {
                let version = if words.next()? == "1" { ProxyVersion::V1 } else { ProxyVersion::V2 };
                let (source, destination) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
                Self::Proxy(ProxyHeader::new(version, source, destination).ok()?)
            }
            "resolved" => Self::Resolved {
                ms: words.next()?.parse().ok()?,
                name: words.next()?.to_owned(),
                addresses: words.map(str::to_owned).collect(),
            },
            "attempt" => Self::Attempt {
                ms: words.next()?.parse().ok()?,
                address: words.next()?.to_owned(),
                error: Code::from_word(words.next()?)?,
            },
            "connected" => Self::Connected {
                ms: words.next()?.parse().ok()?,
                address: words.next()?.to_owned(),
                port: words.next()?.parse().ok()?,
                local: some(words.next()?),
                local_name: some(words.next()?),
            },
            "practice" => Self::Practice { name: words.next()?.to_owned() },
            "tls" => Self::Secured(Box::new(Report::from_json(rest).ok()?)),
            "tls-failed" => Self::TlsFailed(Box::new(Failure::from_json(rest).ok()?)),
            "tls-probed" => Self::Probed(Box::new(Legacy::from_json(rest).ok()?)),
            "proof" => Self::ServerProof(OUTCOMES.into_iter().find(|outcome| proof(*outcome) == rest)?),
            "withheld" => Self::Withheld { why: rest.to_owned() },
            "recipe" => Self::Recipe { id: words.next()?.to_owned() },
            "verdict" => {
                let (verdict, sentence) = rest.split_once(' ').unwrap_or((rest, ""));
                Self::Verdict { verdict: Soundness::of(verdict)?, sentence: sentence.to_owned() }
            }
            "close-notify" => Self::CloseNotify,
            "eof" => Self::Eof,
            "closed" => Self::Closed { by: closer_of(words.next()?)?, code: Code::from_word(words.next()?)? },
            "refused" => {
                let mut parts = rest.splitn(3, ' ');
                let code = Code::from_word(parts.next()?)?;
                let guess = match parts.next()? {
                    "-" => None,
                    word => Some(guess_of(word)?),
                };
                let message = parts.next().unwrap_or_default().to_owned();
                Self::Refused { code, guess, message, retry_after: None }
            }
            "relay-lost" => Self::RelayLost { code: words.next()?.parse().ok()? },
            "no-relay" => Self::NoRelay {
                why: NoRelay::of(words.next()?)?,
                relay: words.next().unwrap_or_default().to_owned(),
                page: words.next().map(str::to_owned),
            },
            "hang-up" => Self::HungUp,
            "overdue" => Self::Overdue,
            "flood" => Self::Flood,
            _ => return None,
        })
    }
}

/// What came of a test that breaks rules on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soundness {
    /// The server did as a sound one does.
    Sound,
    /// It did not.
    Unsound,
    /// It cannot be told.
    Unclear,
}

impl Soundness {
    /// The word for views and talks.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Unsound => "unsound",
            Self::Unclear => "unclear",
        }
    }

    /// The verdict with this word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Sound, Self::Unsound, Self::Unclear].into_iter().find(|verdict| verdict.word() == word)
    }
}

const OUTCOMES: [ServerProof; 3] = [ServerProof::ServerProved, ServerProof::ServerNotProved, ServerProof::ServerFailed];

/// The word for what a sign-in proved of the server.
const fn proof(outcome: ServerProof) -> &'static str {
    match outcome {
        ServerProof::ServerProved => "good",
        ServerProof::ServerFailed => "wrong",
        _ => "missing",
    }
}

fn closer_word(by: Closer) -> &'static str {
    Closer::WORDS.iter().find(|(_, closer)| *closer == by).map_or("relay", |(word, _)| word)
}

fn closer_of(word: &str) -> Option<Closer> {
    Closer::WORDS.iter().find(|(name, _)| *name == word).map(|(_, closer)| *closer)
}

fn guess_word(guess: Guess) -> &'static str {
    Guess::WORDS.iter().find(|(_, known)| *known == guess).map_or("unknown", |(word, _)| word)
}

fn guess_of(word: &str) -> Option<Guess> {
    Guess::WORDS.iter().find(|(name, _)| *name == word).map(|(_, guess)| *guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_survives_being_written_to_a_talk_and_read_again() {
        for event in [
            Event::Calling { host: "mx.example".into(), port: Some(25) },
            Event::Calling { host: "practice/slow".into(), port: None },
            Event::Resolved {
                name: "mx.example".into(),
                addresses: vec!["192.0.2.1".into(), "2001:db8::1".into()],
                ms: 3,
            },
            Event::Attempt { address: "192.0.2.1".into(), error: Code::ConnectTimeout, ms: 10_000 },
            Event::Connected {
                address: "192.0.2.1".into(),
                port: 25,
                local: Some("198.51.100.7:4711".into()),
                local_name: None,
                ms: 15,
            },
            Event::from_talk("proxy 2 192.0.2.1:4711 198.51.100.7:25").unwrap(),
            Event::Practice { name: "greylisting".into() },
            Event::CloseNotify,
            Event::Dialing { host: "mx.example".into(), port: 587 },
            Event::NotConnected { code: Code::ConnectRefused },
            Event::Recipe { id: "mail-twice".into() },
            Event::Verdict { verdict: Soundness::Sound, sentence: "The server refused it with 503.".into() },
            Event::Eof,
            Event::Closed { by: Closer::Relay, code: Code::Idle },
            Event::Refused {
                code: Code::NotSmtp,
                message: "This speaks SSH.".into(),
                guess: Some(Guess::Ssh),
                retry_after: None,
            },
            Event::Refused { code: Code::Busy, message: String::new(), guess: None, retry_after: None },
            Event::RelayLost { code: 1006 },
            Event::NoRelay { why: NoRelay::HttpsPage, relay: "ws://relay.example/relay".into(), page: None },
            Event::NoRelay {
                why: NoRelay::Silent,
                relay: "wss://relay.example/relay".into(),
                page: Some("https://page.example".into()),
            },
            Event::HungUp,
            Event::Overdue,
            Event::Flood,
        ] {
            assert_eq!(Event::from_talk(&event.to_talk()), Some(event.clone()), "{}", event.to_talk());
        }
    }
}
