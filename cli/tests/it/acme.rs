//! The relay's own certificate by ACME, from Debian's `pebble`.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ehlo_cli::page;
use ehlo_relay::{Config, Relay, Running};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{Heard, Page};
use crate::zone::{Zone, zone};

/// The name that the certificate is for.
const NAME: &str = "ehlo.zone.example";

/// Another name of the same host.
const OTHER: &str = "www.zone.example";

/// A folder for all files, a DNS server that knows [`NAME`], and the certificate of the ACME server itself.
struct Place {
    folder: TempDir,
    dns: Zone,
    trusted: CertificateDer<'static>,
    /// Where the ACME server listens, and where its own root is told.
    directory: SocketAddr,
    management: SocketAddr,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(folder.path().join("pebble.pem"), pair.cert.pem()).unwrap();
        fs::write(folder.path().join("pebble.key"), pair.signing_key.serialize_pem()).unwrap();
        let dns = zone("ehlo IN A 127.0.0.1\nwww IN A 127.0.0.1\n").await;
        let (directory, management) = (free().await, free().await);
        Self { folder, dns, trusted: pair.cert.into(), directory, management }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A relay that wants its certificate from here.
    fn config(&self, listener: &TcpListener) -> Config {
        Config {
            listen: vec![listener.local_addr().unwrap()],
            public_names: vec![NAME.to_owned()],
            acme_directory: Some(format!("https://{}/dir", self.directory)),
            acme_contact: vec!["postmaster@zone.example".to_owned()],
            acme_folder: Some(self.path("state")),
            acme_authority: Some(self.path("pebble.pem")),
            metrics_listen: Some("127.0.0.1:0".parse().unwrap()),
            ..Config::default()
        }
    }

    async fn relay(&self, listener: TcpListener) -> Running {
        Relay::start_on(self.config(&listener), page(), vec![listener]).await.unwrap()
    }

    /// Starts the ACME server, whose certificates are valid for so many seconds. It looks for names at `relay`.
    async fn pebble(&self, relay: SocketAddr, validity: u64) -> Child {
        let config = serde_json::json!({"pebble": {
            "listenAddress": self.directory.to_string(),
            "managementListenAddress": self.management.to_string(),
            "certificate": self.path("pebble.pem"),
            "privateKey": self.path("pebble.key"),
            "httpPort": 1,
            "tlsPort": relay.port(),
            "certificateValidityPeriod": validity,
        }});
        fs::write(self.path("pebble.json"), config.to_string()).unwrap();
        let mut command = Command::new("pebble");
        command.arg("-config").arg(self.path("pebble.json")).args(["-dnsserver", &self.dns.address.to_string()]);
        // It would else wait, and refuse some requests, to see what clients do.
        command
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("pebble is missing: apt-get install pebble, as tests/run does");
        for address in [self.directory, self.management] {
            while TcpStream::connect(address).await.is_err() {
                assert!(child.try_wait().unwrap().is_none(), "pebble has ended");
                moment().await;
            }
        }
        child
    }

    /// Puts a server in front of the directory that wants every certificate renewed at once (RFC 9773), which `pebble` of
    /// Debian 12 cannot; returns for which it was asked.
    async fn advise(&mut self) -> Arc<Mutex<Vec<String>>> {
        let front = listener().await;
        let own = front.local_addr().unwrap();
        let mut directory: serde_json::Value = serde_json::from_slice(&self.get(self.directory, "/dir").await).unwrap();
        directory["renewalInfo"] = format!("https://{own}/renewal").into();
        let window = serde_json::json!({"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"});
        let advice = serde_json::json!({ "suggestedWindow": window });
        let key = PrivateKeyDer::from_pem_file(self.path("pebble.key")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![self.trusted.clone()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        self.directory = own;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = front.accept().await.unwrap();
                let Ok(tls) = acceptor.accept(tcp).await else { continue };
                let mut tls = BufReader::new(tls);
                let mut line = String::new();
                tls.read_line(&mut line).await.unwrap();
                let path = line.split(' ').nth(1).unwrap();
                let body = match path.strip_prefix("/renewal/") {
                    Some(id) => {
                        noted.lock().unwrap().push(id.to_owned());
                        &advice
                    }
                    None => &directory,
                };
                let head = "HTTP/1.1 200 OK\r\nRetry-After: 21600\r\nConnection: close\r\n\r\n";
                tls.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                tls.shutdown().await.unwrap();
            }
        });
        asked
    }

    /// What the ACME server answers to a GET.
    async fn get(&self, address: SocketAddr, path: &str) -> Vec<u8> {
        let tcp = TcpStream::connect(address).await.unwrap();
        let mut tls = shake(tcp, "127.0.0.1", &self.trusted).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // It closes without a word of TLS.
        let _ = tls.read_to_end(&mut answer).await;
        let body = answer.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap();
        answer.split_off(body + 4)
    }

    /// The root of the certificates that it gives.
    async fn root(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(&self.get(self.management, "/roots/0").await).unwrap()
    }
}

