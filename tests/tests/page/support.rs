//! What the page's tests share: a browser with the page open, and what a person does and sees there.

use std::net::SocketAddr;
use std::ops::Deref;

use ehlo_relay::Config;
use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::relay::Relay;
use ehlo_tests::{Failure, TestResult};
use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::{Key, WebElement};
use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) const FROM: &str = "sender@client.example";
pub(crate) const TO: &str = "recipient@domain.test";

/// Browsers at the same time: more only make each other slow.
static PLACES: Semaphore = Semaphore::const_new(2);

/// The shadow root of the page's element, and the texts of its lines, for scripts.
const ROOT: &str = "const root = document.querySelector('smtp-conversation').shadowRoot;
    const seen = node => node.getClientRects().length > 0;
    const button = text => [...root.querySelectorAll('button, summary, label.segment')].find(b => b.textContent.trim() === text && seen(b));";

/// A person scrolls to what they press; what sticks to an edge of the page would cover it there.
const TO_THE_MIDDLE: &str = "found.scrollIntoView({ block: 'center' });";

/// A browser with a page.
pub(crate) struct Page {
    browser: Browser,
    _place: SemaphorePermit<'static>,
}

impl Deref for Page {
    type Target = Browser;
    fn deref(&self) -> &Browser {
        &self.browser
    }
}

/// One line of the transcript, as it is shown.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Line {
    /// `→`, `←` or `·`.
    pub(crate) mark: String,
    /// Seconds since the beginning.
    pub(crate) time: String,
    /// What was said; rows of a message with line feeds between.
    pub(crate) text: String,
    /// The computed colour of the text: red, green, blue.
    pub(crate) colour: [f64; 3],
}

/// A relay that reaches these servers, and whose tunnel pages of these origins may use.
pub(crate) async fn relay_for(servers: &[SocketAddr], origins: &[String]) -> TestResult<Relay> {
    let allow_ports = servers.iter().map(SocketAddr::port).collect();
    Relay::start(Config { allow_ports, allow_origins: origins.to_vec(), ..Config::default() }).await
}

impl Page {
    /// Starts a browser as soon as there is a place for one.
    pub(crate) async fn start(engine: Engine) -> TestResult<Self> {
        let place = PLACES.acquire().await?;
        Ok(Self { browser: Browser::start(engine).await?, _place: place })
    }

    /// Starts a browser and opens a page with the element.
    pub(crate) async fn open(engine: Engine, url: &str) -> TestResult<Self> {
        let page = Self::start(engine).await?;
        page.goto(url).await?;
        Ok(page)
    }

    /// Opens the page of a relay with a mail server in the form.
    pub(crate) async fn before(engine: Engine, relay: &Relay, server: SocketAddr) -> TestResult<Self> {
        let page = Self::open(engine, relay.url()).await?;
        page.name(server).await?;
        page.mail(FROM, TO).await?;
        Ok(page)
    }

    /// Names the mail server in the form.
    pub(crate) async fn name(&self, server: SocketAddr) -> TestResult {
        self.fill("[name=host]", &server.ip().to_string()).await?;
        self.port(server.port()).await
    }

    pub(crate) async fn port(&self, port: u16) -> TestResult {
        self.click("[name=port] option[value=other]").await?;
        self.fill("[name=port-number]", &port.to_string()).await
    }

    /// Names sender and recipient in the form.
    pub(crate) async fn mail(&self, from: &str, to: &str) -> TestResult {
        self.fill("[name=from]", from).await?;
        self.fill("[name=to]", to).await
    }

    /// Chooses an entry of one of the form's menus.
    pub(crate) async fn choose(&self, menu: &str, value: &str) -> TestResult {
        self.click(&format!("[name={menu}] option[value={value:?}]")).await
    }

    /// Pastes a text into a field: nobody types a certificate.
    pub(crate) async fn paste(&self, css: &str, text: &str) -> TestResult {
        self.click(css).await?;
        let script = "const find = root => root.querySelector(arguments[0]);
            const field = find(document) || find(document.querySelector('smtp-conversation').shadowRoot);
            field.value = arguments[1];
            field.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertFromPaste' }));
            field.dispatchEvent(new Event('change', { bubbles: true, composed: true }));";
        self.run(script, vec![json!(css), json!(text)]).await.map(drop)
    }

    /// Opens the form's fields for TLS, pastes the authority that is to be trusted, and says which name is checked.
    pub(crate) async fn trust(&self, authority: &str, name: &str) -> TestResult {
        self.button("Options").await?;
        self.button("TLS: names, versions, certificates").await?;
        self.paste("[name=tls-authorities]", authority).await?;
        self.fill("[name=tls-check-name]", name).await
    }

    /// Opens the form's fields for signing in, and fills them; the best mechanism that is offered where none is named.
    pub(crate) async fn credentials(&self, mechanism: &str, user: &str, password: &str) -> TestResult {
        self.button("Sign in").await?;
        self.choose("sign-in-with", "password").await?;
        self.fill("[name=user]", user).await?;
        self.fill("[name=password]", password).await?;
        self.choose("mechanism", mechanism).await
    }

