//! Drives the core's session as the page does, but natively: a WebSocket to the relay, the real clock, nothing of SMTP.

use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use ehlo_core::export::view::Turn;
use ehlo_core::machine::{Action, Closed, Input, Output, Secured, Session, Setup, SocketContext};
use ehlo_core::time::Now;
use ehlo_core::tls::Settings;
use ehlo_core::tls::layer::{Layer, Out};
use ehlo_core::tunnel::{FromRelay, SUBPROTOCOL};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::failure::{Failure, Outcome};
use crate::wait::PATIENCE;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long the relay has to answer the close of a WebSocket; a browser waits about as long.
const GOODBYE: Duration = Duration::from_secs(2);

/// Opens the relay's tunnel as its own page does, with that page's Origin (RFC 6454) and the subprotocol.
///
/// # Errors
/// When nobody answers, or the relay does not want it.
pub async fn tunnel(url: &str) -> Outcome<Socket> {
    let mut request = url.into_client_request()?;
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    request.headers_mut().insert("origin", format!("http://{host}").parse()?);
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
    let (mut socket, _) = connect_async(request).await?;
    if let MaybeTlsStream::Plain(stream) = socket.get_mut() {
        // A browser does not wait for more to send, and a keystroke is a small message.
        stream.set_nodelay(true)?;
    }
    Ok(socket)
}

/// A conversation for failure texts: all of a short one, beginning and end of a long one.
pub fn told(session: &Session) -> String {
    const BEGINNING: usize = 40;
    const END: usize = 20;
    let plain = session.plain();
    let lines: Vec<&str> = plain.lines().collect();
    if lines.len() <= BEGINNING + END {
        return plain;
    }
    let (beginning, end) = (lines[..BEGINNING].join("\n"), lines[lines.len() - END..].join("\n"));
    format!("{beginning}\n... {} lines ...\n{end}", lines.len() - BEGINNING - END)
}

/// A session, and the WebSocket that carries it.
#[derive(Debug)]
pub struct Conversation {
    session: Session,
    /// Gone once the session has hung up, or the relay has.
    socket: Option<Socket>,
    zero: Instant,
    /// When the session wants to be woken.
    due: Option<Now>,
    /// The TLS session, from the handshake on.
    layer: Option<Box<Layer>>,
    /// What the relay was given, in order: a test looks at what it could read.
    pub carried: Vec<Vec<u8>>,
}

/// Something that happened while we waited.
enum Happening {
    Message(Message),
    /// The WebSocket ended, with this close code (RFC 6455, section 7.4); 1006 without a close frame.
    End(u16),
    Due,
}

impl Conversation {
    /// Opens the WebSocket at `tunnel`, such as `ws://127.0.0.1:2580/relay`, and begins. A relay that does not answer
    /// is no failure: the session ends with it.
    ///
    /// # Errors
    /// When the session makes a mistake of what happens, which it never should.
    pub async fn open(tunnel_url: &str, mut setup: Setup) -> Outcome<Self> {
        // As the page gives them: certificates are judged by the clock, and a proof needs a nonce.
        let clock = SystemTime::now().duration_since(UNIX_EPOCH)?;
        setup.started.get_or_insert(u64::try_from(clock.as_millis())?);
        if setup.seed.is_empty() {
            setup.seed = format!("{:x}test", clock.as_nanos());
        }
        let session = Session::new(Now(0), setup);
        let mut this =
            Self { session, socket: None, zero: Instant::now(), due: None, layer: None, carried: Vec::new() };
        if let Ok(socket) = tunnel(tunnel_url).await {
            this.socket = Some(socket);
            this.input(Input::Reached).await?;
        } else {
            let context = SocketContext { relay: tunnel_url.to_owned(), ..SocketContext::default() };
            this.input(Input::Closed(Closed::Socket { code: 1006, context })).await?;
        }
        Ok(this)
    }

    /// The session, to look at.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session alone, when all is said.
    pub fn into_session(self) -> Session {
        self.session
    }

