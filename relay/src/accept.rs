//! Accepts connections, and leads each through the rooms: front, http, tunnel.
//!
//! The loop is our own, since the time limit for a request's head needs a timer that must be installed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::front::connection::{enter, turn_away};
use crate::front::entrance::Place;
use crate::front::listen::{Listener, Peer};
use crate::front::stream::Stream;
use crate::http::serve::serve;
use crate::http::site::Site;
use crate::life::{Life, stopped};
use crate::watch::metrics::Broken;

/// Accepts until the relay stops.
pub(crate) async fn accept(listener: Listener, sites: watch::Receiver<Arc<Site>>, life: Life) {
    let mut stop = life.stop.clone();
    let mut back_off = Duration::from_millis(10);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                back_off = Duration::from_millis(10);
                let place = sites.borrow().entrance.place(peer);
                match place {
                    Some(place) => drop(tokio::spawn(visit(stream, peer, sites.clone(), life.clone(), place))),
                    None => {
                        turn_away(&stream);
                        sites.borrow().entrance.metrics.connection_refused(Broken::Busy);
                    }
                }
            }
            // Descriptors may be used up: wait for some to come back instead of spinning.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::select! {
                    () = sleep(back_off) => {}
                    () = stopped(&mut stop) => return,
                }
                back_off = (back_off * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// One connection to its end. HTTP and session are in boxes: while there is one, the room for the other is not held.
async fn visit(stream: Stream, peer: Peer, sites: watch::Receiver<Arc<Site>>, life: Life, mut place: Place) {
    let upgraded = Box::pin(async move {
        let entrance = Arc::clone(&sites.borrow().entrance);
        let mut stop = life.stop.clone();
        let entered = enter(stream, peer, entrance, &mut place, &mut stop).await?;
        serve(entered, sites, life).await
    });
    if let Some((granted, stream, rest)) = upgraded.await {
        Box::pin(granted.run(stream, rest)).await;
    }
}
