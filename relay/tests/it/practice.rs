//! The practice server over real TCP, by name and by hand.

use ehlo_core::practice::Personality;
use ehlo_core::tunnel::{Connect, FromRelay, ToRelay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Heard, Page, relay_with};

#[tokio::test]
async fn every_personality_is_a_target_that_greets() {
    let running = relay_with(|config| config.practice = true).await;
    assert_eq!(running.practice().len(), Personality::ALL.len());
    for personality in Personality::ALL.into_iter().filter(|personality| *personality != Personality::Slow) {
        let mut page = Page::open(&running).await;
        let target = Some(format!("practice/{}", personality.name()));
        page.say(&ToRelay::Connect(Connect { target, ..Connect::default() })).await;
        assert!(matches!(page.hear().await, Heard::Word(FromRelay::Resolved { .. })));
        assert!(matches!(page.hear().await, Heard::Word(FromRelay::Connected(_))));
        assert!(page.bytes(4).await.starts_with(b"220"));
        page.send(b"QUIT\r\n").await;
        assert!(page.bytes(4).await.starts_with(b"221"));
        assert_eq!(page.hear().await, Heard::Word(FromRelay::Eof {}));
    }
}

#[tokio::test]
async fn the_first_personality_is_also_called_practice_alone() {
    let running = relay_with(|config| config.practice = true).await;
    let mut page = Page::open(&running).await;
    page.say(&ToRelay::Connect(Connect { target: Some("practice".to_owned()), ..Connect::default() })).await;
    page.hear().await;
    let Heard::Word(FromRelay::Connected(connected)) = page.hear().await else { panic!("connected") };
    assert_eq!(connected.port, running.practice()[0].address.port());
    assert_eq!(running.practice()[0].name, "practice/accepts-all");
}

#[tokio::test(start_paused = true)]
async fn the_practice_server_takes_its_time_by_the_clock() {
    let running = relay_with(|config| config.practice = true).await;
    let slow = running.practice().iter().find(|target| target.name == "practice/slow").unwrap();
    let mut tcp = TcpStream::connect(slow.address).await.unwrap();
    let started = tokio::time::Instant::now();
    let mut greeting = [0; 3];
    tcp.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220");
    assert!(started.elapsed() >= std::time::Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn greylisting_remembers_the_last_connection() {
    let running = relay_with(|config| config.practice = true).await;
    let target = running.practice().iter().find(|target| target.name == "practice/greylisting").unwrap();
    for _ in 0..2 {
        let mut tcp = TcpStream::connect(target.address).await.unwrap();
        let dialogue = b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\nQUIT\r\n";
        tcp.write_all(dialogue).await.unwrap();
        let mut answers = String::new();
        tcp.read_to_string(&mut answers).await.unwrap();
        assert!(answers.contains("\r\n450 "), "{answers}");
        assert!(answers.ends_with("\r\n") && answers.contains("\r\n221 "), "{answers}");
    }
}
