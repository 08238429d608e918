//! One line a session, and nothing of what went through.

use std::io;
use std::sync::{Arc, Mutex};

use ehlo_core::secret::Secret;
use ehlo_core::tunnel::{Connect, ToRelay};
use futures_util::SinkExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Heard, Page, Target, read, relay_for};

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn sessions(&self) -> Vec<Value> {
        let lines: Vec<Value> = self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.into_iter().filter(|line| line["target"] == "ehlo_relay::session").collect()
    }
}

#[tokio::test]
async fn a_session_is_one_line_without_a_word_of_what_was_said() {
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(lines.clone()).with_max_level(tracing::Level::TRACE).json().finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let target = Target::new().await;
    let running = relay_for(&target).await;
    let mut page = Page::open(&running).await;
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
    while page.hear().await != Heard::Dropped {}

    let mut nonsense = Page::open(&running).await;
    nonsense.ws.send(Message::text(r#"{"type":"planted-type"}"#)).await.unwrap();
    nonsense.refusal().await;
    running.stop().await;

    // Libraries trace frames at levels that are never on; what the relay itself logs is what counts, at every level.
    let own: Vec<_> =
        lines.text().lines().filter(|line| line.contains("\"target\":\"ehlo_relay")).map(str::to_owned).collect();
    assert!(own.iter().all(|line| !line.contains("planted")), "{own:#?}");
    let sessions = lines.sessions();
    assert_eq!(sessions.len(), 2, "{}", lines.text());
    let fields = &sessions[0]["fields"];
    assert_eq!(fields["result"], "bad_request");
    assert_eq!(fields["by"], "relay");
    assert_eq!(fields["asked"], "connect");
    assert_eq!((&fields["sent"], &fields["received"]), (&29.into(), &22.into()));
    assert_eq!(fields["target"], target.address.to_string());
    assert_eq!(fields["address"], target.address.to_string());
    assert_eq!(fields["origin"], format!("http://{}", running_origin(fields)));
    assert!(fields["id"].is_string() && fields["ms"].is_u64());
    assert_eq!(sessions[1]["fields"]["result"], "bad_request");
}

/// The origin as logged, without its scheme: an address of loopback.
fn running_origin(fields: &Value) -> &str {
    let origin = fields["origin"].as_str().unwrap().trim_start_matches("http://");
    assert!(origin.starts_with("127.0.0.1:"), "{origin}");
    origin
}
