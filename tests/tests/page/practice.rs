//! The practice server: inside the page of a static host, without any relay, and through the relay over TCP.

use ehlo_core::practice::Personality;
use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::browser::Engine;
use ehlo_tests::fileserver::FileServer;
use ehlo_tests::relay::Relay;
use serde_json::json;

use crate::support::{FROM, Page};

/// Chooses a personality, and where it answers.
async fn choose(page: &Page, personality: Personality, place: &str) -> TestResult {
    page.button("Practice").await?;
    page.click(&format!("[name=practice] option[value={}]", personality.name())).await?;
    page.click(&format!("[name=practice-via] option[value={place}]")).await
}

/// Every personality greets; the first one holds a whole conversation, greylisting two.
async fn practises(engine: Engine) -> TestResult {
    let folder = tempfile::tempdir()?;
    ehlo_cli::page().export(folder.path())?;
    let files = FileServer::start(folder.path(), "/", &[]).await?;
    let page = Page::open(engine, &files.url("index.html?relay=none")).await?;
    page.click("[part=practice]").await?;
    page.proposed("EHLO ").await?;
    page.button("Run the rest").await?;
    let verdict = page.verdict().await?;
    assert!(verdict.contains("Accepted"), "{verdict}");
    for personality in Personality::ALL {
        page.button("Change settings").await?;
        choose(&page, personality, "page").await?;
        page.mail(FROM, "nobody@elsewhere.example").await?;
        page.connect().await?;
        page.proposed(if personality == Personality::OldHeloOnly { "" } else { "EHLO " }).await?;
        page.button("Hang up").await?;
        page.verdict().await?;
    }
    let mut waits = Vec::new();
    for button in ["Start", "Again"] {
        if button == "Start" {
            page.button("Change settings").await?;
            choose(&page, Personality::Greylisting, "page").await?;
        }
        page.button(button).await?;
        page.proposed("EHLO ").await?;
        page.button("Run the rest").await?;
        page.replied("450 4.2.0 ").await?;
        waits.push(page.said("←").await?.split("try again in ").nth(1).unwrap_or_default().to_owned());
        page.button("QUIT").await?;
        let verdict = page.verdict().await?;
        assert!(verdict.contains("450"), "{verdict}");
    }
    let seconds: Vec<u32> = waits.iter().filter_map(|wait| wait.split_whitespace().next()?.parse().ok()).collect();
    assert!(matches!(seconds[..], [first, second] if second <= first && first > 0), "what remains to wait: {waits:?}");
    assert!(!files.asked().iter().any(|path| path.ends_with("/relay")), "no relay was asked: {:?}", files.asked());
    page.expect_no_errors().await
}

#[tokio::test]
async fn without_a_relay_every_personality_answers_in_chromium() -> TestResult {
    practises(Engine::Chromium).await
}

#[tokio::test]
async fn without_a_relay_every_personality_answers_in_firefox() -> TestResult {
    practises(Engine::Firefox).await
}

#[tokio::test]
async fn without_a_relay_every_personality_answers_in_webkit() -> TestResult {
    practises(Engine::WebKit).await
}

#[tokio::test]
async fn the_relay_offers_the_same_servers_over_tcp() -> TestResult {
    let relay = Relay::start(Config { practice: true, ..Config::default() }).await?;
    let page = Page::open(Engine::Chromium, relay.url()).await?;
    for (personality, to, answer) in [
        (Personality::AcceptsAll, "them@elsewhere.example", "Accepted"),
        (Personality::UnknownUser, "nobody@elsewhere.example", "550"),
    ] {
        choose(&page, personality, "relay").await?;
        page.mail(FROM, to).await?;
        page.connect().await?;
        page.proposed("EHLO ").await?;
        assert!(page.said("·").await?.contains("127.0.0.1"), "it is a TCP connection");
        page.button("Run the rest").await?;
        if personality != Personality::AcceptsAll {
            page.replied("550 5.1.1 ").await?;
            page.button("QUIT").await?;
        }
        let verdict = page.verdict().await?;
        assert!(verdict.contains(answer), "{verdict}");
        page.button("Change settings").await?;
    }
    page.until("return seen(root.querySelector('[part=form]'))", json!(null)).await?;
    page.expect_no_errors().await
}
