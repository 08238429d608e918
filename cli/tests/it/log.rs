//! One line a session, and nothing of what went through.

use std::net::SocketAddr;
use std::process::Stdio;

use ehlo_core::secret::Secret;
use ehlo_core::tunnel::{Connect, FromRelay, Lookup, RecordType, ToRelay};
use futures_util::SinkExt;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Heard, Page, Target, read};
use crate::zone::zone;

/// The program, with everything that the relay and all its libraries can say in its log.
async fn talkative(arguments: &[&str]) -> (Child, SocketAddr) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments).env("EHLO_LOG", "trace");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut ehlo = command.spawn().unwrap();
    let mut stdout = BufReader::new(ehlo.stdout.take().unwrap()).lines();
    let ready = stdout.next_line().await.unwrap().unwrap();
    let relay = ready.strip_prefix("Ehlo is ready: open http://").unwrap().trim_end_matches('/').parse().unwrap();
    (ehlo, relay)
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_no_conversation() {
    let zone = zone("@ IN MX 10 mx\n").await;
    let (mut ehlo, relay) = talkative(&["--dns", &zone.address.to_string()]).await;
    let mut stderr = ehlo.stderr.take().unwrap();
    let mut page = Page::open_at(relay).await;
    for _ in 0..50 {
        let (name, rtype) = ("zone.example".to_owned(), RecordType::Mx);
        page.say(&ToRelay::Lookup(Lookup { name, rtype, token: None })).await;
        assert!(matches!(page.hear().await, Heard::Word(FromRelay::Answer(_))));
    }
    drop(page);
    // It was more than the 64 KiB that a pipe holds.
    let told = Command::new("kill").args(["-TERM", &ehlo.id().unwrap().to_string()]).status().await.unwrap();
    assert!(told.success());
    let mut log = Vec::new();
    stderr.read_to_end(&mut log).await.unwrap();
    assert!(log.len() > 2 * 64 * 1024, "{}", log.len());
}

#[tokio::test]
async fn a_session_is_one_line_without_a_word_of_what_was_said() {
    let target = Target::new().await;
    let zone = zone("@ IN MX 10 mx\n").await;
    let (dns, port) = (zone.address.to_string(), target.address.port().to_string());
    let (mut ehlo, relay) = talkative(&["--dns", &dns, "--allow-port", &port]).await;
    let mut log = BufReader::new(ehlo.stderr.take().unwrap()).lines();

    let mut page = Page::open_at(relay).await;
    let connect = Connect {
        host: Some("127.0.0.1".to_owned()),
        port: Some(target.address.port()),
        token: Some(Secret::new("planted-token")),
        ..Connect::default()
    };
    page.say(&ToRelay::Connect(connect)).await;
    page.hear().await;
    page.hear().await;
    let mut tcp = target.accept().await;
    tcp.write_all(b"220 planted-greeting\r\n").await.unwrap();
    page.bytes(22).await;
    page.send(b"AUTH PLAIN planted-password\r\n").await;
    read(&mut tcp, 29).await;
    page.ws.send(Message::text("planted-message")).await.unwrap();
    page.last_word().await;
    drop(page);
    for nonsense in [
        r#"{"type":"planted-type"}"#,
        r#"{"type":"connect","host":"127.0.0.1","port":25,"token":["planted-token"]}"#,
        r#"{"type":"lookup","name":"mx.example","rtype":"MX","token":"planted-token","planted-field":1}"#,
        r#"{"type":"connect","host":"127.0.0.1","port":25,"proxy_header":{"source":"planted-source"},"token":"planted"}"#,
    ] {
        let mut page = Page::open_at(relay).await;
        page.ws.send(Message::text(nonsense)).await.unwrap();
        page.refusal().await;
    }
    // The token of a question that is understood, and octets before a greeting that is none.
    let mut page = Page::open_at(relay).await;
    let (name, token) = ("zone.example".to_owned(), Some(Secret::new("planted-token")));
    page.say(&ToRelay::Lookup(Lookup { name, rtype: RecordType::Mx, token })).await;
    page.hear().await;
    drop(page);
    let mut page = Page::open_at(relay).await;
    page.connect(target.address).await;
    page.hear().await;
    page.hear().await;
    let mut tcp = target.accept().await;
    page.send(b"planted before the greeting").await;
    tcp.write_all(b"planted-greeting\r\n").await.unwrap();
    page.bytes(18).await;
    page.refusal().await;
    drop(page);

    let mut sessions = Vec::new();
    let mut others = 0;
    while sessions.len() < 7 {
        let line = log.next_line().await.unwrap().unwrap();
        assert!(!line.contains("planted"), "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        match line["message"] == "session" {
            true => sessions.push(line),
            false => others += 1,
        }
    }
    assert!(others > 0, "the libraries say something too");
    let line = &sessions[0];
    for (field, expected) in [
        ("client", "127.0.0.1".into()),
        ("origin", format!("http://{relay}").into()),
        ("asked", "connect".into()),
        ("target", target.address.to_string().into()),
        ("address", target.address.to_string().into()),
        ("result", "bad_request".into()),
        ("by", "relay".into()),
        ("sent", Value::from(29)),
        ("received", 22.into()),
    ] {
        assert_eq!(line[field], expected, "{field}: {line}");
    }
    assert!(line["id"].is_string() && line["ms"].is_u64() && line["timestamp"].is_string());
    assert_eq!(sessions[1]["result"], "bad_request");
    assert_ne!(sessions[1]["id"], line["id"]);
}

/// One connection, and one client with many, could fill a disk otherwise.
#[tokio::test]
async fn requests_that_are_refused_write_one_line_a_minute_and_end_their_connection() {
    let (mut ehlo, relay) = talkative(&["--log", "warn"]).await;
    for _ in 0..100 {
        let mut tcp = TcpStream::connect(relay).await.unwrap();
        let request = "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n".repeat(20);
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answers = Vec::new();
        // What is left unread in the relay may end in a reset; one answer comes before it.
        let _ = tcp.read_to_end(&mut answers).await;
        let answers = String::from_utf8(answers).unwrap().to_lowercase();
        assert_eq!(answers.matches("http/1.1 421").count(), 1, "{answers}");
        assert!(answers.contains("connection: close"), "{answers}");
    }
    ehlo.kill().await.unwrap();
    let mut log = String::new();
    ehlo.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert_eq!(log.matches("a request for another host was refused").count(), 1, "{log}");
}
