//! One conversation over one connection, with a clock and a socket.

use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use ehlo_core::export::view::Turn;
use ehlo_core::machine::connection::{Arrived, Connection, Do};
use ehlo_core::machine::{Action, Closed, Direct, Session, Setup, SocketContext, TypedEnd};
use ehlo_core::time::Now;
use ehlo_core::tls::Legacy;
use ehlo_core::tunnel::FromRelay;
use tokio::time::{Duration, Instant, sleep_until};

use crate::error::Error;
use crate::relay;
use crate::tcp::{Dial, Dialed};
use crate::way::{Event, Way};

/// The second connection that asks an old server what it would agree to, on its way to its answer.
type Probe = Pin<Box<dyn Future<Output = Option<Box<Legacy>>> + Send>>;

/// How the server is reached.
#[derive(Clone, Debug)]
enum Route {
    /// Through the relay whose tunnel this is.
    Relay(String),
    /// Over TCP from here.
    Direct,
}

/// Something that looks at all bytes that leave for the mail server.
type Tap = Box<dyn FnMut(&[u8]) + Send>;

/// A conversation, and the way that carries it.
pub struct Conversation {
    connection: Connection,
    /// The second connection of a failed handshake goes there too.
    route: Route,
    /// Gone once either side has closed it.
    way: Option<Way>,
    zero: Instant,
    /// When the connection wants to be woken.
    due: Option<Now>,
    probe: Option<Probe>,
    tap: Option<Tap>,
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("route", &self.route)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// Something that happened while we waited, to be handed to [`Conversation::take_in`].
#[derive(Debug)]
pub struct Happening(What);

#[derive(Debug)]
enum What {
    Way(Event),
    Probed(Option<Box<Legacy>>),
    Due,
}

impl Conversation {
    /// Calls the relay at `tunnel`, such as `ws://127.0.0.1:2580/relay`, and begins. A relay that does not answer is no
    /// error: the conversation ends with it, and says so.
    ///
    /// The wall clock and a seed of random numbers are added to `setup` where it has none.
    ///
    /// # Errors
    /// Only where the operating system gives no random numbers.
    pub async fn through(tunnel: &str, setup: Setup) -> Result<Self, Error> {
        let mut this = Self::new(Route::Relay(tunnel.to_owned()), setup)?;
        let arrived = match relay::tunnel(tunnel).await {
            Ok(socket) => {
                this.way = Some(Way::Relay(Box::new(socket)));
                Arrived::Reached
            }
            Err(_) => {
                let context = SocketContext { relay: tunnel.to_owned(), ..SocketContext::default() };
                Arrived::Closed(Closed::Socket { code: 1006, context })
            }
        };
        this.handle(arrived).await?;
        Ok(this)
    }

    /// Begins to connect over TCP from this machine, to the host and port of `setup`, and does not wait for it: what
    /// happens on the way is part of the conversation, and so is its failure.
    ///
    /// # Errors
    /// As [`Self::through`].
    pub async fn directly(setup: Setup) -> Result<Self, Error> {
        let dial = Dial::start(setup.host.clone(), setup.port, setup.family);
        let mut this = Self::new(Route::Direct, setup)?;
        this.way = Some(Way::Dialing(dial));
        this.handle(Arrived::Direct(Direct::Dialing)).await?;
        Ok(this)
    }

    fn new(route: Route, setup: Setup) -> Result<Self, Error> {
        Ok(Self {
            connection: Connection::new(Now(0), with_clock_and_seed(setup)?),
            route,
            way: None,
            zero: Instant::now(),
            due: None,
            probe: None,
            tap: None,
        })
    }

    /// From now on `tap` is shown all bytes that leave for the mail server, in order.
    pub fn watch(&mut self, tap: impl FnMut(&[u8]) + Send + 'static) {
        self.tap = Some(Box::new(tap));
    }

    /// The session, to look at.
    pub fn session(&self) -> &Session {
        self.connection.session()
    }

    /// The session alone, when all is said.
    pub fn into_session(self) -> Session {
        self.connection.into_session()
    }

    /// Does something as the person, and does not wait for what follows.
    ///
    /// # Errors
    /// [`Error::Mistake`]: it cannot be done now.
    pub async fn act(&mut self, action: Action) -> Result<(), Error> {
        self.handle(Arrived::Act(action)).await
    }

    /// Types a line, and waits until it is the person's turn again or all is over. Returns the code of the last reply; 0
    /// where there is none.
    ///
    /// # Errors
    /// As [`Self::act`] and [`Self::until`].
    pub async fn say(&mut self, line: &str) -> Result<u16, Error> {
        self.act(Action::Send { line: line.to_owned(), end: TypedEnd::default() }).await?;
        self.turn().await?;
        Ok(self.session().record().replies().last().map_or(0, |reply| reply.code))
    }

    /// Takes the proposed step, and waits as [`Self::say`].
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn next(&mut self) -> Result<u16, Error> {
        self.act(Action::Next {}).await?;
        self.turn().await?;
        Ok(self.session().record().replies().last().map_or(0, |reply| reply.code))
    }

    /// Waits until it is the person's turn, or all is over.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn turn(&mut self) -> Result<Turn, Error> {
        self.until(|session| !matches!(session.view().turn, Turn::Connecting | Turn::Server)).await?;
        Ok(self.session().view().turn)
    }

