//! A proxy that runs, and visitors who come through it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ehlo_core::tunnel::{Code, Connect, Connected, FromRelay, PATH, SUBPROTOCOL, ToRelay};
use ehlo_relay::Config;
use ehlo_tests::packages::unpacked;
use ehlo_tests::process::{Process, command};
use ehlo_tests::wait::{PATIENCE, listening};
use ehlo_tests::{Failure, TestResult};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// By which name the page is opened in all examples.
pub(crate) const NAME: &str = "ehlo.example";

/// A folder with a certificate for [`NAME`].
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) trusted: CertificateDer<'static>,
}

impl Place {
    pub(crate) fn new() -> TestResult<Self> {
        let folder = tempfile::tempdir()?;
        let pair = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        let (certificate, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        fs::write(folder.path().join("certificate.pem"), &certificate)?;
        fs::write(folder.path().join("key.pem"), &key)?;
        fs::write(folder.path().join("both.pem"), format!("{certificate}{key}"))?;
        Ok(Self { folder, trusted: pair.cert.into() })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Starts a program of an unpacked package, and waits until it listens.
    pub(crate) async fn start(
        &self,
        package: &str,
        program: &str,
        arguments: &[&str],
        at: SocketAddr,
    ) -> TestResult<Process> {
        let package_folder = unpacked(package)?;
        let libraries = format!("{0}/usr/lib:{0}/usr/lib/x86_64-linux-gnu", package_folder.display());
        let mut command = command(package_folder.join(program));
        command.args(arguments).env("LD_LIBRARY_PATH", libraries).env("XDG_DATA_HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.folder.path());
        let mut process = Process::start(package, command, &self.file(&format!("{package}.log")))?;
        listening(at, &mut process).await?;
        Ok(process)
    }
}

/// An example configuration with each of these changed; each must occur.
pub(crate) fn example(name: &str, changes: &[(&str, &str)]) -> TestResult<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/proxies").join(name);
    let mut text: String = fs::read_to_string(file)?
        .lines()
        .filter(|line| !line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    for (old, new) in changes {
        if !text.contains(old) {
            return Err(Failure::new(format!("{name} has no {old:?} to change")));
        }
        text = text.replace(old, new);
    }
    Ok(text)
}

/// The relay's part of the examples: each client may have one session, and the proxies of this machine are believed.
pub(crate) fn behind(server: &Server) -> Config {
    let mut config = Config {
        public_names: vec![NAME.to_owned()],
        allow_ports: vec![server.address.port()],
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        ..Config::default()
    };
    config.limits.sessions_per_client = 1;
    config
}

/// A mail server that only greets and answers.
pub(crate) struct Server {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) async fn new() -> TestResult<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Takes one connection and greets.
    pub(crate) async fn greet(&self) -> TestResult<TcpStream> {
        let (mut tcp, _) = self.listener.accept().await?;
        tcp.write_all(b"220 mx.example\r\n").await?;
        Ok(tcp)
    }
}

/// A visitor of the page, behind the proxy.
pub(crate) struct Visitor {
    ws: WebSocketStream<TlsStream<TcpStream>>,
}

impl Visitor {
    /// Comes from this address of this machine, and says of itself that it is somebody else.
    pub(crate) async fn comes(from: &str, proxy: SocketAddr, trusted: &CertificateDer<'static>) -> TestResult<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from.parse()?, 0))?;
        let tcp = socket.connect(proxy).await?;
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone())?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(NAME)?, tcp).await?;
        let mut request = format!("ws://{NAME}{PATH}").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("origin", format!("https://{NAME}").parse()?);
        headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        headers.insert("x-forwarded-for", "198.51.100.99".parse()?);
        Ok(Self { ws: client_async(request, tls).await?.0 })
    }

    async fn say(&mut self, word: &ToRelay) -> TestResult {
        Ok(self.ws.send(Message::text(word.to_json())).await?)
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) -> TestResult {
        Ok(self.ws.send(Message::binary(octets.to_vec())).await?)
    }

    /// The next message that is not a ping.
    async fn next(&mut self) -> TestResult<Message> {
        loop {
            match self.ws.next().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(message) => return Ok(message?),
                None => return Err(Failure::new("the WebSocket ended")),
            }
        }
    }

    pub(crate) async fn word(&mut self) -> TestResult<FromRelay> {
        match self.next().await? {
            Message::Text(text) => Ok(FromRelay::from_json(&text)?),
            other => Err(Failure::new(format!("no word of the relay: {other:?}"))),
        }
    }

    /// Exactly these octets of the mail server.
    pub(crate) async fn expect(&mut self, octets: &[u8]) -> TestResult {
        let mut all = Vec::new();
        while all.len() < octets.len() {
            match self.next().await? {
                Message::Binary(more) => all.extend(more),
                other => return Err(Failure::new(format!("no octets: {other:?}"))),
            }
        }
        assert_eq!(all, octets);
        Ok(())
    }

    /// Connects to the mail server, and reads its greeting.
    pub(crate) async fn calls(&mut self, server: &Server) -> TestResult<(Connected, TcpStream)> {
        let address = server.address;
        let (host, port) = (Some(address.ip().to_string()), Some(address.port()));
        self.say(&ToRelay::Connect(Connect { host, port, ..Connect::default() })).await?;
        let tcp = timeout(PATIENCE, server.greet()).await??;
        loop {
            if let FromRelay::Connected(connected) = self.word().await? {
                self.expect(b"220 mx.example\r\n").await?;
                return Ok((connected, tcp));
            }
        }
    }

    /// Whether the relay says that this client has too many sessions.
    pub(crate) async fn is_refused(&mut self) -> TestResult<bool> {
        self.say(&ToRelay::About { token: None }).await?;
        Ok(matches!(self.word().await?, FromRelay::Error(refusal) if refusal.code == Code::Busy))
    }
}

/// Two clients behind a proxy are two, whatever they say of themselves, and both reach the mail server.
pub(crate) async fn two_clients_hold_conversations(server: &Server, at: SocketAddr, place: &Place) -> TestResult {
    let mut one = Visitor::comes("127.0.0.1", at, &place.trusted).await?;
    let (_, mut tcp) = one.calls(server).await?;
    let mut again = Visitor::comes("127.0.0.1", at, &place.trusted).await?;
    assert!(again.is_refused().await?, "the proxy's own clients are not told apart");
    let mut other = Visitor::comes("127.0.0.5", at, &place.trusted).await?;
    let (_, _other_tcp) = other.calls(server).await?;
    // More than any buffer on the way holds, both ways.
    let long = [b'x'; 300_000];
    tcp.write_all(&long).await?;
    one.expect(&long).await?;
    for part in long.chunks(60_000) {
        one.send(part).await?;
    }
    let mut arrived = vec![0; long.len()];
    tcp.read_exact(&mut arrived).await?;
    assert!(arrived == long);
    drop(tcp);
    assert!(matches!(one.word().await?, FromRelay::Eof {}));
    Ok(())
}
