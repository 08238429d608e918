//! Reading the relay's messages, field by field: the page's module stays small.

use super::{About, Answer, Closer, Code, Connected, FromRelay, Guess, Refusal};
use crate::domain::mta_sts::PolicyAnswer;
use crate::json::{Mistake, Object, Value, known, sixteen_bits};

impl FromRelay {
    /// Reads a message of the relay.
    ///
    /// Fields that are not known are passed over, missing ones count as empty, and a code that is not known counts as
    /// [`Code::Internal`]: a newer relay can say more, and its last word is never lost.
    ///
    /// # Errors
    /// It is no JSON object, or of a `type` that is not known.
    pub fn from_json(text: &str) -> Result<Self, Mistake> {
        let mut object = Object::parse(text)?;
        let object = &mut object;
        let kind = object.or_empty("type");
        Ok(match kind.as_str() {
            "resolved" => Self::Resolved {
                name: object.or_empty("name"),
                addresses: object.all_texts("addresses"),
                ms: object.or_zero("ms"),
            },
            "attempt" => Self::Attempt {
                address: object.or_empty("address"),
                error: code(object, "error"),
                ms: object.or_zero("ms"),
            },
            "connected" => Self::Connected(Connected {
                session: object.or_empty("session"),
                address: object.or_empty("address"),
                port: sixteen_bits(object.or_zero("port")),
                local: object.text("local")?,
                local_name: object.text("local_name")?,
                ms: object.or_zero("ms"),
            }),
            "error" => Self::Error(Refusal {
                code: code(object, "code"),
                message: object.or_empty("message"),
                session: object.or_empty("session"),
                retry_after: Some(object.or_zero("retry_after")).filter(|&seconds| seconds > 0),
                guess: known(&object.or_empty("guess"), &Guess::WORDS),
            }),
            "eof" => Self::Eof {},
            "closed" => Self::Closed {
                by: known(&object.or_empty("by"), &Closer::WORDS).unwrap_or(Closer::Relay),
                code: code(object, "code"),
                sent: object.or_zero("sent"),
                received: object.or_zero("received"),
            },
            "answer" => Self::Answer(Answer::take(object)?),
            "mta_sts" => Self::MtaSts(Box::new(PolicyAnswer::take(object)?)),
            "about" => Self::About(About {
                version: object.or_empty("version"),
                profile: object.or_empty("profile"),
                ports: ports(object),
                hosts: object.flag("hosts")?.unwrap_or(true),
                targets: object.all_texts("targets"),
                token: object.flag("token")?.unwrap_or_default(),
                admitted: object.flag("admitted")?.unwrap_or(true),
                page_hash: object.text("page_hash")?,
            }),
            _ => return Err(Mistake::new("type", "is not known")),
        })
    }
}

impl Guess {
    /// Each guess with its word.
    pub const WORDS: [(&str, Self); 6] = [
        ("ssh", Self::Ssh),
        ("http", Self::Http),
        ("imap", Self::Imap),
        ("pop3", Self::Pop3),
        ("tls", Self::Tls),
        ("unknown", Self::Unknown),
    ];
}

impl Closer {
    /// Each closer with its word.
    pub const WORDS: [(&str, Self); 3] = [("target", Self::Target), ("client", Self::Client), ("relay", Self::Relay)];
}

fn code(object: &mut Object, field: &str) -> Code {
    Code::from_word(&object.or_empty(field)).unwrap_or(Code::Internal)
}

fn ports(object: &mut Object) -> Vec<u16> {
    let list = object.list("ports").ok().flatten().unwrap_or_default();
    list.iter().filter_map(Value::as_u64).map(sixteen_bits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dns::{Dnssec, Rcode, Record, RecordType};
    use crate::domain::mta_sts::{Mode, Policy};

    #[test]
    fn every_message_of_the_relay_is_read_as_it_was_written() {
        let records = vec![
            Record::Mx { preference: 10, exchange: "mx.example".into() },
            Record::A { address: "192.0.2.1".into() },
            Record::Aaaa { address: "2001:db8::1".into() },
            Record::Ptr { name: "host.example".into() },
            Record::Txt { text: "v=spf1 -all".into() },
            Record::Tlsa { usage: 3, selector: 1, matching: 1, data: "00ff".into() },
            Record::Cname { name: "other.example".into() },
            Record::Srv { priority: 1, weight: 2, port: 587, target: "mail.example".into() },
        ];
        let mut all = vec![
            FromRelay::Resolved { name: "mx.example".into(), addresses: vec!["192.0.2.1".into()], ms: 1 },
            FromRelay::Connected(Connected {
                session: "s".into(),
                address: "192.0.2.1".into(),
                port: 25,
                local: Some("198.51.100.7:4711".into()),
                local_name: None,
                ms: 2,
            }),
            FromRelay::Eof {},
            FromRelay::MtaSts(Box::new(PolicyAnswer {
                domain: "example".into(),
                id: Some("1".into()),
                text: Some("version: STSv1".into()),
                policy: Some(Policy { mode: Mode::Testing, max_age: 86_400, mx: vec!["mail.example".into()] }),
                problem: Some("none".into()),
                ms: 5,
            })),
            FromRelay::About(About {
                version: "1".into(),
                profile: "personal".into(),
                ports: vec![25, 587],
                hosts: false,
                targets: vec!["practice".into()],
                token: false,
                admitted: false,
                page_hash: Some("0123abcd".into()),
            }),
        ];
        all.extend(Code::ALL.map(|error| FromRelay::Attempt { address: "192.0.2.1".into(), error, ms: 3 }));
        all.extend(Closer::WORDS.map(|(_, by)| FromRelay::Closed { by, code: Code::Done, sent: 1, received: 2 }));
        all.extend(Guess::WORDS.map(|(_, guess)| {
            let (code, message, session) = (Code::NotSmtp, "x".into(), "s".into());
            FromRelay::Error(Refusal { code, message, session, retry_after: Some(3), guess: Some(guess) })
        }));
        for ((_, rcode), (_, dnssec)) in Rcode::WORDS.into_iter().zip(Dnssec::WORDS.into_iter().cycle()) {
            for (_, rtype) in RecordType::WORDS {
                let (name, records) = ("example".into(), records.clone());
                all.push(FromRelay::Answer(Answer { name, rtype, rcode, records, ttl: Some(60), dnssec, ms: 4 }));
            }
        }
        for message in all {
            assert_eq!(FromRelay::from_json(&message.to_json()), Ok(message.clone()), "{}", message.to_json());
        }
    }
}