/// An address that nobody listens on, below the ports that the kernel gives to whoever asks for any.
async fn free() -> SocketAddr {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Two test programs at the same time begin at different places.
    let first = 16_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = first + TAKEN.fetch_add(1, Relaxed);
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return listener.local_addr().unwrap();
        }
    }
}

/// Until the next look at what another program does.
async fn moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A handshake that trusts this root alone.
async fn shake(tcp: TcpStream, name: &str, root: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), tcp).await
}

/// A handshake with the relay that succeeds, sooner or later.
async fn secure(relay: SocketAddr, root: &CertificateDer<'static>) -> TlsStream<TcpStream> {
    loop {
        let tcp = TcpStream::connect(relay).await.unwrap();
        if let Ok(stream) = shake(tcp, NAME, root).await {
            return stream;
        }
        moment().await;
    }
}

fn chain(stream: &TlsStream<TcpStream>) -> Vec<CertificateDer<'static>> {
    stream.get_ref().1.peer_certificates().unwrap().iter().cloned().map(CertificateDer::into_owned).collect()
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_certificate_comes_by_acme_and_is_kept_over_a_restart_without_asking_again() {
    let place = Place::new().await;
    let listening = listener().await;
    let relay = listening.local_addr().unwrap();
    let pebble = place.pebble(relay, 86_400).await;
    let root = place.root().await;
    let running = place.relay(listening).await;
    assert!(running.url().starts_with("https://"), "{}", running.url());
    let stream = secure(relay, &root).await;
    let first = chain(&stream);
    assert!(first.len() > 1, "the intermediate certificate is shown too");
    let mut page = Page::over(stream, NAME, &format!("https://{NAME}"), &[]).await.unwrap();
    assert!(matches!(page.about().await, Heard::Word(_)));

    let state = fs::read_dir(place.path("state")).unwrap().next().unwrap().unwrap().path();
    for file in ["account.json", "certificate.pem"] {
        assert_eq!(fs::metadata(state.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    drop(page);
    running.stop().await;
    drop(pebble);

    // There is nobody any more who could give another.
    let running = place.relay(TcpListener::bind(relay).await.unwrap()).await;
    assert_eq!(chain(&secure(relay, &root).await), first);
    let metrics = get(running.metrics_address().unwrap(), "/metrics").await;
    assert!(metrics.contains("ehlo_certificate_orders_total{result=\"failed\"} 0\n"), "{metrics}");
    assert!(metrics.contains("\nehlo_certificate_not_after_timestamp_seconds "), "{metrics}");
}

#[tokio::test]
async fn a_certificate_is_renewed_when_two_thirds_of_its_life_are_over_and_what_is_open_goes_on() {
    let place = Place::new().await;
    let listening = listener().await;
    let relay = listening.local_addr().unwrap();
    let _pebble = place.pebble(relay, 6).await;
    let root = place.root().await;
    let running = place.relay(listening).await;
    let stream = secure(relay, &root).await;
    let first = chain(&stream);
    let mut page = Page::over(stream, NAME, &format!("https://{NAME}"), &[]).await.unwrap();
    while chain(&secure(relay, &root).await) == first {
        moment().await;
    }
    assert!(matches!(page.about().await, Heard::Word(_)));
    drop(page);
    running.stop().await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_reached_is_asked_again_and_the_rest_of_the_relay_goes_on() {
    let place = Place::new().await;
    let listening = listener().await;
    let relay = listening.local_addr().unwrap();
    let running = place.relay(listening).await;
    let metrics = running.metrics_address().unwrap();
    while !get(metrics, "/metrics").await.contains("ehlo_certificate_orders_total{result=\"failed\"} 1\n") {
        moment().await;
    }
    assert!(get(metrics, "/healthz").await.starts_with("HTTP/1.1 200 "));
    assert!(get(metrics, "/readyz").await.starts_with("HTTP/1.1 503 "), "nobody can come without a certificate");
    let page = get(metrics, "/").await;
    assert!(page.contains("It waits for its certificate") && page.contains("cannot be reached"), "{page}");
    assert!(shake(TcpStream::connect(relay).await.unwrap(), NAME, &place.trusted).await.is_err());

    let _pebble = place.pebble(relay, 86_400).await;
    let root = place.root().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    secure(relay, &root).await;
    assert!(get(metrics, "/readyz").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_certificate_that_the_authority_wants_renewed_is_renewed_before_its_time() {
    let mut place = Place::new().await;
    let listening = listener().await;
    let relay = listening.local_addr().unwrap();
    let _pebble = place.pebble(relay, 86_400).await;
    let root = place.root().await;
    let asked = place.advise().await;
    let running = place.relay(listening).await;
    let first = chain(&secure(relay, &root).await);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3601)).await;
    tokio::time::resume();
    while chain(&secure(relay, &root).await) == first {
        moment().await;
    }
    let metrics = get(running.metrics_address().unwrap(), "/metrics").await;
    assert!(metrics.contains("ehlo_certificate_orders_total{result=\"done\"} 2\n"), "{metrics}");
    // Key identifier and serial number, each in base64.
    let asked = asked.lock().unwrap().clone();
    assert!(asked.len() == 1 && asked[0].split('.').count() == 2, "{asked:?}");
}

#[tokio::test]
async fn a_name_that_a_reload_adds_comes_into_the_certificate_and_what_is_open_goes_on() {
    let place = Place::new().await;
    let listening = listener().await;
    let relay = listening.local_addr().unwrap();
    let _pebble = place.pebble(relay, 86_400).await;
    let root = place.root().await;
    let config = place.config(&listening);
    let running = place.relay(listening).await;
    let stream = secure(relay, &root).await;
    let mut page = Page::over(stream, NAME, &format!("https://{NAME}"), &[]).await.unwrap();

    // Nothing about it has changed, so nothing is asked for.
    running.reload(&config).unwrap();
    let wrong = Config { acme_authority: Some(place.path("nowhere.pem")), ..config.clone() };
    let told = running.reload(&wrong).unwrap_err().to_string();
    assert!(told.starts_with("ACME: ") && told.contains("nowhere.pem"), "{told}");
    let names = vec![NAME.to_owned(), OTHER.to_owned()];
    running.reload(&Config { acme_names: names, ..config }).unwrap();
    while shake(TcpStream::connect(relay).await.unwrap(), OTHER, &root).await.is_err() {
        // The old one until then.
        secure(relay, &root).await;
        moment().await;
    }
    secure(relay, &root).await;
    let metrics = get(running.metrics_address().unwrap(), "/metrics").await;
    assert!(metrics.contains("ehlo_certificate_orders_total{result=\"done\"} 2\n"), "{metrics}");
    assert!(matches!(page.about().await, Heard::Word(_)));
}

#[tokio::test]
async fn an_account_that_the_authority_has_forgotten_is_made_anew() {
    let place = Place::new().await;
    let listening = listener().await;
    let relay = listening.local_addr().unwrap();
    let config = place.config(&listening);
    let pebble = place.pebble(relay, 86_400).await;
    let root = place.root().await;
    let running = place.relay(listening).await;
    secure(relay, &root).await;
    drop(pebble);
    while TcpStream::connect(place.directory).await.is_ok() {
        moment().await;
    }

    // Another one at the same place, which knows nobody.
    let _pebble = place.pebble(relay, 86_400).await;
    let root = place.root().await;
    let names = vec![NAME.to_owned(), OTHER.to_owned()];
    running.reload(&Config { acme_names: names, ..config }).unwrap();
    secure(relay, &root).await;
}

#[tokio::test]
async fn names_that_the_authority_cannot_reach_are_told_in_its_own_words() {
    let place = Place::new().await;
    // Nobody listens where the authority looks.
    let _pebble = place.pebble(free().await, 86_400).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.args(["--listen", "127.0.0.1:0", "--public-name", NAME, "--acme-directory"]);
    command.arg(format!("https://{}/dir", place.directory)).arg("--acme-folder").arg(place.path("state"));
    command.arg("--acme-authority").arg(place.path("pebble.pem"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let line: serde_json::Value = loop {
        let line: serde_json::Value = serde_json::from_str(&log.next_line().await.unwrap().unwrap()).unwrap();
        if line["level"] == "ERROR" {
            break line;
        }
    };
    let why = line["why"].as_str().unwrap();
    assert!(why.contains("port 443") && why.contains(NAME) && why.contains("tls-alpn-01"), "{line}");
    assert_eq!((&line["names"], &line["again"]), (&NAME.into(), &60.into()), "{line}");
    assert!(child.try_wait().unwrap().is_none());
}
