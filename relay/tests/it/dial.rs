//! From a name to one connection: what is resolved, what is tried, and why it failed.

use std::net::SocketAddr;
use std::time::Duration;

use ehlo_core::tunnel::{Code, Connect, Family, FromRelay, ToRelay};
use ehlo_relay::Prefer;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{Heard, Page, Target, relay_for, relay_with};
use crate::zone::{Zone, zone};

/// A port of this address on which nothing listens.
fn closed_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_refused_connection_is_reported_and_refused() {
    let address = closed_port();
    let running = relay_with(|config| config.allow_ports.push(address.port())).await;
    let mut page = Page::open(&running).await;
    page.connect(address).await;
    let Heard::Word(FromRelay::Resolved { name, addresses, .. }) = page.hear().await else { panic!("resolved") };
    assert_eq!((name.as_str(), addresses.as_slice()), ("127.0.0.1", &["127.0.0.1".to_owned()][..]));
    let Heard::Word(FromRelay::Attempt { address: tried, error, .. }) = page.hear().await else { panic!("attempt") };
    assert_eq!((tried.as_str(), error), ("127.0.0.1", Code::ConnectRefused));
    let refusal = page.refusal().await;
    assert_eq!(refusal.code, Code::ConnectRefused);
    assert!(refusal.message.contains(&address.to_string()), "{}", refusal.message);
}

#[tokio::test]
async fn an_address_without_a_way_to_it_is_unreachable() {
    let running = relay_with(|_| {}).await;
    let mut page = Page::open(&running).await;
    // The limited broadcast address is refused by the system itself, without a packet.
    page.connect_to("255.255.255.255", 25).await;
    page.hear().await;
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Attempt { error: Code::Unreachable, .. })));
    assert_eq!(page.refusal().await.code, Code::Unreachable);
}

/// A zone whose names have loopback addresses; only 127.0.0.1 has the target.
async fn names() -> Zone {
    zone(
        "two IN A 127.0.0.2\ntwo IN A 127.0.0.1\nmany IN A 127.0.0.2\nmany IN A 127.0.0.3\nmany IN A 127.0.0.4\n\
         many IN A 127.0.0.5\nmany IN A 127.0.0.6\nfour IN A 127.0.0.1\nnone IN TXT \"here\"\n",
    )
    .await
}

#[tokio::test]
async fn each_address_is_tried_in_turn_until_one_answers() {
    let (target, zone) = (Target::new().await, names().await);
    let running = relay_with(|config| {
        config.allow_ports.push(target.address.port());
        config.dns = vec![zone.address.into()];
    })
    .await;
    let mut page = Page::open(&running).await;
    page.connect_to("two.zone.example", target.address.port()).await;
    let Heard::Word(FromRelay::Resolved { name, mut addresses, .. }) = page.hear().await else { panic!("resolved") };
    let order = addresses.clone();
    addresses.sort();
    assert_eq!((name.as_str(), addresses), ("two.zone.example", vec!["127.0.0.1".to_owned(), "127.0.0.2".to_owned()]));
    if order[0] == "127.0.0.2" {
        let attempt = page.hear().await;
        assert!(
            matches!(&attempt, Heard::Word(FromRelay::Attempt { address, error: Code::ConnectRefused, .. }) if address == "127.0.0.2"),
            "{attempt:?}"
        );
    }
    let Heard::Word(FromRelay::Connected(connected)) = page.hear().await else { panic!("connected") };
    assert_eq!(connected.address, "127.0.0.1");
}

#[tokio::test]
async fn at_most_four_addresses_are_tried() {
    let (closed, zone) = (closed_port(), names().await);
    let running = relay_with(|config| {
        config.allow_ports.push(closed.port());
        config.dns = vec![zone.address.into()];
    })
    .await;
    let mut page = Page::open(&running).await;
    page.connect_to("many.zone.example", closed.port()).await;
    let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
    assert_eq!(addresses.len(), 4);
    for address in addresses {
        let Heard::Word(FromRelay::Attempt { address: tried, .. }) = page.hear().await else { panic!("attempt") };
        assert_eq!(tried, address);
    }
    assert_eq!(page.refusal().await.code, Code::ConnectRefused);
}