    /// Does something as the person, and does not wait for what follows.
    ///
    /// # Errors
    /// When the session says that it cannot be done now.
    pub async fn act(&mut self, action: Action) -> Outcome {
        self.input(Input::Do(action)).await
    }

    /// Types a line, and waits until it is the person's turn again or all is over. Gives the code of the last reply.
    ///
    /// # Errors
    /// When there is nothing left to type into, or the server says nothing for too long.
    pub async fn say(&mut self, line: &str) -> Outcome<u16> {
        self.act(Action::Send { line: line.to_owned(), end: Default::default() }).await?;
        self.turn().await?;
        Ok(self.session.record().replies().last().map_or(0, |reply| reply.code))
    }

    /// Takes the proposed step, and waits as [`Conversation::say`].
    ///
    /// # Errors
    /// As [`Conversation::say`].
    pub async fn next(&mut self) -> Outcome<u16> {
        self.act(Action::Next {}).await?;
        self.turn().await?;
        Ok(self.session.record().replies().last().map_or(0, |reply| reply.code))
    }

    /// Waits until it is the person's turn, or all is over.
    ///
    /// # Errors
    /// When nothing happens for too long.
    pub async fn turn(&mut self) -> Outcome<Turn> {
        self.until("the person's turn", |session| !matches!(session.view().turn, Turn::Connecting | Turn::Server))
            .await?;
        Ok(self.session.view().turn)
    }

    /// Waits until the conversation has ended.
    ///
    /// # Errors
    /// When nothing happens for too long.
    pub async fn end(&mut self) -> Outcome {
        self.until("the end", |session| session.record().ending().is_some()).await
    }

