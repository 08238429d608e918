//! Postfix's `smtp-sink`, which misbehaves as it is told.

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::Session;
use ehlo_tests::TestResult;
use ehlo_tests::conversation::told;
use ehlo_tests::servers::SmtpSink;
use serde_json::json;

use crate::support::{IN_ORDER, Line, codes, expect, findings, sent};

/// The whole conversation with a server of these options.
async fn with(options: &[&str]) -> TestResult<Session> {
    let sink = SmtpSink::start(options).await?;
    Line::to(sink.addr()).await?.run(json!({})).await
}

/// How it ends when the server closes without a word.
const DROPPED: (&str, &str) = ("server-closed", "server");
/// How it ends when the server has said 421 before.
const ANNOUNCED: (&str, &str) = ("server-closing", "server");
const TAKEN: Option<(u16, &str)> = Some((250, "the end of the message"));

#[tokio::test]
async fn a_server_that_drops_the_line_at_rcpt_has_not_refused() -> TestResult {
    let session = with(&["-q", "rcpt"]).await?;
    expect(&session, Outcome::Failed, None, "dropped", DROPPED)?;
    let ending = session.view().ending.map(|ending| ending.sentence).unwrap_or_default();
    assert!(ending.contains("RCPT TO"), "{ending}");
    Ok(())
}

#[tokio::test]
async fn when_no_answer_comes_to_the_final_dot_nobody_knows() -> TestResult {
    let session = with(&["-q", "."]).await?;
    expect(&session, Outcome::Unknown, None, "no-answer-to-the-message", DROPPED)
}

#[tokio::test]
async fn a_server_that_says_421_to_data_has_refused() -> TestResult {
    let session = with(&["-Q", "data"]).await?;
    expect(&session, Outcome::Refused, Some((421, "DATA")), "server-closing", ANNOUNCED)
}

#[tokio::test]
async fn a_server_that_says_421_after_the_message_has_refused() -> TestResult {
    let session = with(&["-Q", "."]).await?;
    expect(&session, Outcome::Refused, Some((421, "the end of the message")), "server-closing", ANNOUNCED)
}

#[tokio::test]
async fn a_slow_server_is_waited_for_and_called_slow() -> TestResult {
    let session = with(&["-W", "rcpt:6"]).await?;
    expect(&session, Outcome::Accepted, TAKEN, "slow-reply", IN_ORDER)?;
    let rcpt =
        session.record().replies().iter().find(|reply| reply.asked.is_some_and(|asked| asked.step() == "RCPT TO"));
    assert!(rcpt.and_then(|reply| reply.took).is_some_and(|took| took >= 5_000), "{}", told(&session));
    Ok(())
}

#[tokio::test]
async fn a_server_that_greets_with_5yz_refuses_the_client() -> TestResult {
    let session = with(&["-f", "connect"]).await?;
    let code = codes(&session)[0];
    assert!((500..600).contains(&code), "{}", told(&session));
    expect(&session, Outcome::Refused, Some((code, "the greeting")), "", IN_ORDER)?;
    assert_eq!(sent(&session), "QUIT");
    Ok(())
}

#[tokio::test]
async fn a_server_that_greets_with_421_refuses_the_client_and_closes() -> TestResult {
    let session = with(&["-Q", "connect"]).await?;
    expect(&session, Outcome::Refused, Some((421, "the greeting")), "server-closing", ANNOUNCED)?;
    assert_eq!(sent(&session), "");
    Ok(())
}

#[tokio::test]
async fn a_server_that_closes_at_once_has_not_greeted() -> TestResult {
    let session = with(&["-q", "connect"]).await?;
    expect(&session, Outcome::Failed, None, "closed-without-greeting", DROPPED)
}

#[tokio::test]
async fn a_server_that_knows_only_helo_is_greeted_with_helo() -> TestResult {
    let session = with(&["-f", "ehlo"]).await?;
    expect(&session, Outcome::Accepted, TAKEN, "helo-only", IN_ORDER)?;
    assert!(sent(&session).starts_with("EHLO HELO MAIL"), "{}", told(&session));
    Ok(())
}

#[tokio::test]
async fn a_masked_greeting_is_found() -> TestResult {
    // As the firewalls that mask the greeting do, it knows no EHLO either.
    let session = with(&["-P"]).await?;
    expect(&session, Outcome::Accepted, TAKEN, "helo-only masked-banner", IN_ORDER)
}

#[tokio::test]
async fn a_server_that_says_354_and_at_once_no_has_refused() -> TestResult {
    let session = with(&["-A", "0"]).await?;
    // Whether the message left before the 550 was read, or with it: it was not taken, and that is certain.
    let by = session.summary().reply.map(|id| session.record().replies()[id].code);
    assert_eq!((session.summary().outcome, by), (Outcome::Refused, Some(550)), "{}", told(&session));
    assert!(!findings(&session).contains(&"no-answer-to-the-message"), "{}", told(&session));
    Ok(())
}

#[tokio::test]
async fn a_server_that_drops_the_line_at_ehlo_is_told_apart() -> TestResult {
    let session = with(&["-q", "ehlo"]).await?;
    expect(&session, Outcome::Failed, None, "closed-at-ehlo", DROPPED)
}
