//! One line a session, and nothing of what went through.

use std::process::Stdio;

use ehlo_core::secret::Secret;
use ehlo_core::tunnel::{Connect, ToRelay};
use futures_util::SinkExt;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Page, Target, read};

#[tokio::test]
async fn a_session_is_one_line_without_a_word_of_what_was_said() {
    let target = Target::new().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ehlo"));
    command.args(["--listen", "127.0.0.1:0", "--allow-port", &target.address.port().to_string()]);
    // Everything that the relay itself can say.
    command.env("EHLO_LOG", "ehlo_relay=trace").stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut ehlo = command.spawn().unwrap();
    let mut stdout = BufReader::new(ehlo.stdout.take().unwrap()).lines();
    let mut log = BufReader::new(ehlo.stderr.take().unwrap()).lines();
    let ready = stdout.next_line().await.unwrap().unwrap();
    let relay = ready.strip_prefix("Ehlo is ready: open http://").unwrap().trim_end_matches('/').parse().unwrap();

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
    let mut nonsense = Page::open_at(relay).await;
    nonsense.ws.send(Message::text(r#"{"type":"planted-type"}"#)).await.unwrap();
    nonsense.refusal().await;
    drop(nonsense);

    let mut sessions = Vec::new();
    while sessions.len() < 2 {
        let line = log.next_line().await.unwrap().unwrap();
        assert!(!line.contains("planted"), "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        sessions.extend((line["message"] == "session").then_some(line));
    }
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