    /// Waits until the session looks as wanted.
    ///
    /// # Errors
    /// When nothing happens for too long; the text holds the conversation.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Session) -> bool) -> Outcome {
        while !wanted(&self.session) {
            let waited = timeout(PATIENCE, self.happening()).await;
            let happening = waited.map_err(|_| self.failure(&format!("waited {PATIENCE:?} for {what}, in vain")))?;
            let Some(happening) = happening else {
                return Err(self.failure(&format!("all is over without {what}")));
            };
            self.tell(happening).await?;
        }
        Ok(())
    }

    /// Tells the session all that happens for as long as `other` takes.
    ///
    /// # Errors
    /// As [`Conversation::until`].
    pub async fn during<T>(&mut self, other: impl Future<Output = T>) -> Outcome<T> {
        tokio::pin!(other);
        loop {
            let happening = tokio::select! {
                done = &mut other => return Ok(done),
                happening = self.happening() => happening,
            };
            match happening {
                Some(happening) => self.tell(happening).await?,
                None => return Ok(other.await),
            }
        }
    }

    fn failure(&self, text: &str) -> Failure {
        Failure::new(text).with(told(&self.session))
    }

    fn now(&self) -> Now {
        Now(u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The next thing that happens; none when nothing can happen any more.
    async fn happening(&mut self) -> Option<Happening> {
        let due = self.due.map(|due| self.zero + Duration::from_millis(due.0));
        let wake = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let Some(socket) = &mut self.socket else {
            due?;
            wake.await;
            return Some(Happening::Due);
        };
        tokio::select! {
            message = socket.next() => Some(match message {
                Some(Ok(Message::Close(frame))) => Happening::End(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(message)) => Happening::Message(message),
                Some(Err(_)) | None => Happening::End(1006),
            }),
            () = wake => Some(Happening::Due),
        }
    }

    async fn tell(&mut self, happening: Happening) -> Outcome {
        match happening {
            Happening::Message(Message::Binary(bytes)) => match &mut self.layer {
                Some(layer) => {
                    layer.receive(&bytes);
                    self.pump().await
                }
                None => self.input(Input::Bytes(&bytes)).await,
            },
            Happening::Message(Message::Text(text)) => {
                let message = FromRelay::from_json(&text)?;
                if matches!(message, FromRelay::Eof {} | FromRelay::Closed { .. }) {
                    self.layer_ends().await?;
                }
                self.input(Input::Relay(message)).await
            }
            Happening::Message(_) => Ok(()),
            Happening::End(code) => {
                self.socket = None;
                self.layer_ends().await?;
                let context = SocketContext { reached: true, ..SocketContext::default() };
                self.input(Input::Closed(Closed::Socket { code, context })).await
            }
            Happening::Due => self.input(Input::Tick).await,
        }
    }

    async fn input(&mut self, input: Input<'_>) -> Outcome {
        let result = self.session.handle(self.now(), input);
        self.drain().await?;
        Ok(result?)
    }

    async fn drain(&mut self) -> Outcome {
        loop {
            match self.session.poll() {
                Output::Send(bytes) => {
                    let octets = bytes.len() as u64;
                    self.send(bytes).await?;
                    self.session.handle(self.now(), Input::Written(octets))?;
                }
                Output::Control(message) => self.write(Message::text(message.to_json())).await,
                Output::Handshake(settings) => Box::pin(self.shake_hands(*settings)).await?,
                Output::Hangup => self.hang_up().await,
                Output::Changed => {}
                Output::Idle(due) => {
                    self.due = due;
                    return Ok(());
                }
            }
        }
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Outcome {
        let Some(layer) = &mut self.layer else {
            self.carried.push(bytes.clone());
            self.write(Message::binary(bytes)).await;
            return Ok(());
        };
        layer.send(&bytes);
        Box::pin(self.pump()).await
    }

    async fn shake_hands(&mut self, settings: Settings) -> Outcome {
        match Layer::new(settings) {
            Ok(mut layer) => {
                layer.start();
                self.layer = Some(Box::new(layer));
                self.input(Input::Handshaking).await?;
                self.pump().await
            }
            Err(failure) => self.input(Input::TlsFailed(failure)).await,
        }
    }

    /// The way to the server is closed: the TLS session is told before the conversation.
    async fn layer_ends(&mut self) -> Outcome {
        if let Some(layer) = &mut self.layer {
            layer.eof();
            self.pump().await?;
        }
        Ok(())
    }

    /// Does what the TLS session says until it says no more.
    async fn pump(&mut self) -> Outcome {
        loop {
            let Some(layer) = &mut self.layer else { return Ok(()) };
            let input = match layer.poll() {
                Out::ToNetwork(bytes) => {
                    self.carried.push(bytes.clone());
                    self.write(Message::binary(bytes)).await;
                    continue;
                }
                Out::Plain(bytes) => {
                    Box::pin(self.input(Input::Bytes(&bytes))).await?;
                    continue;
                }
                // The authorities that the tests trust come with the settings.
                Out::WantsAnchors(_) => {
                    layer.anchors(&[]);
                    continue;
                }
                Out::Done(report, binding) => Input::Secured(Secured { report, binding: Some(binding) }),
                Out::Failed(failure) => Input::TlsFailed(failure),
                Out::CloseNotify => Input::CloseNotify,
                Out::Idle => {
                    let (sent, received) = layer.carried();
                    let result = self.session.handle(self.now(), Input::Carried { sent, received });
                    return Ok(result?);
                }
            };
            Box::pin(self.input(input)).await?;
        }
    }

    async fn write(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket {
            // A relay that is gone says so where we read.
            let _ = socket.send(message).await;
        }
    }

    /// Closes, and waits for the answer, so that nothing that was sent before is lost to a reset.
    async fn hang_up(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            let goodbye = async {
                let _ = socket.close(None).await;
                while let Some(Ok(_)) = socket.next().await {}
            };
            let _ = timeout(GOODBYE, goodbye).await;
        }
    }
}

/// Holds the whole conversation that `setup` describes, unattended, and gives the session at its end. `setup` is the
/// same JSON that a page gives.
///
/// # Errors
/// When the setup is wrong, or nothing happens for too long.
pub async fn run(tunnel_url: &str, mut setup: serde_json::Value) -> Outcome<Session> {
    setup["attended"] = false.into();
    let mut conversation = Conversation::open(tunnel_url, Setup::from_json(&setup.to_string())?).await?;
    conversation.end().await?;
    Ok(conversation.into_session())
}
