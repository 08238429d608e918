//! Secrets that are used in the page, and then looked for everywhere that something may be read later.

use ehlo_core::base64;
use ehlo_tests::browser::Engine;
use ehlo_tests::pki::Chain;
use ehlo_tests::relay::RelayProgram;
use ehlo_tests::servers::{Certificate, MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

use crate::secure::{NAME, PASSWORD};
use crate::support::{FROM, Page, TO};
use crate::survive::{EVERYTHING, exports};

const TOKEN: &str = "planted-Token-of-4711";

/// Keeps all that is said on the console, whatever its level, before the page's own scripts run.
const LISTENER: &str = "
    window.console_said = [];
    for (const level of ['debug', 'log', 'info', 'warn', 'error', 'dir', 'table', 'trace']) {
        const before = console[level].bind(console);
        console[level] = (...all) => {
            window.console_said.push(all.map(one => one?.stack ?? (typeof one === 'string' ? one : JSON.stringify(one))).join(' '));
            before(...all);
        };
    }";

/// The secret as it is, and what base64 makes of it wherever it stands in what is encoded.
fn shapes(secret: &str) -> Vec<String> {
    let mut shapes = vec![secret.to_owned()];
    for shift in 0..3_usize {
        let encoded = base64::encode(&[vec![0; shift], secret.as_bytes().to_vec()].concat());
        // Only the letters that depend on nothing but the secret.
        let (from, to) = ((shift * 8).div_ceil(6), (shift + secret.len()) * 8 / 6);
        shapes.push(encoded[from..to].to_owned());
    }
    shapes
}

/// All that can be read of the page and of what the browser keeps, the names of its databases and its console included.
async fn everything(page: &Page) -> TestResult<String> {
    let databases =
        "return JSON.stringify(await indexedDB.databases()) + JSON.stringify(await caches.keys()) + document.cookie";
    let parts = [
        page.ask(EVERYTHING).await?,
        page.run_async(databases, Vec::new()).await?,
        json!(page.js("window.console_said").await?.to_string()),
        json!(page.js("JSON.stringify(history.state)").await?.to_string()),
    ];
    Ok(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn planted_secrets_are_nowhere_once_they_were_used() -> TestResult {
    let server = Postfix::setup().auth().extra("smtpd_tls_ask_ccert = yes").start().await?;
    let port = server.addr().port().to_string();
    let mut relay = RelayProgram::start_with(&["--allow-port", &port], &[("EHLO_LOG", "trace")]).await?;
    let page = Page::start(Engine::Chromium).await?;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LISTENER })).await?;
    page.goto(relay.url()).await?;
    page.name(server.addr()).await?;
    page.mail(FROM, TO).await?;
    page.choose("security", "starttls").await?;
    page.trust(&Certificate::shared()?.authority, NAME).await?;
    let (client, _) = Chain::client()?;
    let key = client.split("PRIVATE KEY-----").nth(1).and_then(|key| key.split_whitespace().next());
    let key = key.ok_or_else(|| Failure::new("the client has no key"))?.to_owned();
    page.paste("[name=tls-client]", &client).await?;
    page.credentials("PLAIN", "tester@domain.test", PASSWORD).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    let view = page.ask("return document.querySelector('smtp-conversation').view").await?;
    assert_eq!(view["tls"]["report"]["client_certificate"], "given", "the key was used");
    assert_eq!(view["sign_in"]["state"], "done", "the password was used");

    let folder = tempfile::tempdir()?;
    let mut places: Vec<String> = exports(&page, folder.path()).await?.into_iter().map(|(_, text)| text).collect();
    page.button("Change settings").await?;
    page.choose("sign-in-with", "token").await?;
    page.fill("[name=access-token]", TOKEN).await?;
    page.choose("mechanism", "XOAUTH2").await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    page.until("return root.querySelector('.lines').textContent.includes('AUTH XOAUTH2')", Value::Null).await?;
    page.until("return ['Your turn', 'Ended'].includes(root.querySelector('.state').textContent)", Value::Null).await?;
    let view = page.ask("return document.querySelector('smtp-conversation').view").await?;
    if view["turn"] != "over" {
        page.button("Hang up").await?;
        page.verdict().await?;
    }
    let again = tempfile::tempdir()?;
    places.extend(exports(&page, again.path()).await?.into_iter().map(|(_, text)| text));
    places.extend([
        view.to_string(),
        page.ask("return document.querySelector('smtp-conversation').entries()").await?.to_string(),
    ]);
    places.push(everything(&page).await?);
    page.reload().await?;
    page.until("return seen(root.querySelector('[part=connect]'))", Value::Null).await?;
    // What is opened after a reload holds what was kept, and no secret.
    let group = "return [...root.querySelectorAll('summary')].find(one => one.textContent.startsWith('Sign in'))";
    page.until(&format!("const open = () => {{ {group} }}; open().click(); return true"), Value::Null).await?;
    page.until("return root.querySelector('[name=access-token]')", Value::Null).await?;
    places.push(everything(&page).await?);
    let fields = "return [...root.querySelectorAll('[type=password], textarea')].map(field => field.value).join('\\n')";
    places.push(page.ask(fields).await?.to_string());
    places.push(relay.process().log());
    for secret in [PASSWORD, TOKEN, &key] {
        for shape in shapes(secret) {
            for place in &places {
                let at =
                    place.find(&shape).map(|at| place.get(at.saturating_sub(200)..at + shape.len()).unwrap_or(place));
                assert!(at.is_none(), "{shape} of {secret} is in\n{at:?}");
            }
        }
    }
    assert!(places.iter().any(|place| place.contains("AUTH XOAUTH2")), "that there was a sign-in is told");
    assert!(relay.process().log().contains(&port), "the log tells of the conversations");
    page.expect_no_errors().await
}
