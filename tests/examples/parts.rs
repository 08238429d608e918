//! Finds out which functions of the page's modules a usual visit calls, and writes the lists by which the modules are
//! split (`wasm/parts`). `tests/parts` calls it.
//!
//! `EHLO_PROFILE_PARTS=1 cargo run -p ehlo-tests --example parts -- FOLDER`. Needs what the tests need.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use ehlo_relay::Config;
use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::fake::{FakeServer, silent_after};
use ehlo_tests::pki::{Chain, Flaw, Key, NAME};
use ehlo_tests::process::{Process, command, free_addr};
use ehlo_tests::relay::{Relay, url_in};
use ehlo_tests::servers::{Certificate, MailServer as _, OpenSsl, Postfix};
use ehlo_tests::wait::{PATIENCE, until};
use ehlo_tests::{Failure, Outcome};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Finds things in the element, and waits until they are there.
const TOOLS: &str = "
    const element = document.querySelector('smtp-conversation');
    const until = async found => {
        for (let times = 0; times < 2000; times += 1) {
            const value = found();
            if (value) return value;
            await new Promise(done => setTimeout(done, 10));
        }
        throw new Error(`not found: ${found}`);
    };
    const seen = css => until(() => {
        const node = element.shadowRoot?.querySelector(css);
        return node && node.getClientRects().length > 0 ? node : null;
    });
    const click = async css => (await seen(css)).click();
    const turn = word => until(() => element.view?.turn === word);
    const proposed = word => until(() => element.view.proposal?.text.startsWith(word));
    const ended = async () => { await turn('over'); await seen('.end .verdict'); await new Promise(done => setTimeout(done, 1500)); };
    const rest = async () => { while (element.view.turn !== 'over') { element.runRest(); await until(() => element.view.paused || element.view.turn === 'over'); } await ended(); };
    const type = async text => {
        const node = await seen('[name=line]');
        node.focus();
        node.value = text;
        node.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise(done => setTimeout(done, 100));
    };
    await until(() => element.ready);
    await element.ready;";

/// Which functions of a module were called; and, by the same JSON, which there are.
const CALLED: &str = "
    const told = {};
    for (const name of ['ehlo', 'tls']) {
        if (!performance.getEntriesByType('resource').some(entry => entry.name.endsWith(`/${name}_bg.wasm`))) continue;
        const exports = await (await import(`/wasm/${name}.js`)).default();
        const called = Object.entries(exports).filter(([key]) => key.startsWith('called:'));
        if (called.length === 0) throw new Error('build with EHLO_PROFILE_PARTS=1');
        told[name] = called.map(([key, { value }]) => [key.replace(/^called:\\d+:/, ''), value === 1]);
    }
    return told;";

/// Visits in clear text: what follows the page's address, and what a person does.
const PLAIN: [(&str, &str); 6] = [
    ("", "await click('[part=practice]'); await turn('you'); await rest()"),
    ("", "await click('[part=practice]'); await turn('you'); element.next(); await proposed('MAIL'); await type('MA'); await type('MAIL FROM: you@example.org'); await seen('.lint .fix'); await type('MAIL FROM:<you@example.org>'); await rest()"),
    ("#practice=unknown-user&from=you@example.org&to=nobody@example.com", "await click('[part=connect]'); await turn('you'); await rest()"),
    ("#host=127.0.0.1&port={port}&from=you@example.org&to=recipient@domain.test", "await click('[part=connect]'); await turn('you'); await rest();
      [...element.shadowRoot.querySelectorAll('.line.server')].find(row => row.textContent.includes('PIPELINING')).click();
      await until(() => element.shadowRoot.querySelector('[part=meaning]').textContent.includes('Commands in one go'))"),
    ("#host=127.0.0.1&port={port}&from=you@example.org&to=nobody@domain.test", "await click('[part=connect]'); await turn('you'); await rest()"),
    ("#relay=ws://127.0.0.1:{dead}/relay&host=127.0.0.1&port={port}&from=you@example.org&to=recipient@domain.test", "await click('[part=connect]'); await ended()"),
];

/// A form that is filled in.
const FILLED: &str = "#host=127.0.0.1&port={port}&from=you@example.org&to=recipient@domain.test";

/// The connection to the relay breaks in mid-conversation.
const GOING: &str = "const { send } = WebSocket.prototype;
     let broken = null;
     WebSocket.prototype.send = function (...values) { broken ??= this; send.apply(this, values); };
     await click('[part=connect]'); await turn('you');
     broken.close(4000); await ended()";

/// The replies of [`takes_a_mail`](ehlo_tests::fake::takes_a_mail).
const REPLIES: usize = 7;

/// The same secured, with an authority that the browser does not know, and with one that the person names.
const SECURE: [(&str, &str); 3] = [
    ("#host=127.0.0.1&port={port}&security=starttls&from=you@example.org&to=recipient@domain.test", "await click('[part=connect]'); await turn('you'); await rest(); element.shadowRoot.querySelector('.lock').click()"),
    ("#host=127.0.0.1&port={tls}&security=tls&from=you@example.org&to=recipient@domain.test", "await click('[part=connect]'); await turn('you'); await rest()"),
    ("", "await element.run({ host: '127.0.0.1', port: {port}, security: 'starttls', from: 'you@example.org', to: ['recipient@domain.test'], message: 'testing\\n',
      tls: { checkName: arguments[0].name, serverName: arguments[0].name, authorities: arguments[0].authority } }); await ended()"),
];

