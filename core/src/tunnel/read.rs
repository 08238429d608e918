//! Reading the relay's messages, field by field: the page's module stays small.

use super::{About, Answer, Closer, Code, Connected, Dnssec, FromRelay, Guess, Rcode, Record, RecordType, Refusal};
use crate::domain::mta_sts::{Mode, Policy, PolicyAnswer};
use crate::json::{Mistake, Object, Value};

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
                port: port(object.or_zero("port")),
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

impl Answer {
    fn take(object: &mut Object) -> Result<Self, Mistake> {
        let records = object.list("records")?.unwrap_or_default();
        let rtype = known(&object.or_empty("rtype"), &RecordType::WORDS);
        Ok(Self {
            name: object.or_empty("name"),
            rtype: rtype.ok_or_else(|| Mistake::new("rtype", "is not known"))?,
            rcode: known(&object.or_empty("rcode"), &Rcode::WORDS).unwrap_or(Rcode::Other),
            records: records.into_iter().filter_map(Record::of).collect(),
            ttl: object.number("ttl")?,
            dnssec: known(&object.or_empty("dnssec"), &Dnssec::WORDS).unwrap_or(Dnssec::Unknown),
            ms: object.or_zero("ms"),
        })
    }
}

impl PolicyAnswer {
    fn take(object: &mut Object) -> Result<Self, Mistake> {
        Ok(Self {
            domain: object.or_empty("domain"),
            id: object.text("id")?,
            text: object.text("text")?,
            policy: object.given("policy").and_then(|value| Object::of(value).ok()).and_then(|mut policy| {
                Some(Policy {
                    mode: known(&policy.or_empty("mode"), &Mode::WORDS)?,
                    max_age: policy.or_zero("max_age"),
                    mx: policy.all_texts("mx"),
                })
            }),
            problem: object.text("problem")?,
            ms: object.or_zero("ms"),
        })
    }
}

impl Record {
    fn of(value: Value) -> Option<Self> {
        let mut object = Object::of(value).ok()?;
        Some(match known(&object.or_empty("type"), &RecordType::WORDS)? {
            RecordType::Mx => {
                Self::Mx { preference: port(object.or_zero("preference")), exchange: object.or_empty("exchange") }
            }
            RecordType::A => Self::A { address: object.or_empty("address") },
            RecordType::Aaaa => Self::Aaaa { address: object.or_empty("address") },
            RecordType::Ptr => Self::Ptr { name: object.or_empty("name") },
            RecordType::Txt => Self::Txt { text: object.or_empty("text") },
            RecordType::Tlsa => Self::Tlsa {
                usage: port(object.or_zero("usage")) as u8,
                selector: port(object.or_zero("selector")) as u8,
                matching: port(object.or_zero("matching")) as u8,
                data: object.or_empty("data"),
            },
            RecordType::Cname => Self::Cname { name: object.or_empty("name") },
            RecordType::Srv => Self::Srv {
                priority: port(object.or_zero("priority")),
                weight: port(object.or_zero("weight")),
                port: port(object.or_zero("port")),
                target: object.or_empty("target"),
            },
        })
    }
}

impl RecordType {
    /// Each type with its word.
    pub const WORDS: [(&str, Self); 8] = [
        ("MX", Self::Mx),
        ("A", Self::A),
        ("AAAA", Self::Aaaa),
        ("PTR", Self::Ptr),
        ("TXT", Self::Txt),
        ("TLSA", Self::Tlsa),
        ("CNAME", Self::Cname),
        ("SRV", Self::Srv),
    ];
}

impl Rcode {
    const WORDS: [(&str, Self); 6] = [
        ("no_error", Self::NoError),
        ("nx_domain", Self::NxDomain),
        ("serv_fail", Self::ServFail),
        ("refused", Self::Refused),
        ("timeout", Self::Timeout),
        ("other", Self::Other),
    ];
}

impl Dnssec {
    const WORDS: [(&str, Self); 4] =
        [("secure", Self::Secure), ("insecure", Self::Insecure), ("bogus", Self::Bogus), ("unknown", Self::Unknown)];
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

fn known<T: Copy>(word: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

fn code(object: &mut Object, field: &str) -> Code {
    Code::from_word(&object.or_empty(field)).unwrap_or(Code::Internal)
}

/// A number that has 16 bits on the wire.
fn port(number: u64) -> u16 {
    u16::try_from(number).unwrap_or_default()
}

fn ports(object: &mut Object) -> Vec<u16> {
    let list = object.list("ports").ok().flatten().unwrap_or_default();
    list.iter().filter_map(Value::as_u64).map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
