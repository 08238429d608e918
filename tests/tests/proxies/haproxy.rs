use std::fs;
use std::net::SocketAddr;

use ehlo_core::tunnel::FromRelay;
use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::process::{Process, free_addr};
use ehlo_tests::relay::{Relay, RelayProgram};
use ehlo_tests::wait::{PATIENCE, until};
use tokio::io::AsyncWriteExt;

use crate::support::{NAME, Place, Server, Visitor, behind, example, two_clients_hold_conversations};

async fn haproxy(place: &Place, name: &str, changes: &[(&str, &str)]) -> TestResult<(Process, SocketAddr)> {
    let at = free_addr()?;
    let bind = format!("bind {at}");
    let changes: Vec<_> = [("bind :443", bind.as_str())].into_iter().chain(changes.iter().copied()).collect();
    let file = place.path("haproxy.cfg");
    fs::write(&file, example(name, &changes)?)?;
    Ok((place.start("haproxy", "usr/sbin/haproxy", &["-db", "-f", &file], at).await?, at))
}

#[tokio::test]
async fn tls_goes_through_haproxy_and_a_header_of_either_version_tells_the_client() -> TestResult {
    for version in ["send-proxy", "send-proxy-v2"] {
        let place = Place::new()?;
        let server = Server::new().await?;
        let config = Config {
            proxy_protocol: true,
            tls_certificate: Some(place.file("certificate.pem")),
            tls_key: Some(place.file("key.pem")),
            ..behind(&server)
        };
        let relay = Relay::start(config).await?;
        let relay = relay.running().address().to_string();
        let changes = [("192.0.2.11:2580", relay.as_str()), ("send-proxy-v2", version)];
        let (_haproxy, at) = haproxy(&place, "haproxy-tcp.cfg", &changes).await?;
        two_clients_hold_conversations(&server, at, &place).await?;
    }
    Ok(())
}

/// One of two relays, the real program.
async fn one_of_two(server: &Server) -> TestResult<(RelayProgram, String)> {
    let port = server.address.port().to_string();
    let arguments = ["--public-name", NAME, "--trusted-proxy", "127.0.0.1/32", "--allow-port", &port];
    let program = RelayProgram::start(&[&arguments[..], &["--limits-grace", "30"]].concat()).await?;
    let address = program.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    Ok((program, address))
}

#[tokio::test]
async fn a_relay_that_is_told_to_end_finishes_its_conversations_while_new_ones_go_to_the_other() -> TestResult {
    let place = Place::new()?;
    let server = Server::new().await?;
    let (mut relays, mut addresses) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (program, address) = one_of_two(&server).await?;
        relays.push(program);
        addresses.push(address);
    }
    let changes = [
        ("192.0.2.11:2580", addresses[0].as_str()),
        ("192.0.2.12:2580", &addresses[1]),
        ("/etc/haproxy/ehlo.example.pem", &place.path("both.pem")),
    ];
    let (_haproxy, at) = haproxy(&place, "haproxy.cfg", &changes).await?;

    // A client comes to the same relay each time.
    let of_relay = |session: &str| session.split('-').next().unwrap_or_default().to_owned();
    let mut open = Visitor::comes("127.0.0.7", at, &place.trusted).await?;
    let (first, mut tcp) = open.calls(&server).await?;
    for _ in 0..5 {
        let mut again = Visitor::comes("127.0.0.7", at, &place.trusted).await?;
        assert_eq!(of_relay(&again.calls(&server).await?.0.session), of_relay(&first.session));
    }

    // Which of the two it is, the log lines of the conversations that are over say.
    let log = |relay: &mut RelayProgram| relay.process().log();
    let known = || (0..2).find(|&number| log(&mut relays[number]).contains(&of_relay(&first.session)));
    let ending = until("a log line of the relay", PATIENCE, known).await?;
    relays[ending].process().terminate()?;
    until("the relay to be told", PATIENCE, || log(&mut relays[ending]).contains("told to end").then_some(())).await?;
    let mut new = Visitor::comes("127.0.0.7", at, &place.trusted).await?;
    let (second, _new_tcp) = new.calls(&server).await?;
    assert_ne!(of_relay(&second.session), of_relay(&first.session));

    // What was open goes on to its own end, and the program with it.
    tcp.write_all(b"250 still here\r\n").await?;
    open.expect(b"250 still here\r\n").await?;
    drop(tcp);
    assert!(matches!(open.word().await?, FromRelay::Eof {}));
    drop(open);
    until("the relay to end", PATIENCE, || relays[ending].process().has_ended()).await?;
    assert!(relays[1 - ending].process().has_ended().is_none());
    Ok(())
}
