//! A conversation as a test holds it: the native driver, with the tests' patience, and with all that it sent kept.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use ehlo_core::export::view::Turn;
use ehlo_core::machine::{Action, Session, Setup};
use tokio::time::timeout;

pub use ehlo_drive::relay::tunnel;

use crate::failure::{Failure, TestResult};
use crate::wait::PATIENCE;

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

/// A conversation through a relay, which fails where nothing happens for too long.
#[derive(Debug)]
pub struct Conversation {
    inner: ehlo_drive::Conversation,
    carried: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Conversation {
    /// Opens the WebSocket at `tunnel`, such as `ws://127.0.0.1:2580/relay`, and begins. A relay that does not answer is
    /// no failure: the session ends with it.
    ///
    /// # Errors
    /// When there is no randomness.
    pub async fn open(tunnel: &str, setup: Setup) -> TestResult<Self> {
        let mut inner = ehlo_drive::Conversation::through(tunnel, setup).await?;
        let carried = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&carried);
        inner.watch(move |bytes| kept.lock().unwrap_or_else(PoisonError::into_inner).push(bytes.to_vec()));
        Ok(Self { inner, carried })
    }

    /// What the relay was given, in order: a test looks at what it could read.
    pub fn carried(&self) -> Vec<Vec<u8>> {
        self.carried.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The session, to look at.
    pub fn session(&self) -> &Session {
        self.inner.session()
    }

    /// The session alone, when all is said.
    pub fn into_session(self) -> Session {
        self.inner.into_session()
    }

    /// Does something as the person, and does not wait for what follows.
    ///
    /// # Errors
    /// When the session says that it cannot be done now.
    pub async fn act(&mut self, action: Action) -> TestResult {
        Ok(self.inner.act(action).await?)
    }

    /// Types a line, and waits until it is the person's turn again or all is over. Gives the code of the last reply.
    ///
    /// # Errors
    /// When there is nothing left to type into, or the server says nothing for too long.
    pub async fn say(&mut self, line: &str) -> TestResult<u16> {
        self.act(Action::Send { line: line.to_owned(), end: Default::default() }).await?;
        self.turn().await?;
        Ok(self.session().record().replies().last().map_or(0, |reply| reply.code))
    }

    /// Takes the proposed step, and waits as [`Conversation::say`].
    ///
    /// # Errors
    /// As [`Conversation::say`].
    pub async fn next(&mut self) -> TestResult<u16> {
        self.act(Action::Next {}).await?;
        self.turn().await?;
        Ok(self.session().record().replies().last().map_or(0, |reply| reply.code))
    }

    /// Waits until it is the person's turn, or all is over.
    ///
    /// # Errors
    /// When nothing happens for too long.
    pub async fn turn(&mut self) -> TestResult<Turn> {
        self.until("the person's turn", |session| !matches!(session.view().turn, Turn::Connecting | Turn::Server))
            .await?;
        Ok(self.session().view().turn)
    }

    /// Waits until the conversation has ended.
    ///
    /// # Errors
    /// When nothing happens for too long.
    pub async fn end(&mut self) -> TestResult {
        self.until("the end", |session| session.record().ending().is_some()).await
    }

    /// Waits until the session looks as wanted.
    ///
    /// # Errors
    /// When nothing happens for too long; the text holds the conversation.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Session) -> bool) -> TestResult {
        while !wanted(self.session()) {
            let Ok(happening) = timeout(PATIENCE, self.inner.happening()).await else {
                return Err(self.failure(&format!("waited {PATIENCE:?} for {what}, in vain")));
            };
            let Some(happening) = happening else {
                return Err(self.failure(&format!("all is over without {what}")));
            };
            self.inner.take_in(happening).await?;
        }
        Ok(())
    }

    /// Tells the session all that happens for as long as `other` takes.
    ///
    /// # Errors
    /// As [`Conversation::until`].
    pub async fn during<T>(&mut self, other: impl Future<Output = T>) -> TestResult<T> {
        Ok(self.inner.during(other).await?)
    }

    fn failure(&self, text: &str) -> Failure {
        Failure::new(text).with(told(self.session()))
    }
}

/// Holds the whole conversation that `setup` describes, unattended, and gives the session at its end. `setup` is the
/// same JSON that a page gives.
///
/// # Errors
/// When the setup is wrong, or nothing happens for too long.
pub async fn run(tunnel_url: &str, mut setup: serde_json::Value) -> TestResult<Session> {
    setup["attended"] = false.into();
    let mut conversation = Conversation::open(tunnel_url, Setup::from_json(&setup.to_string())?).await?;
    conversation.end().await?;
    Ok(conversation.into_session())
}
