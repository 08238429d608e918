//! Addresses become one TCP connection: the next is tried when one fails or is slow (RFC 8305), and the page hears of
//! each that failed.

use std::net::SocketAddr;
use std::time::Duration;

use ehlo_core::tunnel::{Code, FromRelay};
use futures_util::stream::FuturesUnordered;
use futures_util::{Sink, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::outbound::{Outbound, one};
use crate::config::Limits;
use crate::elapsed::millis;
use crate::quotas::{Lease, Quotas, Use};
use crate::tunnel::refusal::{Deny, End};
use crate::tunnel::send::tell;

/// How long an attempt has the field to itself before the next begins (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connection that stands.
pub(crate) struct Dialled {
    pub(crate) tcp: TcpStream,
    /// The address that was asked for, which behind a proxy is not the connection's.
    pub(crate) address: SocketAddr,
    pub(crate) place: Lease,
}

/// Connects to the first address that answers; the attempts that lose are broken off at once.
///
/// # Errors
/// The most telling of the failures, or that the page has gone.
pub(crate) async fn dial<W>(
    addresses: &[SocketAddr],
    outbound: &Outbound,
    limits: &Limits,
    quotas: &dyn Quotas,
    page: &mut W,
) -> Result<Dialled, End>
where
    W: Sink<Message, Error = Error> + Unpin,
{
    let deadline = Instant::now() + limits.connect_all;
    let mut waiting = addresses.iter().copied().take(limits.connect_addresses).peekable();
    let mut due = Instant::now();
    let mut race = FuturesUnordered::new();
    let mut failures = Vec::new();
    let mut full = None;
    loop {
        let more = waiting.peek().is_some() && due < deadline;
        let (address, started, outcome) = tokio::select! {
            biased;
            Some(ended) = race.next() => ended,
            () = reached(due), if more => {
                let Some(address) = waiting.next() else { continue };
                match quotas.take(Use::Target(address.ip())).await {
                    Ok(place) => {
                        race.push(attempt(address, outbound, limits.connect_each, deadline, place));
                        due = Instant::now() + ATTEMPT_DELAY;
                    }
                    // Another address may still have a place.
                    Err(reached) => full = Some((address, reached.retry_after)),
                }
                continue;
            }
            else => break,
        };
        let error = match outcome {
            Ok((tcp, place)) => return Ok(Dialled { tcp, address, place }),
            Err(error) => error,
        };
        failures.push((address, error));
        due = Instant::now();
        let ms = millis(started.elapsed());
        tell(page, &FromRelay::Attempt { address: address.ip().to_string(), error, ms }).await?;
    }
    Err(End::Denied(match full {
        Some((address, wait)) => {
            Deny::busy(wait, format!("Too many connections to {}; try again in {wait} seconds.", address.ip()))
        }
        None => verdict(&failures, outbound),
    }))
}

/// Waits until then. What is due needs no timer, which would take its millisecond, and wake another thread for it.
async fn reached(due: Instant) {
    if Instant::now() < due {
        sleep_until(due).await;
    }
}

/// One attempt, with when it began and the place that it holds as long as it lasts.
async fn attempt(
    address: SocketAddr,
    outbound: &Outbound,
    limit: Duration,
    deadline: Instant,
    place: Lease,
) -> (SocketAddr, Instant, Result<(TcpStream, Lease), Code>) {
    let started = Instant::now();
    let ended = timeout_at(deadline, one(address, outbound, limit)).await;
    (address, started, ended.unwrap_or(Err(Code::ConnectTimeout)).map(|tcp| (tcp, place)))
}

/// One code for several failures: what says most about the target comes before what may be the relay's own network.
fn verdict(failures: &[(SocketAddr, Code)], outbound: &Outbound) -> Deny {
    const TELLING: [Code; 5] =
        [Code::ConnectRefused, Code::Reset, Code::ConnectTimeout, Code::Unreachable, Code::Internal];
    let found = TELLING.iter().find_map(|code| failures.iter().find(|(_, error)| error == code));
    let Some(&(address, code)) = found else {
        return Deny::new(Code::Internal, "The relay had no address to try.");
    };
    let message = match code {
        Code::ConnectRefused => {
            format!("{address} refused the connection: nothing listens on that port, or a firewall rejects it.")
        }
        Code::Reset => format!("{address} broke the connection off while it was being made."),
        Code::ConnectTimeout => format!(
            "{address} did not answer. The host may be down, or a firewall drops the packets; \
             many homes and clouds may not use port 25 outwards."
        ),
        // An HTTP proxy does not say whether the server refused or is not there.
        Code::Unreachable if outbound.proxy(address).is_some() => format!(
            "The proxy by which the relay goes out could not connect to {address}: nothing listens there, \
             or the proxy has no way to it."
        ),
        Code::Unreachable => {
            format!("There is no way from the relay to {address}: no route, or a firewall forbids it.")
        }
        _ => format!("The relay could not open a connection to {address}; its log may say why."),
    };
    Deny::new(code, message)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use futures_util::SinkExt as _;
    use tokio::net::TcpListener;
    use tokio::time::sleep;

    use super::*;
    use crate::quotas::{Answer, Reached, Who};

    #[test]
    fn the_verdict_is_the_failure_that_tells_most() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (one, two) = (at("192.0.2.1:25"), at("[2001:db8::1]:25"));
        for (failures, code, address) in [
            (vec![(one, Code::Unreachable), (two, Code::ConnectRefused)], Code::ConnectRefused, "2001:db8::1"),
            (vec![(one, Code::ConnectTimeout), (two, Code::Unreachable)], Code::ConnectTimeout, "192.0.2.1"),
            (vec![(one, Code::Unreachable)], Code::Unreachable, "192.0.2.1"),
        ] {
            let deny = verdict(&failures, &Outbound::default());
            assert_eq!(deny.code, code);
            assert!(deny.message.contains(address), "{}", deny.message);
        }
    }

    #[test]
    fn what_a_proxy_could_not_reach_is_told_as_the_proxys_word() {
        let through = Some("http://127.0.0.1:3128".parse().unwrap());
        let outbound = Outbound { through, ..Outbound::default() };
        let failures = [("192.0.2.1:25".parse().unwrap(), Code::Unreachable)];
        let deny = verdict(&failures, &outbound);
        assert_eq!(deny.code, Code::Unreachable);
        assert!(deny.message.starts_with("The proxy"), "{}", deny.message);
    }

    /// Quotas that are kept elsewhere: the answer takes its time, and this target has no place left there.
    struct Elsewhere {
        full: IpAddr,
        given_back: Arc<AtomicUsize>,
    }

    struct Place(Arc<AtomicUsize>);

    impl Drop for Place {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    impl Quotas for Elsewhere {
        fn take(&self, what: Use) -> Answer<'_, Result<Lease, Reached>> {
            Box::pin(async move {
                sleep(Duration::from_millis(20)).await;
                match what == Use::Target(self.full) {
                    true => Err(Reached { retry_after: 7 }),
                    false => Ok(Box::new(Place(Arc::clone(&self.given_back))) as Lease),
                }
            })
        }

        fn sent(&self, _: Who, _: u64) -> Answer<'_, ()> {
            Box::pin(std::future::ready(()))
        }

        fn octets_left(&self, _: Who) -> Answer<'_, u64> {
            Box::pin(std::future::ready(u64::MAX))
        }
    }

    #[tokio::test]
    async fn quotas_may_be_kept_elsewhere() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let free = listener.local_addr().unwrap();
        let full = SocketAddr::from(([127, 0, 0, 2], free.port()));
        let given_back = Arc::default();
        let quotas = Elsewhere { full: full.ip(), given_back: Arc::clone(&given_back) };
        let mut page = futures_util::sink::drain().sink_map_err(|never: Infallible| match never {});
        let (way, limits) = (Outbound::default(), Limits::default());
        let Err(End::Denied(deny)) = dial(&[full], &way, &limits, &quotas, &mut page).await else {
            panic!("it is full")
        };
        assert_eq!((deny.code, deny.retry_after), (Code::Busy, Some(7)));
        let dialled = dial(&[full, free], &way, &limits, &quotas, &mut page).await.ok().unwrap();
        assert_eq!((dialled.address, given_back.load(Relaxed)), (free, 0));
        drop(dialled);
        assert_eq!(given_back.load(Relaxed), 1);
    }
}
