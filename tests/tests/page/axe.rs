//! axe-core looks for barriers on every face of the page, and finds none.

use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::packages::tool_file;
use ehlo_tests::relay::Relay;
use serde_json::{Value, json};

use crate::support::Page;

/// What axe-core says against the page as it is now, one violation a line.
async fn barriers(page: &Page, face: &str) -> TestResult<String> {
    if page.js("typeof axe").await? == "undefined" {
        let axe = std::fs::read_to_string(tool_file("axe-core/axe.min.js")?)?;
        page.run(&axe, Vec::new()).await?;
    }
    let script = "const found = await axe.run(document);
        return { rules: found.passes.length, against: found.violations.map(rule =>
            `${rule.id}: ${rule.help}\\n` + rule.nodes.map(node => `    ${node.target.flat().join(' ')}: ${node.failureSummary}\\n`).join('')) }";
    let found = page.run_async(script, Vec::new()).await?;
    assert!(found["rules"].as_u64() > Some(15), "{face}: axe-core has looked at the page: {found}");
    let against = found["against"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(against.iter().filter_map(Value::as_str).map(|rule| format!("{face}: {rule}")).collect())
}

/// The faces of the page in one size and theme: first visit, in conversation, lint, message, refused and explained.
async fn all_faces(phone: bool, dark: bool) -> TestResult {
    let relay = Relay::to(&[]).await?;
    let page = Page::start(Engine::Chromium).await?;
    if phone {
        page.phone().await?;
    }
    page.dark(dark).await?;
    // axe-core measures with inline styles, which the page's policy forbids.
    page.devtools("Page.setBypassCSP", json!({ "enabled": true })).await?;
    page.goto(&format!("{}?practice=unknown-user&to=nobody@practice.example&from=you@example.org", relay.url()))
        .await?;
    page.until("return seen(root.querySelector('[part=form]'))", json!(null)).await?;
    let mut found = barriers(&page, "the first visit").await?;
    page.ask("for (const details of root.querySelectorAll('.form details')) details.open = true").await?;
    found += &barriers(&page, "the whole form").await?;

    page.connect().await?;
    page.proposed("EHLO ").await?;
    found += &barriers(&page, "the greeting").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.fill("[name=line]", "mail from: you").await?;
    page.shadow(".composer > .lint .advice").await?;
    found += &barriers(&page, "advice before sending").await?;
    page.say("MAIL FROM:<you@example.org>").await?;
    page.proposed("RCPT TO:").await?;
    page.enter().await?;
    page.replied("550 5.1.1 ").await?;
    page.say("RCPT TO:<postmaster@practice.example>").await?;
    page.replied("250 2.1.5 ").await?;
    page.proposed("").await?;
    page.say("DATA").await?;
    page.shadow("[name=message]").await?;
    page.until("return seen(root.querySelector('[name=message]'))", json!(null)).await?;
    found += &barriers(&page, "the message").await?;
    page.button("Send message").await?;
    page.proposed("QUIT").await?;
    page.enter().await?;
    page.verdict().await?;
    page.reply("550 5.1.1 ").await?.click().await?;
    page.until("return root.querySelector('.meaning .code').textContent === '550'", json!(null)).await?;
    found += &barriers(&page, "the end, with an explanation").await?;
    assert!(found.is_empty(), "{found}");

    // Proof that it looks: a picture without a text for those who do not see it.
    page.run("document.querySelector('main').append(document.createElement('img'))", Vec::new()).await?;
    assert!(barriers(&page, "a picture without words").await?.contains("image-alt"));
    page.expect_no_errors().await
}

#[tokio::test]
async fn the_page_has_no_barriers_in_light_colours() -> TestResult {
    all_faces(false, false).await
}

#[tokio::test]
async fn the_page_has_no_barriers_in_dark_colours() -> TestResult {
    all_faces(false, true).await
}

#[tokio::test]
async fn the_page_has_no_barriers_on_a_phone() -> TestResult {
    all_faces(true, false).await
}

#[tokio::test]
async fn the_page_has_no_barriers_on_a_dark_phone() -> TestResult {
    all_faces(true, true).await
}
