//! Words that several readings share: what happened, what is waited for, who is in between.

use crate::probe::Recipe;
use crate::record::event::Event;
use crate::record::{Asked, Via};
use crate::sasl::ServerProof;
use crate::tunnel::{Closer, Code, ProxyHeader};
use crate::wire::command::Verb;

/// What happened, as a person reads it.
pub fn event(event: &Event) -> String {
    match event {
        Event::Calling { host, port: Some(port) } => format!("Asking the relay for {host}, port {port}"),
        Event::Calling { host, port: None } => format!("Asking the relay for {host}"),
        Event::Dialing { host, port } => format!("Connecting to {host}, port {port}"),
        Event::NotConnected { code } => ["No connection: ", attempt(*code)].concat(),
        Event::Proxy(header) => {
            let version = u8::from(header.version);
            let ProxyHeader { source, destination, .. } = header;
            format!("The relay begins with a PROXY header, version {version}: from {source} to {destination}")
        }
        Event::Resolved { name, addresses, ms } if addresses.len() == 1 && addresses[0] == *name => {
            format!("{name} is an address: no look-up needed ({ms} ms)")
        }
        Event::Resolved { name, addresses, ms } => format!("{name} is {} ({ms} ms)", addresses.join(", ")),
        Event::Attempt { address, error, ms } => format!("{address}: {} after {ms} ms", attempt(*error)),
        Event::Connected { address, port, local, local_name, ms } => {
            let from = match (local, local_name) {
                (Some(local), Some(name)) => format!(" from {local} ({name})"),
                (Some(local), None) => format!(" from {local}"),
                (None, _) => String::new(),
            };
            format!("Connected to {address}, port {port},{from} in {ms} ms").replace(", in", " in")
        }
        Event::Practice { name } => format!("Connected to the practice server in this page ({name})"),
        Event::Secured(report) => report.summary(),
        Event::TlsFailed(failure) => failure.sentence.clone(),
        Event::Probed(legacy) => ["Asked as an old client would, on another connection. ", &legacy.sentence].concat(),
        Event::ServerProof(outcome) => proof(*outcome).into(),
        Event::Withheld { why } => ["The credentials were not sent. ", why].concat(),
        Event::Recipe { id } => {
            ["A test on purpose: ", Recipe::of(id).map_or(id.as_str(), |recipe| recipe.title)].concat()
        }
        Event::Verdict { verdict, sentence } => ["The test’s result is ", verdict.word(), ". ", sentence].concat(),
        Event::CloseNotify => "The server ended TLS in order".into(),
        Event::Eof => "The server closed the connection".into(),
        Event::Closed { by, code } => closed(*by, *code),
        Event::Refused { message, .. } => message.clone(),
        Event::RelayLost { code } => format!("The connection to the relay broke (WebSocket close code {code})"),
        Event::NoRelay { relay, .. } => format!("No connection to the relay at {relay}"),
        Event::HungUp => "You hung up".into(),
        Event::Overdue => "The time that the standard allows for this reply has passed".into(),
        Event::Flood => "The server sent more than can be kept; Ehlo stopped listening".into(),
    }
}

/// What a failed attempt to connect means.
fn attempt(error: Code) -> &'static str {
    match error {
        Code::ConnectRefused => "connection refused",
        Code::Unreachable => "no way there (unreachable)",
        Code::Reset => "connection reset",
        Code::ConnectTimeout => "no answer",
        Code::Forbidden => "not allowed by the relay",
        Code::NoSuchHost => "the name does not exist, or has no address",
        Code::DnsFailed => "the DNS could not answer",
        Code::DnsTimeout => "the DNS did not answer in time",
        _ => "failed",
    }
}

fn closed(by: Closer, code: Code) -> String {
    match (by, code) {
        (Closer::Target, Code::Reset) => "The server reset the connection".into(),
        (Closer::Target, _) => "The server closed the connection".into(),
        (Closer::Client, _) => "Ehlo closed the connection".into(),
        (Closer::Relay, Code::Idle) => "The relay closed the connection: no byte for too long".into(),
        (Closer::Relay, Code::Lifetime) => {
            "The relay closed the connection: it lasted longer than the relay allows".into()
        }
        (Closer::Relay, Code::ByteLimit) => "The relay closed the connection: more octets than the relay allows".into(),
        (Closer::Relay, Code::GoingAway) => "The relay is being stopped, and closed the connection".into(),
        (Closer::Relay, code) => format!("The relay closed the connection ({})", code.word()),
    }
}

const fn proof(outcome: ServerProof) -> &'static str {
    match outcome {
        ServerProof::ServerProved => "The server proved that it knows the password",
        ServerProof::ServerFailed => "The server gave a wrong proof that it knows the password",
        _ => "The server did not prove that it knows the password",
    }
}

/// What is waited for, as in "waiting for …".
pub fn awaited(asked: Asked) -> String {
    match asked {
        Asked::Relay => "the relay".into(),
        Asked::Connection => "the connection to the server".into(),
        Asked::TlsPart => "the part of Ehlo that speaks TLS".into(),
        Asked::Handshake => "the TLS handshake".into(),
        Asked::Greeting => "the greeting".into(),
        Asked::Command(Verb::Other) => "the reply".into(),
        Asked::Command(verb) => format!("the reply to {}", verb.spoken()),
        Asked::AuthAnswer => "the reply to the answer".into(),
        Asked::Message => "the reply to the final dot".into(),
        Asked::Close => "the server to close".into(),
    }
}

/// Who can read and change what is not encrypted, on the way by which the server is reached.
pub fn carriers(via: Via) -> &'static str {
    match via {
        Via::Relay => "the relay, and everybody on the way",
        Via::Direct | Via::Practice => "everybody on the way",
    }
}

/// The address from which the server is reached, as a person would look for it in a log.
pub fn own_address(via: Via) -> &'static str {
    match via {
        Via::Relay => "the relay's address",
        Via::Direct | Via::Practice => "the address that this test comes from",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_told_with_as_much_as_is_known_of_it() {
        for (talk, words) in [
            (
                "connected 15 192.0.2.1 25 198.51.100.7:4711 host.example",
                "Connected to 192.0.2.1, port 25, from 198.51.100.7:4711 (host.example) in 15 ms",
            ),
            ("connected 15 192.0.2.1 25 - -", "Connected to 192.0.2.1, port 25 in 15 ms"),
            ("dial mx.example 587", "Connecting to mx.example, port 587"),
            ("not-connected connect_refused", "No connection: connection refused"),
        ] {
            assert_eq!(event(&Event::from_talk(talk).unwrap()), words);
        }
    }
}
