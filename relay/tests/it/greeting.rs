//! The greeting guard on a real connection.

use ehlo_core::tunnel::{Closer, Code, Connect, FromRelay, Guess, ToRelay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use crate::support::{Heard, Page, Target, read, relay_for, relay_with};
use ehlo_relay::{Config, NamedTarget, Profile, Running};

/// A ClientHello record of no use beyond its form.
fn client_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(body);
    record
}

async fn ungreeted() -> (Running, Page, TcpStream) {
    let target = Target::new().await;
    let running = relay_for(&target).await;
    let (page, _) = Page::connected(&running, &target).await;
    let tcp = target.accept().await;
    (running, page, tcp)
}

/// What should come at once, so that a test whose relay is wrong ends as well.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), what).await.expect("it should come at once")
}

/// Whether nothing at all comes; with paused time this is decided as soon as everybody waits.
async fn stays_silent(tcp: &mut TcpStream) -> bool {
    timeout(Duration::from_secs(5), tcp.read(&mut [0; 64])).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn the_pages_bytes_wait_for_a_greeting_that_comes_octet_by_octet() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    page.send(b"EHLO client.example\r\n").await;
    for octet in b"220" {
        tcp.write_all(&[*octet]).await.unwrap();
        assert_eq!(page.bytes(1).await, [*octet], "the page sees it as it comes");
        assert!(stays_silent(&mut tcp).await);
    }
    tcp.write_all(b"-").await.unwrap();
    assert_eq!(page.bytes(1).await, b"-");
    assert_eq!(read(&mut tcp, 21).await, b"EHLO client.example\r\n");
}

