//! How a connection ended, as a person reads it: what happened, while what was waited for, and what to try next.

use serde::Serialize;

use super::words::awaited;
use crate::case::Case;
use crate::record::event::{Event, NoRelay};
use crate::record::{Asked, Ending, How, Via};
use crate::time::spoken;
use crate::tls::Failure;
use crate::tunnel::{Code, Guess};
use crate::wire::command::Verb;

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndingView {
    /// A stable word: `quit`, `server-closed`, `reset`, `hung-up`, `timed-out`, `relay-refused`, …
    pub kind: &'static str,
    /// Who ended it: `you`, `server`, `relay`, `network`.
    pub by: &'static str,
    /// What happened, in one sentence, with what was being waited for and how long.
    pub sentence: String,
    /// What to try next.
    pub advice: Vec<String>,
}

/// The ending as a person reads it; none while the connection stands.
pub fn ending(case: &Case) -> Option<EndingView> {
    Some(Circumstances::of(case)?.view())
}

/// Stands in an advice for the page's origin.
const PAGE: &str = "{page}";

/// An ending, and what the sentences need to know beside it.
#[derive(Debug)]
struct Circumstances<'a> {
    ending: &'a Ending,
    via: Via,
    host: &'a str,
    port: u16,
    guess: Option<Guess>,
    refusal: Option<&'a str>,
    retry_after: Option<u64>,
    greeted: bool,
    last_code: Option<u16>,
    /// Why TLS failed.
    tls: Option<&'a Failure>,
    /// The origin of the page that found no relay.
    page: Option<&'a str>,
}

impl<'a> Circumstances<'a> {
    fn of(case: &'a Case) -> Option<Self> {
        let record = &case.record;
        let refusal = record.refusal();
        let page = record.entries().iter().find_map(|entry| match &entry.event {
            Some(Event::NoRelay { page, .. }) => page.as_deref(),
            _ => None,
        });
        Some(Self {
            ending: record.ending()?,
            via: record.via(),
            host: case.host(),
            port: case.setup.port,
            guess: refusal.and_then(|refusal| refusal.guess),
            refusal: refusal.map(|refusal| refusal.message.as_str()),
            retry_after: refusal.and_then(|refusal| refusal.retry_after),
            greeted: record.hello().greeting != 0,
            last_code: record.replies().last().map(|reply| reply.code),
            tls: record.tls().failure(),
            page,
        })
    }

    fn view(&self) -> EndingView {
        let page = self.page.unwrap_or("and the page's address");
        EndingView {
            kind: self.ending.how.word(),
            by: self.ending.how.by(),
            sentence: self.sentence(),
            advice: match self.tls.filter(|_| self.ending.how == How::TlsFailed) {
                Some(failure) => {
                    let legacy = failure.legacy.iter().flat_map(|legacy| &legacy.advice);
                    legacy.chain(&failure.advice).cloned().collect()
                }
                None => self.advice().into_iter().map(|text| text.replace(PAGE, page)).collect(),
            },
        }
    }

    fn sentence(&self) -> String {
        let wait = match self.ending.awaited.filter(|asked| *asked != Asked::Close) {
            Some(asked) => format!(", {} into the wait for {}", spoken(self.ending.waited), awaited(asked)),
            None => String::new(),
        };
        let Self { host, port, .. } = self;
        match self.ending.how {
            How::Quit if self.ending.awaited == Some(Asked::Command(Verb::Quit)) => {
                "You said QUIT, and the server closed the connection without saying goodbye.".into()
            }
            How::Quit => "You said QUIT, and the server ended the connection in order.".into(),
            How::ServerClosed => match self.last_code {
                Some(code) if code >= 400 && self.ending.awaited.is_none() => {
                    format!("The server closed the connection after it had answered {code}.")
                }
                _ => format!("The server closed the connection without a word{wait}."),
            },
            How::ServerClosing => "The server announced that it would close the connection, and the connection ended.".into(),
            How::Reset => format!("The connection was reset, by the server or by something in between{wait}."),
            How::HungUp => format!("You hung up{wait}."),
            How::TimedOut => match self.ending.awaited {
                Some(Asked::Relay) => format!("The relay did not answer within {}.", spoken(self.ending.waited)),
                Some(Asked::Connection) if self.direct() => {
                    format!("There was no connection to {host} within {}.", spoken(self.ending.waited))
                }
                Some(Asked::Connection) => {
                    format!("The relay found no way to {host} within {}.", spoken(self.ending.waited))
                }
                asked => {
                    let what = asked.map_or_else(|| "anything".into(), awaited);
                    format!("Ehlo gave up after {} without {what}.", spoken(self.ending.waited))
                }
            },
            How::TlsFailed => match self.tls {
                Some(failure) => match &failure.legacy {
                    Some(legacy) => [failure.sentence.as_str(), " ", &legacy.sentence].concat(),
                    None => failure.sentence.clone(),
                },
                None => "The TLS handshake failed.".into(),
            },
            How::Flood => "The server sent more than 4 MiB; Ehlo stopped listening and closed the connection.".into(),
            How::Refused(code) | How::NotConnected(code) => self.refused(code),
            How::Cut(code) => match code {
                Code::Idle => format!("The relay closed the connection, because nothing was said for too long{wait}."),
                Code::Lifetime => "The relay closed the connection: it had lasted as long as the relay allows.".into(),
                Code::ByteLimit => "The relay closed the connection: more octets than it allows had crossed.".into(),
                Code::GoingAway => format!("The relay was stopped{wait}."),
                _ => format!("The relay ended the connection ({}){wait}.", code.word()),
            },
            How::RelayLost(_) => format!("The connection to the relay broke{wait}; what the server did then is not known."),
            How::NoRelay(NoRelay::HttpsPage) => "The browser did not allow a connection to the relay: this page came by https, and the relay's address begins with ws:, not wss:.".into(),
            How::NoRelay(NoRelay::LocalNetwork) => "There is no connection to the relay, which is in a local network or on this computer: the browser may have asked whether this page may reach it, and got no Yes.".into(),
            How::NoRelay(NoRelay::Silent) if port == &0 => "There is no connection to the relay.".into(),
            How::NoRelay(NoRelay::Silent) => "There is no connection to the relay: nobody answers at its address, or it does not serve this page.".into(),
        }
    }

