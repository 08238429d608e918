//! The profiles for others than the person at this machine: whom they reach, and what they tell.

use ehlo_core::secret::Secret;
use ehlo_core::tunnel::{About, Code, Connect, FromRelay, Lookup, Rcode, RecordType, ToRelay};
use ehlo_relay::{Assets, Config, NamedTarget, Profile, Relay, Running, Token};
use tokio::io::AsyncWriteExt;

use crate::support::{Heard, Page, Target, read};
use crate::zone::zone;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn relay(profile: Profile, change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Config::of(profile) };
    change(&mut config);
    Relay::start(config, Assets::none()).await.unwrap()
}

fn named(target: &Target, host: &str) -> (String, NamedTarget) {
    let target = NamedTarget {
        host: host.to_owned(),
        port: target.address.port(),
        implicit_tls: false,
        allow_proxy_header: false,
    };
    ("exchange".to_owned(), target)
}

async fn about(running: &Running) -> About {
    about_with(running, None).await
}

async fn about_with(running: &Running, token: Option<&str>) -> About {
    let mut page = Page::open(running).await;
    page.say(&ToRelay::About { token: token.map(Secret::new) }).await;
    match page.hear().await {
        Heard::Word(FromRelay::About(about)) => about,
        other => panic!("{other:?}"),
    }
}

async fn reaches(running: &Running, connect: Connect, target: &Target) {
    let mut page = Page::open(running).await;
    page.say(&ToRelay::Connect(connect)).await;
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Resolved { .. })));
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Connected(_))));
    target.accept().await.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
}

async fn refused(running: &Running, connect: Connect) -> (Code, String) {
    let mut page = Page::open(running).await;
    page.say(&ToRelay::Connect(connect)).await;
    let refusal = page.refusal().await;
    (refusal.code, refusal.message)
}

fn to(host: &str, port: u16) -> Connect {
    Connect { host: Some(host.to_owned()), port: Some(port), ..Connect::default() }
}

fn by_name() -> Connect {
    Connect { target: Some("exchange".to_owned()), ..Connect::default() }
}

#[tokio::test]
async fn an_intranet_relay_reaches_a_named_server_by_address_or_host_name_and_nothing_beside_it() {
    let target = Target::new().await;
    let zone = zone("mail IN A 127.0.0.1\n").await;
    for host in ["127.0.0.1", "mail.zone.example"] {
        let running = relay(Profile::Intranet, |config| {
            config.dns = vec![zone.address.into()];
            config.targets.extend([named(&target, host)]);
            config.allow_ports.push(target.address.port());
        })
        .await;
        let told = about(&running).await;
        assert_eq!((told.profile.as_str(), told.targets), ("intranet", vec!["exchange".to_owned()]));
        reaches(&running, by_name(), &target).await;
        let (code, _) = refused(&running, to("127.0.0.1", target.address.port())).await;
        assert_eq!(code, Code::Forbidden);
    }
}

#[tokio::test]
async fn the_names_of_servers_are_told_to_who_has_a_token_and_the_practice_servers_to_everybody() {
    let target = Target::new().await;
    let running = relay(Profile::Intranet, |config| {
        config.targets.extend([named(&target, "127.0.0.1")]);
        config.tokens.push(Token::from_secret("alice", &Secret::new(TOKEN)).unwrap());
        config.practice = true;
    })
    .await;
    for (token, admitted) in [(None, false), (Some("fedcba9876543210fedcba9876543210"), false), (Some(TOKEN), true)] {
        let told = about_with(&running, token).await;
        assert_eq!((told.token, told.admitted, told.hosts), (true, admitted, false), "{token:?}");
        assert_eq!(told.targets.contains(&"exchange".to_owned()), admitted, "{token:?}");
        assert!(told.targets.contains(&"practice".to_owned()), "{:?}", told.targets);
    }
}

#[tokio::test]
async fn an_intranet_relay_reaches_the_networks_that_are_allowed() {
    let target = Target::new().await;
    let port = target.address.port();
    let running = relay(Profile::Intranet, |config| {
        config.allow_networks.push("127.0.0.0/8".parse().unwrap());
        config.deny_networks.push("127.0.0.2/32".parse().unwrap());
        config.allow_ports.push(port);
    })
    .await;
    reaches(&running, to("127.0.0.1", port), &target).await;
    reaches(&running, to("::ffff:127.0.0.1", port), &target).await;
    for host in ["127.0.0.2", "192.0.2.1", "::1"] {
        assert_eq!(refused(&running, to(host, port)).await.0, Code::Forbidden, "{host}");
    }
}

