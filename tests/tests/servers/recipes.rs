//! Every test that breaks rules on purpose, against three real servers: the answer that each is known to give.

use ehlo_core::machine::{Action, Risk};
use ehlo_core::probe::{ALL, Needs};
use ehlo_tests::TestResult;
use ehlo_tests::servers::{Chasquid, Exim, MailServer, Postfix};
use serde_json::json;

use crate::support::Line;

/// Runs each test in a connection of its own; `known` has a line for each: id, verdict, and what is said of it.
async fn answers(server: &dyn MailServer, known: &str) -> TestResult {
    let line = Line::to(server.addr()).await?;
    let mut told = Vec::new();
    for recipe in &ALL {
        let mut call = line.open(json!({})).await?;
        call.say("EHLO client.example").await?;
        call.act(Action::Allow(Risk::Recipes)).await?;
        call.act(Action::Recipe { id: recipe.id().to_owned() }).await?;
        call.until("the test's verdict", |session| {
            session.view().recipes.last().is_some_and(|one| one.verdict.is_some())
        })
        .await?;
        for one in call.session().view().recipes {
            told.push(format!("{} {} {}", one.id, one.verdict.unwrap_or_default(), one.sentence));
        }
    }
    assert_eq!(told.join("\n"), known.trim(), "{}", server.name());
    let delivering = ALL.iter().filter(|recipe| recipe.needs == Needs::Data).count();
    assert!(server.mailbox().now().len() <= delivering, "no test sends more than one message");
    Ok(())
}

#[tokio::test]
async fn postfix_answers_every_broken_rule_as_it_is_known_to() -> TestResult {
    answers(&Postfix::setup().auth().start().await?, include_str!("recipes/postfix.txt")).await
}

#[tokio::test]
async fn exim_answers_every_broken_rule_as_it_is_known_to() -> TestResult {
    answers(&Exim::setup().start().await?, include_str!("recipes/exim.txt")).await
}

#[tokio::test]
async fn chasquid_answers_every_broken_rule_as_it_is_known_to() -> TestResult {
    answers(&Chasquid::setup().start().await?, include_str!("recipes/chasquid.txt")).await
}
