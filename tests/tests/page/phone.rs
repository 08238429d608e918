//! The page on a small phone, 360 by 800.

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::relay::Relay;
use serde_json::{Value, json};

use crate::support::Page;

/// What is wider than the screen, and what is too small for a finger (WCAG 2.2, success criterion 2.5.8: 24 pixels).
/// Links within text are excepted there, and so is a field whose own control is a label around or beside it.
const TOO_WIDE_OR_SMALL: &str = "
    const wide = [...document.querySelectorAll('*'), ...root.querySelectorAll('*')].filter(e => {
        const box = e.getBoundingClientRect();
        return seen(e) && box.right > innerWidth + 1 && !e.closest('.unseen') && !clipped(e);
    }).map(e => `wide: ${e.localName}.${e.className} ends at ${e.getBoundingClientRect().right}`);
    function clipped(e) {
        for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true;
        return false;
    }
    const targets = [...root.querySelectorAll('button, input, select, textarea, summary, a, [tabindex=\"0\"]')];
    const small = targets.filter(e => seen(e) && !e.closest('.unseen') && e.localName !== 'a').map(e => e.closest('label') || e).filter(e => {
        const box = e.getBoundingClientRect();
        return box.width < 24 || box.height < 24;
    }).map(e => `small: ${e.localName}.${e.className} ${e.textContent.trim().slice(0, 30)} is ${e.getBoundingClientRect().width} by ${e.getBoundingClientRect().height}`);
    const scrolls = document.documentElement.scrollWidth > innerWidth ? [`scrolls sideways: ${document.documentElement.scrollWidth}`] : [];
    return [...scrolls, ...wide.slice(0, 5), ...small]";

async fn fits(page: &Page, face: &str) -> TestResult<String> {
    let found = page.ask(TOO_WIDE_OR_SMALL).await?;
    let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(found.iter().filter_map(Value::as_str).map(|line| format!("{face}: {line}\n")).collect())
}

#[tokio::test]
async fn the_page_fits_a_small_phone_and_a_finger() -> TestResult {
    let relay = Relay::to(&[]).await?;
    let page = Page::start(Engine::Chromium).await?;
    page.phone().await?;
    page.goto(relay.url()).await?;
    page.until("return seen(root.querySelector('[part=form]'))", json!(null)).await?;
    assert_eq!(page.js("innerWidth").await?, 360);
    let mut found = fits(&page, "the first visit").await?;
    page.ask("for (const details of root.querySelectorAll('.form details')) details.open = true").await?;
    found += &fits(&page, "the whole form").await?;
    page.button("Try it with the practice server").await?;
    page.proposed("EHLO ").await?;
    found += &fits(&page, "in conversation").await?;
    let composer = "const box = root.querySelector('[name=line]').getBoundingClientRect();
        return box.width > 150 && box.top >= 0 && box.bottom <= innerHeight";
    page.until(composer, json!(null)).await?;
    page.fill("[name=line]", "MAIL FROM: somebody.with.a.long.name@department.of.a.long.domain.example").await?;
    page.shadow(".composer > .lint .advice").await?;
    found += &fits(&page, "advice").await?;
    page.until(composer, json!(null)).await?;
    page.say("EHLO client.example").await?;
    page.proposed("MAIL FROM:").await?;
    page.reply("250").await?.click().await?;
    let risen = "const sheet = root.querySelector('.meaning');
        return seen(sheet.querySelector('.code')) && sheet.getAnimations().length === 0";
    page.until(risen, json!(null)).await?;
    found += &fits(&page, "an explanation").await?;
    page.click(".meaning .close").await?;
    page.button("Run the rest").await?;
    page.verdict().await?;
    found += &fits(&page, "the end").await?;
    assert!(found.is_empty(), "{found}");
    page.expect_no_errors().await
}
