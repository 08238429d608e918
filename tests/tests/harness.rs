//! The harness itself: each server starts, talks and delivers; each browser opens a page and reports its errors.

use ehlo_tests::TestResult;
use ehlo_tests::browser::{Browser, Engine};
use ehlo_tests::client::Raw;
use ehlo_tests::dns::Dns;
use ehlo_tests::fake::{FakeServer, FakeStep};
use ehlo_tests::fileserver::FileServer;
use ehlo_tests::relay::Relay;
use ehlo_tests::servers::{Chasquid, Exim, MailServer, Postfix, SmtpSink, holds};
use ehlo_tests::wait::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

const MESSAGE: &str = "From: a@client.example\r\nTo: recipient@domain.test\r\nSubject: Test\r\n\r\nFirst line\r\n..\r\n\
                       ..two dots\r\n\r\n  indented \r\nend\r\n";

/// Sends a mail with awkward lines, and finds it in the mailbox as it was before dot-stuffing.
async fn delivers(server: &dyn MailServer) -> TestResult {
    let told = Raw::connect(server.addr()).await?.mail(MESSAGE).await;
    let last = told.map_err(|failure| failure.with(server.log()))?;
    assert!(last.starts_with("250"), "{}: {last}\n{}", server.name(), server.log());
    let mails = server.mailbox().mails(1).await.map_err(|failure| failure.with(server.log()))?;
    let sent = MESSAGE.replace("\r\n..", "\r\n.");
    let stored = String::from_utf8_lossy(&mails[0]);
    assert!(mails.len() == 1 && holds(&mails[0], sent.as_bytes()), "{}: stored {stored:?}", server.name());
    Ok(())
}

#[tokio::test]
async fn postfix_delivers_a_mail_byte_for_byte() -> TestResult {
    delivers(&Postfix::setup().start().await?).await
}

#[tokio::test]
async fn exim_delivers_a_mail_byte_for_byte() -> TestResult {
    delivers(&Exim::setup().start().await?).await
}

#[tokio::test]
async fn chasquid_delivers_a_mail_byte_for_byte() -> TestResult {
    delivers(&Chasquid::setup().start().await?).await
}

/// The reply to the last of these lines, in a new connection.
async fn answer(addr: std::net::SocketAddr, lines: &[&str]) -> TestResult<String> {
    let mut raw = Raw::connect(addr).await?;
    let mut last = raw.reply().await?;
    for line in lines {
        last = raw.say(line).await?;
    }
    Ok(last)
}

const TO_RCPT: [&str; 2] = ["EHLO client.example", "MAIL FROM:<a@client.example>"];

#[tokio::test]
async fn every_server_knows_no_other_user_and_does_not_relay() -> TestResult {
    let servers: [Box<dyn MailServer>; 3] = [
        Box::new(Postfix::setup().start().await?),
        Box::new(Exim::setup().start().await?),
        Box::new(Chasquid::setup().start().await?),
    ];
    for server in servers {
        for to in ["RCPT TO:<nobody@domain.test>", "RCPT TO:<b@elsewhere.example>"] {
            let last = answer(server.addr(), &[TO_RCPT[0], TO_RCPT[1], to]).await?;
            assert!(last.starts_with('5'), "{} to {to}: {last}", server.name());
        }
        let last = answer(server.addr(), &[TO_RCPT[0], TO_RCPT[1], "RCPT TO:<second@domain.test>"]).await?;
        assert!(last.starts_with("250"), "{}: {last}", server.name());
    }
    Ok(())
}

