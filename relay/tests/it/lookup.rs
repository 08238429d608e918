//! Questions to the DNS, against a DNS server in this process.

use ehlo_core::domain::mta_sts::PolicyQuestion;
use ehlo_core::tunnel::{Answer, Code, Dnssec, FromRelay, Lookup, Rcode, Record, RecordType, ToRelay};
use ehlo_relay::Running;
use tokio::net::UdpSocket;

use crate::support::{Heard, Page, relay_with};
use crate::zone::{Zone, zone};

async fn ask(page: &mut Page, name: &str, rtype: RecordType) -> Answer {
    page.say(&ToRelay::Lookup(Lookup { name: name.to_owned(), rtype, token: None })).await;
    match page.hear().await {
        Heard::Word(FromRelay::Answer(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

async fn asking(zone: &Zone) -> (Running, Page) {
    let running = relay_with(|config| config.dns = vec![zone.address.into()]).await;
    let page = Page::open(&running).await;
    (running, page)
}

#[tokio::test]
async fn many_questions_are_answered_on_one_websocket() {
    let zone = zone(
        "@ 120 IN MX 10 mx\n@ 60 IN MX 20 backup.other.example.\nmx IN A 192.0.2.1\nmx IN AAAA 2001:db8::1\n\
         null IN MX 0 .\nalias IN CNAME mx\n",
    )
    .await;
    let (_running, mut page) = asking(&zone).await;

    let mut mx = ask(&mut page, "zone.example", RecordType::Mx).await;
    mx.records.sort_by_key(|record| matches!(record, Record::Mx { preference: 20, .. }));
    let expected = [(10, "mx.zone.example"), (20, "backup.other.example")];
    let expected = expected.map(|(preference, exchange)| Record::Mx { preference, exchange: exchange.to_owned() });
    assert_eq!(mx.records, expected);
    assert_eq!((mx.rcode, mx.dnssec), (Rcode::NoError, Dnssec::Unknown));
    assert!(mx.ttl.is_some_and(|ttl| (1..=120).contains(&ttl)), "{:?}", mx.ttl);

    let a = ask(&mut page, "mx.zone.example.", RecordType::A).await;
    assert_eq!(a.records, [Record::A { address: "192.0.2.1".to_owned() }]);
    assert_eq!(a.ttl, Some(300));
    let aaaa = ask(&mut page, "alias.zone.example", RecordType::Aaaa).await;
    assert_eq!(aaaa.records, [Record::Aaaa { address: "2001:db8::1".to_owned() }]);
    let null = ask(&mut page, "null.zone.example", RecordType::Mx).await;
    assert_eq!(null.records, [Record::Mx { preference: 0, exchange: ".".to_owned() }]);
    let ptr = ask(&mut page, "192.0.2.1", RecordType::Ptr).await;
    assert_eq!(ptr.records, [Record::Ptr { name: "mx.zone.example".to_owned() }]);
}

#[tokio::test]
async fn the_ways_to_have_no_answer_are_told_apart() {
    let zone = zone("mx IN A 192.0.2.1\n").await;
    let (_running, mut page) = asking(&zone).await;
    for (name, rtype, rcode) in [
        ("mx.zone.example", RecordType::Mx, Rcode::NoError),
        ("missing.zone.example", RecordType::A, Rcode::NxDomain),
        ("elsewhere.test", RecordType::A, Rcode::Refused),
        ("192.0.2.99", RecordType::Ptr, Rcode::NxDomain),
    ] {
        let answer = ask(&mut page, name, rtype).await;
        assert_eq!((answer.rcode, answer.records.len(), answer.ttl), (rcode, 0, None), "{name}");
        assert_eq!((answer.name.as_str(), answer.rtype), (name, rtype));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dns_server_that_does_not_answer_is_a_timeout() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let running = relay_with(|config| config.dns = vec![silent.local_addr().unwrap().into()]).await;
    let mut page = Page::open(&running).await;
    assert_eq!(ask(&mut page, "zone.example", RecordType::Mx).await.rcode, Rcode::Timeout);
}

#[tokio::test]
async fn a_domain_without_a_policy_of_mta_sts_is_told_as_such_on_the_same_websocket() {
    let zone = zone("mx IN A 192.0.2.1\n").await;
    let (_running, mut page) = asking(&zone).await;
    let question = PolicyQuestion { domain: "zone.example".to_owned(), token: None };
    page.say(&ToRelay::MtaSts(question)).await;
    let Heard::Word(FromRelay::MtaSts(answer)) = page.hear().await else { panic!("an answer") };
    assert_eq!((answer.domain.as_str(), answer.policy), ("zone.example", None));
    assert!(answer.problem.unwrap().contains("v=STSv1"));
    assert_eq!(ask(&mut page, "mx.zone.example", RecordType::A).await.records.len(), 1);
}

#[tokio::test]
async fn a_change_in_the_dns_is_seen_at_once() {
    let zone = zone("mx IN A 192.0.2.1\n").await;
    let (_running, mut page) = asking(&zone).await;
    for _ in 0..3 {
        assert_eq!(
            ask(&mut page, "mx.zone.example", RecordType::A).await.ttl,
            Some(300),
            "an answer from a cache is older"
        );
    }
    assert_eq!(ask(&mut page, "new.zone.example", RecordType::A).await.rcode, Rcode::NxDomain);
}

#[tokio::test]
async fn a_question_that_is_none_is_a_bad_request() {
    let zone = zone("").await;
    let running = relay_with(|config| config.dns = vec![zone.address.into()]).await;
    for (name, rtype) in [
        ("a b.example", RecordType::Mx),
        ("", RecordType::A),
        ("bücher.example", RecordType::Mx),
        ("mx.example", RecordType::Ptr),
    ] {
        let mut page = Page::open(&running).await;
        page.say(&ToRelay::Lookup(Lookup { name: name.to_owned(), rtype, token: None })).await;
        assert_eq!(page.refusal().await.code, Code::BadRequest, "{name:?}");
    }
}
