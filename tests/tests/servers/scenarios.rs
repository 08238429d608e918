//! One list of scenarios, the same for every mail server; what the servers answer differently is in a table.

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::Action;
use ehlo_core::setup::PlanChange;
use ehlo_tests::TestResult;
use ehlo_tests::conversation::told;
use ehlo_tests::servers::{Chasquid, Exim, MailServer, Postfix, holds};
use serde_json::json;

use crate::support::{IN_ORDER, Line, MESSAGE, codes, expect, findings, sent};

/// What one server answers.
struct Answers {
    /// To RCPT for a mailbox that does not exist, and what Ehlo finds in it.
    unknown: (u16, &'static str),
    /// To RCPT for a foreign domain.
    relaying: (u16, &'static str),
    /// The message size that is announced.
    limit: usize,
    /// To MAIL with a SIZE above it; none where the server waits for the message.
    too_large_at_mail: Option<u16>,
    too_large_at_end: u16,
    /// To VRFY.
    vrfy: u16,
    /// To a line that is no command.
    garbage: u16,
    /// To such lines until it has had enough.
    errors: &'static [u16],
    /// What Ehlo makes of that end.
    enough: Enough,
    /// To DATA behind MAIL and RCPT that were all refused.
    data_for_nobody: u16,
    /// Whether the reply to the final dot names the message.
    queue_id: bool,
}

const POSTFIX: Answers = Answers {
    unknown: (550, "user-unknown-virtual"),
    relaying: (554, "relaying-denied"),
    limit: 20_000,
    too_large_at_mail: Some(552),
    too_large_at_end: 552,
    vrfy: 252,
    garbage: 500,
    // After the third error it adds a reply that nobody has asked for.
    errors: &[220, 500, 500, 500, 421],
    enough: Enough { by: Some((421, "")), findings: "too-many-errors", ending: "server-closing" },
    data_for_nobody: 554,
    queue_id: true,
};

const EXIM: Answers = Answers {
    unknown: (550, "user-unknown"),
    relaying: (550, "relaying-denied"),
    limit: 20_000,
    too_large_at_mail: Some(552),
    too_large_at_end: 552,
    vrfy: 252,
    garbage: 500,
    errors: &[220, 500, 500, 500, 500],
    enough: Enough { by: None, findings: "too-many-errors", ending: "server-closed" },
    data_for_nobody: 503,
    queue_id: true,
};

const CHASQUID: Answers = Answers {
    unknown: (550, "user-unknown"),
    relaying: (503, "relaying-denied"),
    limit: 1 << 20,
    too_large_at_mail: None,
    too_large_at_end: 552,
    vrfy: 502,
    garbage: 500,
    errors: &[220, 500, 500, 421],
    enough: Enough { by: Some((421, "the command")), findings: "too-many-errors", ending: "server-closing" },
    data_for_nobody: 503,
    queue_id: false,
};

/// How a server ends a conversation of errors: the reply that decided, the findings, the ending's kind.
struct Enough {
    by: Option<(u16, &'static str)>,
    findings: &'static str,
    ending: &'static str,
}

/// A running server, its answers, and the way to it.
struct Scene {
    server: Box<dyn MailServer>,
    answers: Answers,
    line: Line,
}

impl Scene {
    async fn new(server: Box<dyn MailServer>, answers: Answers) -> TestResult<Self> {
        let line = Line::to(server.addr()).await?;
        Ok(Self { server, answers, line })
    }

    async fn postfix() -> TestResult<Self> {
        let server = Postfix::setup().message_size_limit(POSTFIX.limit).hard_error_limit(3).start().await?;
        Self::new(Box::new(server), POSTFIX).await
    }

    async fn exim() -> TestResult<Self> {
        let server = Exim::setup().message_size_limit(EXIM.limit).start().await?;
        Self::new(Box::new(server), EXIM).await
    }

    async fn chasquid() -> TestResult<Self> {
        Self::new(Box::new(Chasquid::setup().start().await?), CHASQUID).await
    }
}

/// A test for each scenario and server: the scenario's name, in a module with the server's.
macro_rules! scenarios {
    ($($name:ident)+) => {
        scenarios! { @server postfix $($name)+ }
        scenarios! { @server exim $($name)+ }
        scenarios! { @server chasquid $($name)+ }
    };
    (@server $server:ident $($name:ident)+) => {
        mod $server {
            $(
                #[tokio::test]
                async fn $name() -> ehlo_tests::TestResult {
                    let scene = super::Scene::$server().await?;
                    super::$name(&scene).await.map_err(|failure| failure.with(scene.server.log()))
                }
            )+
        }
    };
}

scenarios! {
    a_message_arrives_byte_for_byte
    an_unknown_user_is_refused
    a_foreign_domain_is_refused
    a_message_that_says_its_size_is_refused_when_it_is_too_large
    a_message_that_does_not_say_its_size_is_refused_when_it_is_too_large
    too_many_errors_end_the_conversation
    vrfy_is_answered
    a_second_mail_follows_in_the_same_connection
    commands_go_out_in_one_group
    a_group_whose_recipients_are_all_refused_sends_no_message
    each_recipient_has_its_own_answer
    a_null_sender_is_taken
    the_plan_stops_where_it_is_told_to
    garbage_is_answered_and_the_mail_still_goes_through
    helo_is_enough
}

/// Dots in every place, a line as long as a line may be (RFC 5321, section 4.5.3.1.6: 1000 octets with its end), and
/// letters beyond ASCII.
async fn a_message_arrives_byte_for_byte(scene: &Scene) -> TestResult {
    let long = "x".repeat(998);
    let lines =
        ["", ".", "..", "...three", ".begins with a dot", " indented ", "Zwölf Boxkämpfer — 漢字", &long, ".", ""];
    let message = format!("{MESSAGE}{}\nend.\n", lines.join("\n"));
    let session = scene.line.run(json!({ "message": message })).await?;
    expect(&session, Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)?;
    assert_eq!(codes(&session), [220, 250, 250, 250, 354, 250, 221]);
    assert_eq!(session.summary().queue_id.is_some(), scene.answers.queue_id, "{}", told(&session));
    let mails = scene.server.mailbox().mails(1).await?;
    assert_eq!(mails.len(), 1);
    assert!(holds(&mails[0], message.as_bytes()), "stored {:?}", String::from_utf8_lossy(&mails[0]));
    Ok(())
}

async fn an_unknown_user_is_refused(scene: &Scene) -> TestResult {
    let (code, finding) = scene.answers.unknown;
    let session = scene.line.run(json!({ "to": ["nobody@domain.test"] })).await?;
    expect(&session, Outcome::Refused, Some((code, "RCPT TO")), finding, IN_ORDER)?;
    assert_eq!(sent(&session), "EHLO MAIL RCPT QUIT");
    assert!(session.summary().sentence.starts_with(&format!("Refused at RCPT TO with {code}")));
    Ok(())
}

async fn a_foreign_domain_is_refused(scene: &Scene) -> TestResult {
    let (code, finding) = scene.answers.relaying;
    let session = scene.line.run(json!({ "to": ["b@elsewhere.example"] })).await?;
    expect(&session, Outcome::Refused, Some((code, "RCPT TO")), finding, IN_ORDER)
}

/// A message somewhat above the server's limit.
fn too_large(scene: &Scene) -> String {
    let line = format!("{}\n", "y".repeat(70));
    format!("{MESSAGE}{}", line.repeat(scene.answers.limit / line.len() + 100))
}

async fn a_message_that_says_its_size_is_refused_when_it_is_too_large(scene: &Scene) -> TestResult {
    let session = scene.line.run(json!({ "message": too_large(scene), "size": true })).await?;
    assert!(session.record().capabilities().has("SIZE"), "{}", told(&session));
    match scene.answers.too_large_at_mail {
        Some(code) => {
            expect(&session, Outcome::Refused, Some((code, "MAIL FROM")), "message-too-large", IN_ORDER)?;
            assert_eq!(sent(&session), "EHLO MAIL QUIT");
            Ok(())
        }
        None => refused_at_the_end(scene, &session),
    }
}

async fn a_message_that_does_not_say_its_size_is_refused_when_it_is_too_large(scene: &Scene) -> TestResult {
    let session = scene.line.run(json!({ "message": too_large(scene) })).await?;
    refused_at_the_end(scene, &session)
}

fn refused_at_the_end(scene: &Scene, session: &ehlo_core::machine::Session) -> TestResult {
    let by = Some((scene.answers.too_large_at_end, "the end of the message"));
    expect(session, Outcome::Refused, by, "message-too-large", IN_ORDER)?;
    assert!(scene.server.mailbox().now().is_empty());
    Ok(())
}

async fn too_many_errors_end_the_conversation(scene: &Scene) -> TestResult {
    let Answers { errors, enough, .. } = &scene.answers;
    let mut conversation = scene.line.open(json!({})).await?;
    let wrong = errors.iter().filter(|code| **code == 500).count().max(3);
    for _ in 0..wrong {
        conversation.say("WRONG").await?;
    }
    conversation.end().await?;
    let session = conversation.into_session();
    assert_eq!(codes(&session), *errors, "{}", told(&session));
    // Without 421 the conversation broke off, and nothing was refused.
    let verdict = if enough.by.is_some() { Outcome::Refused } else { Outcome::Failed };
    expect(&session, verdict, enough.by, enough.findings, (enough.ending, "server"))
}

async fn vrfy_is_answered(scene: &Scene) -> TestResult {
    let mut conversation = scene.line.open(json!({ "until": "hello" })).await?;
    assert_eq!(conversation.next().await?, 250);
    assert_eq!(conversation.say("VRFY recipient@domain.test").await?, scene.answers.vrfy);
    assert_eq!(conversation.say("NOOP").await?, 250);
    assert_eq!(conversation.next().await?, 221);
    conversation.end().await?;
    expect(conversation.session(), Outcome::Stopped, None, "", IN_ORDER)
}

async fn a_second_mail_follows_in_the_same_connection(scene: &Scene) -> TestResult {
    let mut conversation = scene.line.open(json!({})).await?;
    assert_eq!(conversation.next().await?, 250);
    assert_eq!(conversation.next().await?, 250);
    assert_eq!(conversation.say("RSET").await?, 250);
    for code in [250, 250, 354, 250] {
        assert_eq!(conversation.next().await?, code, "{}", told(conversation.session()));
    }
    let second = MESSAGE.replace("testing", "testing again");
    let change = PlanChange::from_json(&json!({ "message": second }).to_string())?;
    conversation.act(Action::Plan(Box::new(change))).await?;
    conversation.act(Action::Run {}).await?;
    conversation.end().await?;
    let session = conversation.into_session();
    expect(&session, Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)?;
    assert_eq!(sent(&session).matches("MAIL").count(), 3);
    assert!(session.summary().sentence.contains("2 messages"), "{}", session.summary().sentence);
    let mails = scene.server.mailbox().mails(2).await?;
    assert_eq!(mails.len(), 2);
    for message in [MESSAGE, &second] {
        assert!(mails.iter().any(|mail| holds(mail, message.as_bytes())), "{message}");
    }
    Ok(())
}

async fn commands_go_out_in_one_group(scene: &Scene) -> TestResult {
    let to = ["recipient@domain.test", "nobody@domain.test", "second@domain.test"];
    let session = scene.line.run(json!({ "to": to, "pipelining": true })).await?;
    let (unknown, finding) = scene.answers.unknown;
    expect(&session, Outcome::Partly, Some((250, "the end of the message")), finding, IN_ORDER)?;
    assert_eq!(codes(&session), [220, 250, 250, 250, unknown, 250, 354, 250, 221]);
    // The group left before its first answer came (RFC 2920, section 3.1).
    let said = session.report().transcript;
    let mail = said.iter().position(|line| line.text.starts_with("MAIL")).unwrap_or_default();
    let group: Vec<_> = said[mail..mail + 5].iter().map(|line| line.text.split(' ').next().unwrap_or("")).collect();
    assert_eq!(group, ["MAIL", "RCPT", "RCPT", "RCPT", "DATA"], "{}", told(&session));
    scene.server.mailbox().mails(1).await?;
    Ok(())
}

async fn a_group_whose_recipients_are_all_refused_sends_no_message(scene: &Scene) -> TestResult {
    let session = scene.line.run(json!({ "to": ["nobody@domain.test"], "pipelining": true })).await?;
    let (unknown, finding) = scene.answers.unknown;
    assert_eq!(codes(&session), [220, 250, 250, unknown, scene.answers.data_for_nobody, 221], "{}", told(&session));
    assert!(findings(&session).contains(&finding), "{}", told(&session));
    let summary = session.summary();
    assert_eq!(summary.outcome, Outcome::Refused);
    // It is the recipient that was refused; that DATA failed then is a consequence.
    assert_eq!(summary.reply.map(|id| session.record().replies()[id].code), Some(unknown), "{}", told(&session));
    assert_eq!(sent(&session), "EHLO MAIL RCPT DATA QUIT");
    Ok(())
}

async fn each_recipient_has_its_own_answer(scene: &Scene) -> TestResult {
    let to = ["nobody@domain.test", "recipient@domain.test", "b@elsewhere.example", "second@domain.test"];
    let session = scene.line.run(json!({ "to": to })).await?;
    let answers = &scene.answers;
    assert_eq!(session.summary().outcome, Outcome::Partly, "{}", told(&session));
    let got: Vec<_> = session.view().envelope.recipients.into_iter().map(|one| (one.code, one.accepted)).collect();
    let no = |code| (Some(code), Some(false));
    let yes = (Some(250), Some(true));
    assert_eq!(got, [no(answers.unknown.0), yes, no(answers.relaying.0), yes]);
    assert!(session.summary().sentence.contains("refused 2 of 4 recipients"), "{}", session.summary().sentence);
    let mut wanted = [answers.unknown.1, answers.relaying.1];
    wanted.sort_unstable();
    assert_eq!(findings(&session), wanted);
    assert_eq!(scene.server.mailbox().mails(1).await?.len(), 1);
    Ok(())
}

async fn a_null_sender_is_taken(scene: &Scene) -> TestResult {
    let session = scene.line.run(json!({ "from": "" })).await?;
    expect(&session, Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)?;
    assert!(session.plain().contains("MAIL FROM:<>"), "{}", told(&session));
    scene.server.mailbox().mails(1).await?;
    Ok(())
}

async fn the_plan_stops_where_it_is_told_to(scene: &Scene) -> TestResult {
    let in_order =
        [("connect", "QUIT"), ("hello", "EHLO QUIT"), ("mail", "EHLO MAIL QUIT"), ("rcpt", "EHLO MAIL RCPT QUIT")];
    for (until, commands) in in_order {
        let session = scene.line.run(json!({ "until": until })).await?;
        expect(&session, Outcome::Stopped, None, "", IN_ORDER)?;
        assert_eq!(sent(&session), commands, "{until}");
    }
    // After 354 only an end without a word keeps the server from taking a message.
    let session = scene.line.run(json!({ "until": "data" })).await?;
    expect(&session, Outcome::Stopped, None, "", ("hung-up", "you"))?;
    assert_eq!(sent(&session), "EHLO MAIL RCPT DATA");
    assert!(scene.server.mailbox().now().is_empty());
    Ok(())
}

async fn garbage_is_answered_and_the_mail_still_goes_through(scene: &Scene) -> TestResult {
    let mut conversation = scene.line.open(json!({})).await?;
    assert_eq!(conversation.next().await?, 250);
    assert_eq!(conversation.say("WRONG").await?, scene.answers.garbage);
    conversation.act(Action::Run {}).await?;
    conversation.end().await?;
    expect(conversation.session(), Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)
}

async fn helo_is_enough(scene: &Scene) -> TestResult {
    let session = scene.line.run(json!({ "hello_verb": "HELO" })).await?;
    expect(&session, Outcome::Accepted, Some((250, "the end of the message")), "", IN_ORDER)?;
    assert!(session.record().capabilities().extensions.is_empty());
    assert!(sent(&session).starts_with("HELO MAIL"));
    Ok(())
}
