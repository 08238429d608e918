//! What the operator's monitoring is told.

use std::net::SocketAddr;

use ehlo_core::domain::mta_sts::PolicyQuestion;
use ehlo_core::tunnel::{Closer, Code, Connect, FromRelay, Lookup, RecordType, ToRelay};
use ehlo_relay::{Config, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Heard, Page, greeted, relay_with, reset};
use crate::zone::zone;

pub(crate) fn watched(config: &mut Config) {
    config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
}

async fn get_at(address: SocketAddr, path: &str) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    answer
}

pub(crate) async fn get(running: &Running, path: &str) -> String {
    get_at(running.metrics_address().unwrap(), path).await
}

/// The value of the series that is written so.
pub(crate) fn value(metrics: &str, series: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn a_session_is_counted_while_it_is_open_and_with_its_result_when_it_has_ended() {
    let (running, mut page, tcp) = greeted(watched).await;
    let metrics = get(&running, "/metrics").await;
    assert!(metrics.starts_with("HTTP/1.1 200 ") && metrics.contains("application/openmetrics-text"), "{metrics}");
    assert_eq!(value(&metrics, "ehlo_sessions_open"), Some(1.0));
    assert_eq!(value(&metrics, "ehlo_connect_duration_seconds_count"), Some(1.0));
    reset(tcp);
    let (by, code, _, received) = page.last_word().await;
    assert_eq!((by, code, received), (Closer::Target, Code::Reset, 16));
    let metrics = get(&running, "/metrics").await;
    assert_eq!(value(&metrics, "ehlo_sessions_total{result=\"reset\",by=\"target\"}"), Some(1.0), "{metrics}");
    assert_eq!(value(&metrics, "ehlo_session_bytes_total{direction=\"received\"}"), Some(16.0));
    assert_eq!(value(&metrics, "ehlo_session_duration_seconds_count"), Some(1.0));
    assert!(metrics.ends_with("# EOF\n"));
}

#[tokio::test]
async fn refusals_are_counted_by_reason_limit_and_status() {
    let running = relay_with(|config| {
        watched(config);
        config.limits.sessions_per_client = 1;
    })
    .await;
    let mut first = Page::open(&running).await;
    assert!(matches!(first.about().await, Heard::Word(_)));
    assert_eq!(Page::open(&running).await.refusal().await.code, Code::Busy);
    drop(first);
    let stranger = TcpStream::connect(running.address()).await.unwrap();
    let host = running.address().to_string();
    assert!(Page::over(stranger, &host, "https://stranger.example", &[]).await.is_err());
    let metrics = get(&running, "/metrics").await;
    for series in [
        "ehlo_refusals_total{reason=\"busy\"}",
        "ehlo_quota_refusals_total{limit=\"sessions\"}",
        "ehlo_handshakes_refused_total{status=\"403\"}",
    ] {
        assert_eq!(value(&metrics, series), Some(1.0), "{series}\n{metrics}");
    }
    assert!(!metrics.contains("stranger.example") && !metrics.contains("127.0.0.1"), "{metrics}");
}

/// Sends these octets on a connection of its own, and reads all that is answered.
async fn answered(running: &Running, octets: &[u8]) -> String {
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    tcp.write_all(octets).await.unwrap();
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_for_another_name_from_another_page_or_of_no_websocket_are_counted_apart() {
    let running = relay_with(watched).await;
    let host = running.address().to_string();
    let origin = format!("Origin: http://{host}\r\n");
    for (host, more, status) in [
        ("hostile.example", "", "421"),
        (&host, "Origin: https://hostile.example\r\n", "403"),
        (&host, "", "403"),
        (&host, &origin, "426"),
    ] {
        let request = format!("GET /relay HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n");
        let answer = answered(&running, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    let metrics = get(&running, "/metrics").await;
    for (reason, times) in [("host", 1.0), ("origin", 2.0), ("websocket", 1.0), ("busy", 0.0)] {
        let series = format!("ehlo_requests_refused_total{{reason=\"{reason}\"}}");
        assert_eq!(value(&metrics, &series), Some(times), "{series}\n{metrics}");
    }
    assert!(!metrics.contains("hostile.example"), "{metrics}");
}

#[tokio::test]
async fn handshakes_that_fail_are_counted_and_http_in_clear_apart() {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let running = relay_with(|config| {
        watched(config);
        (config.tls_certificate, config.tls_key) = (Some(certificate), Some(key));
    })
    .await;
    assert!(answered(&running, b"GET / HTTP/1.1\r\n\r\n").await.contains("https://"));
    answered(&running, b"\x16\x03\x01\x00\x05nonsense").await;
    let metrics = get(&running, "/metrics").await;
    for (reason, times) in [("clear", 1.0), ("tls", 1.0), ("timeout", 0.0)] {
        let series = format!("ehlo_connections_refused_total{{reason=\"{reason}\"}}");
        assert_eq!(value(&metrics, &series), Some(times), "{series}\n{metrics}");
    }
    assert!(value(&metrics, "ehlo_certificate_not_after_timestamp_seconds").is_some(), "{metrics}");
}

#[tokio::test]
async fn connections_that_find_no_place_or_no_header_are_counted() {
    let running = relay_with(|config| {
        watched(config);
        config.proxy_protocol = true;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.limits.connections = 1;
    })
    .await;
    let held = TcpStream::connect(running.address()).await.unwrap();
    while !answered(&running, b"").await.contains("503") {
        tokio::task::yield_now().await;
    }
    drop(held);
    while answered(&running, b"GET / HTTP/1.1\r\n\r\n").await.contains("503") {
        tokio::task::yield_now().await;
    }
    let metrics = get(&running, "/metrics").await;
    for reason in ["busy", "proxy_header"] {
        let series = format!("ehlo_connections_refused_total{{reason=\"{reason}\"}}");
        assert!(value(&metrics, &series).is_some_and(|times| times >= 1.0), "{series}\n{metrics}");
    }
}

#[tokio::test]
async fn practising_and_look_ups_are_counted() {
    let zone = zone("mx IN A 192.0.2.1\n").await;
    let running = relay_with(|config| {
        watched(config);
        config.practice = true;
        config.dns = vec![zone.address.into()];
    })
    .await;
    let mut page = Page::open(&running).await;
    page.say(&ToRelay::Connect(Connect { target: Some("practice".to_owned()), ..Connect::default() })).await;
    page.hear().await;
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Connected(_))));
    let mut page = Page::open(&running).await;
    let name = "mx.zone.example".to_owned();
    page.say(&ToRelay::Lookup(Lookup { name, rtype: RecordType::A, token: None })).await;
    page.hear().await;
    page.say(&ToRelay::MtaSts(PolicyQuestion { domain: "zone.example".to_owned(), token: None })).await;
    page.hear().await;
    let metrics = get(&running, "/metrics").await;
    for series in [
        "ehlo_practice_sessions_total",
        "ehlo_lookups_total{rcode=\"noerror\"}",
        "ehlo_mta_sts_lookups_total{result=\"none\"}",
    ] {
        assert_eq!(value(&metrics, series), Some(1.0), "{series}\n{metrics}");
    }
}

#[tokio::test]
async fn every_metric_has_its_help() {
    let running = relay_with(watched).await;
    let metrics = get(&running, "/metrics").await;
    assert_eq!(value(&metrics, "ehlo_quota_refusals_total{limit=\"day\"}"), Some(0.0), "{metrics}");
    for name in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(name.starts_with("ehlo_") && metrics.contains(&format!("# HELP {name} ")), "{name}");
    }
}