#[tokio::test]
async fn postfix_takes_its_options() -> TestResult {
    let server = Postfix::setup()
        .message_size_limit(20_000)
        .hard_error_limit(2)
        .disable_vrfy()
        .recipient("r450@domain.test", "450 4.2.1 Busy")
        .auth()
        .start()
        .await?;
    let ehlo = answer(server.addr(), &TO_RCPT[..1]).await?;
    assert!(ehlo.contains("SIZE 20000") && ehlo.contains("STARTTLS"), "{ehlo}");
    assert!(ehlo.contains("AUTH") && ehlo.contains("CRAM-MD5"), "{ehlo}\n{}", server.log());
    let login = answer(server.addr(), &[TO_RCPT[0], "AUTH PLAIN AHRlc3RlckBkb21haW4udGVzdAB0ZXN0LVBhc3Mx"]).await?;
    assert!(login.starts_with("235"), "{login}\n{}", server.log());
    let vrfy = answer(server.addr(), &["VRFY recipient"]).await?;
    assert!(vrfy.starts_with("502"), "{vrfy}");
    let busy = answer(server.addr(), &[TO_RCPT[0], TO_RCPT[1], "RCPT TO:<r450@domain.test>"]).await?;
    assert!(busy.starts_with("450 4.2.1") && busy.contains("Busy"), "{busy}");
    let too_many = answer(server.addr(), &["WRONG", "WRONG", "WRONG"]).await?;
    assert!(too_many.starts_with("421"), "{too_many}");
    Ok(())
}

#[tokio::test]
async fn postscreen_sends_the_second_greeting_line_later_and_then_the_mail_passes() -> TestResult {
    let server = Postfix::setup().postscreen("please wait to be seated", 2).start().await?;
    let mut raw = Raw::connect(server.addr()).await?;
    let teaser = raw.line().await?;
    assert_eq!(teaser, "220-please wait to be seated", "{}", server.log());
    let second = raw.line().await?;
    assert!(second.starts_with("220 mail.domain.test"), "{second}");
    let ehlo = raw.say("EHLO client.example").await?;
    assert!(ehlo.starts_with("250-"), "{ehlo}\n{}", server.log());
    delivers(&server).await
}

#[tokio::test]
async fn greylisting_puts_off_once() -> TestResult {
    let server = Postfix::setup().greylisting().start().await?;
    let lines = [TO_RCPT[0], TO_RCPT[1], "RCPT TO:<recipient@domain.test>"];
    let first = answer(server.addr(), &lines).await?;
    assert!(first.starts_with("450 4.2.0") && first.contains("Greylisted"), "{first}\n{}", server.log());
    let second = answer(server.addr(), &lines).await?;
    assert!(second.starts_with("250"), "{second}\n{}", server.log());
    Ok(())
}

#[tokio::test]
async fn smtp_sink_misbehaves_as_told() -> TestResult {
    let to_rcpt = ["EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<recipient@domain.test>"];
    let sink = SmtpSink::start(&["-q", "rcpt"]).await?;
    let failure = answer(sink.addr(), &to_rcpt).await.expect_err("dropped at RCPT");
    assert!(failure.text().contains("closed"), "{failure:?}");
    let sink = SmtpSink::start(&["-Q", "data"]).await?;
    let last = answer(sink.addr(), &[to_rcpt[0], to_rcpt[1], to_rcpt[2], "DATA"]).await?;
    assert!(last.starts_with("421"), "{last}");
    let sink = SmtpSink::start(&["-f", "connect"]).await?;
    assert!(answer(sink.addr(), &[]).await?.starts_with('5'));
    let sink = SmtpSink::start(&["-q", "connect"]).await?;
    assert_eq!(Raw::connect(sink.addr()).await?.rest().await?, b"");
    let sink = SmtpSink::start(&["-f", "ehlo"]).await?;
    assert!(answer(sink.addr(), &to_rcpt[..1]).await?.starts_with('5'));
    assert!(answer(sink.addr(), &["HELO client.example"]).await?.starts_with("250"));
    let sink = SmtpSink::start(&["-P"]).await?;
    assert!(answer(sink.addr(), &[]).await?.contains("***"));
    Ok(())
}

#[tokio::test]
async fn a_server_that_was_dropped_is_gone() -> TestResult {
    let server = Postfix::setup().start().await?;
    let addr = server.addr();
    answer(addr, &TO_RCPT).await?;
    drop(server);
    let gone = || std::net::TcpStream::connect(addr).is_err().then_some(());
    ehlo_tests::wait::until("the port to close", ehlo_tests::wait::PATIENCE, gone).await
}

