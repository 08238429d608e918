//! Behind a proxy of the operator: who a client is, and who is not believed.

use std::net::SocketAddr;

use ehlo_core::tunnel::{Code, FromRelay, ToRelay};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::support::{Heard, Page, relay_with, request};

/// Opens the tunnel as a proxy does that speaks for `client`, and asks what the relay is.
async fn asks_for(relay: SocketAddr, client: &str) -> (Page, Heard) {
    let mut request = request(relay);
    request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
    let tcp = TcpStream::connect(relay).await.unwrap();
    let (ws, _) = client_async(request, tcp).await.unwrap();
    let mut page = Page { ws };
    page.say(&ToRelay::About { token: None }).await;
    let heard = page.hear().await;
    (page, heard)
}

fn is_busy(heard: &Heard) -> bool {
    matches!(heard, Heard::Word(FromRelay::Error(refusal)) if refusal.code == Code::Busy)
}

#[tokio::test]
async fn limits_hold_for_each_client_of_a_trusted_proxy_and_not_for_the_proxy() {
    let running = relay_with(|config| {
        config.limits.sessions_per_client = 1;
        config.trusted_proxies.push("127.0.0.0/8".parse().unwrap());
    })
    .await;
    let relay = running.address();
    let (_one, heard) = asks_for(relay, "192.0.2.1").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    let (_other, heard) = asks_for(relay, "192.0.2.2").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    // What a client writes into the header itself comes before what the proxy adds.
    let (_again, heard) = asks_for(relay, "203.0.113.9, 192.0.2.1").await;
    assert!(is_busy(&heard), "{heard:?}");
}

#[tokio::test]
async fn who_is_no_trusted_proxy_cannot_pretend_to_be_another_client() {
    for trusted in [&[][..], &["192.0.2.0/24"]] {
        let running = relay_with(|config| {
            config.limits.sessions_per_client = 1;
            for network in trusted {
                config.trusted_proxies.push(network.parse().unwrap());
            }
        })
        .await;
        let (_one, heard) = asks_for(running.address(), "192.0.2.1").await;
        assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
        let (_other, heard) = asks_for(running.address(), "192.0.2.2").await;
        assert!(is_busy(&heard), "{trusted:?}: {heard:?}");
    }
}
