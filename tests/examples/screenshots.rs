//! Makes pictures of the page, so that anyone can look: desktop and phone, light and dark. `tests/screenshots` calls it.
//!
//! `cargo run -p ehlo-tests --example screenshots -- FOLDER`: every picture is a PNG file in the folder, named by size,
//! theme and face. Needs Chromium and its driver, which `tests/run` installs.

use std::io::Write as _;
use std::path::Path;

use ehlo_relay::Config;
use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer as _, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::json;

/// Name, width and height in CSS pixels, and whether it is a phone.
const SIZES: [(&str, u32, u32, bool); 2] = [("desktop", 1280, 800, false), ("phone", 360, 800, true)];
const THEMES: [&str; 2] = ["light", "dark"];

/// Finds things in the element, and waits until they are there.
const TOOLS: &str = "
    const element = document.querySelector('smtp-conversation');
    const until = found => new Promise((resolve, reject) => {
        const began = performance.now();
        const look = () => {
            const value = found();
            if (value) resolve(value);
            else if (performance.now() - began > 20000) reject(new Error(`not found: ${found}; the view: ${JSON.stringify(element.view)}`));
            else setTimeout(look, 20);
        };
        look();
    });
    const seen = css => until(() => {
        const node = element.shadowRoot?.querySelector(css);
        return node && node.getClientRects().length > 0 ? node : null;
    });
    const click = async css => (await seen(css)).click();
    const type = async (css, text) => {
        const node = await seen(css);
        node.focus();
        node.value = text;
        node.dispatchEvent(new Event('input', { bubbles: true }));
    };
    const turn = word => until(() => element.view?.turn === word);
    await until(() => element.ready);
    await element.ready;";

const STRANGER: &str = "#practice=unknown-user&from=you@example.org&to=nobody@example.com";

/// A face of the page: its name, what follows the page's address, and what a person would do first.
const FACES: [(&str, &str, &str); 12] = [
    ("setup", "", "await seen('[part=form]')"),
    ("greeting", "", "await click('[part=practice]'); await turn('you')"),
    (
        "lint",
        "",
        "await click('[part=practice]'); await turn('you');
         await type('[name=line]', 'MAIL FROM: you@example.org'); await seen('.lint .fix')",
    ),
    (
        "message",
        "",
        "await click('[part=practice]');
         for (const step of [1, 2, 3, 4]) { await turn('you'); element.next(); }
         await turn('message'); await seen('.message-editor textarea')",
    ),
    (
        "waiting",
        "#practice=slow&to=them@example.com",
        "await click('[part=connect]'); await seen('.wait .hint:not(:empty)')",
    ),
    (
        "accepted",
        "",
        "await click('[part=practice]'); await turn('you'); element.runRest(); await turn('over');
         await seen('.end .verdict')",
    ),
    (
        "refused",
        STRANGER,
        "await click('[part=connect]'); await turn('you'); element.runRest(); await until(() => element.view.paused);
         element.runRest(); await turn('over'); await seen('.end .verdict')",
    ),
    (
        "meaning",
        STRANGER,
        "await click('[part=connect]'); await turn('you'); element.runRest(); await until(() => element.view.paused);
         const refusal = () => [...element.shadowRoot.querySelectorAll('.line.server')].find(row => row.textContent.includes('550'));
         (await until(refusal)).click(); await seen('.meaning .record')",
    ),
    ("not-trusted", SECURED, "await click('[part=connect]'); await until(() => element.view?.tls?.report); await turn('you')"),
    (
        "proof",
        SECURED,
        "await click('[part=connect]'); await until(() => element.view?.tls?.report); await turn('you'); element.runRest();
         await turn('over'); await seen('.end .verdict'); element.shadowRoot.querySelector('.peek')?.click();
         const parts = () => [...element.shadowRoot.querySelectorAll('.meaning h2')].find(title => /relay could read/i.test(title.textContent));
         (await until(parts)).scrollIntoView()",
    ),
    (
        "sign-in",
        SECURED,
        "await click('[part=connect]'); await until(() => element.view?.tls?.report); await turn('you'); element.next(); await turn('you');
         const open = () => [...element.shadowRoot.querySelectorAll('button')].find(one => /^Sign in/.test(one.textContent.trim()) && one.getClientRects().length);
         (await until(open)).click(); await seen('dialog[open]')",
    ),
    (
        "recipes",
        SECURED,
        "await click('[part=connect]'); await until(() => element.view?.tls?.report); await turn('you'); element.next(); await turn('you');
         const open = () => [...element.shadowRoot.querySelectorAll('button')].find(one => /Break rules|Tests/.test(one.textContent.trim()) && one.getClientRects().length);
         (await until(open)).click(); await seen('dialog[open]')",
    ),
];

/// A real Postfix, reached by TLS from the first octet.
const SECURED: &str = "#host=127.0.0.1&port={port}&security=tls&from=you@example.org&to=recipient@domain.test";

#[tokio::main]
async fn main() -> TestResult {
    let folder = std::env::args().nth(1).ok_or_else(|| Failure::new("name the folder for the pictures"))?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let postfix = Postfix::setup().auth().start().await?;
    let port = postfix.tls_addr().port();
    let relay = Relay::start(Config { practice: true, allow_ports: vec![port], ..Config::default() }).await?;
    let browser = Browser::start(Engine::Chromium).await?;
    let mut out = std::io::stdout().lock();
    for size in SIZES {
        for theme in THEMES {
            dress(&browser, size, theme).await?;
            for (name, fragment, steps) in FACES {
                if std::env::args().nth(2).is_some_and(|wanted| !name.contains(&wanted)) {
                    continue;
                }
                let file = folder.join(format!("{}-{theme}-{name}.png", size.0));
                show(&browser, relay.url(), &fragment.replace("{port}", &port.to_string()), steps)
                    .await
                    .map_err(|failure| failure.with(file.display()))?;
                browser.screenshot(&file).await?;
                writeln!(out, "{}", file.display())?;
            }
        }
    }
    browser.expect_no_errors().await
}

/// The size of the window, a phone's screen with two pixels for one, and the theme.
async fn dress(browser: &Browser, (_, width, height, phone): (&str, u32, u32, bool), theme: &str) -> TestResult {
    let scale = if phone { 2 } else { 1 };
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
    browser.devtools("Emulation.setDeviceMetricsOverride", size).await?;
    browser.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone })).await?;
    browser.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await?;
    let features = [("prefers-color-scheme", theme), ("prefers-reduced-motion", "reduce")];
    let features = features.map(|(name, value)| json!({ "name": name, "value": value }));
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
    Ok(())
}

/// Opens the page as on a first visit, and does what comes before the picture.
async fn show(browser: &Browser, url: &str, fragment: &str, steps: &str) -> TestResult {
    // A blank page between, because a new fragment alone loads nothing.
    browser.goto("about:blank").await?;
    let kept = json!({ "origin": url.trim_end_matches('/'), "storageTypes": "local_storage" });
    browser.devtools("Storage.clearDataForOrigin", kept).await?;
    browser.goto(&format!("{url}{fragment}")).await?;
    // Two frames, so that what has changed is painted.
    let painted = "await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))";
    browser.run_async(&format!("{TOOLS} {steps}; {painted}"), Vec::new()).await.map(drop)
}