/// A page whose module script draws into a shadow root, and a script for its planted errors.
fn site(broken: bool) -> TestResult<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let extra = if broken { "<script>inline()</script><script type=module src=broken.js></script>" } else { "" };
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>t</title><x-box></x-box><script type=module src=m.js></script>{extra}"
    );
    std::fs::write(folder.path().join("index.html"), page)?;
    std::fs::write(
        folder.path().join("m.js"),
        "customElements.define('x-box', class extends HTMLElement { connectedCallback() {
            const root = this.attachShadow({ mode: 'open' });
            const field = root.appendChild(document.createElement('input'));
            const out = root.appendChild(document.createElement('p'));
            const go = root.appendChild(document.createElement('button'));
            go.textContent = 'Go';
            go.addEventListener('click', () => { out.textContent = `typed ${field.value}`; });
        } });",
    )?;
    std::fs::write(
        folder.path().join("broken.js"),
        "addEventListener('click', () => {
            console.error('planted console error');
            setTimeout(() => { throw new Error('planted exception'); });
            Promise.reject(new Error('planted rejection'));
            const image = document.createElement('img'); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image);
            window.planted = true;
        });",
    )?;
    Ok(folder)
}

const STRICT: [(&str, &str); 1] =
    [("Content-Security-Policy", "default-src 'none'; script-src 'self'; img-src 'self'")];

async fn drives(engine: Engine) -> TestResult {
    let folder = site(false)?;
    let files = FileServer::start(folder.path(), "/docs/tools/", &STRICT).await?;
    let browser = Browser::start(engine).await?;
    browser.goto(&files.url("index.html")).await?;
    browser.type_into("input", "hello").await?;
    browser.click("button").await?;
    browser.wait_for("shadow('p').textContent === 'typed hello'").await?;
    assert_eq!(browser.text("p").await?, "typed hello");
    browser.fill("input", "again").await?;
    browser.press("\u{e004}\u{e007}").await?;
    browser.wait_for("shadow('p').textContent === 'typed again'").await?;
    assert!(browser.page_text().await?.contains("typed again"));
    assert_eq!(browser.run_async("return args[0] + await Promise.resolve(1)", vec![2.into()]).await?, 3);
    let picture = folder.path().join("page.png");
    browser.screenshot(&picture).await?;
    assert!(std::fs::read(picture)?.starts_with(b"\x89PNG"));
    browser.reload().await?;
    browser.wait_for("shadow('input').value === ''").await?;
    browser.expect_no_errors().await
}

#[tokio::test]
async fn chromium_opens_a_page_and_drives_it() -> TestResult {
    drives(Engine::Chromium).await
}

#[tokio::test]
async fn firefox_opens_a_page_and_drives_it() -> TestResult {
    drives(Engine::Firefox).await
}

#[tokio::test]
async fn webkit_opens_a_page_and_drives_it() -> TestResult {
    drives(Engine::WebKit).await
}

async fn catches(engine: Engine, wanted: &[&str]) -> TestResult {
    let folder = site(true)?;
    let files = FileServer::start(folder.path(), "/", &STRICT).await?;
    let browser = Browser::start(engine).await?;
    browser.goto(&files.url("index.html")).await?;
    browser.click("button").await?;
    browser.wait_for("window.planted").await?;
    let end = Instant::now() + PATIENCE;
    loop {
        let errors = browser.errors().await?.join("\n");
        if wanted.iter().all(|word| errors.contains(word)) {
            break;
        }
        assert!(Instant::now() < end, "{engine:?} reports only:\n{errors}\n{}", browser.log());
    }
    assert!(browser.expect_no_errors().await.is_err());
    browser.take_errors().await?;
    browser.expect_no_errors().await
}

const PLANTED: [&str; 4] = ["planted console error", "planted exception", "planted rejection", "img-src"];