    fn refused(&self, code: Code) -> String {
        let Self { host, port, .. } = self;
        match code {
            Code::NoSuchHost => format!("The name {host} does not exist in the DNS, or has no address."),
            Code::DnsFailed => {
                format!("The DNS could not answer for {host}: its name servers fail or are not reachable.")
            }
            Code::DnsTimeout => format!("The DNS did not answer for {host} in time."),
            Code::ConnectRefused => {
                format!("{host} refused the connection: nothing listens on port {port}, or a firewall says no.")
            }
            Code::ConnectTimeout => format!(
                "{host} did not answer on port {port}: something on the way drops the packets, or the address is wrong."
            ),
            Code::Unreachable if self.direct() => format!("There is no way to {host} from here."),
            Code::Unreachable => format!("There is no way to {host} from where the relay is."),
            Code::Reset => format!("{host} reset the connection on port {port} at once."),
            Code::NotSmtp => {
                let what = match self.guess {
                    Some(Guess::Ssh) => "an SSH server",
                    Some(Guess::Http) => "a web server",
                    Some(Guess::Imap) => "an IMAP server",
                    Some(Guess::Pop3) => "a POP3 server",
                    Some(Guess::Tls) => "a server that speaks TLS from the first octet",
                    _ => "no mail server",
                };
                format!("What answers on port {port} of {host} looks like {what}; it does not greet as SMTP does.")
            }
            Code::ClearFirst => format!(
                "The relay sent no TLS to {host}: on port {port} it waits until the server has greeted, unencrypted."
            ),
            Code::BadHello => "The relay did not pass the beginning of TLS on: no TLS client begins like this.".into(),
            Code::Forbidden => match self.refusal {
                Some(message) if !message.is_empty() => format!("The relay does not allow this: {message}"),
                _ => "The relay does not allow this target.".into(),
            },
            Code::Unauthorized => "The relay wants a token, and got none or a wrong one.".into(),
            Code::Busy => match self.retry_after {
                Some(seconds) => format!("The relay has too much to do; it asks to come back in {seconds} s."),
                None => "The relay has too much to do.".into(),
            },
            _ if self.direct() => format!("The connection to {host} on port {port} failed."),
            _ => match self.refusal {
                Some(message) if !message.is_empty() => format!("The relay refused: {message}"),
                _ => format!("The relay refused ({}).", code.word()),
            },
        }
    }

