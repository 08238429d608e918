//! The element on somebody else's page, and the whole tool on somebody else's web host.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use ehlo_relay::{Config, Relay, Running};
use ehlo_tests::browser::Engine;
use ehlo_tests::fileserver::FileServer;
use ehlo_tests::process::free_addr;
use ehlo_tests::relay::program;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{FROM, Page, TO, relay_for};

const API: &str = include_str!("../../../www/API.md");

/// The policy that API.md names for a foreign page, for an Ehlo at this address.
fn policy(ehlo: SocketAddr) -> TestResult<String> {
    let blocks = API.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found = blocks.into_iter().find(|block| block.contains("connect-src 'self' https://ehlo.example"));
    let found = found.ok_or_else(|| Failure::new("API.md names no policy for a foreign page"))?;
    let local = found.replace("https://ehlo.example", &format!("http://{ehlo}"));
    Ok(local.replace("wss://ehlo.example", &format!("ws://{ehlo}")).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A page with one script tag of an Ehlo, and a module script of its own.
struct Foreign {
    files: FileServer,
    ehlo: SocketAddr,
    _folder: TempDir,
}

impl Foreign {
    async fn start(to: SocketAddr) -> TestResult<Self> {
        let ehlo = free_addr()?;
        let folder = tempfile::tempdir()?;
        let page = format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Our docs</title>
             <script type=module src=http://{ehlo}/smtp-conversation.js></script><script type=module src=own.js></script>
             <h1>How to test our mail server</h1>
             <smtp-conversation host={} port={} from={FROM} to={TO} locked>Ehlo comes here.</smtp-conversation></html>",
            to.ip(),
            to.port()
        );
        fs::write(folder.path().join("index.html"), page)?;
        let own = format!("import {{ run }} from 'http://{ehlo}/smtp-conversation.js'; window.hold = run;");
        fs::write(folder.path().join("own.js"), own)?;
        let files = FileServer::start(folder.path(), "/", &[("Content-Security-Policy", &policy(ehlo)?)]).await?;
        Ok(Self { files, ehlo, _folder: folder })
    }

    /// The Ehlo whose script the page loads.
    async fn relay(&self, to: SocketAddr, allow_origins: Vec<String>) -> TestResult<Running> {
        let config =
            Config { listen: vec![self.ehlo], allow_ports: vec![to.port()], allow_origins, ..Config::default() };
        Ok(Relay::start(config, ehlo_cli::page()).await?)
    }
}

#[tokio::test]
async fn a_foreign_page_with_the_policy_of_api_md_holds_a_conversation() -> TestResult {
    let server = Postfix::setup().start().await?;
    let site = Foreign::start(server.addr()).await?;
    let _relay = site.relay(server.addr(), vec![site.files.origin()]).await?;
    let page = Page::open(Engine::Chromium, &site.files.url("index.html")).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    server.mailbox().mails(1).await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_script_of_a_foreign_page_holds_a_conversation_and_gets_plain_data() -> TestResult {
    let server = Postfix::setup().start().await?;
    let site = Foreign::start(server.addr()).await?;
    let _relay = site.relay(server.addr(), vec![site.files.origin()]).await?;
    let page = Page::open(Engine::Chromium, &site.files.url("index.html")).await?;
    page.wait_for("window.hold").await?;
    let options = json!({
        "host": server.addr().ip().to_string(), "port": server.addr().port(), "from": FROM,
        "to": [TO, "nobody@domain.test"], "message": { "subject": "Test", "body": "testing\n" },
    });
    // A copy by JSON loses whatever is not plain data.
    let script = "const result = await window.hold(args[0]);
        const copy = JSON.parse(JSON.stringify(result));
        return { copy, plain: JSON.stringify(structuredClone(result)) === JSON.stringify(copy) }";
    let told = page.run_async(script, vec![options]).await?;
    assert_eq!(told["plain"], true);
    let result = &told["copy"];
    assert_eq!(result["outcome"], "partly", "{result}");
    assert_eq!(result["ending"]["by"], "you", "{result}");
    let transcript = result["transcript"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sent = |text: &str| transcript.iter().any(|line| line["side"] == "client" && line["text"] == text);
    assert!(sent(&format!("MAIL FROM:<{FROM}>")) && sent("DATA") && sent("QUIT"), "{result}");
    assert!(transcript.iter().all(|line| line["at"].is_u64() && line["text"].is_string()), "{result}");
    let replies = result["replies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let refusal = replies.iter().find(|reply| reply["code"] == 550);
    assert!(refusal.is_some_and(|reply| reply["step"] == "RCPT TO"), "{result}");
    assert!(result["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "{result}");
    let talk = result["talk"].as_str().unwrap_or_default();
    assert!(talk.contains("S: 220 mail.domain.test") && talk.contains("C: QUIT"), "{talk}");
    server.mailbox().mails(1).await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_page_that_the_relay_does_not_know_is_told_so_without_an_exception() -> TestResult {
    let server = Postfix::setup().start().await?;
    let site = Foreign::start(server.addr()).await?;
    let _relay = site.relay(server.addr(), Vec::new()).await?;
    let page = Page::open(Engine::Chromium, &site.files.url("index.html")).await?;
    page.connect().await?;
    page.verdict().await?;
    let whole = page.text("[part=end]").await?;
    assert!(whole.contains("no connection to the relay") && whole.contains("--allow-origin"), "{whole}");
    // The browser itself reports a WebSocket that was refused, and nothing else.
    let errors = page.take_errors().await?;
    assert!(!errors.is_empty() && errors.iter().all(|error| error.contains("WebSocket")), "{errors:?}");
    Ok(())
}

/// What `ehlo export` writes, served below a path by a plain file server.
async fn exported(folder: &Path) -> TestResult<FileServer> {
    let ended = Command::new(program()?).arg("export").arg(folder.join("site")).output()?;
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    FileServer::start(folder.join("site"), "/docs/tools/ehlo/", &[]).await
}

#[tokio::test]
async fn an_exported_folder_practises_below_any_path_and_asks_for_nothing_else() -> TestResult {
    let folder = tempfile::tempdir()?;
    let files = exported(folder.path()).await?;
    let page = Page::open(Engine::Chromium, &files.url("")).await?;
    page.click("[part=practice]").await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    let asked = files.asked();
    let beyond: Vec<_> =
        asked.iter().filter(|path| !path.starts_with("/docs/tools/ehlo/") && *path != "/favicon.ico").collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    assert!(asked.iter().any(|path| path.ends_with("ehlo_bg.wasm")), "{asked:?}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn an_exported_folder_reaches_a_mail_server_by_a_relay_elsewhere() -> TestResult {
    let folder = tempfile::tempdir()?;
    let files = exported(folder.path()).await?;
    let server = Postfix::setup().start().await?;
    let relay = relay_for(&[server.addr()], &[files.origin()]).await?;
    let page = Page::open(Engine::Chromium, &files.url(&format!("?relay={}", relay.tunnel_url()))).await?;
    page.name(server.addr()).await?;
    page.mail(FROM, TO).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    server.mailbox().mails(1).await?;
    page.expect_no_errors().await
}