#[tokio::test]
async fn chromium_reports_every_kind_of_error() -> TestResult {
    catches(Engine::Chromium, &[PLANTED.as_slice(), &["inline"]].concat()).await
}

#[tokio::test]
async fn firefox_reports_every_kind_of_error() -> TestResult {
    catches(Engine::Firefox, &[PLANTED.as_slice(), &["inline"]].concat()).await
}

#[tokio::test]
async fn webkit_reports_every_kind_of_error_of_a_page_that_has_loaded() -> TestResult {
    catches(Engine::WebKit, &PLANTED).await
}

#[tokio::test]
async fn chromium_takes_the_size_of_a_phone_and_dark_colours() -> TestResult {
    let folder = site(false)?;
    let files = FileServer::start(folder.path(), "/", &[]).await?;
    let browser = Browser::start(Engine::Chromium).await?;
    browser.phone().await?;
    browser.dark(true).await?;
    browser.goto(&files.url("").replace("127.0.0.1", "intranet.test")).await?;
    let seen = "[screen.width, matchMedia('(prefers-color-scheme: dark)').matches, isSecureContext]";
    assert_eq!(browser.js(seen).await?, serde_json::json!([360, true, false]));
    browser.expect_no_errors().await
}

#[tokio::test]
async fn a_fake_server_follows_its_script_and_remembers_what_it_heard() -> TestResult {
    let script = vec![
        FakeStep::SendByteByByte(b"220-a\r\n220 b\r\n".to_vec()),
        FakeStep::expect("EHLO client.example"),
        FakeStep::send("250 ok\r\n"),
        FakeStep::WaitFor(b"\r\n.\r\n".to_vec()),
        FakeStep::HalfClose,
        FakeStep::WaitLine,
    ];
    let server = FakeServer::start(script).await?;
    let mut raw = Raw::connect(server.addr()).await?;
    assert_eq!(raw.reply().await?, "220-a\n220 b");
    assert_eq!(raw.say("EHLO client.example").await?, "250 ok");
    raw.send("text\r\n.\r\n").await?;
    assert_eq!(raw.rest().await?, b"");
    raw.send("QUIT\r\n").await?;
    drop(raw);
    assert_eq!(server.heard().await?, b"EHLO client.example\r\ntext\r\n.\r\nQUIT\r\n");

    let server = FakeServer::start(vec![FakeStep::WaitLine, FakeStep::Reset]).await?;
    let mut raw = Raw::connect(server.addr()).await?;
    let failure = raw.say("HELO client.example").await.expect_err("the connection was reset");
    assert!(failure.text().contains("reset"), "{failure:?}");
    Ok(())
}

#[tokio::test]
async fn dns_answers_over_udp_and_tcp() -> TestResult {
    let zone = "@ 60 IN MX 10 mail\nmail 60 IN A 192.0.2.1\n";
    let dns = Dns::start(&[("domain.test.", zone)]).await?;
    // Header, then the question: domain.test MX IN.
    let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(b"\x06domain\x04test\x00\x00\x0f\x00\x01");
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    socket.send_to(&query, dns.addr()).await?;
    let mut answer = [0; 512];
    let size = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await??;
    let mut stream = tokio::net::TcpStream::connect(dns.addr()).await?;
    stream.write_all(&[&u16::try_from(query.len())?.to_be_bytes(), query.as_slice()].concat()).await?;
    let mut by_tcp = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut by_tcp).await?;
    for message in [&answer[..size], &by_tcp] {
        assert_eq!((message[3] & 15, message[7]), (0, 1), "rcode 0 and one answer: {message:?}");
        assert!(message.windows(5).any(|window| window == b"\x04mail"), "{message:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_relay_starts_on_a_free_port_and_answers() -> TestResult {
    let server = Postfix::setup().start().await?;
    let relay = Relay::to(&[server.addr()]).await?;
    let mut stream = tokio::net::TcpStream::connect(relay.running().address()).await?;
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", relay.running().address());
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
    relay.stop().await;
    Ok(())
}
