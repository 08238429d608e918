//! A mail that a real Postfix does not take: where, by what words, and what they mean.

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};

use crate::support::{FROM, Page};

/// Runs a mail for `to` until it pauses at the refusal, reads it, and says goodbye; gives the panel's text.
async fn refused(to: &str, reply: &str) -> TestResult<(Page, String)> {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.name(server.addr()).await?;
    page.mail(FROM, to).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    page.until("return root.querySelector('.composer .why').textContent.startsWith('Paused')", ().into()).await?;
    // Another reply first, so that it is the click that counts.
    page.reply("220 ").await?.click().await?;
    page.until("return root.querySelector('.meaning .code').textContent === '220'", ().into()).await?;
    page.reply(reply).await?.click().await?;
    page.until("return root.querySelector('.meaning .code').textContent === args[0]", reply[..3].into()).await?;
    let meaning = page.text("[part=meaning]").await?;
    page.button("QUIT").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("efused") && verdict.contains(&reply[..3]), "{verdict}");
    let outcome = page.ask("return document.querySelector('smtp-conversation').view.summary.outcome").await?;
    assert_eq!(outcome, "refused", "{verdict}");
    assert!(server.mailbox().now().is_empty());
    Ok((page, meaning))
}

#[tokio::test]
async fn an_unknown_user_is_read_from_the_reply_that_was_clicked() -> TestResult {
    let (page, meaning) = refused("nobody@domain.test", "550 5.1.1 ").await?;
    for word in ["550", "5.1.1", "after RCPT TO", "Usual causes", "What stands out", "nobody@domain.test"] {
        assert!(meaning.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not in\n{meaning}");
    }
    page.expect_no_errors().await
}

#[tokio::test]
async fn relaying_that_is_denied_is_read_from_the_reply_that_was_clicked() -> TestResult {
    let (page, meaning) = refused("somebody@elsewhere.example", "554 5.7.1 ").await?;
    for word in ["554", "5.7.1", "after RCPT TO", "relay", "What stands out"] {
        assert!(meaning.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not in\n{meaning}");
    }
    page.expect_no_errors().await
}