/// Names of functions.
type Names = BTreeSet<String>;

/// The functions that there are, and those called by visits in clear text and by secured ones.
#[derive(Default)]
struct Called {
    all: Names,
    plain: Names,
    secure: Names,
}

/// A relay that goes away.
enum Leaving {
    /// With a last word.
    Stopped(Box<Relay>),
    /// Without: a process of its own.
    Killed { url: String, _process: Process, _folder: TempDir },
}

impl Leaving {
    async fn start(port: u16, last_word: bool) -> Outcome<Self> {
        if last_word {
            return Ok(Self::Stopped(Box::new(Relay::start(reaching(port)).await?)));
        }
        let folder = tempfile::tempdir()?;
        let mut itself = command(std::env::current_exe()?);
        itself.args(["--relay", &port.to_string()]);
        let process = Process::start("relay", itself, &folder.path().join("log"))?;
        let url = until("the relay to say what to open", PATIENCE, || url_in(&process.log())).await?;
        Ok(Self::Killed { url, _process: process, _folder: folder })
    }

    fn url(&self) -> &str {
        match self {
            Self::Stopped(relay) => relay.url(),
            Self::Killed { url, .. } => url,
        }
    }
}

fn reaching(port: u16) -> Config {
    Config { allow_ports: vec![port], ..Config::default() }
}

struct Visits {
    browser: Browser,
    relay: Relay,
    ehlo: Called,
    tls: Called,
}

impl Visits {
    /// One visit in a page of its own.
    async fn make(&mut self, fragment: &str, steps: &str, given: Value, secure: bool) -> Outcome {
        self.browser.goto("about:blank").await?;
        self.browser.goto(&format!("{}{fragment}", self.relay.url())).await?;
        self.steps(steps, given, secure).await
    }

    /// A visit whose relay goes away once these steps are done, and is called again.
    async fn make_alone(&mut self, server: SocketAddr, fragment: &str, begin: &str, secure: bool) -> Outcome {
        for last_word in [true, false] {
            let relay = Leaving::start(server.port(), last_word).await?;
            self.leave(relay, &fragment.replace("{port}", &server.port().to_string()), begin, secure).await?;
        }
        Ok(())
    }

    async fn leave(&mut self, relay: Leaving, fragment: &str, begin: &str, secure: bool) -> Outcome {
        self.browser.goto("about:blank").await?;
        self.browser.goto(&format!("{}{fragment}", relay.url())).await?;
        let begin = format!("{TOOLS} await click('[part=connect]'); {begin}");
        let begun = self.browser.run_async(&begin, Vec::new()).await;
        begun.map_err(|failure| failure.with(begin))?;
        drop(relay);
        let again = "await ended(); const again = [...element.shadowRoot.querySelectorAll('button')].find(one => one.textContent === 'Again');
            again.click(); await until(() => element.shadowRoot.querySelector('[part=end]').textContent.includes('no connection to the relay')); await ended()";
        self.steps(again, Value::Null, secure).await
    }

    /// Of a relay that goes away nothing more can be fetched: what is to be told of it has to be there, at each stage.
    async fn make_alone_at_each_stage(&mut self, postfix: &Postfix) -> Outcome {
        self.make_alone(postfix.addr(), FILLED, "await turn('you'); element.next(); await proposed('MAIL')", false)
            .await?;
        // After the last reply there is nothing to wait for.
        for replies in 0..REPLIES {
            let steps = format!(
                "const heard = () => element.shadowRoot.querySelectorAll('.line.server').length;
                 if ({replies} > 0) {{ await turn('you'); element.runRest(); }}
                 await until(() => heard() === {replies} && element.view?.waiting); await seen('.wait')"
            );
            for last_word in [true, false] {
                // A server for one connection.
                let server = FakeServer::start(silent_after(replies)).await?;
                let port = server.addr().port();
                let relay = Leaving::start(port, last_word).await?;
                self.leave(relay, &FILLED.replace("{port}", &port.to_string()), &steps, false).await?;
            }
        }
        let secured = format!("{FILLED}&security=starttls");
        for step in ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"] {
            let steps = format!(
                "await turn('you');
                 await until(() => {{
                     if (!['you', 'message'].includes(element.view.turn)) return false;
                     if (element.view.proposal?.text.startsWith({step:?}) && element.view.tls?.report) return true;
                     element.next();
                 }})"
            );
            self.make_alone(postfix.addr(), &secured, &steps, true).await?;
        }
        Ok(())
    }

    async fn steps(&mut self, steps: &str, given: Value, secure: bool) -> Outcome {
        let script = format!("{TOOLS} {steps}; {CALLED}");
        let told = self.browser.run_async(&script, vec![given]).await.map_err(|failure| failure.with(steps))?;
        for (name, called) in [("ehlo", &mut self.ehlo), ("tls", &mut self.tls)] {
            let rows: Vec<(String, bool)> = serde_json::from_value(told.get(name).cloned().unwrap_or(json!([])))?;
            let into = if secure { &mut called.secure } else { &mut called.plain };
            into.extend(rows.iter().filter(|(_, was)| *was).map(|(label, _)| label.clone()));
            called.all.extend(rows.into_iter().map(|(label, _)| label));
        }
        Ok(())
    }
}

