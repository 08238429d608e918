//! A conversation over plain TCP from this machine, with servers of the test's own.

use std::net::SocketAddr;

use ehlo_core::export::view::Turn;
use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use ehlo_core::reading::summary::Outcome;
use ehlo_core::record::How;
use ehlo_core::setup::Setup;
use ehlo_core::time::Now;
use ehlo_core::tunnel::Code;
use ehlo_drive::Conversation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn setup(to: SocketAddr, attended: bool) -> Setup {
    let fields = serde_json::json!({
        "host": to.ip().to_string(), "port": to.port(), "attended": attended, "hello": "client.example",
        "from": "a@client.example", "to": ["b@practice.ehlo.example"],
    });
    Setup::from_json(&fields.to_string()).unwrap()
}

/// The practice server behind a TCP port; it serves one connection.
async fn practice(personality: Personality) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut server = Practice::new(personality, Memory::default());
        server.handle(Now(0), Input::Opened);
        let mut buffer = [0; 4096];
        loop {
            loop {
                match server.poll() {
                    Output::Send(bytes) => stream.write_all(&bytes).await.unwrap(),
                    Output::Hangup => return,
                    Output::Idle(_) => break,
                }
            }
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(length) => server.handle(Now(0), Input::Bytes(&buffer[..length])),
            }
        }
    });
    address
}

/// A server that does what `serve` does with its one connection.
async fn server<F: Future<Output = ()> + Send>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await;
    });
    address
}

#[tokio::test]
async fn a_mail_is_taken_over_plain_tcp_and_nobody_speaks_of_a_relay() {
    let mut conversation = Conversation::directly(setup(practice(Personality::AcceptsAll).await, false)).await.unwrap();
    conversation.end().await.unwrap();
    let session = conversation.into_session();
    assert_eq!(session.summary().outcome, Outcome::Accepted, "{}", session.plain());
    assert_eq!(session.record().ending().map(|ending| ending.how), Some(How::Quit));
    for text in [session.plain(), session.markdown()] {
        assert!(!text.to_lowercase().contains("relay"), "{text}");
    }
}

#[tokio::test]
async fn a_person_holds_it_line_by_line_and_can_hang_up() {
    let mut conversation = Conversation::directly(setup(practice(Personality::AcceptsAll).await, true)).await.unwrap();
    assert_eq!(conversation.turn().await.unwrap(), Turn::You);
    assert_eq!(conversation.say("EHLO client.example").await.unwrap(), 250);
    assert_eq!(conversation.say("nonsense").await.unwrap(), 500);
    conversation.act(ehlo_core::machine::Action::Hangup {}).await.unwrap();
    conversation.end().await.unwrap();
    assert_eq!(conversation.session().record().ending().map(|ending| ending.how), Some(How::HungUp));
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_told_as_refused_with_each_address_that_was_tried() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut conversation = Conversation::directly(setup(free, true)).await.unwrap();
    conversation.end().await.unwrap();
    let session = conversation.session();
    assert_eq!(session.record().ending().map(|ending| ending.how), Some(How::NotConnected(Code::ConnectRefused)));
    let plain = session.plain();
    assert!(plain.contains("127.0.0.1: connection refused") && !plain.contains("relay"), "{plain}");
}

#[tokio::test]
async fn a_reset_and_an_end_without_a_word_are_told_apart() {
    let reset = server(|mut stream| async move {
        greet_and_read(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let closed = server(|mut stream| async move { greet_and_read(&mut stream).await }).await;
    for (to, how) in [(reset, How::Reset), (closed, How::ServerClosed)] {
        let mut conversation = Conversation::directly(setup(to, true)).await.unwrap();
        assert_eq!(conversation.turn().await.unwrap(), Turn::You);
        conversation.say("EHLO client.example").await.unwrap();
        assert_eq!(conversation.session().record().ending().map(|ending| ending.how), Some(how));
    }
}

async fn greet_and_read(stream: &mut TcpStream) {
    stream.write_all(b"220 mx.example\r\n").await.unwrap();
    assert_ne!(stream.read(&mut [0; 100]).await.unwrap(), 0);
}