    /// Holds a whole conversation by `run()` with these options, and gives the last view. With `shake` it hangs up as soon
    /// as the handshake is done, for servers that say nothing behind it.
    pub(crate) async fn held(&self, options: Value, shake: bool) -> TestResult<Value> {
        let script = "const { run } = await import(new URL('/smtp-conversation.js', location));
            const stop = new AbortController();
            let last;
            const onchange = view => {
                last = view;
                if (args[1] && view.tls?.report) stop.abort(view);
            };
            const result = await run({ ...args[0], signal: stop.signal, onchange }).catch(reason => {
                if (reason === stop.signal.reason) return {};
                throw reason;
            });
            return { ...last, ...result, sign_in: { ...last.sign_in, ...result.sign_in } };";
        self.run_async(script, vec![options, json!(shake)]).await
    }

    /// The verdict of the TLS card, in the card's words.
    pub(crate) async fn card(&self) -> TestResult<String> {
        self.until("return root.querySelector('.tls-verdict')", Value::Null).await?;
        let text = self.ask("return root.querySelector('.tls-verdict').closest('section').textContent").await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Presses the form's button.
    pub(crate) async fn connect(&self) -> TestResult {
        self.click("[part=connect]").await
    }

    /// Waits until it is the person's turn and the proposed command begins so.
    pub(crate) async fn proposed(&self, start: &str) -> TestResult {
        self.until(
            "const line = root.querySelector('[name=line]');
             return root.querySelector('.state').textContent === 'Your turn' && seen(line) && line.value.startsWith(args[0])",
            json!(start),
        )
        .await
    }

    /// Sends what the composer holds.
    pub(crate) async fn enter(&self) -> TestResult {
        self.type_into("[name=line]", &key(Key::Enter)).await
    }

    /// Types a line in place of what the composer holds, and sends it.
    pub(crate) async fn say(&self, line: &str) -> TestResult {
        self.fill("[name=line]", line).await?;
        self.enter().await
    }

    /// Waits until the last line that has come begins so.
    pub(crate) async fn replied(&self, start: &str) -> TestResult {
        self.until(
            "const texts = root.querySelectorAll('.line.server .text');
             return texts.length > 0 && texts[texts.length - 1].textContent.startsWith(args[0])",
            json!(start),
        )
        .await
    }

    /// Takes the proposed steps of a mail up to DATA, each as it is.
    pub(crate) async fn steps_to_data(&self) -> TestResult {
        for step in ["EHLO ", &format!("MAIL FROM:<{FROM}>"), &format!("RCPT TO:<{TO}>"), "DATA"] {
            self.proposed(step).await?;
            self.enter().await?;
        }
        Ok(())
    }

    /// Presses the button that is seen with this text.
    pub(crate) async fn button(&self, text: &str) -> TestResult {
        self.until("return button(args[0])", json!(text)).await?;
        let script = format!("{ROOT} const found = button(arguments[0]); {TO_THE_MIDDLE} return found");
        let found = self.driver().execute(script, [json!(text)]).await?;
        found.element()?.click().await.map_err(|error| Failure::from(error).with(format!("pressing {text:?}")))
    }

    /// What is seen of the transcript.
    pub(crate) async fn lines(&self) -> TestResult<Vec<Line>> {
        let script = format!(
            "{ROOT} return [...root.querySelectorAll('.line')].map(line => {{
                const texts = [...line.querySelectorAll('.text')];
                const colour = getComputedStyle(texts[0] || line).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
                return {{ mark: line.querySelector('.mark').textContent, time: line.querySelector('.time').textContent,
                    text: texts.map(t => t.textContent).join('\\n'), colour }};
            }})"
        );
        Ok(serde_json::from_value(self.run(&script, Vec::new()).await?)?)
    }

    /// The texts of the lines with this mark, one a line.
    pub(crate) async fn said(&self, mark: &str) -> TestResult<String> {
        let lines = self.lines().await?;
        Ok(lines.iter().filter(|line| line.mark == mark).map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n"))
    }

    /// The sentence at the end, as soon as all is over.
    pub(crate) async fn verdict(&self) -> TestResult<String> {
        self.until("return root.querySelector('.state').textContent === 'Ended'", Value::Null).await?;
        self.text(".end .verdict").await
    }

    /// A reply's row, found by how it begins.
    pub(crate) async fn reply(&self, start: &str) -> TestResult<WebElement> {
        let script = "return [...root.querySelectorAll('.line.server')].find(line =>
            line.querySelector('.text').textContent.startsWith(args[0]))";
        self.until(script, json!(start)).await?;
        let found = self.driver().execute(format!("{ROOT} const args = arguments; {script}"), [json!(start)]).await?;
        Ok(found.element()?)
    }

    /// Waits until the body of a function of `root`, `seen`, `button` and `args[0]` is true.
    pub(crate) async fn until(&self, body: &str, argument: Value) -> TestResult {
        let script = format!(
            "(args => {{ if (!document.querySelector('smtp-conversation')?.shadowRoot) return false; {ROOT} {body} }})([{argument}])"
        );
        self.wait_for(&script).await
    }

    /// The value of the body of a function of `root`, `seen` and `button`.
    pub(crate) async fn ask(&self, body: &str) -> TestResult<Value> {
        self.run(&format!("{ROOT} {body}"), Vec::new()).await
    }

    /// Presses one key wherever the focus is.
    pub(crate) async fn key(&self, pressed: Key) -> TestResult {
        self.press(&key(pressed)).await
    }
}

/// A key as text to type.
pub(crate) fn key(key: Key) -> String {
    char::from(key).to_string()
}
