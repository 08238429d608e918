//! Mail servers that are reached through a proxy: conversations through those that Debian has.

use std::fs;
use std::net::SocketAddr;

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::Session;
use ehlo_relay::Config;
use ehlo_tests::conversation::{run, told};
use ehlo_tests::network;
use ehlo_tests::process::{Process, free_addr};
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::Place;

/// The mail server as the relay knows it; what is on loopback is reached without the proxy.
const SERVER: &str = "192.0.2.25";

/// A running proxy, and how the relay names it.
struct Proxy {
    process: Process,
    at: SocketAddr,
    scheme: &'static str,
}

impl Proxy {
    async fn microsocks(place: &Place) -> TestResult<Self> {
        let at = free_addr()?;
        let port = at.port().to_string();
        let arguments = ["-i", "127.0.0.1", "-p", &port, "-u", "user", "-P", "secret"];
        let process = place.start("microsocks", "usr/bin/microsocks", &arguments, at).await?;
        Ok(Self { process, at, scheme: "socks5" })
    }

    async fn tinyproxy(place: &Place, targets: [u16; 2]) -> TestResult<Self> {
        let at = free_addr()?;
        let port = at.port();
        let [one, other] = targets;
        let file = place.path("tinyproxy.conf");
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nConnectPort {one}\nConnectPort {other}\nBasicAuth user secret\nTimeout 60\nLogLevel Connect\n"
        );
        fs::write(&file, text)?;
        let process = place.start("tinyproxy-bin", "usr/bin/tinyproxy", &["-d", "-c", &file], at).await?;
        Ok(Self { process, at, scheme: "http" })
    }

    /// A whole conversation with this port of [`SERVER`] by a relay that goes through it.
    async fn conversation(&self, password: &str, port: u16) -> TestResult<Session> {
        let through = format!("{}://user:{password}@{}", self.scheme, self.at).parse().map_err(Failure::new)?;
        let config = Config { through: Some(through), allow_ports: vec![port], ..Config::default() };
        let relay = Relay::start(config).await?;
        let setup = json!({
            "host": SERVER, "port": port, "hello": "client.example", "from": "a@client.example",
            "to": ["recipient@domain.test"], "message": "Subject: Test\n\ntesting\n",
        });
        run(&relay.tunnel_url(), setup).await
    }
}

/// Makes a mail server on loopback one at [`SERVER`].
async fn away(server: SocketAddr) -> TestResult<u16> {
    let listener = TcpListener::bind((SERVER, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            if let Ok(mut server) = TcpStream::connect(server).await {
                tokio::spawn(async move { copy_bidirectional(&mut tcp, &mut server).await });
            }
        }
    });
    Ok(port)
}

/// A mail arrives by this way. What stands in the conversation of a relay that is told that nobody listens, and of one
/// that the proxy does not let through.
async fn carries(proxy: &Proxy, server: &Postfix, port: u16, nobody: u16) -> TestResult<[String; 2]> {
    let session = proxy.conversation("secret", port).await?;
    assert_eq!(session.view().summary.outcome, Outcome::Accepted, "{}", told(&session));
    assert_eq!(server.mailbox().mails(1).await?.len(), 1);
    let log = proxy.process.log();
    assert!(log.contains(SERVER) && log.contains(&port.to_string()), "it did not go this way:\n{log}");

    let failing = [proxy.conversation("secret", nobody).await?, proxy.conversation("wrong", port).await?];
    Ok(failing.map(|session| told(&session)))
}

/// A mail server that is away, in a network of its own: the server, its port at [`SERVER`], and one where nobody listens.
async fn scene() -> TestResult<(Place, Postfix, u16, u16)> {
    let server = Postfix::setup().start().await?;
    let port = away(server.addr()).await?;
    Ok((Place::new()?, server, port, free_addr()?.port()))
}

#[tokio::test]
async fn a_mail_goes_through_microsocks_by_socks5() -> TestResult {
    network::within(&[SERVER], async || {
        let (place, server, port, nobody) = scene().await?;
        let [refused, unlet] = carries(&Proxy::microsocks(&place).await?, &server, port, nobody).await?;
        assert!(refused.contains(&format!("{SERVER}:{nobody} refused the connection")), "{refused}");
        assert!(unlet.contains("its log may say why"), "{unlet}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_mail_goes_through_tinyproxy_by_connect() -> TestResult {
    network::within(&[SERVER], async || {
        let (place, server, port, nobody) = scene().await?;
        let proxy = Proxy::tinyproxy(&place, [port, nobody]).await?;
        let [refused, unlet] = carries(&proxy, &server, port, nobody).await?;
        assert!(refused.contains("The proxy by which the relay goes out could not connect"), "{refused}");
        assert!(unlet.contains("its log may say why"), "{unlet}");
        Ok(())
    })
    .await
}
