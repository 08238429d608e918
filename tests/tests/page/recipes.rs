//! Breaking rules on purpose, through the page.

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use serde_json::{Value, json};

use crate::support::Page;

/// Opens the list in mid-conversation.
async fn open(page: &Page) -> TestResult {
    page.click("[name=open-recipes]").await?;
    page.until(
        "return root.querySelector('dialog[open] [data-recipe], dialog[open] [name=allow-recipes]')",
        Value::Null,
    )
    .await
}

/// Runs one and gives its verdict, in the page's words.
async fn verdict(page: &Page, id: &str) -> TestResult<String> {
    page.click(&format!("[data-recipe={id}]")).await?;
    let row = format!("[data-recipe-row={id}] .recipe-verdict");
    page.until(
        "const told = root.querySelector(args[0]); return told && !told.textContent.includes('Running')",
        json!(row),
    )
    .await?;
    page.text(&row).await
}

#[tokio::test]
async fn the_page_asks_once_and_then_runs_tests_with_their_verdicts() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    open(&page).await?;
    let question = page.text("dialog .advice.warning").await?;
    assert!(question.contains("yours"), "{question}");
    assert_eq!(
        page.ask("return root.querySelectorAll('[data-recipe]').length").await?,
        0,
        "nothing runs before the answer"
    );
    page.click("[name=allow-recipes]").await?;
    let unknown = verdict(&page, "unknown-command").await?;
    assert!(unknown.contains("Sound"), "{unknown}");
    // Postfix 3.7 takes LF dot CR LF for the end of a message unless it is told otherwise.
    let smuggled = verdict(&page, "smuggling-lf-dot-crlf").await?;
    assert!(smuggled.contains("Not sound"), "{smuggled}");
    page.button("Close").await?;
    open(&page).await?;
    assert_eq!(page.ask("return root.querySelector('[name=allow-recipes]') === null").await?, true, "asked only once");
    let kept = page.text("[data-recipe-row=smuggling-lf-dot-crlf] .recipe-verdict").await?;
    assert_eq!(kept, smuggled);
    page.button("Show it in the transcript").await?;
    page.until("return !root.querySelector('dialog[open]')", Value::Null).await?;
    page.button("Hang up").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}
