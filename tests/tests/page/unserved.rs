//! Once the call has begun, nothing that a person may be told depends on a further download: the page's files are no
//! longer served from then on, in the first conversation of a fresh page.

use std::net::SocketAddr;

use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::pki::{Chain, Flaw, Key};
use ehlo_tests::process::free_addr;
use ehlo_tests::servers::OpenSsl;
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::support::{FROM, Page, TO};

/// A page whose files are served up to the dial, in front of a relay that reaches one server.
struct Unserved {
    page: Page,
    proxy: Proxy,
    _relay: ehlo_relay::Running,
}

impl Unserved {
    /// Opens the page with the server in its form, which is called with this security; the call is still to come.
    async fn before(server: SocketAddr, security: &str) -> TestResult<Self> {
        let listen = free_addr()?;
        let proxy = Proxy::start(listen, None).await?;
        let origin = proxy.origin("127.0.0.1");
        let allow_ports = vec![server.port()];
        let config =
            Config { listen: vec![listen], allow_ports, allow_origins: vec![origin.clone()], ..Config::default() };
        let relay = ehlo_relay::Relay::start(config, ehlo_cli::page()).await?;
        let page = Page::open(Engine::Chromium, &origin).await?;
        page.name(server).await?;
        page.mail(FROM, TO).await?;
        page.choose("security", security).await?;
        Ok(Self { page, proxy, _relay: relay })
    }

    /// Connects; all files have a dot in their names, and the way to the relay has none.
    async fn dial(&self) -> TestResult {
        self.proxy.hold_at_next_dial(".");
        self.page.connect().await
    }

    /// Runs what is proposed to the end, and gives the view.
    async fn to_the_end(&self) -> TestResult<Value> {
        self.dial().await?;
        self.page.wait_for("document.querySelector('smtp-conversation').view").await?;
        let run = "const element = document.querySelector('smtp-conversation');
            if (element.view.turn !== 'over') element.runRest();";
        self.page.ask(run).await?;
        self.page.verdict().await?;
        // The second connection, which asks for old versions, may still be on its way.
        self.page.until("return !root.querySelector('[part=tls]').textContent.includes('Asking')", Value::Null).await?;
        self.page.ask("return document.querySelector('smtp-conversation').view").await
    }

    /// Looks at all that can be looked at: each export, the explanation of each reply, each dialog.
    async fn all_is_told(&self, words: &[&str]) -> TestResult {
        let script = "const element = document.querySelector('smtp-conversation');
            const exports = [];
            for (const format of ['talk', 'markdown', 'json']) exports.push(await element.exportAs(format));
            const replies = new Set(element.entries().map(entry => entry.reply).filter(reply => reply !== null));
            const meanings = [];
            for (const reply of replies) meanings.push(await element.explain(reply));
            return { exports, meanings }";
        let told = self.page.run_async(script, Vec::new()).await?;
        for export in told["exports"].as_array().into_iter().flatten() {
            for word in words {
                assert!(export.as_str().is_some_and(|text| text.contains(word)), "{word:?} is missing in {export}");
            }
        }
        let meanings = told["meanings"].as_array().cloned().unwrap_or_default();
        assert!(meanings.iter().all(|meaning| meaning["basic"]["meaning"].is_string()), "{meanings:?}");
        assert!(self.proxy.holds(), "the dial went through the proxy");
        assert_eq!(self.proxy.missed(), Vec::<String>::new(), "nothing was asked for");
        Ok(())
    }
}

