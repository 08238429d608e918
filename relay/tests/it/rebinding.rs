//! A DNS server that gives another answer each time, and names with addresses inside and outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use ehlo_core::tunnel::{Code, FromRelay};
use ehlo_relay::{Assets, Config, Profile, Relay, Running};
use hickory_server::proto::op::{Message, MessageType};
use hickory_server::proto::rr::rdata::A;
use hickory_server::proto::rr::{RData, Record, RecordType};
use tokio::net::{TcpListener, UdpSocket};

use crate::support::{Heard, Page};

const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const INSIDE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A DNS server that answers each question for an IPv4 address with the next of `answers`, and then with the last.
async fn dns(answers: Vec<Vec<Ipv4Addr>>) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut octets = [0; 1500];
        loop {
            let (length, from) = socket.recv_from(&mut octets).await.unwrap();
            let mut message = Message::from_vec(&octets[..length]).unwrap();
            message.metadata.message_type = MessageType::Response;
            let question = message.queries[0].clone();
            if question.query_type() == RecordType::A {
                let at = count.fetch_add(1, SeqCst).min(answers.len() - 1);
                for ip in &answers[at] {
                    message.add_answer(Record::from_rdata(question.name().clone(), 0, RData::A(A(*ip))));
                }
            }
            socket.send_to(&message.to_vec().unwrap(), from).await.unwrap();
        }
    });
    (address, asked)
}

/// A relay of a network that has [`ALLOWED`] alone.
async fn relay(dns: SocketAddr, port: u16) -> Running {
    let config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        allow_networks: vec![format!("{ALLOWED}/32").parse().unwrap()],
        allow_ports: vec![port],
        dns: vec![dns.into()],
        ..Config::of(Profile::Intranet)
    };
    Relay::start(config, Assets::none()).await.unwrap()
}

/// Listeners on one port of both addresses.
async fn servers() -> (TcpListener, TcpListener, u16) {
    loop {
        let allowed = TcpListener::bind((ALLOWED, 0)).await.unwrap();
        let port = allowed.local_addr().unwrap().port();
        if let Ok(inside) = TcpListener::bind((INSIDE, port)).await {
            return (allowed, inside, port);
        }
    }
}

#[tokio::test]
async fn an_answer_that_changes_after_it_was_judged_changes_nothing() {
    let (allowed, inside, port) = servers().await;
    let (dns, asked) = dns(vec![vec![ALLOWED], vec![INSIDE]]).await;
    let running = relay(dns, port).await;

    let mut page = Page::open(&running).await;
    page.connect_to("rebind.example", port).await;
    let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
    assert_eq!(addresses, [ALLOWED.to_string()]);
    let Heard::Word(FromRelay::Connected(connected)) = page.hear().await else { panic!("connected") };
    assert_eq!(connected.address, ALLOWED.to_string());
    allowed.accept().await.unwrap();
    assert_eq!(asked.load(SeqCst), 1, "one look-up a conversation");

    // By now the name is inside: a conversation that begins anew is refused.
    let mut page = Page::open(&running).await;
    page.connect_to("rebind.example", port).await;
    assert_eq!(page.refusal().await.code, Code::Forbidden);
    let never = tokio::time::timeout(std::time::Duration::ZERO, inside.accept()).await;
    assert!(never.is_err(), "the inside was reached");
}

#[tokio::test]
async fn of_a_name_with_addresses_inside_and_outside_those_inside_are_neither_tried_nor_told() {
    let (allowed, inside, port) = servers().await;
    drop(allowed);
    let (dns, _) = dns(vec![vec![INSIDE, ALLOWED, INSIDE]]).await;
    let running = relay(dns, port).await;
    let mut page = Page::open(&running).await;
    page.connect_to("mixed.example", port).await;
    let Heard::Word(FromRelay::Resolved { addresses, .. }) = page.hear().await else { panic!("resolved") };
    assert_eq!(addresses, [ALLOWED.to_string()]);
    // Nobody listens at the allowed address, and that is all there is.
    let Heard::Word(FromRelay::Attempt { address, .. }) = page.hear().await else { panic!("attempt") };
    assert_eq!(address, ALLOWED.to_string());
    assert_eq!(page.refusal().await.code, Code::ConnectRefused);
    let never = tokio::time::timeout(std::time::Duration::ZERO, inside.accept()).await;
    assert!(never.is_err(), "the inside was reached");
}
