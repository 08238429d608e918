//! What Postfix alone does: a greeting in two parts, and greylisting.

use ehlo_core::export::view::Outcome;
use ehlo_tests::conversation::told;
use ehlo_tests::servers::{MailServer, Postfix, holds};
use ehlo_tests::{Failure, TestResult};
use serde_json::json;

use crate::support::{IN_ORDER, Line, MESSAGE, codes, expect};

#[tokio::test]
async fn a_greeting_in_two_parts_is_one_reply_and_the_mail_is_taken() -> TestResult {
    let server = Postfix::setup().postscreen("please wait to be seated", 2).start().await?;
    let line = Line::to(server.addr()).await?;
    let session = line.run(json!({})).await?;
    let told_with_log = |failure: Failure| failure.with(server.log());
    let taken = Some((250, "the end of the message"));
    expect(&session, Outcome::Accepted, taken, "greeting-in-parts", IN_ORDER).map_err(told_with_log)?;
    assert_eq!(codes(&session), [220, 250, 250, 250, 354, 250, 221]);
    let greeting = &session.record().replies()[0];
    assert!(greeting.text.starts_with("please wait to be seated"), "{}", greeting.text);
    assert!(greeting.text.contains("mail.domain.test ESMTP"), "{}", greeting.text);
    assert_eq!(greeting.entries.len(), 2, "{}", told(&session));
    let mails = server.mailbox().mails(1).await?;
    assert!(holds(&mails[0], MESSAGE.as_bytes()));
    Ok(())
}

#[tokio::test]
async fn a_greylisted_mail_is_put_off_and_taken_the_second_time() -> TestResult {
    let server = Postfix::setup().greylisting().start().await?;
    let line = Line::to(server.addr()).await?;
    let first = line.run(json!({})).await?;
    expect(&first, Outcome::Refused, Some((450, "RCPT TO")), "greylisting", IN_ORDER)?;
    let sentence = first.summary().sentence;
    assert!(sentence.starts_with("Refused for now at RCPT TO with 450 4.2.0"), "{sentence}");
    let second = line.run(json!({})).await?;
    expect(&second, Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)?;
    assert_eq!(server.mailbox().mails(1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_temporary_and_a_permanent_refusal_are_told_apart() -> TestResult {
    let setup = Postfix::setup()
        .recipient("busy@domain.test", "450 4.2.1 Mailbox busy")
        .recipient("full@domain.test", "552 5.2.2 Mailbox full");
    let server = setup.start().await?;
    let line = Line::to(server.addr()).await?;
    let to = ["busy@domain.test", "full@domain.test", "recipient@domain.test"];
    let session = line.run(json!({ "to": to })).await?;
    let recipients = session.view().envelope.recipients;
    let codes: Vec<_> = recipients.iter().map(|one| one.code).collect();
    assert_eq!(codes, [Some(450), Some(552), Some(250)], "{}", told(&session));
    let taken = Some((250, "the end of the message"));
    expect(&session, Outcome::Partly, taken, "deferred mailbox-full", IN_ORDER)
}

#[tokio::test]
async fn a_server_that_closes_with_421_at_a_recipient_has_refused() -> TestResult {
    let server = Postfix::setup().recipient("recipient@domain.test", "421 4.7.0 Not now").start().await?;
    let session = Line::to(server.addr()).await?.run(json!({})).await?;
    let by = Some((421, "RCPT TO"));
    expect(&session, Outcome::Refused, by, "server-closing", ("server-closing", "server"))
}