    fn advice(&self) -> Vec<&'static str> {
        match self.ending.how {
            How::NoRelay(NoRelay::HttpsPage) => vec![
                "Give the relay a wss: address, behind a web server that has a certificate.",
                "Or open the page from the relay itself: the address that `ehlo` prints when it starts.",
            ],
            How::NoRelay(NoRelay::LocalNetwork) => vec![
                "Look for the browser's question about the local network beside the address bar, and allow it.",
                "Or open the page from the relay itself: then the browser does not ask.",
            ],
            How::NoRelay(NoRelay::Silent) => vec![
                "Is the relay running? Its program prints the address to open.",
                "A page from elsewhere is served only if the relay was started with --allow-origin {page}",
                "Without a relay, the practice server still answers.",
            ],
            How::Refused(code) => refused_advice(code, self.port),
            How::NotConnected(code) => not_connected_advice(code, self.port),
            How::ServerClosed if !self.greeted => vec![
                "Servers close without a greeting when they do not want to talk to this address, or have too many connections.",
                match self.direct() {
                    true => "The server's own log says why; look for the address that the test came from.",
                    false => "The server's own log says why; look for the relay's address in it.",
                },
            ],
            How::ServerClosed if self.ending.awaited == Some(Asked::Message) => vec![
                "Nobody can tell from here whether the message was taken: look into the mailbox and the server's log before you send it again.",
            ],
            How::ServerClosed | How::Reset => vec![
                match self.direct() {
                    true => {
                        "The server's log says why it closed; the time and the address that the test came from find the place."
                    }
                    false => "The server's log says why it closed; the time and the relay's address find the place.",
                },
                "A firewall that inspects SMTP can do this as well: try from another network.",
            ],
            How::ServerClosing => vec![
                "The text behind 421 or 221 says why; most often too many connections, too many errors or too long a pause.",
            ],
            How::TimedOut | How::HungUp if self.ending.awaited == Some(Asked::Message) => vec![
                "The message may have been taken: look into the mailbox and the server's log before you send it again.",
            ],
            How::TlsFailed => Vec::new(),
            How::TimedOut => vec!["Try again, and look into the server's log for what it was doing meanwhile."],
            How::Flood => vec!["This is no mail server, or one that is out of order."],
            How::Cut(Code::Idle) => vec!["The settings are kept: begin again when you are ready."],
            How::Cut(_) => vec!["The settings are kept: begin again."],
            How::RelayLost(_) => vec![
                "Was the relay stopped, or did this device change its network? The settings and this transcript are kept.",
            ],
            How::Quit | How::HungUp => Vec::new(),
        }
    }

    /// Whether the server was called from here, without a relay.
    fn direct(&self) -> bool {
        self.via == Via::Direct
    }
}

/// Advice where this side tried to connect by itself.
fn not_connected_advice(code: Code, port: u16) -> Vec<&'static str> {
    match code {
        Code::DnsFailed | Code::DnsTimeout => {
            vec!["Try the server's IP address instead of its name: if that works, only the DNS is at fault."]
        }
        Code::ConnectTimeout if port == 25 => vec![
            "Port 25 is often blocked on the way out of homes, offices and clouds: try port 587, or from another network.",
        ],
        Code::Unreachable => vec![
            "An IPv6 address without IPv6 on this side fails like this: try IPv4.",
            "Check that this computer has a route to that network.",
        ],
        Code::NoSuchHost | Code::ConnectRefused | Code::ConnectTimeout => refused_advice(code, port),
        _ => vec!["Try again, and look into the server's log."],
    }
}

fn refused_advice(code: Code, port: u16) -> Vec<&'static str> {
    match code {
        Code::NoSuchHost => vec![
            "Check the spelling. A mail domain often has no address of its own: look up its MX hosts instead.",
            "A name that exists inside a company only is not known to a DNS outside.",
        ],
        Code::DnsFailed | Code::DnsTimeout => vec![
            "Try the server's IP address instead of its name: if that works, only the DNS is at fault.",
            "The relay can be started with --dns ADDRESS:PORT to ask another DNS server.",
        ],
        Code::ConnectRefused => vec![
            "Is the mail server running, and does it listen on this address and port?",
            "Try the other ports: 25 is for mail between servers, 587 for mail programs.",
        ],
        Code::ConnectTimeout if port == 25 => vec![
            "Port 25 is often blocked on the way out of homes, offices and clouds: try port 587, or a relay in another network.",
            "If other servers answer on port 25 from here, this one's firewall is silent.",
        ],
        Code::ConnectTimeout => vec![
            "A firewall, here or there, drops the packets: try from another network.",
            "Check the address and the port.",
        ],
        Code::Unreachable => vec![
            "An IPv6 address without IPv6 on the relay's side fails like this: try IPv4.",
            "Check that the relay's host has a route to this network.",
        ],
        Code::NotSmtp if port == 465 || port == 2465 => {
            vec![
                "On this port servers expect TLS from the first byte: choose \u{201C}TLS at once\u{201D} under Security, or try port 25 or 587.",
            ]
        }
        Code::NotSmtp => vec!["Check the port: mail servers listen on 25 and 587, and on 465 with TLS from the start."],
        Code::ClearFirst => vec![
            "Choose STARTTLS under Security: the conversation begins unencrypted and turns to TLS before the mail.",
            "If this server does speak TLS from the first byte here, ask the relay's operator to add the port to `implicit_tls_ports`.",
        ],
        Code::BadHello => vec![
            "Reload the page, so that page and relay are of one version.",
            "If that does not help, this is a fault of Ehlo: please report it, with the saved conversation.",
        ],
        Code::Forbidden => vec!["Mail ports only: 25, 465, 587, 2525 and 2465. The relay's --allow-port adds another."],
        Code::Unauthorized => vec!["Ask the relay's operator for the token, and enter it in the relay settings."],
        Code::Busy => vec!["Wait a moment and begin again."],
        _ => vec!["The relay's log has a line about it."],
    }
}