#[tokio::test]
async fn a_refused_recipient_is_told_in_full_when_no_file_is_served_any_more() -> TestResult {
    let server = FakeServer::start(vec![
        FakeStep::send("220 mail.example ESMTP\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250-mail.example\r\n250-PIPELINING\r\n250-XFROB\r\n250 8BITMIME\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250 2.1.0 Ok\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("550 5.1.1 <nobody@mail.example>: Recipient address rejected: User unknown\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("221 2.0.0 Bye\r\n"),
    ])
    .await?;
    let unserved = Unserved::before(server.addr(), "none").await?;
    let page = &unserved.page;
    unserved.dial().await?;
    page.proposed("EHLO ").await?;
    page.enter().await?;
    // What can be opened on the way is there too.
    page.button("Sign in…").await?;
    page.until("return seen(root.querySelector('dialog[open] [name=sign-in-with]'))", Value::Null).await?;
    page.button("Close").await?;
    page.button("Break rules…").await?;
    page.until("return seen(root.querySelector('dialog[open] [name=allow-recipes]'))", Value::Null).await?;
    page.button("It is my server, or I may").await?;
    page.until("return root.querySelectorAll('dialog[open] .recipe').length > 3", Value::Null).await?;
    page.button("Close").await?;
    page.button("Run the rest").await?;
    page.replied("550 5.1.1").await?;
    page.until("return root.querySelector('[part=meaning]').textContent.includes('5.1.1')", Value::Null).await?;
    let shown = page.text("[part=meaning]").await?;
    for word in ["mailbox", "RFC", "Usual causes", "What the words say"] {
        assert!(shown.contains(word), "{word:?} is missing in {shown}");
    }
    page.say("QUIT").await?;
    page.verdict().await?;
    unserved.all_is_told(&["550 5.1.1", "XFROB"]).await?;
    page.button("Change settings").await?;
    page.button("Options").await?;
    page.button("TLS: names, versions, certificates").await?;
    page.until("return seen(root.querySelector('[name=tls-authorities]'))", Value::Null).await?;
    assert_eq!(unserved.proxy.missed(), Vec::<String>::new(), "nothing was asked for");
    page.expect_no_errors().await
}

/// A server that offers STARTTLS, says its 220, and goes on with `then`.
fn starttls(then: Vec<FakeStep>) -> Vec<FakeStep> {
    let mut steps = vec![
        FakeStep::send("220 mail.example ESMTP\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250-mail.example\r\n250 STARTTLS\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("220 2.0.0 Ready to start TLS\r\n"),
    ];
    steps.extend(then);
    steps
}

/// The ClientHello has come.
const HELLO: FakeStep = FakeStep::WaitBytes(100);

/// Calls a server whose handshake fails, and checks what is told of it.
async fn fails(script: Vec<FakeStep>, kind: &str, finding: &str) -> TestResult {
    let server = FakeServer::start(script).await?;
    let unserved = Unserved::before(server.addr(), "starttls").await?;
    let view = unserved.to_the_end().await?;
    failed(&unserved, &view, kind, finding).await
}

async fn failed(unserved: &Unserved, view: &Value, kind: &str, finding: &str) -> TestResult {
    let failure = &view["tls"]["failure"];
    assert_eq!((&view["tls"]["stage"], &failure["kind"]), (&json!("failed"), &json!(kind)), "{}", view["tls"]);
    let findings: Vec<&str> =
        view["findings"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect();
    assert!(findings.contains(&finding) && !findings.contains(&"dropped"), "{findings:?}");
    let sentence = failure["sentence"].as_str().unwrap_or_default();
    let card = unserved.page.card().await?;
    assert!(!sentence.is_empty() && card.contains(sentence), "{sentence:?} is not on the card: {card}");
    unserved.all_is_told(&[sentence]).await?;
    unserved.page.expect_no_errors().await
}

#[tokio::test]
async fn an_alert_after_the_client_hello_is_told_in_full() -> TestResult {
    let alert = FakeStep::Send(vec![0x15, 3, 3, 0, 2, 2, 0x28]);
    fails(starttls(vec![HELLO, alert]), "no-common-suite", "tls-nothing-in-common").await
}

#[tokio::test]
async fn clear_text_after_the_client_hello_is_told_in_full() -> TestResult {
    fails(starttls(vec![HELLO, FakeStep::send("454 4.7.0 TLS not available\r\n")]), "not-tls", "not-tls").await
}

#[tokio::test]
async fn a_close_after_the_client_hello_is_told_in_full() -> TestResult {
    fails(starttls(vec![HELLO]), "dropped", "tls-dropped").await
}

#[tokio::test]
async fn a_reset_in_the_handshake_is_told_in_full() -> TestResult {
    fails(starttls(vec![HELLO, FakeStep::Reset]), "dropped", "tls-dropped").await
}

#[tokio::test]
async fn a_close_right_after_the_220_of_starttls_is_told_in_full() -> TestResult {
    fails(starttls(Vec::new()), "dropped", "tls-dropped").await
}

#[tokio::test]
async fn a_server_that_knows_only_tls_of_the_past_is_told_in_full() -> TestResult {
    let chain = Chain::make(Key::Rsa2048, Flaw::Good)?;
    let server = OpenSsl::start(&chain, &["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]).await?;
    let unserved = Unserved::before(server.addr(), "tls").await?;
    let view = unserved.to_the_end().await?;
    failed(&unserved, &view, "legacy-version", "tls-legacy").await
}
