//! What is no mail server, or none that answers: what the relay lets through, and what a person reads.

use std::net::{Ipv4Addr, SocketAddr};

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::Session;
use ehlo_tests::TestResult;
use ehlo_tests::conversation::told;
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::fileserver::FileServer;
use ehlo_tests::process::free_addr;
use ehlo_tests::relay::Relay;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Line, expect, sent};

/// How a conversation ends that the relay does not let begin.
const REFUSED: (&str, &str) = ("relay-refused", "relay");

/// Ending's sentence and advice, as a person reads them.
fn words(session: &Session) -> String {
    session.view().ending.map(|ending| format!("{} {}", ending.sentence, ending.advice.join(" "))).unwrap_or_default()
}

fn says(session: &Session, wanted: &[&str]) {
    let words = words(session);
    for part in wanted {
        assert!(words.contains(part), "{part:?} is missing in {words:?}\n{}", told(session));
    }
}

/// A server that sends `greeting` and then says nothing; nothing of ours may reach it.
async fn strange(greeting: &str) -> TestResult<Session> {
    let server = FakeServer::start(vec![FakeStep::send(greeting), FakeStep::Stall]).await?;
    let session = Line::to(server.addr()).await?.run(json!({})).await?;
    assert_eq!(server.heard().await?, b"", "{}", told(&session));
    Ok(session)
}

#[tokio::test]
async fn an_ssh_server_is_known_by_its_greeting_and_hears_nothing() -> TestResult {
    let session = strange("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await?;
    expect(&session, Outcome::Failed, None, "no-reply-code not-smtp", REFUSED)?;
    says(&session, &["an SSH server", "Check the port"]);
    assert_eq!(sent(&session), "");
    Ok(())
}

#[tokio::test]
async fn imap_and_pop3_servers_are_known_by_their_greetings() -> TestResult {
    let imap = strange("* OK [CAPABILITY IMAP4rev1] ready\r\n").await?;
    expect(&imap, Outcome::Failed, None, "no-reply-code not-smtp", REFUSED)?;
    says(&imap, &["an IMAP server"]);
    let pop3 = strange("+OK POP3 ready\r\n").await?;
    expect(&pop3, Outcome::Failed, None, "no-reply-code not-smtp", REFUSED)?;
    says(&pop3, &["a POP3 server"]);
    Ok(())
}

#[tokio::test]
async fn a_web_server_that_answers_unasked_is_known_too() -> TestResult {
    let session = strange("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await?;
    assert_eq!(session.summary().outcome, Outcome::Failed, "{}", told(&session));
    says(&session, &["a web server", "Check the port"]);
    Ok(())
}

/// A web server waits for a request, as a mail client waits for a greeting: nobody speaks.
#[tokio::test]
async fn a_web_server_is_silent_and_hears_nothing() -> TestResult {
    let folder = tempfile::tempdir()?;
    let files = FileServer::start(folder.path(), "/", &[]).await?;
    let addr = address(&files.url(""))?;
    silent(addr).await
}

#[tokio::test]
async fn a_silent_server_is_waited_for_until_the_person_hangs_up() -> TestResult {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    silent(listener.local_addr()?).await
}

async fn silent(addr: SocketAddr) -> TestResult {
    let line = Line::to(addr).await?;
    let mut conversation = line.call(json!({})).await?;
    conversation.until("the connection", |session| session.view().connection.is_some()).await?;
    let waiting = conversation.session().view().waiting;
    let waiting = waiting.map(|waiting| (waiting.what, waiting.limit, waiting.overdue));
    assert_eq!(waiting, Some(("the greeting".to_owned(), 300_000, false)));
    conversation.act(ehlo_core::machine::Action::Hangup {}).await?;
    let session = conversation.into_session();
    expect(&session, Outcome::NotSent, None, "", ("hung-up", "you"))?;
    says(&session, &["the greeting"]);
    assert_eq!(sent(&session), "");
    Ok(())
}

#[tokio::test]
async fn a_server_that_resets_before_it_greets_has_failed() -> TestResult {
    let server = FakeServer::start(vec![FakeStep::Reset]).await?;
    let session = Line::to(server.addr()).await?.run(json!({})).await?;
    // The reset may overtake the connection's own success.
    let kind = session.view().ending.map(|ending| ending.kind).unwrap_or_default();
    match kind {
        "reset" => expect(&session, Outcome::Failed, None, "closed-without-greeting", ("reset", "server"))?,
        _ => expect(&session, Outcome::Unreachable, None, "", ("relay-refused", "network"))?,
    }
    says(&session, &["reset"]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_resets_in_the_middle_has_failed() -> TestResult {
    let script = vec![FakeStep::send("220 mx.example\r\n"), FakeStep::WaitLine, FakeStep::Reset];
    let server = FakeServer::start(script).await?;
    let session = Line::to(server.addr()).await?.run(json!({})).await?;
    expect(&session, Outcome::Failed, None, "closed-at-ehlo", ("reset", "server"))?;
    says(&session, &["reset", "EHLO"]);
    Ok(())
}

#[tokio::test]
async fn where_nothing_listens_the_connection_is_refused() -> TestResult {
    let session = Line::to(free_addr()?).await?.run(json!({})).await?;
    expect(&session, Outcome::Unreachable, None, "", ("relay-refused", "network"))?;
    says(&session, &["127.0.0.1 refused the connection", "nothing listens", "Is the mail server running"]);
    assert!(session.plain().contains("refused"), "{}", told(&session));
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_not_for_mail_is_not_reached_without_the_operators_word() -> TestResult {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let relay = Relay::to(&[]).await?;
    let port = listener.local_addr()?.port();
    let setup = json!({ "host": "127.0.0.1", "port": port });
    let session = ehlo_tests::conversation::run(&relay.tunnel_url(), setup).await?;
    expect(&session, Outcome::Unreachable, None, "", REFUSED)?;
    says(&session, &["does not allow", "--allow-port"]);
    Ok(())
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_named_as_the_cause() -> TestResult {
    let nobody = format!("ws://{}/relay", free_addr()?);
    let session = ehlo_tests::conversation::run(&nobody, json!({ "host": "mx.example" })).await?;
    expect(&session, Outcome::Unreachable, None, "", ("no-relay", "network"))?;
    says(&session, &["no connection to the relay", "Is the relay running"]);
    Ok(())
}

#[tokio::test]
async fn a_relay_that_is_stopped_says_so() -> TestResult {
    let script = vec![FakeStep::send("220 mx.example\r\n"), FakeStep::Stall];
    let server = FakeServer::start(script).await?;
    let mut config = ehlo_relay::Config { allow_ports: vec![server.addr().port()], ..Default::default() };
    config.limits.grace = std::time::Duration::ZERO;
    let relay = Relay::start(config).await?;
    let setup = json!({ "host": "127.0.0.1", "port": server.addr().port() });
    let setup = ehlo_core::machine::Setup::from_json(&setup.to_string())?;
    let mut conversation = ehlo_tests::conversation::Conversation::open(&relay.tunnel_url(), setup).await?;
    conversation.turn().await?;
    conversation.during(relay.stop()).await?;
    conversation.end().await?;
    let session = conversation.into_session();
    expect(&session, Outcome::Failed, None, "", ("relay-cut", "relay"))?;
    says(&session, &["The relay was stopped"]);
    Ok(())
}

fn address(url: &str) -> TestResult<SocketAddr> {
    Ok(url.trim_start_matches("http://").trim_end_matches('/').parse()?)
}
