//! What comes before the first request has one deadline, with time that is moved by the tests.

use std::sync::Arc;
use std::time::Duration;

use ehlo_relay::{Config, Running};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::relay_with;

const SECOND: Duration = Duration::from_secs(1);

/// A relay with HTTPS, whose certificate is in the folder.
async fn secure(change: impl FnOnce(&mut Config)) -> (Running, CertificateDer<'static>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let running = relay_with(|config| {
        (config.tls_certificate, config.tls_key) = (Some(certificate), Some(key));
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
        change(config);
    })
    .await;
    (running, pair.cert.into(), folder)
}

async fn shake(tcp: TcpStream, trusted: &CertificateDer<'static>) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
}

/// Waits for the end; so many seconds must have gone by, give or take the little that hand-overs take.
async fn ends(mut stream: impl AsyncRead + Unpin, started: Instant, seconds: u64) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
    let passed = started.elapsed();
    assert!(passed >= Duration::from_secs(seconds) && passed < Duration::from_secs(seconds + 2), "{passed:?}");
}

async fn timeouts(running: &Running) -> u64 {
    let address = running.metrics_address().unwrap();
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut metrics = String::new();
    tcp.read_to_string(&mut metrics).await.unwrap();
    let series = "ehlo_connections_refused_total{reason=\"timeout\"} ";
    metrics.lines().find_map(|line| line.strip_prefix(series)?.parse().ok()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_proxy_header_that_comes_late_takes_its_time_from_the_request() {
    let running = relay_with(|config| {
        config.proxy_protocol = true;
        config.trusted_proxies.push("127.0.0.0/8".parse().unwrap());
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let started = Instant::now();
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    sleep(9 * SECOND).await;
    tcp.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 4660 80\r\nGET / HTTP/1.1\r\nHost: ").await.unwrap();
    ends(tcp, started, 10).await;
    assert_eq!(timeouts(&running).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_header_octet_by_octet_has_no_longer_than_one_at_once() {
    let running = relay_with(|config| {
        config.proxy_protocol = true;
        config.trusted_proxies.push("127.0.0.0/8".parse().unwrap());
    })
    .await;
    let started = Instant::now();
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    for octet in b"PROXY TC" {
        tcp.write_all(&[*octet]).await.unwrap();
        sleep(SECOND).await;
    }
    ends(tcp, started, 10).await;
}

#[tokio::test(start_paused = true)]
async fn header_handshake_and_request_together_have_twenty_seconds() {
    let (running, trusted, _folder) = secure(|config| {
        config.proxy_protocol = true;
        config.trusted_proxies.push("127.0.0.0/8".parse().unwrap());
    })
    .await;
    let started = Instant::now();
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    sleep(9 * SECOND).await;
    tcp.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 4660 443\r\n").await.unwrap();
    sleep(6 * SECOND).await;
    let stream = shake(tcp, &trusted).await;
    ends(stream, started, 20).await;
    assert_eq!(timeouts(&running).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_cut_off_after_twenty_seconds() {
    let (running, ..) = secure(|_| {}).await;
    let started = Instant::now();
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    tcp.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    ends(tcp, started, 20).await;
    assert_eq!(timeouts(&running).await, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_after_a_quick_handshake_has_ten_seconds() {
    let (running, trusted, _folder) = secure(|_| {}).await;
    let started = Instant::now();
    let stream = shake(TcpStream::connect(running.address()).await.unwrap(), &trusted).await;
    ends(stream, started, 10).await;
    assert_eq!(timeouts(&running).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handshake_within_the_time_is_served_and_so_are_later_requests() {
    let (running, trusted, _folder) = secure(|_| {}).await;
    let tcp = TcpStream::connect(running.address()).await.unwrap();
    sleep(15 * SECOND).await;
    let mut stream = shake(tcp, &trusted).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", running.address());
    // The second one comes after the deadline of the first.
    for pause in [4, 8] {
        sleep(pause * SECOND).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = [0; 4096];
        let _ = stream.read(&mut rest).await.unwrap();
    }
    assert_eq!(timeouts(&running).await, 0);
}
