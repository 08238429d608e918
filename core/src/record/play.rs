//! A saved talk, held again: the same session, fed from the file.

use crate::explain::Phrases;
use crate::machine::{Action, Closed, Input, Output, Secured, Session, SocketContext, TypedEnd};
use crate::record::event::Event;
use crate::record::talk::{Item, Talk, TalkError};
use crate::setup::{PlanChange, Security, Setup};
use crate::time::Now;
use crate::tunnel::{Closer, Connected, FromRelay, Refusal};

/// Reads a talk and replays it.
///
/// # Errors
/// The first line that is none of a talk's.
pub fn open(text: &str) -> Result<Session, TalkError> {
    open_knowing(text, Phrases::BUILT_IN)
}

/// As [`open`], with the phrases that are known so far.
///
/// # Errors
/// As [`open`].
pub fn open_knowing(text: &str, phrases: Phrases) -> Result<Session, TalkError> {
    Ok(replay_knowing(&Talk::parse(text)?, phrases))
}

/// Replays a talk. The facts and findings in it are passed over: they are derived anew.
pub fn replay(talk: &Talk) -> Session {
    replay_knowing(talk, Phrases::BUILT_IN)
}

fn replay_knowing(talk: &Talk, phrases: Phrases) -> Session {
    let mut session = Session::knowing(Now(0), setup_of(talk), phrases).without_running();
    let mut now = Now(0);
    let mut message: Vec<u8> = Vec::new();
    let mut items = talk.items.iter().map(|(_, item)| item).peekable();
    while let Some(item) = items.next() {
        match item {
            Item::Server(bytes) => {
                begin(&mut session, now);
                feed(&mut session, now, Input::Bytes(bytes));
            }
            Item::Client(bytes) => {
                begin(&mut session, now);
                if !session.expects_message() && session.chunk_left() == 0 {
                    send(&mut session, now, bytes);
                    continue;
                }
                message.extend_from_slice(bytes);
                let whole = match session.chunk_left() {
                    0 => session.ends_body(&message),
                    left => message.len() >= left,
                };
                let split = !bytes.ends_with(b"\n") || whole;
                if split || !matches!(items.peek(), Some(Item::Client(_))) {
                    let mut whole = std::mem::take(&mut message);
                    let behind = whole.split_off(match session.chunk_left() {
                        0 => whole.len(),
                        left => left.min(whole.len()),
                    });
                    session.replay_message(now, &whole);
                    drain(&mut session);
                    if !behind.is_empty() {
                        send(&mut session, now, &behind);
                    }
                }
            }
            Item::Stage(text) => stage(&mut session, &mut now, text),
            Item::Fact(_) | Item::Finding(_) | Item::Prose(_) => {}
        }
    }
    session
}

/// The setup that a talk tells of, as far as it does.
pub fn setup_of(talk: &Talk) -> Setup {
    let mut setup = Setup::default();
    for (_, item) in &talk.items {
        let Item::Stage(text) = item else { continue };
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "started" => setup.started = rest.parse().ok(),
            "until" => {
                if let Ok(change) = PlanChange::from_json(&["{\"until\":\"", rest.trim(), "\"}"].concat()) {
                    let _ = setup.plan.change(change);
                }
            }
            "plan" => {
                if let Ok(change) = PlanChange::from_json(rest) {
                    let _ = setup.plan.change(change);
                }
            }
            "unattended" => setup.attended = false,
            "protocol" => setup.lmtp = rest.trim() == "lmtp",
            "security" => setup.security = Security::of(rest.trim()).unwrap_or_default(),
            _ => match Event::from_talk(text) {
                Some(Event::Calling { host, port: Some(port) }) => (setup.host, setup.port) = (host, port),
                Some(Event::Calling { host, port: None }) => setup.target = Some(host),
                Some(Event::Proxy(header)) => setup.proxy_header = Some(header),
                Some(Event::Practice { name }) => setup.practice = Some(name),
                _ => {}
            },
        }
    }
    setup
}

