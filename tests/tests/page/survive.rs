//! What is kept over a reload, what is saved and opened again, and what must be neither: secrets, and a hostile
//! server's markup.

use std::fs;
use std::path::{Path, PathBuf};

use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::process::free_addr;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{MailServer, Postfix};
use ehlo_tests::wait::{PATIENCE, until};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::support::{FROM, Page, TO};

#[tokio::test]
async fn a_reload_keeps_settings_draft_and_transcript() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.fill("[name=line]", "MAIL FROM:<a-draft@client.example>").await?;
    let before = page.said("←").await?;
    page.reload().await?;

    page.until("return root.querySelector('.state')?.textContent === 'Saved'", Value::Null).await?;
    assert_eq!(page.said("←").await?, before, "the transcript can be read after the reload");
    page.reply("220 ").await?.click().await?;
    page.until("return root.querySelector('.meaning .code').textContent === '220'", Value::Null).await?;
    let told = page.text("[part=end]").await?;
    assert!(told.contains("connection is gone"), "{told}");
    page.button("New conversation").await?;
    let kept = page
        .ask("return ['host', 'port-number', 'from', 'to'].map(name => root.querySelector(`[name=${name}]`).value)")
        .await?;
    assert_eq!(kept, json!(["127.0.0.1", server.addr().port().to_string(), FROM, TO]));
    page.connect().await?;
    page.proposed("MAIL FROM:<a-draft@client.example>").await?;
    page.button("Hang up").await?;
    page.verdict().await?;
    page.expect_no_errors().await
}

#[tokio::test]
async fn a_conversation_begun_while_the_one_before_a_reload_is_still_being_opened_keeps_its_place() -> TestResult {
    let server = Postfix::setup().start().await?;
    let listen = free_addr()?;
    let proxy = Proxy::start(listen, None).await?;
    let origin = proxy.origin("127.0.0.1");
    let allow_ports = vec![server.addr().port()];
    let config = Config { listen: vec![listen], allow_origins: vec![origin.clone()], allow_ports, ..Config::default() };
    let _relay = ehlo_relay::Relay::start(config, ehlo_cli::page()).await?;
    let page = Page::open(Engine::Chromium, &origin).await?;
    page.name(server.addr()).await?;
    page.mail(FROM, TO).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    proxy.hold("ehlo_bg.wasm");
    page.reload().await?;

    page.connect().await?;
    proxy.release();
    page.proposed("EHLO ").await?;
    // Whatever opening it leads to has its time.
    let idle = "for (let times = 0; times < 10; times += 1) await new Promise(done => requestIdleCallback(done))";
    page.run_async(idle, Vec::new()).await?;
    assert_eq!(page.text(".state").await?, "Your turn");
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.expect_no_errors().await
}

/// Presses an entry of the Save menu, and gives the file that the browser saves.
async fn saved(page: &Page, folder: &Path, entry: &str, ending: &str) -> TestResult<(PathBuf, String)> {
    page.button("Save").await?;
    page.button(entry).await?;
    let find = || {
        let mut files = fs::read_dir(folder).ok()?.flatten().map(|file| file.path());
        let file = files.find(|file| file.extension().is_some_and(|has| has == ending))?;
        Some((file.clone(), fs::read_to_string(file).ok().filter(|text| !text.is_empty())?))
    };
    until(&format!("a .{ending} file to be saved"), PATIENCE, find).await
}

const EXPORTS: [(&str, &str); 3] =
    [("As text (.talk), can be opened again", "talk"), ("As Markdown, for a ticket", "md"), ("As JSON", "json")];

/// The three exports, by pressing their buttons, in the order of the menu.
pub(crate) async fn exports(page: &Page, folder: &Path) -> TestResult<Vec<(PathBuf, String)>> {
    let allowed = json!({ "behavior": "allow", "downloadPath": folder });
    page.devtools("Browser.setDownloadBehavior", allowed).await?;
    let mut files = Vec::new();
    for (entry, ending) in EXPORTS {
        files.push(saved(page, folder, entry, ending).await?);
    }
    Ok(files)
}

#[tokio::test]
async fn a_saved_conversation_opens_again_with_the_same_explanations() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    page.name(server.addr()).await?;
    page.mail(FROM, "nobody@domain.test").await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    page.replied("550 5.1.1 ").await?;
    page.button("QUIT").await?;
    let verdict = page.verdict().await?;
    let explained = "return root.querySelector('.meaning section').textContent";
    page.reply("550 5.1.1 ").await?.click().await?;
    page.until("return root.querySelector('.meaning h2').textContent === 'The chosen reply'", Value::Null).await?;
    let (meaning, lines) = (page.ask(explained).await?, page.lines().await?);

    let folder = tempfile::tempdir()?;
    let files = exports(&page, folder.path()).await?;
    let (talk, markdown, data) = (&files[0].1, &files[1].1, serde_json::from_str::<Value>(&files[2].1)?);
    assert!(talk.contains("S: 550 5.1.1 ") && talk.contains("C: QUIT"), "{talk}");
    assert!(markdown.contains("550 5.1.1 ") && markdown.contains("nobody@domain.test"), "{markdown}");
    assert_eq!(data["outcome"], "refused", "{data}");

    page.button("Change settings").await?;
    page.type_into("input[type=file][accept^='.talk']", &files[0].0.display().to_string()).await?;
    page.until("return root.querySelector('.state').textContent === 'Saved'", Value::Null).await?;
    let texts = |lines: &[crate::support::Line]| -> Vec<_> {
        let said = lines.iter().filter(|line| line.mark != "·");
        said.map(|line| format!("{} {}", line.mark, line.text)).collect()
    };
    assert_eq!(texts(&page.lines().await?), texts(&lines));
    assert_eq!(page.text(".end .verdict").await?, verdict);
    page.reply("550 5.1.1 ").await?.click().await?;
    page.until("return root.querySelector('.meaning h2').textContent === 'The chosen reply'", Value::Null).await?;
    assert_eq!(page.ask(explained).await?, meaning);
    page.expect_no_errors().await
}

