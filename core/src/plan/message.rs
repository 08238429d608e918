//! The message that the plan sends: headers are made where only the essentials are given (RFC 5322 §3.6).

use std::borrow::Cow;

use mail_builder::MessageBuilder;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;

use crate::session::setup::{Composed, Message, PlanSettings, Setup};
use crate::wire::body::with_crlf;

/// The octets of the planned message, before dots are doubled.
pub fn octets(setup: &Setup, settings: &PlanSettings, own_name: &str) -> Vec<u8> {
    match &settings.message {
        Message::Text(text) => with_crlf(text.as_bytes()).into_owned(),
        Message::Bytes(bytes) => bytes.clone(),
        Message::Composed(composed) => compose(setup, settings, composed, own_name),
    }
}

/// Whether the message can be shown and edited as text.
pub fn is_text(message: &Message) -> bool {
    match message {
        Message::Bytes(bytes) => {
            std::str::from_utf8(bytes).is_ok_and(|text| matches!(with_crlf(text.as_bytes()), Cow::Borrowed(_)))
        }
        Message::Text(_) | Message::Composed(_) => true,
    }
}

fn compose(setup: &Setup, settings: &PlanSettings, composed: &Composed, own_name: &str) -> Vec<u8> {
    let given = |name: &str| composed.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    let own_name = own_name.trim_matches(['[', ']']);
    let mut message = MessageBuilder::new();
    if !given("From") {
        let from = if settings.from.is_empty() { format!("MAILER-DAEMON@{own_name}") } else { settings.from.clone() };
        message = message.from(from);
    }
    if !given("To") {
        message = message.to(settings.to.clone());
    }
    if !given("Subject") {
        message = message.subject(composed.subject.as_str());
    }
    if !given("Date") {
        let seconds = i64::try_from(setup.started.unwrap_or_default() / 1000).unwrap_or_default();
        message = message.header("Date", Raw::new(date(seconds, setup.offset)));
    }
    if !given("Message-ID") {
        let seed: String = setup.seed.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        let started = setup.started.unwrap_or_default();
        message = message.message_id(format!("{started:x}.{seed}@{}", super::id_domain(settings, own_name)));
    }
    for (name, value) in &composed.headers {
        message = message.header(name.as_str(), Raw::new(value.as_str()));
    }
    let body = with_crlf(composed.body.as_bytes());
    let body = String::from_utf8_lossy(&body).into_owned();
    let made = message.text_body(body).write_to_vec().unwrap_or_default();
    with_crlf(&made).into_owned()
}

/// RFC 5322 §3.3; the offset is in minutes east of UTC.
fn date(seconds: i64, offset: i32) -> String {
    let local = Date::new(seconds + i64::from(offset) * 60).to_rfc822();
    let (sign, minutes) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    let cut = local.rfind(' ').unwrap_or(local.len());
    format!("{} {sign}{:02}{:02}", &local[..cut], minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(json: &str) -> String {
        let setup = Setup::from_json(json).unwrap();
        String::from_utf8(octets(&setup, &setup.plan, "test.example")).unwrap()
    }

    #[test]
    fn the_headers_are_made_and_the_body_stays_readable() {
        let message = made(
            r#"{"host":"mx.example","from":"a@b.example","to":["c@d.example"],"started":1732380000000,"offset":120,"seed":"s33d",
               "message":{"subject":"Hello","body":"testing\ntesting\n"}}"#,
        );
        for line in [
            "From: <a@b.example>\r\n",
            "To: <c@d.example>\r\n",
            "Subject: Hello\r\n",
            "Message-ID: <",
            "@b.example>",
            "+0200\r\n",
        ] {
            assert!(message.contains(line), "{line:?} is not in {message}");
        }
        assert!(message.ends_with("\r\n\r\ntesting\r\ntesting\r\n"), "{message:?}");
        assert!(!message.replace("\r\n", "").contains('\n'));
    }

    #[test]
    fn headers_that_are_given_replace_those_that_are_made() {
        let message =
            made(r#"{"host":"x.example","message":{"subject":"a","headers":[["Subject","b"],["X-Test","1"]]}}"#);
        assert!(message.contains("Subject: b\r\n") && !message.contains("Subject: a"));
        assert!(message.contains("X-Test: 1\r\n"));
    }

    #[test]
    fn a_whole_message_as_text_only_gets_its_line_ends() {
        assert_eq!(made(r#"{"host":"x.example","message":"A: b\n\nc"}"#), "A: b\r\n\r\nc");
    }

    #[test]
    fn the_date_is_told_in_the_persons_zone() {
        assert_eq!(date(0, 0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(0, -330), "Wed, 31 Dec 1969 18:30:00 -0530");
    }
}