/// What this program is when a visit starts it anew, to kill it: `--relay PORT`.
async fn be_a_relay() -> Outcome {
    let port = std::env::args().nth(2).ok_or_else(|| Failure::new("name the port that may be reached"))?.parse()?;
    let relay = Relay::start(reaching(port)).await?;
    writeln!(std::io::stdout(), "{}", relay.url())?;
    std::future::pending().await
}

#[tokio::main]
async fn main() -> Outcome {
    let folder = std::env::args().nth(1).ok_or_else(|| Failure::new("name the folder for the lists"))?;
    if folder == "--relay" {
        return be_a_relay().await;
    }
    let postfix = Postfix::setup().auth().start().await?;
    let dead = free_addr()?;
    let mut chains = Vec::new();
    for key in Key::SOUND {
        let chain = Chain::make(key, Flaw::Good)?;
        chains.push((OpenSsl::start(&chain, &["-tls1_3"]).await?, chain));
    }
    let mut ports = vec![postfix.addr().port(), postfix.tls_addr().port(), dead.port()];
    ports.extend(chains.iter().map(|(server, _)| server.addr().port()));
    let relay = Relay::start(Config { practice: true, allow_ports: ports, ..Config::default() }).await?;
    let browser = Browser::start(Engine::Chromium).await?;
    // When the browser gives an ended conversation's memory back is its own affair, and would be in the lists by chance.
    let keep = json!({ "source": "FinalizationRegistry.prototype.register = () => {}" });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", keep).await?;
    let mut visits = Visits { browser, relay, ehlo: Called::default(), tls: Called::default() };

    let filled = |text: &str| {
        text.replace("{port}", &postfix.addr().port().to_string())
            .replace("{tls}", &postfix.tls_addr().port().to_string())
            .replace("{dead}", &dead.port().to_string())
    };
    let given = json!({ "name": "mail.domain.test", "authority": Certificate::shared()?.authority });
    // Twice, since no two visits are quite alike.
    for (fragment, steps) in PLAIN.into_iter().chain(PLAIN) {
        visits.make(&filled(fragment), &filled(steps), given.clone(), false).await?;
    }
    visits.make(&filled(FILLED), GOING, given.clone(), false).await?;
    visits.make_alone_at_each_stage(&postfix).await?;
    for (fragment, steps) in SECURE {
        visits.make(&filled(fragment), &filled(steps), given.clone(), true).await?;
    }
    for (server, chain) in &chains {
        // This server knows no SMTP: the handshake is all.
        let steps = "const gone = new AbortController();
            element.run({ ...arguments[0], signal: gone.signal }).catch(() => {});
            await until(() => element.view?.tls?.report?.verdict.trusted);
            gone.abort();
            await until(() => element.view.turn === 'over')";
        let tls = json!({ "checkName": NAME, "serverName": NAME, "authorities": chain.trusted });
        let port = server.addr().port();
        let options = json!({ "host": "127.0.0.1", "port": port, "security": "tls", "tls": tls, "until": "connect" });
        visits.make("", steps, options, true).await?;
    }

    let Called { all, plain, secure } = &visits.ehlo;
    let later: Names = secure.difference(plain).cloned().collect();
    let never: Names =
        all.iter().filter(|label| !plain.contains(*label) && !secure.contains(*label)).cloned().collect();
    write(Path::new(&folder), "ehlo", &[("secure", &later), ("rest", &never)])?;
    let Called { all, secure, .. } = &visits.tls;
    write(Path::new(&folder), "tls", &[("rest", &all.difference(secure).cloned().collect())])
}

fn write(folder: &Path, module: &str, parts: &[(&str, &Names)]) -> Outcome {
    let mut text =
        format!("# What of the module {module} is not needed at once, by part. tests/parts wrote this from visits.\n");
    for (part, names) in parts {
        text += &format!("[{part}]\n");
        for name in *names {
            text += name;
            text.push('\n');
        }
    }
    std::fs::write(folder.join(format!("{module}.txt")), text)?;
    Ok(())
}
