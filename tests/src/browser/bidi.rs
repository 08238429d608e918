//! WebDriver BiDi, as much as is needed to hear every error of a page from its first moment (Firefox).

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use thirtyfour::WebDriver;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::errors::EARLY_HOOK;
use crate::failure::{Failure, TestResult};
use crate::wait::PATIENCE;

/// The second connection to a session.
pub(super) struct Bidi {
    socket: Mutex<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    last_id: AtomicU64,
}

impl Bidi {
    /// Opens it if the session offers it, and asks for every log entry.
    pub(super) async fn of(driver: &WebDriver) -> TestResult<Option<Self>> {
        let offered = driver.handle().capabilities().get("webSocketUrl").and_then(Value::as_str).map(str::to_owned);
        let Some(url) = offered else { return Ok(None) };
        let (socket, _) = connect_async(url).await?;
        let bidi = Self { socket: Mutex::new(socket), last_id: AtomicU64::new(0) };
        bidi.command("session.subscribe", json!({ "events": ["log.entryAdded"] })).await?;
        bidi.command("script.addPreloadScript", json!({ "functionDeclaration": format!("() => {{ {EARLY_HOOK} }}") }))
            .await?;
        Ok(Some(bidi))
    }

    /// The errors that have been logged since the last call.
    pub(super) async fn errors(&self) -> TestResult<Vec<String>> {
        // Its answer comes after every event before it.
        self.command("session.status", json!({})).await
    }

    /// Sends a command and reads up to its answer; gives the errors among the events before it.
    async fn command(&self, method: &str, params: Value) -> TestResult<Vec<String>> {
        let mut socket = self.socket.lock().await;
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let text = json!({ "id": id, "method": method, "params": params }).to_string();
        socket.send(Message::text(text)).await?;
        let mut errors = Vec::new();
        loop {
            let next = timeout(PATIENCE, socket.next()).await?;
            let message = next.ok_or_else(|| Failure::new(format!("the browser is gone during {method}")))??;
            let Message::Text(text) = message else { continue };
            let value: Value = serde_json::from_str(text.as_str())?;
            if value["id"] == id {
                let failed = value["type"] == "error";
                return if failed { Err(Failure::new(format!("{method}: {value}"))) } else { Ok(errors) };
            }
            let entry = &value["params"];
            if value["method"] == "log.entryAdded" && entry["level"] == "error" && !is_of_the_driver(entry) {
                let place = &entry["stackTrace"]["callFrames"][0];
                errors.push(format!("{} ({}:{})", entry["text"], place["url"], place["lineNumber"]));
            }
        }
    }
}

/// Whether an error is Firefox's or WebDriver's own: on a busy machine it was seen on a page with none of Ehlo's code too,
/// driven with a preload script. It has no place in any script, as an error of the page has; why it comes is not known.
fn is_of_the_driver(entry: &Value) -> bool {
    let text = entry["text"].as_str().unwrap_or_default();
    text.starts_with("Error: Permission denied to access property") && entry["stackTrace"]["callFrames"][0].is_null()
}
