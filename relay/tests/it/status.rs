//! The page for the operator.

use std::net::SocketAddr;

use ehlo_relay::{Config, NamedTarget, Profile, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Heard, Page, greeted, relay_with, reset};

fn watched(config: &mut Config) {
    config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
}

async fn get_at(address: SocketAddr, host: &str, path: &str) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn page(running: &Running) -> String {
    let address = running.metrics_address().unwrap();
    get_at(address, &address.to_string(), "/").await
}

/// The numbers in the row of this word: in the last hour, and since the start.
fn counts(page: &str, word: &str) -> Option<(u64, u64)> {
    let row = page.split("<tr>").find(|row| row.contains(&format!("<small>{word}</small>")))?;
    let mut numbers = row.split("<td class=\"number\">").skip(1).map(|cell| cell.split('<').next()?.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[tokio::test]
async fn the_page_tells_version_profile_sessions_and_how_they_ended() {
    let (running, mut open, tcp) = greeted(watched).await;
    let told = page(&running).await;
    assert!(told.starts_with("HTTP/1.1 200 ") && told.contains("text/html; charset=utf-8"), "{told}");
    assert!(told.contains("<dd>1 of 1000</dd>") && told.contains(env!("CARGO_PKG_VERSION")), "{told}");
    assert!(told.contains("It takes new conversations.") && told.contains("The profile is personal."), "{told}");
    assert_eq!(counts(&told, "reset"), None);
    reset(tcp);
    open.last_word().await;
    let told = page(&running).await;
    assert_eq!(counts(&told, "reset"), Some((1, 1)), "{told}");
    assert!(told.contains("the target broke the connection off"), "{told}");
}

#[tokio::test]
async fn what_was_refused_is_told_without_the_names_that_came() {
    let running = relay_with(watched).await;
    let own = running.address().to_string();
    get_at(running.address(), "<b>hostile.example</b>\r\nConnection: close", "/").await;
    let stranger = TcpStream::connect(running.address()).await.unwrap();
    assert!(Page::over(stranger, &own, "https://stranger.example", &[]).await.is_err());
    let mut refused = Page::open(&running).await;
    refused.connect_to("mx.secret.example", 22).await;
    refused.refusal().await;
    let told = page(&running).await;
    for (word, times) in [("host", 1), ("origin", 1), ("forbidden", 1)] {
        assert_eq!(counts(&told, word), Some((times, times)), "{word}\n{told}");
    }
    for name in ["hostile", "stranger", "secret", "<b>"] {
        assert!(!told.contains(name), "{name} is on the page\n{told}");
    }
}

#[tokio::test]
async fn nothing_on_the_page_may_run_or_be_loaded_but_its_own_style() {
    let running = relay_with(watched).await;
    let told = page(&running).await;
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    let policy = head.to_ascii_lowercase();
    assert!(policy.contains("content-security-policy: default-src 'none'; style-src 'self';"), "{head}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("nosniff"), "{head}");
    for part in ["<script", "<style", "style=", "javascript:", "<img", "<iframe", "https://"] {
        assert!(!body.contains(part), "{part}\n{body}");
    }
    let address = running.metrics_address().unwrap();
    let style = get_at(address, &address.to_string(), "/status.css").await;
    assert!(style.starts_with("HTTP/1.1 200 ") && style.contains("text/css"), "{style}");
    assert!(style.contains("prefers-color-scheme: dark"), "{style}");
}

#[tokio::test]
async fn what_the_operator_has_written_is_shown_as_text() {
    let running = relay_with(|config| {
        watched(config);
        config.allow_origins = vec!["https://docs.example".to_owned()];
    })
    .await;
    // A path is where an operator may write markup, and a file's mistake comes back to the page.
    running.reload_failed("<img src=x onerror=alert(1)>.toml: line 1: \"profil\"");
    let told = page(&running).await;
    assert!(told.contains("&lt;img src=x onerror=alert(1)&gt;.toml") && !told.contains("<img"), "{told}");
    assert!(told.contains("the old one holds") && told.contains("not taken"), "{told}");
    assert!(told.contains("https://docs.example"), "{told}");
}

#[tokio::test]
async fn a_reload_is_told_with_what_waits_for_a_restart() {
    let running = relay_with(watched).await;
    assert!(page(&running).await.contains("none since the start"));
    let config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], practice: true, ..Config::default() };
    running.reload(&config).unwrap();
    let told = page(&running).await;
    assert!(told.contains("practice servers stay as they are until a restart"), "{told}");
    let wrong = Config { profile: Profile::Public, ..config };
    running.reload(&wrong).unwrap_err();
    let told = page(&running).await;
    assert!(told.contains("not taken") && told.contains("ehlo token"), "{told}");
}

#[tokio::test]
async fn a_relay_that_is_being_stopped_says_so() {
    let (running, _open, _tcp) = greeted(|config| {
        watched(config);
        config.limits.grace = std::time::Duration::from_secs(600);
    })
    .await;
    let address = running.metrics_address().unwrap();
    tokio::spawn(running.stop());
    tokio::task::yield_now().await;
    let told = get_at(address, &address.to_string(), "/").await;
    assert!(told.contains("It is being stopped"), "{told}");
}

#[tokio::test]
async fn where_others_may_read_it_the_configuration_is_not_told() {
    let running = relay_with(|config| {
        config.metrics_listen = Some("0.0.0.0:0".parse().unwrap());
        config.metrics_to_others = true;
        let target = NamedTarget {
            host: "mail.corp.example".to_owned(),
            port: 25,
            implicit_tls: false,
            allow_proxy_header: false,
        };
        config.targets.insert("exchange".to_owned(), target);
    })
    .await;
    running.reload_failed("/etc/ehlo/secret.toml: line 1");
    let at = SocketAddr::from(([127, 0, 0, 1], running.metrics_address().unwrap().port()));
    let told = get_at(at, &at.to_string(), "/").await;
    assert!(told.contains("It takes new conversations."), "{told}");
    for name in ["corp.example", "exchange", "secret.toml"] {
        assert!(!told.contains(name), "{name}\n{told}");
    }
}

#[tokio::test]
async fn pages_of_visitors_do_not_have_it() {
    let running = relay_with(watched).await;
    let own = running.address().to_string();
    let told = get_at(running.address(), &format!("{own}\r\nConnection: close"), "/status.css").await;
    assert!(told.starts_with("HTTP/1.1 404 "), "{told}");
    let address = running.metrics_address().unwrap();
    let told = get_at(address, "hostile.example", "/").await;
    assert!(told.starts_with("HTTP/1.1 421 "), "{told}");
    let mut about = Page::open(&running).await;
    assert!(matches!(about.about().await, Heard::Word(_)));
}
