//! Secrets that the session itself sends: found in what goes out, and nowhere else, whichever the mechanism.

use ehlo_core::base64::{decode, encode};
use ehlo_core::case::Case;
use ehlo_core::machine::{Action, Input, Output, Secured, Session, Setup};
use ehlo_core::reading::lint::lint;
use ehlo_core::reading::meaning;
use ehlo_core::record::Side;
use ehlo_core::sasl::Mechanism;
use ehlo_core::time::Now;
use ehlo_core::tls::{Binding, Report};

pub(crate) const TRUSTED: &str = r#"{"version":"TLS 1.3","suite":"TLS_AES_128_GCM_SHA256","verdict":{"trusted":true},"client_certificate":"not-asked"}"#;
const PASSWORD: &str = "planted-Passw0rd!";
const TOKEN: &str = "planted.Access~Token";
const KEY: &str = "cGxhbnRlZENsaWVudEtleQ";

/// Whether `shown` holds `secret`, its base64 at any offset, or its octets as numbers.
fn holds(shown: &str, secret: &str) -> bool {
    let shifted = (0..3).map(|shift| {
        let encoded = encode(&[&b"xx"[..shift], secret.as_bytes()].concat());
        // The first and the last letters depend on what stands beside.
        let whole = encoded.trim_end_matches('=');
        whole[4..whole.len() - 1].to_owned()
    });
    let numbers = format!("{:?}", secret.as_bytes());
    let forms = shifted.chain([secret.to_owned(), numbers.trim_matches(['[', ']']).to_owned()]);
    forms.into_iter().any(|form| shown.contains(&form))
}

/// Everything that can be seen of a session, or that leaves it, but for what is sent.
fn seen(session: &Session) -> String {
    let talk = session.talk().to_string();
    let again = Case::open(&talk).unwrap();
    let facts = (0..session.record().replies().len())
        .map(|id| serde_json::to_string(&meaning::of(session.case(), id)).unwrap());
    [
        format!("{session:?} {:?}", session.setup()),
        serde_json::to_string(&session.view()).unwrap(),
        serde_json::to_string(&session.entries(0)).unwrap(),
        serde_json::to_string(&session.report()).unwrap(),
        format!("{:?}", lint(session.case(), "AUTH PLAIN")),
        facts.collect(),
        session.json(),
        session.markdown(),
        session.plain(),
        format!("{again:?}"),
        again.json(),
        talk,
    ]
    .join("\n")
}

struct Held {
    session: Session,
    sent: Vec<u8>,
}

impl Held {
    fn input(&mut self, input: Input<'_>) {
        assert_eq!(self.session.handle(Now(0), input), Ok(()));
        self.check();
        loop {
            match self.session.poll() {
                Output::Idle(_) => break,
                output => {
                    let shown = format!("{output:?}");
                    assert!(!holds(&shown, PASSWORD) && !holds(&shown, TOKEN) && !holds(&shown, KEY), "{shown}");
                    if let Output::Send(octets) = output {
                        self.sent.extend(octets);
                    }
                }
            }
        }
        self.check();
    }

    fn check(&self) {
        let seen = seen(&self.session);
        for secret in [PASSWORD, TOKEN, KEY] {
            assert!(!holds(&seen, secret), "{secret} in {seen}");
        }
    }

    fn says(&mut self, line: &str) {
        self.input(Input::Bytes([line, "\r\n"].concat().as_bytes()));
    }

    /// What the last line that was sent stands for.
    fn last_decoded(&self) -> String {
        let sent = String::from_utf8(self.sent.clone()).unwrap();
        let word = sent.trim_end().rsplit(['\n', ' ']).next().unwrap_or_default().to_owned();
        decode(word.as_bytes()).map_or(String::new(), |(octets, _)| String::from_utf8_lossy(&octets).into_owned())
    }
}

