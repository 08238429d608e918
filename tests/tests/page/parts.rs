//! Code that is fetched when it is first needed: what the person sees meanwhile, and where it cannot be had.

use ehlo_tests::Outcome;
use ehlo_tests::browser::Engine;
use ehlo_tests::fake::{FakeServer, Step, takes_a_mail};
use ehlo_tests::relay::Relay;
use serde_json::{Value, json};

use crate::support::Page;

/// From here on the page's fetches of seldom used code go as `window.parts` says.
const GATE: &str = "
    const { fetch } = window;
    window.parts = 'wait';
    window.asked = 0;
    window.fetch = async (what, ...more) => {
        if (!/_rest-/.test(String(what))) return fetch(what, ...more);
        window.asked += 1;
        while (window.parts === 'wait') await new Promise(done => setTimeout(done, 10));
        if (window.parts === 'broken') throw new TypeError('Failed to fetch');
        return window.parts === 'gone' ? new Response('', { status: 404 }) : fetch(what, ...more);
    };
    return true";

/// A server whose EHLO list has a second code in it, which no usual visit meets.
fn odd() -> Vec<Step> {
    let mut steps = takes_a_mail();
    steps[2] = Step::send("250-mail.example\r\n251 SIZE 1000000\r\n");
    steps
}

async fn told(page: &Page, text: &str) -> Outcome {
    let shown =
        "const line = root.querySelector('.arrival'); return !line.hidden && line.textContent.includes(args[0])";
    page.until(shown, json!(text)).await
}

#[tokio::test]
async fn code_that_comes_late_is_told_of_and_nothing_said_or_typed_meanwhile_is_lost() -> Outcome {
    let server = FakeServer::start(odd()).await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.ask(GATE).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    told(&page, "Fetching more of Ehlo").await?;
    page.fill("[name=line]", "MAIL FROM:<typed@client.example>").await?;

    page.ask("return window.parts = 'broken'").await?;
    told(&page, "tried again, and nothing is lost").await?;
    page.ask("return window.parts = 'gone'").await?;
    told(&page, "Reload the page").await?;
    page.ask("return window.parts = 'here'").await?;
    page.until("return root.querySelector('.arrival').hidden", Value::Null).await?;

    page.replied("251 SIZE").await?;
    page.proposed("MAIL FROM:<typed@client.example>").await?;
    page.enter().await?;
    page.replied("250 2.1.0").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    let sent = page.said("→").await?;
    assert_eq!(sent.matches("EHLO ").count(), 1, "a call that was made again sends nothing twice: {sent}");
    assert!(sent.contains("MAIL FROM:<typed@client.example>"), "{sent}");
    let heard = String::from_utf8_lossy(&server.heard().await?).into_owned();
    assert_eq!(heard.matches("EHLO ").count(), 1, "{heard}");
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_script_gets_its_result_when_code_for_it_has_to_be_fetched_in_the_middle() -> Outcome {
    let server = FakeServer::start(odd()).await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    let addr = server.addr();
    let run = "
        await customElements.whenDefined('smtp-conversation');
        const element = document.querySelector('smtp-conversation');
        await element.ready;
        const result = await element.run(arguments[0]);
        const fetched = performance.getEntriesByType('resource').filter(({ name }) => /ehlo_rest-/.test(name)).length;
        const markdown = await element.exportAs('markdown');
        return { outcome: result.outcome, fetched, lines: result.transcript.length, markdown: markdown.includes('251 SIZE') }";
    let options = json!({ "host": addr.ip().to_string(), "port": addr.port(), "from": "you@example.org",
        "to": ["them@mail.example"], "message": "testing\n" });
    let told = page.run_async(run, vec![options]).await?;
    assert_eq!((&told["outcome"], &told["fetched"]), (&json!("accepted"), &json!(1)), "{told}");
    assert_eq!(told["markdown"], true, "{told}");
    page.expect_no_errors().await
}
