//! Commands that a person types in place of what is proposed.

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::support::Page;

/// The composer, waited for until it holds exactly this.
async fn holds(page: &Page, text: &str) -> TestResult {
    page.until("return root.querySelector('[name=line]').value === args[0]", json!(text)).await
}

async fn connected(server: &Postfix) -> TestResult<(Relay, Page)> {
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    Ok((relay, page))
}

#[tokio::test]
async fn anything_may_be_typed_at_any_time_and_is_sent_as_it_is() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (_relay, page) = connected(&server).await?;
    for (line, answer) in [
        ("NOOP", "250 2.0.0 "),
        ("vrfy recipient@domain.test", "252 2.0.0 "),
        ("RCPT TO:<recipient@domain.test>", "503 5.5.1 "),
        ("EHLO client.example", "250"),
        ("MAIL FROM:<a@client.example>", "250 2.1.0 "),
        ("RSET", "250 2.0.0 "),
        ("hallo, ist da wer?", "5"),
    ] {
        page.say(line).await?;
        page.replied(answer).await?;
        assert!(page.said("→").await?.ends_with(line), "{line:?} is shown as it was typed");
        page.proposed("").await?;
    }
    page.say("QUIT").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_missing_bracket_is_seen_before_it_is_sent_and_sent_all_the_same() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (_relay, page) = connected(&server).await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.fill("[name=line]", "MAIL FROM: a@client.example").await?;
    let fix = page.text(".lint .fix").await?;
    assert!(fix.contains("MAIL FROM:<a@client.example>"), "{fix}");
    let advice = page.text(".composer > .lint").await?;
    assert!(advice.contains("angle brackets"), "what is wrong is told: {advice}");
    page.enter().await?;
    page.replied("250 2.1.0 ").await?;
    assert!(page.said("→").await?.ends_with("MAIL FROM: a@client.example"));
    page.proposed("RCPT TO:").await?;

    page.fill("[name=line]", "RCPT TO:recipient@domain.test").await?;
    page.click(".lint .fix").await?;
    holds(&page, "RCPT TO:<recipient@domain.test>").await?;
    page.until("return root.querySelector('.composer > .lint').textContent === ''", Value::Null).await?;
    page.enter().await?;
    page.replied("250 2.1.5 ").await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn lines_come_back_with_up_and_are_completed_with_tab() -> TestResult {
    let server = Postfix::setup().start().await?;
    let (_relay, page) = connected(&server).await?;
    for line in ["NOOP", "VRFY second@domain.test"] {
        page.say(line).await?;
        page.replied("25").await?;
        page.proposed("EHLO ").await?;
    }
    let proposed = page.ask("return root.querySelector('[name=line]').value").await?;
    for (pressed, shown) in [
        (Key::Up, "VRFY second@domain.test"),
        (Key::Up, "NOOP"),
        (Key::Down, "VRFY second@domain.test"),
        (Key::Down, proposed.as_str().unwrap_or_default()),
    ] {
        page.key(pressed).await?;
        holds(&page, shown).await?;
    }
    page.fill("[name=line]", "rs").await?;
    page.until("return seen(root.querySelector('[role=listbox]'))", Value::Null).await?;
    page.key(Key::Tab).await?;
    holds(&page, "RSET").await?;
    page.enter().await?;
    page.replied("250 2.0.0 ").await?;
    page.expect_no_errors().await
}