/// Signs in with one mechanism; `last` is the server's last word.
fn signs_in(mechanism: Mechanism, initial: bool, last: &str) -> Held {
    let setup = format!(
        r#"{{"host":"mx.example","port":465,"security":"tls","seed":"q7Xw2rT9nBv4KdLz8YpA",
            "tls_client":"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n",
            "sign_in":{{"mechanism":"{}","user":"tester","password":"{PASSWORD}","token":"{TOKEN}","initial_response":{initial}}}}}"#,
        mechanism.word()
    );
    let setup = Setup::from_json(&setup).unwrap();
    let mut held = Held { session: Session::new(Now(0), setup), sent: Vec::new() };
    held.input(Input::Opened);
    let binding = Some(Binding { exporter: Some([7; 32]), server_end_point: Some(vec![9; 32]) });
    held.input(Input::Secured(Secured { report: Box::new(Report::from_json(TRUSTED).unwrap()), binding }));
    held.says("220 mx.example ESMTP");
    held.input(Input::Do(Action::Next {}));
    held.says(&["250-mx.example\r\n250 AUTH ", &Mechanism::ALL.map(Mechanism::word).join(" ")].concat());
    held.input(Input::Do(Action::Next {}));
    for _ in 0..6 {
        if held.session.record().awaiting().is_none() {
            break;
        }
        let said = held.last_decoded();
        let nonce = said.split("r=").nth(1).map(|rest| rest.split(',').next().unwrap_or_default().to_owned());
        let first = || nonce.map(|nonce| format!("r={nonce}server,s=QSXCR+Q6sek8bf92,i=2"));
        let asked = String::from_utf8_lossy(&held.sent).lines().filter(|line| !line.starts_with("EHLO")).count();
        let challenge = match (mechanism, asked) {
            (Mechanism::Login, 1) => Some("Username:".to_owned()),
            (Mechanism::Login, 2) => Some("Password:".to_owned()),
            (Mechanism::CramMd5, 1) => Some("<1896.697170952@mx.example>".to_owned()),
            (one, 1) if !initial && one.speaks_first() => Some(String::new()),
            (one, _) if one.is_scram() && said.contains(",n=") => first(),
            _ => None,
        };
        match challenge {
            Some(text) => held.says(&["334 ", &encode(text.as_bytes())].concat()),
            None => held.says(last),
        }
        if held.session.record().sign_in().is_asked() {
            held.input(Input::Do(Action::Next {}));
        }
    }
    held
}

#[test]
fn every_mechanism_sends_its_secret_and_shows_it_nowhere() {
    for mechanism in Mechanism::ALL {
        for (initial, last) in [(true, "235 2.7.0 ok"), (false, "235 2.7.0 ok"), (true, "535 5.7.8 no")] {
            let held = signs_in(mechanism, initial, last);
            let code = held.session.record().replies().last().map(|reply| reply.code);
            assert_eq!(code, last[..3].parse().ok(), "{mechanism:?}\n{}", held.session.plain());
            let sent = String::from_utf8(held.sent).unwrap();
            let decoded: String = sent
                .split_whitespace()
                .filter_map(|word| decode(word.as_bytes()))
                .map(|(octets, _)| String::from_utf8_lossy(&octets).into_owned())
                .collect();
            if mechanism.reveals_password() {
                assert!(decoded.contains(PASSWORD) || decoded.contains(TOKEN), "{mechanism:?}: {sent}");
            }
            assert_eq!(decoded.contains(",p="), mechanism.is_scram(), "{mechanism:?}: {decoded}");
            let shown = held.session.record().transcript().entries().iter().filter(|entry| entry.side == Side::Client);
            assert!(shown.count() >= 2, "{mechanism:?}");
        }
    }
}

#[test]
fn credentials_wait_for_the_persons_word_and_are_seen_nowhere_meanwhile() {
    let setup = format!(
        r#"{{"host":"mx.example","sign_in":{{"user":"tester","password":"{PASSWORD}"}},"tls_check_name":"mx.example"}}"#
    );
    let mut held = Held { session: Session::new(Now(0), Setup::from_json(&setup).unwrap()), sent: Vec::new() };
    held.input(Input::Opened);
    held.says("220 mx.example ESMTP");
    held.input(Input::Do(Action::Run {}));
    held.says("250-mx.example\r\n250 AUTH PLAIN");
    assert!(held.session.credentials_withheld().is_some());
    assert!(!String::from_utf8_lossy(&held.sent).contains("AUTH"), "nothing is sent by itself");
    held.input(Input::Do(Action::from_json(r#"{"do":"allow","what":"credentials"}"#).unwrap()));
    held.input(Input::Do(Action::Next {}));
    assert!(String::from_utf8_lossy(&held.sent).contains("AUTH PLAIN "));
}