/// All that the page holds: the nodes with their attributes, what fields hold, and what the browser stores.
pub(crate) const EVERYTHING: &str =
    "const fields = [...root.querySelectorAll('input:not([type=password]), textarea')].map(field => field.value);
    return [document.documentElement.outerHTML, root.innerHTML, ...fields, JSON.stringify({ ...localStorage }),
        JSON.stringify({ ...sessionStorage }), location.href].join('\\n')";

#[tokio::test]
async fn a_secret_is_in_no_storage_no_export_and_nowhere_on_the_page() -> TestResult {
    const LOGIN: &str = "AHRlc3RlckBkb21haW4udGVzdAB0ZXN0LVBhc3Mx";
    const PASSWORD: &str = "dGVzdC1QYXNzMQ==";
    let server = Postfix::setup().auth().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    // Typed and left: a draft that holds a secret is none to keep.
    page.fill("[name=line]", &format!("auth plain {LOGIN}")).await?;
    page.enter().await?;
    page.replied("235 ").await?;
    page.say("QUIT").await?;
    page.verdict().await?;
    page.button("Again").await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.say("AUTH LOGIN").await?;
    page.replied("334 VXNlcm5hbWU6").await?;
    page.say("dGVzdGVyQGRvbWFpbi50ZXN0").await?;
    page.replied("334 UGFzc3dvcmQ6").await?;
    page.say(PASSWORD).await?;
    page.replied("235 ").await?;
    page.say("QUIT").await?;
    page.verdict().await?;

    page.wait_for("(localStorage.getItem('ehlo') || '').includes('235 ')").await?;
    let folder = tempfile::tempdir()?;
    let mut places: Vec<String> = exports(&page, folder.path()).await?.into_iter().map(|(_, text)| text).collect();
    places.extend(page.ask(EVERYTHING).await?.as_str().map(str::to_owned));
    page.reload().await?;
    page.until("return seen(root.querySelector('[part=connect]'))", Value::Null).await?;
    places.extend(page.ask(EVERYTHING).await?.as_str().map(str::to_owned));
    assert_eq!(places.len(), EXPORTS.len() + 2);
    for place in &places {
        for secret in [LOGIN, PASSWORD, "test-Pass1"] {
            assert!(!place.contains(secret), "{secret} is in\n{place}");
        }
    }
    assert!(places[0].contains("AUTH LOGIN"), "that there was a login is told: {}", places[0]);
    page.expect_no_errors().await
}

#[tokio::test]
async fn text_of_a_hostile_server_stays_text() -> TestResult {
    const MARKUP: &str = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>";
    let script = vec![
        FakeStep::send(&format!("220 {MARKUP}\r\n")),
        FakeStep::WaitLine,
        FakeStep::send(&format!("250-{MARKUP}\r\n250-{MARKUP} {MARKUP}\r\n250 \u{202e}txet\u{1b}[31m\u{0}\u{7f}\r\n")),
        FakeStep::WaitLine,
        FakeStep::send(&format!("550 5.1.1 {MARKUP}\r\n")),
        FakeStep::WaitLine,
    ];
    let server = FakeServer::start(script).await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let page = Page::before(Engine::Chromium, &relay, server.addr()).await?;
    page.connect().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    page.proposed("MAIL FROM:").await?;
    page.enter().await?;
    page.replied("550 5.1.1 ").await?;
    let received = page.said("←").await?;
    assert_eq!(received.matches(MARKUP).count(), 5, "it is shown as it came: {received}");
    assert!(
        !received.contains(['\u{202e}', '\u{1b}', '\u{0}', '\u{7f}']),
        "control characters are made visible: {received:?}"
    );
    let special = page.ask("return [...root.querySelectorAll('.line .special')].map(one => one.textContent)").await?;
    assert!(special.as_array().is_some_and(|all| all.len() >= 4), "{special}");
    for reply in ["220 ", "250", "550 "] {
        page.reply(reply).await?.click().await?;
    }
    page.say("QUIT").await?;
    page.verdict().await?;
    let made = page.ask("return root.querySelectorAll('img, script').length + document.images.length").await?;
    assert_eq!((made, page.js("typeof window.hacked").await?), (json!(0), json!("undefined")));

    // The same from a file that somebody sends.
    let folder = tempfile::tempdir()?;
    let files = exports(&page, folder.path()).await?;
    page.button("Change settings").await?;
    page.type_into("input[type=file][accept^='.talk']", &files[0].0.display().to_string()).await?;
    page.until("return root.querySelector('.state').textContent === 'Saved'", Value::Null).await?;
    assert_eq!(page.said("←").await?, received);
    let made = page.ask("return root.querySelectorAll('img, script').length + document.images.length").await?;
    assert_eq!((made, page.js("typeof window.hacked").await?), (json!(0), json!("undefined")));
    page.expect_no_errors().await
}