    /// Waits until the conversation has ended.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn end(&mut self) -> Result<(), Error> {
        self.until(|session| session.record().ending().is_some()).await
    }

    /// Waits until the session looks as wanted; for ever, if need be: a caller with less patience puts a limit around it.
    ///
    /// # Errors
    /// [`Error::Over`] where nothing more can happen.
    pub async fn until(&mut self, wanted: impl Fn(&Session) -> bool) -> Result<(), Error> {
        while !wanted(self.session()) {
            let happening = self.happening().await.ok_or(Error::Over)?;
            self.take_in(happening).await?;
        }
        Ok(())
    }

    /// Carries the conversation on for as long as `other` takes.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn during<T>(&mut self, other: impl Future<Output = T>) -> Result<T, Error> {
        tokio::pin!(other);
        loop {
            let happening = tokio::select! {
                done = &mut other => return Ok(done),
                happening = self.happening() => happening,
            };
            match happening {
                Some(happening) => self.take_in(happening).await?,
                None => return Ok(other.await),
            }
        }
    }

    fn now(&self) -> Now {
        Now(u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The next thing that happens; none when nothing can happen any more. May be dropped while it waits: nothing is lost.
    pub async fn happening(&mut self) -> Option<Happening> {
        let due = self.due.map(|due| self.zero + Duration::from_millis(due.0));
        if due.is_none() && self.way.is_none() && self.probe.is_none() {
            return None;
        }
        let (way, probe) = (&mut self.way, &mut self.probe);
        let event = async {
            match way {
                Some(way) => way.next().await,
                None => pending().await,
            }
        };
        let probed = async {
            match probe {
                Some(probe) => probe.await,
                None => pending().await,
            }
        };
        let wake = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        Some(Happening(tokio::select! {
            event = event => What::Way(event),
            legacy = probed => What::Probed(legacy),
            () = wake => What::Due,
        }))
    }

    /// Takes in what [`Self::happening`] gave, and does what follows from it.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn take_in(&mut self, Happening(what): Happening) -> Result<(), Error> {
        match what {
            What::Way(Event::Bytes(bytes)) => self.handle(Arrived::Bytes(&bytes)).await,
            // A relay of another version may say what this one does not know.
            What::Way(Event::Control(text)) => match FromRelay::from_json(&text) {
                Ok(message) => self.handle(Arrived::Relay(message)).await,
                Err(_) => Ok(()),
            },
            What::Way(Event::Dialed(Dialed::On(direct))) => {
                if matches!(direct, Direct::NotConnected(_)) {
                    self.way = None;
                }
                self.handle(Arrived::Direct(direct)).await
            }
            What::Way(Event::Dialed(Dialed::Up(stream, connected))) => {
                self.way = Some(Way::Tcp(stream));
                self.handle(Arrived::Direct(Direct::Connected(connected))).await
            }
            What::Way(Event::TcpEnd { reset }) => {
                self.way = None;
                self.handle(Arrived::Closed(Closed::Tcp { reset })).await
            }
            What::Way(Event::SocketEnd(code)) => {
                self.way = None;
                let context = SocketContext { reached: true, ..SocketContext::default() };
                self.handle(Arrived::Closed(Closed::Socket { code, context })).await
            }
            What::Probed(legacy) => {
                self.probe = None;
                self.handle(Arrived::Probed(legacy)).await
            }
            What::Due => self.handle(Arrived::Tick).await,
        }
    }

    async fn handle(&mut self, arrived: Arrived<'_>) -> Result<(), Error> {
        let result = self.connection.handle(self.now(), arrived);
        loop {
            match self.connection.poll() {
                Do::Send(bytes) => self.send(bytes).await?,
                Do::Control(message) => {
                    if let Some(way) = &mut self.way {
                        way.control(&message).await;
                    }
                }
                Do::Hangup => {
                    if let Some(way) = self.way.take() {
                        way.close().await;
                    }
                }
                Do::Probe(setup) => self.probe = Some(probed(self.route.clone(), *setup)),
                Do::EndProbe => self.probe = None,
                Do::Changed => {}
                Do::Idle(due) => {
                    self.due = due;
                    return Ok(result?);
                }
            }
        }
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        if let Some(tap) = &mut self.tap {
            tap(&bytes);
        }
        let left = bytes.len() as u64;
        if let Some(way) = &mut self.way {
            way.send(bytes).await;
        }
        Ok(self.connection.handle(self.now(), Arrived::Left(left))?)
    }
}

/// Holds the second connection to its end.
fn probed(route: Route, setup: Setup) -> Probe {
    Box::pin(async move {
        let mut conversation = match route {
            Route::Relay(tunnel) => Conversation::through(&tunnel, setup).await.ok()?,
            Route::Direct => Conversation::directly(setup).await.ok()?,
        };
        conversation.end().await.ok()?;
        conversation.connection.legacy().cloned().map(Box::new)
    })
}

/// `setup` with the wall clock, by which certificates are judged, and the seed of nonces and message names.
fn with_clock_and_seed(mut setup: Setup) -> Result<Setup, Error> {
    if setup.started.is_none() {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        setup.started = u64::try_from(clock.as_millis()).ok();
    }
    if setup.seed.is_empty() {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(Error::NoRandomness)?;
        setup.seed = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    }
    Ok(setup)
}