#[tokio::test]
async fn a_greeting_may_be_a_bare_code() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    page.send(b"HELO x\r\n").await;
    tcp.write_all(b"220\r\n").await.unwrap();
    assert_eq!(page.bytes(5).await, b"220\r\n");
    assert_eq!(read(&mut tcp, 8).await, b"HELO x\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_greeting_may_come_after_minutes() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    page.send(b"HELO x\r\n").await;
    // The page's end answers the pings while time goes by.
    let heard = timeout(Duration::from_secs(280), page.hear()).await;
    assert!(heard.is_err(), "{heard:?}");
    tcp.write_all(b"220 late\r\n").await.unwrap();
    assert_eq!(page.bytes(10).await, b"220 late\r\n");
    assert_eq!(read(&mut tcp, 8).await, b"HELO x\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_strange_greeting_is_shown_and_then_refused_with_a_guess() {
    for (greeting, guess) in [
        (&b"250OK\r\n"[..], Guess::Unknown),
        (b"SSH-2.0-example\r\n", Guess::Ssh),
        (b"HTTP/1.1 400 Bad Request\r\n", Guess::Http),
        (b"* OK IMAP4rev1\r\n", Guess::Imap),
        (b"+OK POP3\r\n", Guess::Pop3),
        (&[0x16, 3, 3, 0, 1, 2], Guess::Tls),
        (&[0xff, 0xfb, 0x01], Guess::Unknown),
        (b"\x00\xfe 220 late\r\n", Guess::Unknown),
    ] {
        let (_running, mut page, mut tcp) = ungreeted().await;
        page.send(b"EHLO client.example\r\n").await;
        tcp.write_all(greeting).await.unwrap();
        assert_eq!(page.bytes(greeting.len()).await, greeting);
        let refusal = page.refusal().await;
        assert_eq!((refusal.code, refusal.guess), (Code::NotSmtp, Some(guess)), "{greeting:?}");
        assert_eq!(tcp.read(&mut [0; 64]).await.unwrap_or(0), 0, "nothing of the page has passed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_strange_greeting_in_pieces_is_shown_to_the_end_of_its_line() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    for octet in b"SSH-2.0-x\r\n" {
        tcp.write_all(&[*octet]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(page.bytes(11).await, b"SSH-2.0-x\r\n");
    assert_eq!(page.refusal().await.guess, Some(Guess::Ssh));
}

#[tokio::test(start_paused = true)]
async fn a_whole_client_hello_passes_and_nothing_more_until_it_is_answered() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    let hello = client_hello();
    for octet in &hello[..hello.len() - 1] {
        page.send(&[*octet]).await;
    }
    assert!(stays_silent(&mut tcp).await);
    page.send(&hello[hello.len() - 1..]).await;
    page.send(b"more").await;
    assert_eq!(read(&mut tcp, hello.len()).await, hello);
    assert!(stays_silent(&mut tcp).await);
    tcp.write_all(&[0x16, 3, 3, 0, 1, 0]).await.unwrap();
    assert_eq!(page.bytes(6).await, [0x16, 3, 3, 0, 1, 0]);
    assert_eq!(read(&mut tcp, 4).await, b"more");
}

#[tokio::test(start_paused = true)]
async fn a_clear_greeting_in_answer_to_tls_is_shown_and_the_page_stays_shut() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    let hello = client_hello();
    page.send(&hello).await;
    assert_eq!(read(&mut tcp, hello.len()).await, hello);
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    page.send(&hello).await;
    assert!(stays_silent(&mut tcp).await);
    page.say(&ToRelay::Eof {}).await;
    assert_eq!(tcp.read(&mut [0; 64]).await.unwrap(), 0, "only the end passes");
    tcp.write_all(b"221 bye\r\n").await.unwrap();
    assert_eq!(page.bytes(9).await, b"221 bye\r\n");
    drop(tcp);
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    assert_eq!(page.last_word().await, (Closer::Client, Code::Done, hello.len() as u64, 25));
}

#[tokio::test]
async fn a_page_that_gives_up_after_a_clear_greeting_ends_the_connection_of_the_target() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    let hello = client_hello();
    page.send(&hello).await;
    assert_eq!(read(&mut tcp, hello.len()).await, hello);
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    page.ws.close(None).await.unwrap();
    assert_eq!(tcp.read(&mut [0; 64]).await.unwrap(), 0);
    assert_eq!(page.hear().await, Heard::Close(1005, String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_greeting_before_the_client_hello_lets_everything_pass_and_the_page_sees_both() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_eq!(page.bytes(16).await, b"220 mx.example\r\n");
    let hello = client_hello();
    page.send(&hello).await;
    assert_eq!(read(&mut tcp, hello.len()).await, hello);
    tcp.write_all(b"500 what?\r\n").await.unwrap();
    assert_eq!(page.bytes(11).await, b"500 what?\r\n");
}

#[tokio::test]
async fn an_alert_in_place_of_a_server_hello_is_delivered_with_the_end_that_follows() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    let hello = client_hello();
    page.send(&hello).await;
    assert_eq!(read(&mut tcp, hello.len()).await, hello);
    let alert = [0x15, 3, 1, 0, 2, 2, 40];
    tcp.write_all(&alert).await.unwrap();
    tcp.shutdown().await.unwrap();
    assert_eq!(page.bytes(7).await, alert);
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    page.say(&ToRelay::Eof {}).await;
    assert_eq!(page.last_word().await, (Closer::Target, Code::Done, hello.len() as u64, 7));
}

#[tokio::test(start_paused = true)]
async fn a_client_hello_in_several_records_passes_when_the_last_one_is_there() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    let whole = client_hello();
    let records: Vec<u8> =
        whole[5..].chunks(10).flat_map(|piece| [&[0x16, 3, 1, 0, piece.len() as u8], piece].concat()).collect();
    let (most, last) = records.split_at(records.len() - 1);
    page.send(most).await;
    assert!(stays_silent(&mut tcp).await);
    page.send(last).await;
    assert_eq!(read(&mut tcp, records.len()).await, records);
}

#[tokio::test]
async fn every_octet_passes_after_the_greeting_whatever_it_looks_like() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    tcp.write_all(b"220 mx.example\r\n").await.unwrap();
    page.bytes(16).await;
    let starttls = b"STARTTLS\r\n";
    page.send(starttls).await;
    read(&mut tcp, starttls.len()).await;
    tcp.write_all(b"220 go\r\n").await.unwrap();
    page.bytes(8).await;
    // Records cut anywhere, alerts, data, and what is no TLS at all.
    for piece in
        [&client_hello()[..20], &client_hello()[20..], &[0x17, 3, 3, 0xff], &[0x15], b"\0\r\n.\r\n", &[0xff; 9]]
    {
        page.send(piece).await;
        assert_eq!(read(&mut tcp, piece.len()).await, piece);
        tcp.write_all(piece).await.unwrap();
        assert_eq!(page.bytes(piece.len()).await, piece);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_neither_tls_nor_greeting_after_a_client_hello_is_refused() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    page.send(&client_hello()).await;
    tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.unwrap();
    assert_eq!(page.bytes(26).await, b"HTTP/1.1 400 Bad Request\r\n");
    assert_eq!(page.refusal().await.guess, Some(Guess::Http));
}

#[tokio::test(start_paused = true)]
async fn something_that_only_looks_like_tls_does_not_pass() {
    let (_running, mut page, mut tcp) = ungreeted().await;
    let mut almost = client_hello();
    almost[5] = 2;
    page.send(&almost).await;
    let refusal = soon(page.refusal()).await;
    assert_eq!(refusal.code, Code::BadHello);
    assert!(refusal.message.contains("Reload the page"), "{}", refusal.message);
    assert_eq!(soon(tcp.read(&mut [0; 64])).await.unwrap(), 0, "not one octet has come");
}

/// What real memcached and Redis have read as commands: lines in an extension, in the session's id, and behind 64 KB of records.
#[tokio::test]
async fn a_client_hello_that_holds_a_command_does_not_pass() {
    let command = b"\r\nset owned 0 0 3\r\nyes\r\n";
    let extension = [&[0xFF, 0xA5, 0, command.len() as u8], &command[..]].concat();
    let body = |session_id: &[u8], extensions: &[u8]| {
        let mut body = vec![3, 3];
        body.extend([9; 32]);
        body.push(session_id.len() as u8);
        body.extend(session_id);
        body.extend([0, 2, 0x13, 0x01, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        let length = &(body.len() as u32).to_be_bytes()[1..];
        [&[1][..], length, &body].concat()
    };
    let large = [&[0, 21][..], &60_000_u16.to_be_bytes(), &[0; 60_000]].concat();
    for message in [body(&[], &extension), body(command, &[]), body(&[], &large)] {
        let (_running, mut page, mut tcp) = ungreeted().await;
        for record in message.chunks(16_000) {
            page.send(&[&[0x16, 3, 1][..], &(record.len() as u16).to_be_bytes(), record].concat()).await;
        }
        assert_eq!(soon(page.refusal()).await.code, Code::BadHello);
        assert_eq!(soon(tcp.read(&mut [0; 64])).await.unwrap(), 0, "not one octet has come");
    }
}

#[tokio::test]
async fn outside_of_personal_tls_comes_first_only_at_its_ports_and_at_servers_named_for_it() {
    let target = Target::new().await;
    let address = target.address;
    let named = |implicit_tls| NamedTarget {
        host: address.ip().to_string(),
        port: address.port(),
        implicit_tls,
        allow_proxy_header: false,
    };
    let running = relay_with(|config| {
        let listen = std::mem::take(&mut config.listen);
        *config = Config { listen, ..Config::of(Profile::Intranet) };
        config.targets = [("clear".to_owned(), named(false)), ("tls".to_owned(), named(true))].into();
        config.allow_networks = vec!["127.0.0.1/32".parse().unwrap()];
        config.allow_ports = vec![address.port()];
    })
    .await;
    let by_port = Connect { host: Some(address.ip().to_string()), port: Some(address.port()), ..Connect::default() };
    let by_name = |name: &str| Connect { target: Some(name.to_owned()), ..Connect::default() };
    for (connect, passes) in [(by_port, false), (by_name("clear"), false), (by_name("tls"), true)] {
        let mut page = Page::open(&running).await;
        page.say(&ToRelay::Connect(connect.clone())).await;
        let mut tcp = target.accept().await;
        while !matches!(page.hear().await, Heard::Word(FromRelay::Connected(_))) {}
        page.send(&client_hello()).await;
        if passes {
            assert_eq!(read(&mut tcp, client_hello().len()).await, client_hello());
            continue;
        }
        let refusal = soon(page.refusal()).await;
        assert_eq!(refusal.code, Code::ClearFirst, "{connect:?}");
        assert!(refusal.message.contains("use STARTTLS"), "{}", refusal.message);
        assert_eq!(soon(tcp.read(&mut [0; 64])).await.unwrap(), 0, "not one octet has come");
    }
}

#[tokio::test]
async fn a_target_that_closes_without_a_word_has_simply_closed() {
    let (_running, mut page, tcp) = ungreeted().await;
    page.send(b"EHLO client.example\r\n").await;
    drop(tcp);
    assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    page.say(&ToRelay::Eof {}).await;
    assert_eq!(page.last_word().await, (Closer::Target, Code::Done, 0, 0));
}
