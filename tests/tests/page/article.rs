//! The help-desk article's conversation with a real Postfix, in every engine.

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix, holds};

use crate::support::{FROM, Page, TO};

async fn line_by_line(engine: Engine) -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(engine, &relay, server.addr()).await?;
    page.connect().await?;
    page.steps_to_data().await?;
    page.button("Line by line, as in telnet").await?;
    for line in ["testing", "testing", "testing", "."] {
        page.say(line).await?;
    }
    page.replied("250 2.0.0 Ok: queued as ").await?;
    page.proposed("QUIT").await?;
    page.enter().await?;

    let verdict = page.verdict().await?;
    looks_like_the_article(&page, &verdict).await?;
    let sent = page.said("→").await?;
    let (hello, rest) = sent.split_once('\n').unwrap_or_default();
    assert!(hello.starts_with("EHLO "), "{sent}");
    assert_eq!(
        rest,
        format!("MAIL FROM:<{FROM}>\nRCPT TO:<{TO}>\nDATA\ntesting\ntesting\ntesting\n.\nQUIT"),
        "what the page shows as sent"
    );
    let mails = server.mailbox().mails(1).await?;
    assert!(holds(&mails[0], b"testing\r\ntesting\r\ntesting\r\n"), "{}", String::from_utf8_lossy(&mails[0]));
    page.expect_no_errors().await
}

/// What is the same however the steps were taken: replies in order, arrows, colours, times, and the sentence.
async fn looks_like_the_article(page: &Page, verdict: &str) -> TestResult {
    let lines = page.lines().await?;
    let received = page.said("←").await?;
    let mut rest = received.as_str();
    for reply in [
        "220 mail.domain.test ESMTP",
        "\n250",
        "\n250 2.1.0 ",
        "\n250 2.1.5 ",
        "\n354 ",
        "\n250 2.0.0 ",
        "\n221 2.0.0 ",
    ] {
        let at = rest.find(reply);
        assert!(at.is_some(), "{reply:?} has not come in its turn:\n{received}");
        rest = &rest[at.unwrap_or_default() + reply.len()..];
    }
    for line in &lines {
        let [red, _, blue] = line.colour;
        match line.mark.as_str() {
            "→" => assert!(blue > red + 50.0, "what is sent is blue: {line:?}"),
            "←" => assert!(red > blue + 50.0, "what is received is red: {line:?}"),
            mark => assert_eq!(mark, "·", "{line:?}"),
        }
    }
    let times: Vec<f64> = lines.iter().map(|line| line.time.parse()).collect::<Result<_, _>>()?;
    assert!(times.is_sorted() && times.len() > 10, "{times:?}");
    let connection = page.said("·").await?;
    assert!(connection.contains("127.0.0.1"), "which address was reached, in:\n{connection}");
    let queue_id =
        received.split("queued as ").nth(1).and_then(|text| text.split_whitespace().next()).unwrap_or("none");
    assert!(verdict.contains("Accepted") && verdict.contains(queue_id), "{verdict:?} names {queue_id}");
    Ok(())
}

#[tokio::test]
async fn the_article_line_by_line_in_chromium() -> TestResult {
    line_by_line(Engine::Chromium).await
}

#[tokio::test]
async fn the_article_line_by_line_in_firefox() -> TestResult {
    line_by_line(Engine::Firefox).await
}

#[tokio::test]
async fn the_article_line_by_line_in_webkit() -> TestResult {
    line_by_line(Engine::WebKit).await
}

#[tokio::test]
async fn the_rest_of_the_article_runs_by_itself() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    looks_like_the_article(&page, &verdict).await?;
    let mails = server.mailbox().mails(1).await?;
    assert!(holds(&mails[0], b"\r\ntesting\r\ntesting\r\ntesting\r\n"), "{}", String::from_utf8_lossy(&mails[0]));
    page.expect_no_errors().await
}
