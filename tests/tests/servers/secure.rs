//! TLS and signing in against real servers: STARTTLS, TLS from the first octet, and every mechanism that each offers.

use ehlo_core::case::Case;
use ehlo_core::export::view::{Outcome, SignInState};
use ehlo_core::machine::Session;
use ehlo_core::record::Stage;
use ehlo_core::tls::ProblemKind;
use ehlo_tests::conversation::told;
use ehlo_tests::servers::{Certificate, Chasquid, Exim, MailServer, Postfix};
use ehlo_tests::{Failure, TestResult};
use serde_json::{Value, json};

use crate::support::{Line, codes};

/// The fields of a sign-in with this mechanism; the right password unless another is given.
fn with(mechanism: &str, user: &str) -> Value {
    json!({ "sign_in": { "mechanism": mechanism, "user": user, "password": "test-Pass1" } })
}

/// A setup that trusts the tests' own authority and checks the servers' name, with more fields.
fn trusting(security: &str, more: Value) -> TestResult<Value> {
    let authority = Certificate::shared()?.authority;
    let mut fields =
        json!({ "security": security, "tls_authorities": authority, "tls_check_name": "mail.domain.test" });
    if let (Some(all), Value::Object(more)) = (fields.as_object_mut(), more) {
        all.extend(more);
    }
    Ok(fields)
}

fn check(session: &Session, what: &str, holds: bool) -> TestResult {
    if holds { Ok(()) } else { Err(Failure::new(format!("not so: {what}")).with(told(session))) }
}

fn is_trusted(session: &Session) -> bool {
    session.record().tls().stage == Stage::Secured && session.record().is_protected()
}

async fn delivers_over_tls(server: &dyn MailServer) -> TestResult {
    for (security, addr) in [("starttls", server.addr()), ("tls", server.tls_addr())] {
        let session = Line::to(addr).await?.run(trusting(security, json!({}))?).await?;
        let what = format!("{} took the message over {security}", server.name());
        check(&session, &what, is_trusted(&session) && session.summary().outcome == Outcome::Accepted)?;
        let (clear, encrypted) = session.record().carried();
        check(&session, "TLS from the first octet leaves nothing in clear", security != "tls" || clear == (0, 0))?;
        check(&session, "ciphertext was counted", encrypted.0 > 500 && encrypted.1 > 500)?;
    }
    Ok(())
}

#[tokio::test]
async fn postfix_takes_a_message_over_starttls_and_over_tls_from_the_first_octet() -> TestResult {
    delivers_over_tls(&Postfix::setup().start().await?).await
}

#[tokio::test]
async fn exim_takes_a_message_over_starttls_and_over_tls_from_the_first_octet() -> TestResult {
    delivers_over_tls(&Exim::setup().start().await?).await
}

#[tokio::test]
async fn chasquid_takes_a_message_over_starttls() -> TestResult {
    let server = Chasquid::setup().start().await?;
    let session = Line::to(server.addr()).await?.run(trusting("starttls", json!({}))?).await?;
    check(&session, "chasquid took the message", is_trusted(&session) && session.summary().outcome == Outcome::Accepted)
}

