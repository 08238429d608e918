//! One session: the page's first message, then look-ups, or one connection until its end.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

use ehlo_core::secret::Secret;
use ehlo_core::tunnel::{Closer, Code, FIRST_MESSAGE_MAX, ToRelay};
use futures_util::{FutureExt, Sink, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::context::Context;
use super::refusal::{Deny, End, broken};
use super::send::last_word;
use crate::config::find_token;
use crate::elapsed::millis;
use crate::life::stopped;
use crate::out::bridge::Counters;
use crate::quotas::{TokenId, Use, Who};

/// Who opened a session.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) client: SocketAddr,
    pub(crate) origin: String,
}

/// What the log line tells of a session, as far as it has become known.
#[derive(Debug, Default)]
pub(super) struct Facts {
    asked: String,
    /// Whose token was shown, and by what it is counted.
    token: Option<(String, TokenId)>,
    pub(super) target: Option<String>,
    pub(super) address: Option<SocketAddr>,
    /// The client that a PROXY header has named.
    pub(super) proxied: Option<SocketAddr>,
}

/// Runs one session from the upgrade to the log line.
pub(crate) async fn session<S>(
    mut ws: WebSocketStream<S>,
    context: &Context,
    visitor: &Visitor,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let id = context.names.next();
    let started = Instant::now();
    let counters = Counters::default();
    let facts = Mutex::new(Facts::default());
    let session = Session { context, visitor, id: &id, counters: &counters, facts: &facts };
    let end = tokio::select! {
        end = contained(&id, session.converse(&mut ws)) => end,
        () = stopped_and(&mut stop, context.limits.grace) => session.going_away(),
    };
    let (sent, received) = (counters.sent.load(Relaxed), counters.received.load(Relaxed));
    let who = session.who();
    context.quotas.sent(who, sent).await;
    context.metrics.ended(&end, sent, received, started.elapsed());
    let facts = facts.into_inner().unwrap_or_else(PoisonError::into_inner);
    tracing::info!(
        target: "ehlo_relay::session",
        id,
        client = %visitor.client.ip(),
        origin = visitor.origin,
        asked = facts.asked,
        token = facts.token.map(|(name, _)| name),
        target = facts.target,
        address = facts.address.map(|address| address.to_string()),
        proxied = facts.proxied.map(|source| source.to_string()),
        result = end.word(),
        by = end.by(),
        sent,
        received,
        ms = millis(started.elapsed()),
        "session"
    );
    // In a box, as all that a session which stands does not need.
    Box::pin(last_word(ws, end, &id, sent, received)).await;
}

/// Contains a panic to its session. What it said is not logged, since it may hold what went through. No `async fn`, which
/// would hold the room for the session twice.
fn contained(id: &str, session: impl Future<Output = End>) -> impl Future<Output = End> {
    AssertUnwindSafe(session).catch_unwind().map(move |ended| {
        ended.unwrap_or_else(|_| {
            tracing::error!(id, "a session panicked");
            End::Denied(Deny::new(Code::Internal, "Something went wrong in the relay; its log says more."))
        })
    })
}

async fn stopped_and(stop: &mut watch::Receiver<bool>, grace: std::time::Duration) {
    stopped(stop).await;
    sleep(grace).await;
}

/// One session and what it needs.
pub(super) struct Session<'a> {
    pub(super) context: &'a Context,
    pub(super) visitor: &'a Visitor,
    pub(super) id: &'a str,
    pub(super) counters: &'a Counters,
    facts: &'a Mutex<Facts>,
}

