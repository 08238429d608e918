//! HTTPS by the relay itself, and its certificate's change.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ehlo_core::tunnel::FromRelay;
use ehlo_relay::{Assets, Config, Relay, Running};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{Heard, Page, Target, read, reset};

/// Certificate and key in a private folder.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// Writes a new pair for `localhost`, and returns the certificate.
    pub(crate) fn renew(&self) -> CertificateDer<'static> {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.key(), pair.signing_key.serialize_pem()).unwrap();
        fs::write(self.certificate(), pair.cert.pem()).unwrap();
        pair.cert.into()
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            tls_certificate: Some(self.certificate()),
            tls_key: Some(self.key()),
            ..Config::default()
        }
    }
}

/// A handshake that believes this certificate alone.
pub(crate) async fn shake(
    relay: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let tcp = TcpStream::connect(relay).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

pub(crate) async fn page(running: &Running, trusted: &CertificateDer<'static>) -> Page<TlsStream<TcpStream>> {
    let host = format!("localhost:{}", running.address().port());
    let stream = shake(running.address(), trusted).await.unwrap();
    Page::over(stream, &host, &format!("https://{host}"), &[]).await.unwrap()
}

#[tokio::test]
async fn a_conversation_goes_over_https_both_ways() {
    let files = Files::new();
    let certificate = files.renew();
    let target = Target::new().await;
    let config = Config { allow_ports: vec![target.address.port()], ..files.config() };
    let running = Relay::start(config, Assets::none()).await.unwrap();
    assert!(running.url().starts_with("https://") && running.tunnel_url().starts_with("wss://"), "{}", running.url());

    let mut page = page(&running, &certificate).await;
    page.connect(target.address).await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Resolved { .. })));
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Connected(_))));
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    let line = [b'x'; 60_000];
    page.send(&line).await;
    assert_eq!(read(&mut tcp, line.len()).await, line);
    tcp.write_all(&line).await.unwrap();
    assert_eq!(page.bytes(line.len()).await, line);
    reset(tcp);
    assert!(matches!(page.hear().await, Heard::Word(FromRelay::Closed { .. })));
}

#[tokio::test]
async fn a_page_that_came_without_tls_may_not_use_a_relay_with_it() {
    let files = Files::new();
    let certificate = files.renew();
    let running = Relay::start(files.config(), Assets::none()).await.unwrap();
    let host = format!("localhost:{}", running.address().port());
    let stream = shake(running.address(), &certificate).await.unwrap();
    let refused = Page::over(stream, &host, &format!("http://{host}"), &[]).await.err().unwrap();
    assert!(refused.to_string().contains("403"), "{refused}");
}

#[tokio::test]
async fn who_speaks_http_in_clear_is_told_that_this_is_https() {
    let files = Files::new();
    files.renew();
    let running = Relay::start(files.config(), Assets::none()).await.unwrap();
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    tcp.write_all(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", running.address()).as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
}

#[tokio::test]
async fn a_new_certificate_is_shown_by_itself_and_what_is_open_goes_on() {
    let files = Files::new();
    let first = files.renew();
    let running = Relay::start(files.config(), Assets::none()).await.unwrap();
    let mut before = page(&running, &first).await;

    // What cannot be used changes nothing.
    fs::write(files.key(), "nonsense").unwrap();
    fs::write(files.certificate(), "nonsense").unwrap();
    let told = running.reload(&files.config()).unwrap_err().to_string();
    assert!(told.contains("BEGIN CERTIFICATE"), "{told}");
    shake(running.address(), &first).await.unwrap();

    let second = files.renew();
    while shake(running.address(), &second).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(shake(running.address(), &first).await.is_err());
    assert!(matches!(before.about().await, Heard::Word(FromRelay::About(_))));
}

#[tokio::test]
async fn files_that_are_no_pair_are_refused_at_the_start_with_what_to_do() {
    let files = Files::new();
    let told = Relay::start(files.config(), Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("certificate.pem") && told.contains("cannot be read"), "{told}");

    files.renew();
    let other = Files::new();
    other.renew();
    let config = Config { tls_key: Some(other.key()), ..files.config() };
    let told = Relay::start(config, Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("not that of the first certificate"), "{told}");

    let config = Config { tls_key: Some(files.certificate()), ..files.config() };
    let told = Relay::start(config, Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("no private key"), "{told}");

    let told = Relay::start(Config { tls_key: None, ..files.config() }, Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("both tls_certificate and tls_key"), "{told}");
}
