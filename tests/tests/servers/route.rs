//! From a mail domain to its hosts, by the relay's look-ups in a DNS of our own, and on to the host that was found.

use std::net::SocketAddr;

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::{Output, SocketContext};
use ehlo_core::search::{Route, RouteVerdict, Search};
use ehlo_core::time::Now;
use ehlo_core::tunnel::FromRelay;
use ehlo_relay::Config;
use ehlo_tests::conversation::{run, tunnel};
use ehlo_tests::dns::Dns;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{Exim, MailServer};
use ehlo_tests::wait::PATIENCE;
use ehlo_tests::{Failure, TestResult};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{IN_ORDER, MESSAGE, expect};

const ZONES: [(&str, &str); 4] = [
    (
        "domain.test.",
        "@ 60 IN MX 20 second\n@ 60 IN MX 5 mail\n@ 60 IN MX 50 elsewhere.example.\n\
         mail 60 IN A 127.0.0.1\nsecond 60 IN A 192.0.2.2\nsecond 60 IN AAAA 2001:db8::2\n\
         empty 60 IN TXT nothing",
    ),
    ("implicit.test.", "@ 60 IN A 127.0.0.1"),
    ("null.test.", "@ 60 IN MX 0 ."),
    ("elsewhere.example.", "@ 60 IN A 198.51.100.9"),
];

struct Scene {
    relay: Relay,
    _dns: Dns,
}

impl Scene {
    async fn reaching(ports: Vec<u16>) -> TestResult<Self> {
        let dns = Dns::start(&ZONES).await?;
        let config = Config { dns: vec![dns.addr().into()], allow_ports: ports, ..Config::default() };
        Ok(Self { relay: Relay::start(config).await?, _dns: dns })
    }

    /// Drives the core's search over a WebSocket, as [`ehlo_tests::conversation`] drives a session.
    async fn search(&self, domain: &str) -> TestResult<Route> {
        let zero = Instant::now();
        let now = || Now(u64::try_from(zero.elapsed().as_millis()).unwrap_or(u64::MAX));
        let mut search = Search::new(now(), domain, None)?;
        let mut socket = tunnel(&self.relay.tunnel_url()).await?;
        search.reached(now());
        while search.route().is_none() {
            while let output = search.poll()
                && !matches!(output, Output::Idle(_))
            {
                if let Output::Control(message) = output {
                    socket.send(Message::text(message.to_json())).await?;
                }
            }
            match timeout(PATIENCE, socket.next()).await? {
                Some(Ok(Message::Text(text))) => search.relay_says(now(), FromRelay::from_json(&text)?),
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    search.closed(now(), &SocketContext { reached: true, ..SocketContext::default() });
                }
                Some(Ok(_)) => {}
            }
        }
        let _ = socket.close(None).await;
        search.route().cloned().ok_or_else(|| Failure::new("the search has no end"))
    }
}

#[tokio::test]
async fn hosts_are_found_in_the_order_of_preference() -> TestResult {
    let route = Scene::reaching(Vec::new()).await?.search("recipient@domain.test").await?;
    assert_eq!(route.verdict, RouteVerdict::Mx, "{route:?}");
    let hosts: Vec<_> = route.hosts.iter().map(|host| (host.preference, host.host.as_str())).collect();
    let wanted = [(Some(5), "mail.domain.test"), (Some(20), "second.domain.test"), (Some(50), "elsewhere.example")];
    assert_eq!(hosts, wanted);
    assert_eq!(route.hosts[0].addresses, ["127.0.0.1"]);
    assert_eq!(route.hosts[1].addresses, ["192.0.2.2", "2001:db8::2"]);
    assert_eq!(route.hosts[2].addresses, ["198.51.100.9"]);
    assert!(route.sentence.contains("3 mail servers"), "{}", route.sentence);
    Ok(())
}

#[tokio::test]
async fn a_domain_without_mx_takes_mail_at_its_own_address() -> TestResult {
    let route = Scene::reaching(Vec::new()).await?.search("implicit.test").await?;
    assert_eq!(route.verdict, RouteVerdict::Implicit, "{route:?}");
    assert_eq!(route.hosts.len(), 1);
    assert_eq!((route.hosts[0].host.as_str(), route.hosts[0].preference), ("implicit.test", None));
    assert_eq!(route.hosts[0].addresses, ["127.0.0.1"]);
    Ok(())
}

#[tokio::test]
async fn domains_that_take_no_mail_are_told_apart() -> TestResult {
    let scene = Scene::reaching(Vec::new()).await?;
    for (domain, verdict, words) in [
        ("null.test", RouteVerdict::NullMx, "takes no mail"),
        ("empty.domain.test", RouteVerdict::NoMailHost, "neither an MX nor an address"),
        ("missing.domain.test", RouteVerdict::NoSuchDomain, "does not exist"),
        // Our DNS knows nothing of it, and says that it does not want to say.
        ("unknown.example", RouteVerdict::Failed, "could not answer"),
    ] {
        let route = scene.search(domain).await?;
        assert_eq!(route.verdict, verdict, "{domain}: {route:?}");
        assert!(route.hosts.is_empty() && !route.advice.is_empty(), "{domain}: {route:?}");
        assert!(route.sentence.contains(words), "{domain}: {}", route.sentence);
    }
    Ok(())
}

#[tokio::test]
async fn the_preferred_host_is_reached_by_its_name_and_takes_the_mail() -> TestResult {
    let server = Exim::setup().start().await?;
    let SocketAddr::V4(addr) = server.addr() else { return Err(Failure::new("Exim listens on IPv4")) };
    let scene = Scene::reaching(vec![addr.port()]).await?;
    let route = scene.search("domain.test").await?;
    let setup = json!({
        "host": route.hosts[0].host,
        "port": addr.port(),
        "from": "a@client.example",
        "to": ["recipient@domain.test"],
        "message": MESSAGE,
    });
    let session = run(&scene.relay.tunnel_url(), setup).await?;
    expect(&session, Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)?;
    // Without a name of its own the relay greets with "test." and the server's domain.
    let plain = session.plain();
    assert!(plain.contains("mail.domain.test is 127.0.0.1") && plain.contains("EHLO test.domain.test"), "{plain}");
    server.mailbox().mails(1).await?;
    Ok(())
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_not_reached_and_the_name_is_the_cause() -> TestResult {
    let scene = Scene::reaching(Vec::new()).await?;
    let session = run(&scene.relay.tunnel_url(), json!({ "host": "missing.domain.test" })).await?;
    expect(&session, Outcome::Unreachable, None, "", ("relay-refused", "relay"))?;
    let sentence = session.view().ending.map(|ending| ending.sentence).unwrap_or_default();
    assert!(sentence.contains("missing.domain.test does not exist in the DNS"), "{sentence}");
    Ok(())
}
