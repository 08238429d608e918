use std::fs;

use ehlo_tests::TestResult;
use ehlo_tests::process::free_addr;
use ehlo_tests::relay::Relay;

use crate::support::{Place, Server, behind, example, two_clients_hold_conversations};

#[tokio::test]
async fn conversations_go_through_caddy_and_each_client_counts() -> TestResult {
    let place = Place::new()?;
    let server = Server::new().await?;
    let relay = Relay::start(behind(&server)).await?;
    let at = free_addr()?;
    // A certificate of the internet cannot be had here, and nothing else is to be changed.
    let head = format!(
        "https://ehlo.example:{} {{\n\tbind 127.0.0.1\n\ttls {} {}\n",
        at.port(),
        place.path("certificate.pem"),
        place.path("key.pem")
    );
    let relay_at = relay.running().address().to_string();
    let site = example("Caddyfile", &[("ehlo.example {\n", &head), ("127.0.0.1:2580", &relay_at)])?;
    let file = place.path("Caddyfile");
    fs::write(&file, format!("{{\n\tadmin off\n\tauto_https off\n}}\n{site}"))?;
    let arguments = ["run", "--adapter", "caddyfile", "--config", &file];
    let _caddy = place.start("caddy", "usr/bin/caddy", &arguments, at).await?;
    two_clients_hold_conversations(&server, at, &place).await
}