impl Session<'_> {
    pub(super) fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Who this is: a client, and whose token it has shown.
    pub(super) fn who(&self) -> Who {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        Who { client: self.visitor.client.ip(), token: facts.token.as_ref().map(|(_, id)| *id) }
    }

    fn going_away(&self) -> End {
        let connected = self.facts.lock().unwrap_or_else(PoisonError::into_inner).address.is_some();
        match connected {
            true => End::Closed { by: Closer::Relay, code: Code::GoingAway },
            false => End::Denied(Deny::new(Code::GoingAway, "The relay is being stopped.")),
        }
    }

    async fn converse<S>(&self, ws: &mut WebSocketStream<S>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut page_out, mut page_in) = ws.split();
        self.begin(&mut page_out, &mut page_in).await.unwrap_or_else(|end| end)
    }

    async fn begin<W, R>(&self, page_out: &mut W, page_in: &mut R) -> Result<End, End>
    where
        W: Sink<Message, Error = Error> + Unpin,
        R: Stream<Item = Result<Message, Error>> + Unpin,
    {
        let client = self.visitor.client.ip();
        let _place = self.context.quotas.take(Use::Session(client)).await.map_err(|reached| {
            let wait = reached.retry_after;
            self.context.metrics.quota_refused("sessions");
            busy(wait, format!("Too many connections from one place; try again in {wait} seconds."))
        })?;
        let limits = &self.context.limits;
        let late = || {
            let seconds = limits.first_message.as_secs();
            Deny::bad_request(format!("The page has asked for nothing within {seconds} seconds (connect_expected)."))
        };
        match request(page_in, Instant::now() + limits.first_message, late).await? {
            ToRelay::Connect(connect) => {
                self.note(|facts| facts.asked = "connect".to_owned());
                self.authorise(connect.token.as_ref())?;
                self.context.quotas.take(Use::Conversation(self.who())).await.map_err(|reached| {
                    self.context.metrics.quota_refused("day");
                    enough_today(reached.retry_after)
                })?;
                self.connect(&connect, page_out, page_in).await
            }
            question @ (ToRelay::Lookup(_) | ToRelay::MtaSts(_) | ToRelay::About { .. }) => {
                self.note(|facts| facts.asked = "lookup".to_owned());
                // In a box, as what comes before a connection: a session that stands need not hold the room for it.
                Box::pin(self.answer(question, page_out, page_in)).await
            }
            ToRelay::Eof {} => Err(End::Denied(Deny::bad_request("There is no connection to end yet."))),
        }
    }

    /// Whether the page knows a token, where one is wanted.
    pub(super) fn authorise(&self, shown: Option<&Secret>) -> Result<(), End> {
        let tokens = &self.context.tokens;
        if tokens.is_empty() {
            return Ok(());
        }
        let message = match shown {
            None => "This relay wants a token, which its operator gives out. Write it under \u{201c}Relay\u{201d}.",
            Some(shown) => match find_token(tokens, shown) {
                Some(token) => {
                    self.note(|facts| facts.token = Some((token.name.clone(), token.id())));
                    return Ok(());
                }
                None => "This relay does not know that token. Ask its operator for the right one.",
            },
        };
        Err(End::Denied(Deny::new(Code::Unauthorized, message)))
    }
}

/// Somebody's day is used up.
pub(super) fn enough_today(wait: u64) -> End {
    busy(wait, format!("That is enough for one day; try again in {} minutes.", wait / 60 + 1))
}

pub(super) fn busy(retry_after: u64, message: String) -> End {
    End::Denied(Deny::busy(retry_after, message))
}

/// The page's next request.
pub(super) async fn request<R>(page: &mut R, deadline: Instant, late: impl Fn() -> Deny) -> Result<ToRelay, End>
where
    R: Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        let message = timeout_at(deadline, page.next()).await.map_err(|_| End::Denied(late()))?;
        match message {
            Some(Ok(Message::Text(text))) if text.len() <= FIRST_MESSAGE_MAX => {
                return ToRelay::from_json(&text).map_err(|mistake| {
                    let why = mistake.to_string();
                    let why = why.trim_start_matches(": ");
                    End::Denied(Deny::bad_request(format!("The page's request is not understood: {why}.")))
                });
            }
            Some(Ok(Message::Text(_)) | Err(Error::Capacity(_))) => {
                return Err(End::Denied(Deny::new(Code::TooBig, "The page's request is too long.")));
            }
            Some(Ok(Message::Binary(_))) => {
                return Err(End::Denied(Deny::bad_request("The page must say first what it wants.")));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(broken(&error)),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
        }
    }
}

/// Waits for what must not come before the connection stands: anything but a close is an error of the page.
pub(super) async fn speaks_too_early<R>(page: &mut R) -> End
where
    R: Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        match page.next().await {
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Text(_) | Message::Binary(_)) | Err(Error::Capacity(_))) => {
                return End::Denied(Deny::bad_request("The page must wait until the connection stands."));
            }
            Some(Err(error)) => return broken(&error),
            Some(Ok(Message::Close(_))) | None => return End::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use ehlo_core::tunnel::FromRelay;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_its_own_session_as_our_fault() {
        assert_eq!(contained("test-1", async { End::Gone }).await, End::Gone);
        let end = contained("test-2", async { panic!("on purpose") }).await;
        let (relay, page) = tokio::io::duplex(1024);
        let relay = WebSocketStream::from_raw_socket(relay, Role::Server, None).await;
        let mut page = WebSocketStream::from_raw_socket(page, Role::Client, None).await;
        tokio::spawn(last_word(relay, end, "test-2", 0, 0));
        let Some(Ok(Message::Text(text))) = page.next().await else { panic!("the last word") };
        let FromRelay::Error(refusal) = FromRelay::from_json(&text).unwrap() else { panic!("{text}") };
        assert_eq!((refusal.code, refusal.session.as_str()), (Code::Internal, "test-2"));
        let Some(Ok(Message::Close(Some(frame)))) = page.next().await else { panic!("the close frame") };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4500, "internal"));
    }
}