async fn signs_in(server: &dyn MailServer, user: &str, mechanisms: &[&str]) -> TestResult {
    for mechanism in mechanisms {
        let fields = trusting("tls", with(mechanism, user))?;
        let session = Line::to(server.tls_addr()).await?.run(fields).await?;
        let what = format!("{} let {user} in by {mechanism}", server.name());
        check(
            &session,
            &what,
            (session.record().sign_in().state == SignInState::Done) && session.summary().outcome == Outcome::Accepted,
        )?;
        let talk = session.talk().to_string();
        check(
            &session,
            "the server's proof is masked as well",
            !talk.contains(" dj0") && session.plain().contains("v=••••••") == mechanism.starts_with("SCRAM"),
        )?;
        let again = Case::open(&talk).map_err(|error| Failure::new(error.to_string()))?;
        let odd = |case: &Case| case.entries(0).into_iter().flat_map(|entry| entry.oddities).collect::<Vec<_>>();
        check(&session, "a mask is no oddity of the server's", odd(&again) == odd(session.case()))?;
        check(
            &session,
            "what is saved reads back the same",
            again.plain() == session.plain() && again.talk().to_string() == talk,
        )?;
        let mut wrong = trusting("tls", with(mechanism, user))?;
        wrong["sign_in"]["password"] = json!("not-it");
        let session = Line::to(server.tls_addr()).await?.run(wrong).await?;
        let what = format!("{} refused the wrong password by {mechanism}", server.name());
        check(&session, &what, session.sign_in_state() == SignInState::Refused && codes(&session).contains(&535))?;
        for text in [session.plain(), session.talk().to_string(), session.json(), format!("{session:?}")] {
            check(&session, "no export holds the password", !text.contains("not-it") && !text.contains("bm90LWl0"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn postfix_lets_in_by_every_mechanism_that_it_offers() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    let all = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];
    signs_in(&server, "tester@domain.test", &all).await?;
    let session = Line::to(server.addr()).await?.run(trusting("starttls", with("SCRAM-SHA-256", "tester"))?).await?;
    check(&session, "SCRAM over STARTTLS", session.record().sign_in().state == SignInState::Done)?;
    let mut offered = session.record().offered_mechanisms();
    offered.retain(|one| *one != "DIGEST-MD5");
    offered.sort_unstable();
    let mut known = all.to_vec();
    known.sort_unstable();
    check(&session, "the tests hold every mechanism that Postfix offers", offered == known)
}

#[tokio::test]
async fn exim_lets_in_by_every_mechanism_that_it_offers() -> TestResult {
    signs_in(&Exim::setup().start().await?, "tester", &["PLAIN", "LOGIN", "CRAM-MD5"]).await
}

#[tokio::test]
async fn chasquid_lets_in_by_plain() -> TestResult {
    signs_in(&Chasquid::setup().start().await?, "tester@domain.test", &["PLAIN"]).await
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_can_be_tried_and_is_refused() -> TestResult {
    let server = Exim::setup().start().await?;
    let fields = trusting("tls", with("SCRAM-SHA-256", "tester"))?;
    let session = Line::to(server.tls_addr()).await?.run(fields).await?;
    check(&session, "Exim refused", session.sign_in_state() == SignInState::Refused)
}

#[tokio::test]
async fn credentials_are_not_sent_in_clear_text_or_to_a_stranger_without_the_persons_word() -> TestResult {
    let server = Postfix::setup().auth().start().await?;
    let line = Line::to(server.addr()).await?;
    for security in ["none", "starttls"] {
        // Without the tests' authority the certificate is not trusted.
        let mut fields = with("PLAIN", "tester@domain.test");
        fields["security"] = json!(security);
        let session = line.run(fields.clone()).await?;
        check(
            &session,
            "nothing went out",
            !session.plain().contains("-> AUTH") && (session.record().sign_in().state != SignInState::Done),
        )?;
        check(&session, "it is told why", session.credentials_withheld().is_some())?;
        fields["allow_credentials"] = json!(true);
        let session = line.run(fields).await?;
        check(&session, "with the person's word it goes out", session.record().sign_in().state == SignInState::Done)?;
        check(&session, "clear text is told", session.record().sign_in().sent_in_clear == (security == "none"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_stops_nothing_and_is_told_precisely() -> TestResult {
    let server = Postfix::setup().start().await?;
    let line = Line::to(server.addr()).await?;
    let cases = [
        (json!({ "security": "starttls" }), ProblemKind::UnknownIssuer),
        (trusting("starttls", json!({ "tls_check_name": "other.domain.test" }))?, ProblemKind::WrongName),
    ];
    for (fields, kind) in cases {
        let session = line.run(fields).await?;
        let report = session.record().tls().report().ok_or_else(|| Failure::new("no report").with(told(&session)))?;
        check(&session, &format!("{kind:?} is told"), !report.verdict.trusted && report.verdict.has(kind))?;
        check(&session, "the message went all the same", session.summary().outcome == Outcome::Accepted)?;
    }
    Ok(())
}

#[tokio::test]
async fn starttls_that_is_typed_by_hand_goes_on_in_the_same_conversation() -> TestResult {
    let server = Postfix::setup().start().await?;
    let mut call = Line::to(server.addr()).await?.open(trusting("none", json!({}))?).await?;
    call.say("EHLO client.example").await?;
    call.say("STARTTLS").await?;
    let session = call.session();
    check(session, "the handshake was made", is_trusted(session))?;
    check(session, "the extensions are forgotten", session.record().capabilities().extensions.is_empty())?;
    let proposed = session.view().proposal.map(|step| step.text);
    check(session, "EHLO is proposed again", proposed.as_deref() == Some("EHLO client.example"))?;
    call.next().await?;
    let changes = call.session().record().offer_changes();
    let gone: Vec<String> = changes.into_iter().flat_map(|all| all.gone).map(|one| one.keyword).collect();
    check(call.session(), "STARTTLS is offered no more", gone == ["STARTTLS"])?;
    let (clear, rest): (Vec<_>, Vec<_>) = {
        let at = call.carried().iter().position(|piece| piece == b"STARTTLS\r\n").map_or(0, |at| at + 1);
        let mut all = call.carried();
        let rest = all.split_off(at);
        (all, rest)
    };
    check(call.session(), "before it, clear text", clear.iter().all(|piece| piece.is_ascii()))?;
    let tls = |piece: &Vec<u8>| matches!(piece.as_slice(), [20..=23, 3, 0..=4, ..]);
    check(call.session(), "after it, TLS records only", !rest.is_empty() && rest.iter().all(tls))
}