#[tokio::test]
async fn a_name_without_an_address_is_told_from_a_dns_that_fails() {
    let zone = names().await;
    let running = relay_with(|config| config.dns = vec![zone.address.into()]).await;
    for (name, code) in [
        ("none.zone.example", Code::NoSuchHost),
        ("missing.zone.example", Code::NoSuchHost),
        ("elsewhere.test", Code::DnsFailed),
    ] {
        let mut page = Page::open(&running).await;
        page.connect_to(name, 25).await;
        let refusal = page.refusal().await;
        assert_eq!(refusal.code, code, "{name}");
        assert!(refusal.message.contains(name), "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_wanted_family_without_an_address_is_no_such_host() {
    let zone = names().await;
    let running = relay_with(|config| config.dns = vec![zone.address.into()]).await;
    let mut page = Page::open(&running).await;
    let connect = Connect {
        host: Some("four.zone.example".to_owned()),
        port: Some(25),
        family: Some(Family::V6),
        ..Connect::default()
    };
    page.say(&ToRelay::Connect(connect)).await;
    let refusal = page.refusal().await;
    assert_eq!(refusal.code, Code::NoSuchHost);
    assert!(refusal.message.contains("IPv6"), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_dns_server_that_does_not_answer_is_a_timeout_of_its_own() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let running = relay_with(|config| config.dns = vec![silent.local_addr().unwrap().into()]).await;
    let mut page = Page::open(&running).await;
    page.connect_to("mx.example", 25).await;
    assert_eq!(page.refusal().await.code, Code::DnsTimeout);
}

/// Listeners on one port of several addresses whose queues are full: they drop what comes, as a firewall does.
async fn deaf(addresses: &[&str]) -> (u16, Vec<(TcpListener, TcpStream)>) {
    let mut all = Vec::new();
    let mut port = 0;
    for address in addresses {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), port)).unwrap();
        let listener = socket.listen(0).unwrap();
        let bound = listener.local_addr().unwrap();
        port = bound.port();
        all.push((listener, TcpStream::connect(bound).await.unwrap()));
    }
    (port, all)
}

#[tokio::test(start_paused = true)]
async fn an_address_that_does_not_answer_is_a_timeout() {
    let (port, _deaf) = deaf(&["127.0.0.1"]).await;
    let running = relay_with(|config| config.allow_ports.push(port)).await;
    let mut page = Page::open(&running).await;
    page.connect_to("127.0.0.1", port).await;
    page.hear().await;
    let Heard::Word(FromRelay::Attempt { error, ms, .. }) = page.hear().await else { panic!("attempt") };
    assert_eq!((error, ms / 1000), (Code::ConnectTimeout, 10));
    assert_eq!(page.refusal().await.code, Code::ConnectTimeout);
}

