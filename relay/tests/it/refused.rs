//! What the relay does not connect to.

use ehlo_core::tunnel::{Code, Connect, ToRelay};
use ehlo_relay::AddressPolicy;

use crate::support::{Page, relay_with};

#[tokio::test]
async fn a_port_that_is_not_for_mail_is_forbidden_and_the_rule_is_named() {
    let running = relay_with(|_| {}).await;
    for port in [22, 80, 443, 6379] {
        let mut page = Page::open(&running).await;
        page.connect_to("127.0.0.1", port).await;
        let refusal = page.refusal().await;
        assert_eq!(refusal.code, Code::Forbidden);
        assert!(refusal.message.contains(&format!("--allow-port {port}")), "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_target_that_the_relay_does_not_have_is_forbidden() {
    let running = relay_with(|_| {}).await;
    for (target, told) in [("practice", "--practice"), ("mailhost", "no target")] {
        let mut page = Page::open(&running).await;
        page.say(&ToRelay::Connect(Connect { target: Some(target.to_owned()), ..Connect::default() })).await;
        let refusal = page.refusal().await;
        assert_eq!(refusal.code, Code::Forbidden);
        assert!(refusal.message.contains(told), "{}", refusal.message);
    }
}

#[tokio::test]
async fn the_relay_does_not_connect_to_itself() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = relay_with(|config| {
        config.listen = vec![free];
        config.allow_ports.push(free.port());
    })
    .await;
    for host in ["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "localhost"] {
        let mut page = Page::open(&running).await;
        page.connect_to(host, free.port()).await;
        let code = match page.hear().await {
            // `localhost` may have ::1 as well, which is another place and refuses by itself.
            crate::support::Heard::Word(ehlo_core::tunnel::FromRelay::Resolved { addresses, .. }) => {
                assert_eq!((host, addresses.as_slice()), ("localhost", &["::1".to_owned()][..]));
                continue;
            }
            crate::support::Heard::Word(ehlo_core::tunnel::FromRelay::Error(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code, Code::Forbidden, "{host}");
    }
}

#[tokio::test]
async fn a_relay_for_public_addresses_refuses_every_other() {
    let running = relay_with(|config| config.addresses = AddressPolicy::Public).await;
    for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "localhost"]
    {
        let mut page = Page::open(&running).await;
        page.connect_to(host, 25).await;
        assert_eq!(page.refusal().await.code, Code::Forbidden, "{host}");
    }
}

#[tokio::test]
async fn what_the_page_says_before_the_connection_stands_is_a_bad_request() {
    // The DNS server is a socket that never answers, so connecting takes its time.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let running = relay_with(|config| config.dns = vec![silent.local_addr().unwrap().into()]).await;
    let mut page = Page::open(&running).await;
    page.connect_to("mx.example", 25).await;
    page.send(b"EHLO client.example\r\n").await;
    assert_eq!(page.refusal().await.code, Code::BadRequest);
}
