//! The whole conversation without a mouse: Tab, Enter, arrows and letters, and the focus is always seen.

use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix, holds};
use ehlo_tests::{Failure, TestResult};
use serde_json::json;
use thirtyfour::Key;

use crate::support::{FROM, Page, TO};

/// More presses than the page has places to stop at.
const STOPS: usize = 60;

/// What has the focus: how it is found, and whether it is seen to have it. A hidden radio button shows it by its label.
const FOCUS: &str = "let e = document.activeElement;
    while (e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement;
    const rings = n => {
        if (!n) return false;
        const style = getComputedStyle(n);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    };
    const box = e.getBoundingClientRect();
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return { name: e.getAttribute('name') || e.textContent.trim().slice(0, 40), tag: e.localName,
        part: e.getAttribute('part'), role: e.getAttribute('role') || '', label: e.getAttribute('aria-label') || '',
        seen: e === document.body || (inside && (rings(e) || rings(e.nextElementSibling) || rings(e.closest('label')))) };";

/// Presses Tab until what has the focus has this name, text or label.
async fn tab_to(page: &Page, name: &str) -> TestResult {
    let mut passed = Vec::new();
    for _ in 0..STOPS {
        page.key(Key::Tab).await?;
        let focus = page.run(FOCUS, Vec::new()).await?;
        assert_eq!(focus["seen"], true, "the focus is not seen on {focus}");
        if [&focus["name"], &focus["label"]].contains(&&json!(name)) {
            return Ok(());
        }
        passed.push(focus["name"].to_string());
    }
    Err(Failure::new(format!("Tab does not reach {name:?}; it passes {}", passed.join(", "))))
}

/// Waits until the focus is on what has this name, text or label, without any key.
async fn focus_comes_to(page: &Page, name: &str) -> TestResult {
    let script = format!(
        "(() => {{ const f = (() => {{ {FOCUS} }})(); return f.name === {0} || f.label === {0} }})()",
        json!(name)
    );
    page.wait_for(&script).await
}

#[tokio::test]
async fn the_whole_conversation_goes_by_keyboard_alone() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.shadow("[part=form]").await?;
    for (field, text) in [("host", "127.0.0.1"), ("port", "other"), ("from", FROM), ("to", TO)] {
        tab_to(&page, field).await?;
        page.press(text).await?;
        if field == "port" {
            tab_to(&page, "port-number").await?;
            page.press(&server.addr().port().to_string()).await?;
        }
    }
    tab_to(&page, "Connect").await?;
    page.key(Key::Enter).await?;
    for step in ["EHLO ", "MAIL FROM:", "RCPT TO:", "DATA"] {
        page.proposed(step).await?;
        focus_comes_to(&page, "line").await?;
        page.key(Key::Enter).await?;
    }
    // The message is there as it was composed; its button has the focus.
    focus_comes_to(&page, "Send message").await?;
    page.key(Key::Enter).await?;
    page.proposed("QUIT").await?;
    focus_comes_to(&page, "line").await?;
    page.key(Key::Enter).await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    focus_comes_to(&page, "How it went").await?;
    let mails = server.mailbox().mails(1).await?;
    assert!(holds(&mails[0], b"\r\ntesting\r\ntesting\r\ntesting\r\n"), "{}", String::from_utf8_lossy(&mails[0]));
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_reply_is_chosen_and_read_by_keyboard() -> TestResult {
    let relay = Relay::to(&[]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.shadow("[part=form]").await?;
    tab_to(&page, "Try it with the practice server").await?;
    page.key(Key::Enter).await?;
    page.proposed("EHLO ").await?;
    page.key(Key::Enter).await?;
    page.proposed("MAIL FROM:").await?;
    page.key(Key::Enter).await?;
    page.replied("250 2.1.0 ").await?;
    tab_to(&page, "Transcript").await?;
    page.key(Key::Up).await?;
    page.key(Key::Home).await?;
    let mut pressed = 0;
    while !page.run(FOCUS, Vec::new()).await?["name"].as_str().unwrap_or_default().contains("received: 220 ") {
        pressed += 1;
        assert!(pressed < 10, "the greeting is not reached with the arrow keys");
        page.key(Key::Down).await?;
        assert_eq!(page.run(FOCUS, Vec::new()).await?["seen"], true);
    }
    page.key(Key::Enter).await?;
    page.until("return root.querySelector('.meaning .code').textContent === '220'", json!(null)).await?;
    tab_to(&page, "Explanations").await?;
    page.expect_no_errors().await
}