#[tokio::test(start_paused = true)]
async fn attempts_begin_one_after_another_and_have_a_time_together() {
    let (port, _deaf) = deaf(&["127.0.0.2", "127.0.0.3", "127.0.0.4"]).await;
    let zone = zone("three IN A 127.0.0.2\nthree IN A 127.0.0.3\nthree IN A 127.0.0.4\n").await;
    let running = relay_with(|config| {
        config.allow_ports.push(port);
        config.dns = vec![zone.address.into()];
        config.limits.connect_all = Duration::from_secs(5);
    })
    .await;
    let mut page = Page::open(&running).await;
    page.connect_to("three.zone.example", port).await;
    let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
    let mut heard = Vec::new();
    for _ in 0..3 {
        let Heard::Word(FromRelay::Attempt { address, error, ms }) = page.hear().await else { panic!("attempt") };
        assert_eq!(error, Code::ConnectTimeout);
        // The second began 250 ms after the first, the third 250 ms after that; all end together.
        let place = addresses.iter().position(|known| *known == address).unwrap();
        // Timers count whole milliseconds, and the last one that a timer adds.
        heard.push((place, (5000 + 125 - ms) / 250));
    }
    heard.sort_unstable();
    assert_eq!(heard, [(0, 0), (1, 1), (2, 2)]);
    assert_eq!(page.refusal().await.code, Code::ConnectTimeout);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_does_not_answer_does_not_hold_up_the_one_behind_it() {
    let (port, _deaf) = deaf(&["127.0.0.1"]).await;
    let six = TcpListener::bind(SocketAddr::new("::1".parse().unwrap(), port)).await.unwrap();
    let zone = zone("both IN A 127.0.0.1\nboth IN AAAA ::1\n").await;
    let running = relay_with(|config| {
        config.allow_ports.push(port);
        config.dns = vec![zone.address.into()];
    })
    .await;
    let mut page = Page::open(&running).await;
    page.connect_to("both.zone.example", port).await;
    let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
    assert_eq!(addresses, ["127.0.0.1", "::1"]);
    let Heard::Word(FromRelay::Connected(connected)) = page.hear().await else { panic!("connected") };
    assert_eq!(connected.address, "::1");
    // The first had its time, and not the ten seconds of an attempt.
    assert!((250..10_000).contains(&connected.ms), "{}", connected.ms);
    drop(six);
}

#[tokio::test]
async fn an_address_that_has_its_fill_of_connections_does_not_keep_the_next_from_being_tried() {
    let target = Target::new().await;
    let port = target.address.port();
    let _six = TcpListener::bind(SocketAddr::new("::1".parse().unwrap(), port)).await.unwrap();
    let zone = zone("both IN A 127.0.0.1\nboth IN AAAA ::1\n").await;
    let running = relay_with(|config| {
        config.allow_ports.push(port);
        config.dns = vec![zone.address.into()];
        config.limits.at_once_per_target = 1;
    })
    .await;
    let (_first, connected) = Page::connected(&running, &target).await;
    assert_eq!(connected.address, "127.0.0.1");
    let mut second = Page::open(&running).await;
    second.connect_to("both.zone.example", port).await;
    second.hear().await;
    let Heard::Word(FromRelay::Connected(connected)) = second.hear().await else { panic!("connected") };
    assert_eq!(connected.address, "::1");
    // Now both have their fill.
    let mut third = Page::open(&running).await;
    third.connect_to("both.zone.example", port).await;
    third.hear().await;
    assert_eq!(third.refusal().await.code, Code::Busy);
}

#[tokio::test]
async fn the_operator_says_which_family_comes_first_or_alone() {
    let zone = zone("both IN A 127.0.0.1\nboth IN AAAA ::1\n").await;
    let closed = closed_port();
    for (prefer, asked, order) in [
        (Prefer::Ipv4, None, &["127.0.0.1", "::1"][..]),
        (Prefer::Ipv6, None, &["::1", "127.0.0.1"]),
        (Prefer::OnlyIpv4, None, &["127.0.0.1"]),
        (Prefer::OnlyIpv6, None, &["::1"]),
        (Prefer::OnlyIpv4, Some(Family::V6), &["::1"]),
    ] {
        let running = relay_with(|config| {
            config.allow_ports.push(closed.port());
            config.dns = vec![zone.address.into()];
            config.prefer = prefer;
        })
        .await;
        let mut page = Page::open(&running).await;
        let host = Some("both.zone.example".to_owned());
        let connect = Connect { host, port: Some(closed.port()), family: asked, ..Connect::default() };
        page.say(&ToRelay::Connect(connect)).await;
        let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
        assert_eq!(addresses, order, "{prefer:?} {asked:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_target_sees_the_source_address_that_is_set() {
    let target = Target::new().await;
    let running = relay_with(|config| {
        config.allow_ports.push(target.address.port());
        config.source_address = vec!["127.0.0.9".parse().unwrap()];
    })
    .await;
    let (_page, connected) = Page::connected(&running, &target).await;
    let seen = target.accept().await.peer_addr().unwrap();
    assert_eq!(seen.ip().to_string(), "127.0.0.9");
    assert_eq!(connected.local, Some(seen.to_string()));
}

#[tokio::test]
async fn a_page_that_closes_while_the_relay_connects_is_answered_at_once() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let running = relay_with(|config| config.dns = vec![silent.local_addr().unwrap().into()]).await;
    let mut page = Page::open(&running).await;
    page.connect_to("mx.example", 25).await;
    // The question has arrived, so the relay is at it.
    silent.readable().await.unwrap();
    page.ws.close(None).await.unwrap();
    assert_eq!(page.hear().await, Heard::Close(1005, String::new()));
    assert_eq!(page.hear().await, Heard::Dropped);
}

#[tokio::test]
async fn the_hosts_file_is_honoured() {
    let target = Target::new().await;
    let running = relay_for(&target).await;
    let mut page = Page::open(&running).await;
    page.connect_to("localhost", target.address.port()).await;
    let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
    assert!(addresses.contains(&"127.0.0.1".to_owned()), "{addresses:?}");
}