/// A talk may begin with the server's first words: then the connection is taken for granted.
fn begin(session: &mut Session, now: Now) {
    if session.is_before_connection() {
        feed(session, now, Input::Opened);
    }
}

fn stage(session: &mut Session, now: &mut Now, text: &str) {
    if let Some(at) = text.strip_prefix("at ").and_then(|at| at.trim().parse().ok()) {
        *now = Now(at);
        // Only a limit that was overdue in the original makes an event there; it is in the talk itself.
        return;
    }
    if let Some(line) = text.strip_prefix("decoded ") {
        return session.replay_decoded(line);
    }
    if let Some(octets) = text.strip_prefix("omitted ").and_then(|octets| octets.trim().parse().ok()) {
        return session.replay_omitted(octets);
    }
    let Some(event) = Event::from_talk(text) else { return };
    if let Some(message) = message_of(&event) {
        return feed(session, *now, Input::Relay(message));
    }
    match event {
        Event::Calling { .. } => feed(session, *now, Input::Reached),
        Event::Practice { .. } => feed(session, *now, Input::Opened),
        Event::RelayLost { code } => {
            let context = SocketContext { reached: true, ..SocketContext::default() };
            feed(session, *now, Input::Closed(Closed::Socket { code, context }));
        }
        Event::NoRelay { why, relay } => session.replay_no_relay(*now, why, relay),
        Event::Secured(report) => {
            feed(session, *now, Input::Secured(Secured { report, binding: None }));
        }
        Event::CloseNotify => feed(session, *now, Input::CloseNotify),
        Event::TlsFailed(failure) => feed(session, *now, Input::TlsFailed(failure)),
        Event::Probed(legacy) => feed(session, *now, Input::Probed(legacy)),
        Event::ServerProof(_) | Event::Withheld { .. } => session.replay_sign_in(*now, event),
        Event::Recipe { .. } | Event::Verdict { .. } => session.replay_recipe(*now, event),
        Event::HungUp => session.replay_hangup(*now),
        Event::Overdue => session.replay_overdue(*now),
        Event::Flood => session.replay_flood(*now),
        _ => {}
    }
    drain(session);
}

fn message_of(event: &Event) -> Option<FromRelay> {
    Some(match event.clone() {
        Event::Resolved { name, addresses, ms } => FromRelay::Resolved { name, addresses, ms },
        Event::Attempt { address, error, ms } => FromRelay::Attempt { address, error, ms },
        Event::Connected { address, port, local, local_name, ms } => {
            FromRelay::Connected(Connected { session: String::new(), address, port, local, local_name, ms })
        }
        Event::Eof => FromRelay::Eof {},
        Event::Closed { by: by @ (Closer::Target | Closer::Client | Closer::Relay), code } => {
            FromRelay::Closed { by, code, sent: 0, received: 0 }
        }
        Event::Refused { code, message, guess } => {
            FromRelay::Error(Refusal { code, message, session: String::new(), retry_after: None, guess })
        }
        _ => return None,
    })
}

fn send(session: &mut Session, now: Now, bytes: &[u8]) {
    let (text, end) = match bytes {
        [text @ .., b'\r', b'\n'] => (text, TypedEnd::CrLf),
        [text @ .., b'\n'] => (text, TypedEnd::Lf),
        [text @ .., b'\r'] => (text, TypedEnd::Cr),
        text => (text, TypedEnd::None),
    };
    let line = String::from_utf8_lossy(text).into_owned();
    feed(session, now, Input::Do(Action::Send { line, end }));
}

fn feed(session: &mut Session, now: Now, input: Input<'_>) {
    // A talk may send after the end; there is nothing to send to then, and nothing to tell.
    let _ = session.handle(now, input);
    drain(session);
}

fn drain(session: &mut Session) {
    while !matches!(session.poll(), Output::Idle(_)) {}
}
