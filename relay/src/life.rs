//! How the relay's end is told, and waited for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// The time that the last word of each session, and then the last work, may take.
const LAST_WORK: Duration = Duration::from_secs(10);

/// Waits until the relay is being stopped.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the `Running` is gone, which stops as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What everything that runs in a relay holds of it.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) stop: watch::Receiver<bool>,
    /// Whether nothing new is taken any more.
    pub(crate) drain: watch::Receiver<bool>,
    open: Arc<watch::Sender<usize>>,
    /// Held for as long as there is work to do.
    working: mpsc::Sender<Infallible>,
}

/// One open session; it is counted until it is dropped.
pub(crate) struct Open {
    open: Arc<watch::Sender<usize>>,
    _working: mpsc::Sender<Infallible>,
}

/// What ends a relay. Where it is dropped, the relay stops too.
#[derive(Debug)]
pub(crate) struct Reins {
    /// Said first: nothing new is taken.
    drain: watch::Sender<bool>,
    /// Said last: listeners are closed.
    stop: watch::Sender<bool>,
    open: watch::Receiver<usize>,
    /// Closed when the last session and connection has ended.
    at_work: mpsc::Receiver<Infallible>,
}

impl Reins {
    /// Takes nothing new, gives what is open its grace, and then stops it. All has ended on return.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.drain.send_replace(true);
        let open = *self.open.borrow();
        tracing::warn!(open, "told to end; nothing new is taken");
        let _ = timeout(grace + LAST_WORK, self.open.wait_for(|open| *open == 0)).await;
        self.stop.send_replace(true);
        let _ = timeout(LAST_WORK, self.at_work.recv()).await;
    }
}

impl Life {
    /// A life that has just begun, and what ends it.
    pub(crate) fn new() -> (Self, Reins) {
        let (stop, stopping) = watch::channel(false);
        let (drain, draining) = watch::channel(false);
        let (open, opened) = watch::channel(0);
        let (working, at_work) = mpsc::channel(1);
        let life = Self { stop: stopping, drain: draining, open: Arc::new(open), working };
        (life, Reins { drain, stop, open: opened, at_work })
    }

    /// How many sessions are open, now and later.
    pub(crate) fn sessions(&self) -> watch::Receiver<usize> {
        self.open.subscribe()
    }

    /// Counts one more session.
    pub(crate) fn opened(&self) -> Open {
        self.open.send_modify(|open| *open += 1);
        Open { open: Arc::clone(&self.open), _working: self.working.clone() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open -= 1);
    }
}
