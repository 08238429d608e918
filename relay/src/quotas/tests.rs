use std::time::Duration;

use super::counts::Counts;
use super::day::{DAY, KEYS_MAX};
use super::party::parties;
use super::*;
use crate::config::Limits;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A client without a token.
fn who(client: IpAddr) -> Who {
    Who { client, token: None }
}

async fn take(gauges: &Gauges, what: Use) -> Result<Lease, Reached> {
    gauges.take(what).await
}

async fn takes(gauges: &Gauges, what: Use) -> bool {
    take(gauges, what).await.is_ok()
}

#[test]
fn ipv6_clients_count_by_their_64_bit_network_and_their_48_bit_site() {
    let of = |text| parties(ip(text)).collect::<Vec<_>>();
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
    let (one, other) = (of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_ne!(one[0], other[0]);
    assert_eq!(one[1], other[1]);
    assert_ne!(one[1], of("2001:db8:1::1")[1]);
    // The /64 that begins a /48 is written as that is, and is another party.
    assert_ne!(one[0], one[1]);
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_eq!(of("192.0.2.1").len(), 1);
}

#[tokio::test]
async fn who_has_a_whole_48_bit_site_has_no_more_of_it_than_four_of_its_networks() {
    let wide = Limits { sessions_per_minute: 1000, sessions_burst: 1000, ..Limits::default() };
    let network = |n: usize| ip(&format!("2001:db8:0:{n:x}::1"));
    type Asked = fn(IpAddr) -> Use;
    let each: [(Limits, Asked); 3] = [
        (Limits { sessions_per_client: 1, ..wide.clone() }, Use::Session),
        (Limits { sessions_per_day: Some(1), ..wide.clone() }, |client| Use::Conversation(who(client))),
        (Limits { sessions_per_minute: 1, sessions_burst: 1, ..wide.clone() }, Use::Session),
    ];
    for (limits, what) in each {
        let gauges = Gauges::new(&limits);
        let mut held = Vec::new();
        for n in 0..4 {
            held.push(take(&gauges, what(network(n))).await.ok().unwrap());
            assert!(!takes(&gauges, what(network(n))).await, "{n} of {limits:?}");
        }
        assert!(!takes(&gauges, what(network(4))).await, "{limits:?}");
        assert!(takes(&gauges, what(ip("2001:db8:1::1"))).await, "{limits:?}");
    }
    let gauges = Gauges::new(&Limits { octets_per_day: Some(10), per_day_to_target: Some(1), ..wide });
    let target = ip("198.51.100.1");
    for n in 0..4 {
        assert_eq!(gauges.octets_left(who(network(n))).await, 10);
        assert!(takes(&gauges, Use::Today(who(network(n)), target)).await);
        gauges.sent(who(network(n)), 10).await;
    }
    assert_eq!(gauges.octets_left(who(network(4))).await, 0);
    assert!(!takes(&gauges, Use::Today(who(network(4)), target)).await);
    let connections = Connections::new(&Limits { connections_per_client: 1, ..Limits::default() });
    let held: Vec<_> = (0..4).map(|n| connections.take(network(n)).unwrap()).collect();
    assert!(connections.take(network(4)).is_none());
    drop(held);
    assert!(connections.take(network(4)).is_some());
    assert!(connections.open.0.lock().unwrap().is_empty());
}

#[test]
fn a_count_is_given_back_and_leaves_no_trace() {
    let counts = Counts::default();
    let one = counts.take(1, 2).unwrap();
    let two = counts.take(1, 2).unwrap();
    assert!(counts.take(1, 2).is_none());
    assert!(counts.take(2, 2).is_some());
    drop(one);
    assert!(counts.take(1, 2).is_some());
    drop(two);
    assert!(counts.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_client_over_its_rate_is_told_when_to_come_again() {
    let limits = Limits { sessions_per_minute: 2, sessions_burst: 2, ..Limits::default() };
    let gauges = Gauges::new(&limits);
    let client = Use::Session(ip("192.0.2.1"));
    assert!(takes(&gauges, client).await && takes(&gauges, client).await);
    let reached = take(&gauges, client).await.err().unwrap();
    assert!((1..=31).contains(&reached.retry_after), "{reached:?}");
    assert!(takes(&gauges, Use::Session(ip("192.0.2.2"))).await);
}

#[tokio::test]
async fn one_target_address_is_reached_so_often_at_once_in_every_spelling() {
    let limits = Limits { at_once_per_target: 1, ..Limits::default() };
    let gauges = Gauges::new(&limits);
    let held = take(&gauges, Use::Target(ip("192.0.2.1"))).await.ok().unwrap();
    assert!(!takes(&gauges, Use::Target(ip("::ffff:192.0.2.1"))).await);
    assert!(!takes(&gauges, Use::Target(ip("64:ff9b::c000:201"))).await);
    drop(held);
    assert!(takes(&gauges, Use::Target(ip("192.0.2.1"))).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_public_relay_has_a_day_of_sessions_octets_and_targets() {
    let limits =
        Limits { sessions_per_day: Some(2), octets_per_day: Some(10), per_day_to_target: Some(1), ..Limits::default() };
    let gauges = Gauges::new(&limits);
    let (client, target) = (who(ip("192.0.2.1")), ip("198.51.100.1"));
    assert!(takes(&gauges, Use::Conversation(client)).await && takes(&gauges, Use::Conversation(client)).await);
    let reached = take(&gauges, Use::Conversation(client)).await.err().unwrap();
    assert_eq!(reached.retry_after, 24 * 60 * 60 + 1);
    assert!(takes(&gauges, Use::Conversation(who(ip("192.0.2.2")))).await);
    assert!(takes(&gauges, Use::Today(client, target)).await);
    assert!(!takes(&gauges, Use::Today(client, ip("::ffff:198.51.100.1"))).await);
    assert_eq!(gauges.octets_left(client).await, 10);
    gauges.sent(client, 11).await;
    assert_eq!(gauges.octets_left(client).await, 0);
    assert!(!takes(&gauges, Use::Today(client, ip("198.51.100.2"))).await);
    tokio::time::advance(DAY).await;
    assert!(takes(&gauges, Use::Conversation(client)).await);
    assert!(takes(&gauges, Use::Today(client, target)).await);
    tokio::time::advance(DAY).await;
    gauges.tidy();
    assert!(gauges.sessions_today.used.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_day_begins_with_its_first_use_and_ends_on_the_second() {
    let gauges = Gauges::new(&Limits { sessions_per_day: Some(2), ..Limits::default() });
    let client = Use::Conversation(who(ip("192.0.2.1")));
    let second = Duration::from_secs(1);
    assert!(takes(&gauges, client).await);
    tokio::time::advance(DAY - second).await;
    assert!(takes(&gauges, client).await);
    assert_eq!(take(&gauges, client).await.err().unwrap().retry_after, 2);
    gauges.tidy();
    tokio::time::advance(second - Duration::from_millis(1)).await;
    assert!(!takes(&gauges, client).await);
    tokio::time::advance(Duration::from_millis(1)).await;
    // The next day is whole: at the border there is room for a little less than two days' worth.
    assert!(takes(&gauges, client).await && takes(&gauges, client).await);
    assert_eq!(take(&gauges, client).await.err().unwrap().retry_after, 24 * 60 * 60 + 1);
}

#[tokio::test]
async fn a_token_has_a_day_of_its_own_however_many_addresses_show_it() {
    let limits =
        Limits { sessions_per_day: Some(2), octets_per_day: Some(10), per_day_to_target: Some(2), ..Limits::default() };
    let gauges = Gauges::new(&limits);
    let target = ip("198.51.100.1");
    let shows = |n: u8, token: u8| Who { client: ip(&format!("192.0.2.{n}")), token: Some([token; 8]) };
    for n in 0..8 {
        assert!(takes(&gauges, Use::Conversation(shows(n, 1))).await, "{n}");
        assert!(takes(&gauges, Use::Today(shows(n, 1), target)).await, "{n}");
    }
    assert!(!takes(&gauges, Use::Conversation(shows(9, 1))).await);
    assert!(!takes(&gauges, Use::Today(shows(9, 1), target)).await);
    assert!(takes(&gauges, Use::Conversation(shows(9, 2))).await, "another token");
    gauges.sent(shows(9, 1), 40).await;
    assert_eq!(gauges.octets_left(shows(10, 1)).await, 0);
    assert_eq!(gauges.octets_left(shows(10, 2)).await, 10);
}

#[tokio::test]
async fn what_a_wider_party_refuses_is_counted_for_nobody() {
    let gauges = Gauges::new(&Limits { sessions_per_day: Some(1), ..Limits::default() });
    for n in 0..4 {
        assert!(takes(&gauges, Use::Conversation(who(ip(&format!("2001:db8:0:{n}::1"))))).await);
    }
    for n in 4..100 {
        assert!(!takes(&gauges, Use::Conversation(who(ip(&format!("2001:db8:0:{n}::1"))))).await);
    }
    assert_eq!(gauges.sessions_today.used.lock().unwrap().len(), 5, "four networks and their site");
}

#[tokio::test]
async fn a_full_table_stops_strangers_and_nobody_with_a_token() {
    let limits =
        Limits { sessions_per_day: Some(1), octets_per_day: Some(10), per_day_to_target: Some(1), ..Limits::default() };
    let gauges = Gauges::new(&limits);
    let nth = |n: u32| IpAddr::V4(n.into());
    for n in 0..KEYS_MAX as u32 {
        assert!(takes(&gauges, Use::Conversation(who(nth(n)))).await);
    }
    let stranger = nth(KEYS_MAX as u32);
    assert_eq!(take(&gauges, Use::Conversation(who(stranger))).await.err().unwrap().retry_after, 60);
    let known = Who { client: stranger, token: Some([1; 8]) };
    assert!(takes(&gauges, Use::Conversation(known)).await);
    assert!(takes(&gauges, Use::Today(known, ip("198.51.100.1"))).await);
    assert_eq!(gauges.sessions_today.used.lock().unwrap().len(), KEYS_MAX);
    // Asking and a session that sent nothing take no room.
    gauges.sent(who(stranger), 0).await;
    assert_eq!(gauges.octets_left(who(stranger)).await, 10);
    assert!(gauges.octets_today.used.lock().unwrap().is_empty());
}