#[tokio::test]
async fn monitoring_is_told_of_health_and_of_nothing_else_and_pages_are_told_no_metrics() {
    let running = relay_with(watched).await;
    for (path, status) in [("/healthz", "200"), ("/readyz", "200"), ("/relay", "404"), ("/index.html", "404")] {
        let answer = get(&running, path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {answer}");
    }
    let mut page = TcpStream::connect(running.address()).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", running.address());
    page.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    page.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[test]
fn metrics_for_other_machines_are_refused_unless_that_is_said() {
    let metrics_listen = Some("192.0.2.1:9100".parse().unwrap());
    let config = Config { metrics_listen, ..Config::default() };
    let told = config.check().unwrap_err().to_string();
    assert!(told.contains("--metrics-listen 127.0.0.1:9100") && told.contains("--metrics-to-others"), "{told}");
    assert_eq!(Config { metrics_to_others: true, ..config }.check(), Ok(()));
}

#[tokio::test]
async fn a_page_that_has_bound_its_name_to_the_listener_reads_nothing() {
    let running = relay_with(|config| {
        watched(config);
        config.public_names.push("ehlo.example".to_owned());
    })
    .await;
    for (host, status) in [
        ("hostile.example:9580", "421"),
        ("", "421"),
        ("127.0.0.1:9580", "200"),
        ("[::1]:9580", "200"),
        ("localhost", "200"),
        ("Ehlo.Example:9580", "200"),
    ] {
        let mut tcp = TcpStream::connect(running.metrics_address().unwrap()).await.unwrap();
        tcp.write_all(format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
}

#[tokio::test]
async fn what_was_counted_stays_counted_over_a_reload() {
    let (running, mut page, tcp) = greeted(watched).await;
    reset(tcp);
    page.last_word().await;
    let mut config = Config { listen: vec!["127.0.0.1:0".parse().unwrap()], ..Config::default() };
    config.limits.sessions_per_client = 7;
    running.reload(&config).unwrap();
    let metrics = get(&running, "/metrics").await;
    assert_eq!(value(&metrics, "ehlo_sessions_total{result=\"reset\",by=\"target\"}"), Some(1.0), "{metrics}");
}
