//! The message that the plan sends: headers are made where only the essentials are given (RFC 5322 §3.6).
//!
//! A library for this was 40 kB of the page's module before packing; a test mail needs eight headers.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base64::encode;
use crate::setup::{Composed, Message, PlanSettings, Setup};
use crate::time::civil::Civil;
use crate::wire::body::with_crlf;

/// The octets of the planned message, before dots are doubled.
pub fn octets(setup: &Setup, settings: &PlanSettings, own_name: &str) -> Arc<Vec<u8>> {
    match &settings.message {
        Message::Text(text) => Arc::new(with_crlf(text.as_bytes()).into_owned()),
        Message::Bytes(bytes) => bytes.clone(),
        Message::Composed(composed) => Arc::new(compose(setup, settings, composed, own_name)),
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
    let own_name = own_name.trim_matches(['[', ']']);
    let body = with_crlf(composed.body.as_bytes());
    let mut out = String::new();
    let mut header = |name: &str, value: &str| {
        let given = composed.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        if !given {
            push_header(&mut out, name, value);
        }
    };
    header("Date", &date(setup.started.unwrap_or_default() / 1000, setup.offset));
    match settings.from.as_str() {
        // A bounce has no reverse-path, and still needs a From.
        "" => header("From", &["<MAILER-DAEMON@", own_name, ">"].concat()),
        from => header("From", &["<", from, ">"].concat()),
    }
    let to: Vec<String> = settings.to.iter().map(|to| ["<", to, ">"].concat()).collect();
    header("To", if to.is_empty() { "undisclosed-recipients:;".to_owned() } else { to.join(",\r\n ") }.as_str());
    header("Subject", &composed.subject);
    header("Message-ID", &message_id(setup, settings, own_name));
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    let plain = body.is_ascii() && body.split(|&b| b == b'\n').all(|line| line.len() <= LINE_MAX);
    header("Content-Transfer-Encoding", if plain { "7bit" } else { "base64" });
    for (name, value) in &composed.headers {
        push_header(&mut out, name, value);
    }
    out.push_str("\r\n");
    let mut out = out.into_bytes();
    if plain {
        out.extend_from_slice(&body);
    } else {
        // 57 octets make a line of 76 characters (RFC 2045 §6.8).
        for piece in body.chunks(57) {
            out.extend_from_slice(encode(piece).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

/// The most octets that a line may have with its end (RFC 5322 §2.1.1).
const LINE_MAX: usize = 999;

fn push_header(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(": ");
    if value.is_ascii() {
        out.push_str(value);
    } else {
        encoded_words(out, value);
    }
    out.push_str("\r\n");
}

/// Text beyond ASCII as encoded words, in lines of at most 76 characters (RFC 2047 §2).
fn encoded_words(out: &mut String, text: &str) {
    let mut rest = text;
    let mut used = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    while !rest.is_empty() {
        // What is left of the line, less the word's 12 characters of frame, holds three octets in four.
        let mut cut = rest.len().min(76_usize.saturating_sub(used + 12) / 4 * 3).max(rest.len().min(4));
        while !rest.is_char_boundary(cut) {
            cut -= 1;
        }
        let (word, tail) = rest.split_at(cut);
        out.push_str(&["=?utf-8?B?", &encode(word.as_bytes()), "?="].concat());
        if !tail.is_empty() {
            out.push_str("\r\n ");
        }
        (rest, used) = (tail, 1);
    }
}

fn message_id(setup: &Setup, settings: &PlanSettings, own_name: &str) -> String {
    let seed: String = setup.seed.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let started = setup.started.unwrap_or_default();
    format!("<{started:x}.{seed}@{}>", super::id_domain(settings, own_name))
}

/// Seconds since 1970 as a date of RFC 5322 §3.3; the offset is in minutes east of UTC.
fn date(seconds: u64, offset: i32) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let local = Civil::of(i64::try_from(seconds).unwrap_or_default() + i64::from(offset) * 60);
    let Civil { year, day, hour, minute, second, .. } = local;
    let (weekday, month) = (DAYS[local.weekday], MONTHS[(local.month - 1) as usize]);
    let (sign, minutes) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    let zone = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
    format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} {zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(json: &str) -> String {
        let setup = Setup::from_json(json).unwrap();
        String::from_utf8(octets(&setup, &setup.plan, "test.example").to_vec()).unwrap()
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
    fn the_first_encoded_word_fills_its_line_whatever_the_name_of_the_header() {
        for name in ["To", "Cc2", "From", "Reply", "Sender", "Subject", "X-Name-Of-A-Header"] {
            let mut out = String::from("Date: x\r\n");
            super::push_header(&mut out, name, &["\u{fc}", &"a".repeat(200)].concat());
            let long = out.lines().map(str::len).nth(1);
            assert!(long.is_some_and(|long| (73..=76).contains(&long)), "{name}: {out}");
        }
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
    fn text_beyond_ascii_is_encoded_and_short_lines_stay_short() {
        let message = made(
            r#"{"host":"x.example","to":["a@b.example"],"message":{"subject":"Grüße aus Köln, und noch viel mehr schöne Wörter","body":"schön\n"}}"#,
        );
        let long = message.lines().map(str::len).max();
        assert!(message.is_ascii() && long.is_some_and(|long| (70..=76).contains(&long)), "{long:?} in {message}");
        assert!(message.contains("Subject: =?utf-8?B?R3LDvMOfZSBhdXMg"), "{message}");
        assert!(
            message.contains("Content-Transfer-Encoding: base64\r\n") && message.ends_with("c2Now7ZuDQo=\r\n"),
            "{message}"
        );
    }

    #[test]
    fn the_date_is_told_in_the_persons_zone() {
        assert_eq!(date(0, 0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(951_827_696, 0), "Tue, 29 Feb 2000 12:34:56 +0000");
        assert_eq!(date(1_732_380_000, 120), "Sat, 23 Nov 2024 18:40:00 +0200");
        assert_eq!(date(4_107_542_400, 0), "Mon, 1 Mar 2100 00:00:00 +0000");
        assert_eq!(date(0, -330), "Wed, 31 Dec 1969 18:30:00 -0530");
    }
}