#[tokio::test]
async fn a_public_relay_tells_apart_neither_what_is_inside_nor_what_does_not_exist() {
    let zone = zone("inside IN A 10.0.0.1\nmixed IN A 10.0.0.1\nmixed IN A 192.168.0.1\nself IN A 127.0.0.1\n").await;
    let running = relay(Profile::Public, |config| {
        config.dns = vec![zone.address.into()];
        config.open_to_everybody = true;
        config.limits.per_day_to_target = None;
        config.limits.sessions_per_minute = 600;
        config.limits.sessions_burst = 100;
    })
    .await;
    let answers = [
        refused(&running, to("inside.zone.example", 25)).await,
        refused(&running, to("mixed.zone.example", 25)).await,
        refused(&running, to("self.zone.example", 25)).await,
        refused(&running, to("missing.zone.example", 25)).await,
        refused(&running, to("inside.zone.example", 80)).await,
        refused(&running, to("10.0.0.1", 25)).await,
        refused(&running, to("1.1.1.1", 25)).await,
    ];
    assert_eq!(answers[0].0, Code::Forbidden);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_public_relay_publishes_nothing_of_the_dns_inside() {
    let zone = zone("inside IN A 10.0.0.1\nmixed IN A 10.0.0.1\nmixed IN A 1.1.1.1\nmail IN A 1.1.1.1\n").await;
    let running = relay(Profile::Public, |config| {
        config.dns = vec![zone.address.into()];
        config.open_to_everybody = true;
    })
    .await;
    let mut page = Page::open(&running).await;
    for (name, rtype, rcode, records) in [
        ("mail.zone.example", RecordType::A, Rcode::NoError, 1),
        ("inside.zone.example", RecordType::A, Rcode::NoError, 0),
        ("mixed.zone.example", RecordType::A, Rcode::NoError, 0),
        // The server of these tests has this name, and it is in a block for documentation.
        ("192.0.2.1", RecordType::Ptr, Rcode::NxDomain, 0),
    ] {
        page.say(&ToRelay::Lookup(Lookup { name: name.to_owned(), rtype, token: None })).await;
        let Heard::Word(FromRelay::Answer(answer)) = page.hear().await else { panic!("{name}") };
        assert_eq!((answer.rcode, answer.records.len()), (rcode, records), "{name}");
    }
}

#[tokio::test]
async fn where_a_token_is_wanted_nothing_is_done_without_the_right_one() {
    let target = Target::new().await;
    let running = relay(Profile::Intranet, |config| {
        config.targets.extend([named(&target, "127.0.0.1")]);
        config.tokens.push(Token::from_secret("alice", &Secret::new(TOKEN)).unwrap());
    })
    .await;
    assert!(about(&running).await.token);
    for wrong in [None, Some(""), Some("0123456789abcdef0123456789abcdee")] {
        let token = wrong.map(Secret::new);
        assert_eq!(refused(&running, Connect { token: token.clone(), ..by_name() }).await.0, Code::Unauthorized);
        let mut page = Page::open(&running).await;
        page.say(&ToRelay::Lookup(Lookup { name: "localhost".to_owned(), rtype: RecordType::A, token })).await;
        assert_eq!(page.refusal().await.code, Code::Unauthorized);
    }
    reaches(&running, Connect { token: Some(Secret::new(TOKEN)), ..by_name() }, &target).await;
}

#[tokio::test]
async fn wrong_tokens_use_up_nobodys_day() {
    let target = Target::new().await;
    let running = relay(Profile::Public, |config| {
        config.targets.extend([named(&target, "127.0.0.1")]);
        config.tokens.push(Token::from_secret("alice", &Secret::new(TOKEN)).unwrap());
        config.limits.sessions_per_day = Some(2);
        config.limits.sessions_burst = 100;
    })
    .await;
    for _ in 0..10 {
        let token = Some(Secret::new("0123456789abcdef0123456789abcdee"));
        assert_eq!(refused(&running, Connect { token, ..by_name() }).await.0, Code::Unauthorized);
    }
    let right = || Connect { token: Some(Secret::new(TOKEN)), ..by_name() };
    reaches(&running, right(), &target).await;
    reaches(&running, right(), &target).await;
    assert_eq!(refused(&running, right()).await.0, Code::Busy, "the third of two");
}

#[tokio::test]
async fn a_client_of_a_public_relay_sends_no_more_in_a_day_than_it_may() {
    let target = Target::new().await;
    let running = relay(Profile::Public, |config| {
        config.open_to_everybody = true;
        config.targets.extend([named(&target, "127.0.0.1")]);
        config.limits.octets_per_day = Some(10);
    })
    .await;
    let mut page = Page::open(&running).await;
    page.say(&ToRelay::Connect(by_name())).await;
    page.hear().await;
    page.hear().await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    page.bytes(16).await;
    page.send(b"NOOP 789\r\n").await;
    assert_eq!(read(&mut tcp, 10).await, b"NOOP 789\r\n");
    page.send(b"R").await;
    assert_eq!(page.last_word().await.1, Code::ByteLimit);
    let (code, _) = refused(&running, by_name()).await;
    assert_eq!(code, Code::Busy);
}
