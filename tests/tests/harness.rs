//! The harness itself: each server starts, talks and delivers; each browser opens a page and reports its errors.

use ehlo_tests::Outcome;
use ehlo_tests::client::Raw;
use ehlo_tests::servers::{Chasquid, Exim, MailServer, Postfix, SmtpSink, holds};

const MESSAGE: &str = "From: a@client.example\r\nTo: recipient@domain.test\r\nSubject: Test\r\n\r\nFirst line\r\n..\r\n\
                       ..two dots\r\n\r\n  indented \r\nend\r\n";

/// Sends a mail with awkward lines, and finds it in the mailbox as it was before dot-stuffing.
async fn delivers(server: &dyn MailServer) -> Outcome {
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
async fn postfix_delivers_a_mail_byte_for_byte() -> Outcome {
    delivers(&Postfix::setup().start().await?).await
}

#[tokio::test]
async fn exim_delivers_a_mail_byte_for_byte() -> Outcome {
    delivers(&Exim::setup().start().await?).await
}

#[tokio::test]
async fn chasquid_delivers_a_mail_byte_for_byte() -> Outcome {
    delivers(&Chasquid::setup().start().await?).await
}

/// The reply to the last of these lines, in a new connection.
async fn answer(addr: std::net::SocketAddr, lines: &[&str]) -> Outcome<String> {
    let mut raw = Raw::connect(addr).await?;
    let mut last = raw.reply().await?;
    for line in lines {
        last = raw.say(line).await?;
    }
    Ok(last)
}

const TO_RCPT: [&str; 2] = ["EHLO client.example", "MAIL FROM:<a@client.example>"];

#[tokio::test]
async fn every_server_knows_no_other_user_and_does_not_relay() -> Outcome {
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
async fn postfix_takes_its_options() -> Outcome {
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
async fn postscreen_sends_the_second_greeting_line_later_and_then_the_mail_passes() -> Outcome {
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
async fn greylisting_puts_off_once() -> Outcome {
    let server = Postfix::setup().greylisting().start().await?;
    let lines = [TO_RCPT[0], TO_RCPT[1], "RCPT TO:<recipient@domain.test>"];
    let first = answer(server.addr(), &lines).await?;
    assert!(first.starts_with("450 4.2.0") && first.contains("Greylisted"), "{first}\n{}", server.log());
    let second = answer(server.addr(), &lines).await?;
    assert!(second.starts_with("250"), "{second}\n{}", server.log());
    Ok(())
}

#[tokio::test]
async fn smtp_sink_misbehaves_as_told() -> Outcome {
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
async fn a_server_that_was_dropped_is_gone() -> Outcome {
    let server = Postfix::setup().start().await?;
    let addr = server.addr();
    answer(addr, &TO_RCPT).await?;
    drop(server);
    let gone = || std::net::TcpStream::connect(addr).is_err().then_some(());
    ehlo_tests::wait::until("the port to close", ehlo_tests::wait::PATIENCE, gone).await
}
