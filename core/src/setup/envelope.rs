//! What the plan asks of the server beside sender and recipients: the parameters of MAIL and RCPT, and how the message
//! is handed over. Each is used where its extension is offered, or where it is to be forced.

use crate::json::{Mistake, Object, Value};

/// Octets of a piece of BDAT, where none are given.
pub const CHUNK: usize = 64 * 1024;

/// Options of the envelope; empty and none stand for "not used".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How much of the message a report brings back: `FULL` or `HDRS` (RFC 3461 §4.3).
    pub ret: &'static str,
    /// The envelope identifier, before it is encoded (RFC 3461 §4.4).
    pub envid: String,
    /// What to report, as in `SUCCESS,DELAY` (RFC 3461 §4.1).
    pub notify: String,
    /// Whom the mail was meant for at first (RFC 3461 §4.2).
    pub orcpt: Orcpt,
    /// `7BIT`, `8BITMIME` or `BINARYMIME` (RFC 6152, RFC 3030 §3).
    pub body: &'static str,
    /// Whether the message goes by BDAT in place of DATA (RFC 3030 §2).
    pub chunking: bool,
    /// Octets of a piece of BDAT; none: [`CHUNK`].
    pub chunk: Option<usize>,
    /// Only over TLS with a checked certificate, all the way (RFC 8689).
    pub requiretls: bool,
    /// Until when to deliver, as in `120;R` (RFC 2852 §4).
    pub deliver_by: String,
    /// From -9 to 9 (RFC 6710 §4).
    pub mt_priority: Option<i8>,
    /// Seconds to keep the message back (RFC 4865 §4).
    pub hold_for: Option<u32>,
    /// The moment until which to keep it back (RFC 3339).
    pub hold_until: String,
    /// Goes behind MAIL as it is.
    pub mail_params: String,
    /// Goes behind each RCPT as it is.
    pub rcpt_params: String,
    /// What is used although the server does not offer it.
    pub force: Force,
    /// What XCLIENT says, as in `ADDR=192.0.2.1 NAME=client.example`.
    pub xclient: String,
    /// The domain, or `@domain` or `#queue`, whose mail ETRN asks for (RFC 1985 §5).
    pub etrn: String,
}

/// What ORCPT names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Orcpt {
    /// Nothing.
    #[default]
    None,
    /// The recipient itself.
    Recipient,
    /// Another address.
    Other(String),
}

/// What is used although it is not offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Force {
    /// Nothing.
    #[default]
    None,
    /// Whatever is chosen.
    All,
    /// What needs one of these extension keywords.
    These(Vec<String>),
}

impl Force {
    /// Whether what needs `keyword` is used all the same.
    pub fn has(&self, keyword: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(words) => words.iter().any(|word| word.eq_ignore_ascii_case(keyword)),
        }
    }
}

/// A change of some options; `null` takes one back.
#[derive(Clone, Debug, Default)]
pub struct OptionsChange(Vec<(&'static str, Value)>);

const FIELDS: [&str; 17] = [
    "ret",
    "envid",
    "notify",
    "orcpt",
    "body",
    "chunking",
    "chunk",
    "requiretls",
    "deliver_by",
    "mt_priority",
    "hold_for",
    "hold_until",
    "mail_params",
    "rcpt_params",
    "force",
    "xclient",
    "etrn",
];

const NOTIFY: [(&str, &str); 4] =
    [("never", "NEVER"), ("success", "SUCCESS"), ("failure", "FAILURE"), ("delay", "DELAY")];

impl OptionsChange {
    pub(super) fn take(object: &mut Object) -> Self {
        Self(FIELDS.into_iter().filter_map(|field| Some((field, object.given(field)?))).collect())
    }
}

impl Options {
    /// Takes over what `change` gives.
    ///
    /// # Errors
    /// Which field is wrong, and what to write instead.
    pub(super) fn change(&mut self, change: OptionsChange) -> Result<(), Mistake> {
        for (field, value) in change.0 {
            self.set(field, value)?;
        }
        Ok(())
    }

    fn set(&mut self, field: &str, value: Value) -> Result<(), Mistake> {
        let list = matches!(value, Value::Array(_));
        let text = matches!(value, Value::String(_));
        let mut object = Object::with(field, value);
        match field {
            "ret" => self.ret = object.word(field, &[("full", "FULL"), ("hdrs", "HDRS")])?.unwrap_or_default(),
            "body" => {
                const BODIES: [(&str, &str); 3] =
                    [("7bit", "7BIT"), ("8bitmime", "8BITMIME"), ("binarymime", "BINARYMIME")];
                self.body = object.word(field, &BODIES)?.unwrap_or_default();
            }
            "notify" => self.notify = notify(&object.texts(field)?.unwrap_or_default())?,
            "orcpt" if text => {
                let other = parameters(&mut object, field)?;
                self.orcpt = if other.is_empty() { Orcpt::None } else { Orcpt::Other(other) };
            }
            "orcpt" => {
                self.orcpt = if object.flag(field)?.unwrap_or_default() { Orcpt::Recipient } else { Orcpt::None };
            }
            "force" if list => self.force = Force::These(object.texts(field)?.unwrap_or_default()),
            "force" => self.force = if object.flag(field)?.unwrap_or_default() { Force::All } else { Force::None },
            "chunking" => self.chunking = object.flag(field)?.unwrap_or_default(),
            "requiretls" => self.requiretls = object.flag(field)?.unwrap_or_default(),
            "chunk" => self.chunk = within(&mut object, field, 1, 1 << 30)?.map(|octets| octets as usize),
            "mt_priority" => self.mt_priority = within(&mut object, field, -9, 9)?.map(|number| number as i8),
            "hold_for" => self.hold_for = within(&mut object, field, 0, 999_999_999)?.map(|number| number as u32),
            "deliver_by" => self.deliver_by = checked(&mut object, field, is_by, "write seconds and R or N, as 120;R")?,
            "hold_until" => {
                self.hold_until = checked(&mut object, field, is_moment, "write a moment as 2030-01-31T09:00:00Z")?;
            }
            "etrn" => self.etrn = checked(&mut object, field, |text| !text.contains(' '), "write one domain")?,
            "envid" => {
                const WHAT: &str = "an envelope id is short and of printable ASCII characters";
                let sound = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.len() <= 100;
                self.envid = checked(&mut object, field, sound, WHAT)?;
            }
            "xclient" => {
                let sound = |text: &str| text.split_whitespace().all(|word| word.contains('='));
                self.xclient = checked(&mut object, field, sound, "write NAME=value, with spaces between several")?;
            }
            "mail_params" => self.mail_params = parameters(&mut object, field)?,
            _ => self.rcpt_params = parameters(&mut object, field)?,
        }
        Ok(())
    }

    /// Octets of a piece of BDAT.
    pub fn chunk_octets(&self) -> usize {
        self.chunk.unwrap_or(CHUNK)
    }

    /// Whether the message is to go by BDAT: BINARYMIME can go no other way (RFC 3030 §3).
    pub fn wants_chunks(&self) -> bool {
        self.chunking || self.body == "BINARYMIME"
    }
}

fn parameters(object: &mut Object, field: &str) -> Result<String, Mistake> {
    super::field::one_line(field, &object.text(field)?.unwrap_or_default())
}

fn checked(object: &mut Object, field: &str, sound: fn(&str) -> bool, what: &str) -> Result<String, Mistake> {
    let text = parameters(object, field)?;
    if text.is_empty() || sound(&text) { Ok(text) } else { Err(Mistake::new(field, what)) }
}

fn within(object: &mut Object, field: &str, least: i64, most: i64) -> Result<Option<i64>, Mistake> {
    let number = object.number::<i64>(field)?;
    match number.is_none_or(|number| (least..=most).contains(&number)) {
        true => Ok(number),
        false => Err(Mistake::new(field, ["must be from ", &least.to_string(), " to ", &most.to_string()].concat())),
    }
}

fn notify(words: &[String]) -> Result<String, Mistake> {
    let known = |word: &String| NOTIFY.iter().find(|(name, _)| name == word).map(|(_, keyword)| *keyword);
    let all: Option<Vec<&str>> = words.iter().map(known).collect();
    match all {
        Some(all) if all.len() < 2 || !all.contains(&"NEVER") => Ok(all.join(",")),
        Some(_) => Err(Mistake::new("notify", "\"never\" stands alone")),
        None => Err(Mistake::new("notify", "must be of never, success, failure, delay")),
    }
}

/// `[-]seconds;R` or `N`, and perhaps `T` for a trace (RFC 2852 §4).
fn is_by(text: &str) -> bool {
    let Some((seconds, mode)) = text.split_once(';') else { return false };
    let digits = seconds.strip_prefix('-').unwrap_or(seconds);
    (1..=9).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && matches!(mode, "R" | "N" | "RT" | "NT")
}

/// Whether a text has the shape of a moment of RFC 3339 §5.6.
fn is_moment(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let fits = |(is, shape): (&u8, &u8)| if *shape == b'0' { is.is_ascii_digit() } else { is == shape };
    text.len() > SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(is, shape)| fits((&is, shape)))
        && text.bytes().skip(SHAPE.len()).all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'Z' | b'+' | b'-' | b':'))
}

#[cfg(test)]
mod tests {
    use crate::setup::{PlanChange, PlanSettings};

    #[test]
    fn options_are_read_and_null_takes_them_back() {
        let mut plan = PlanSettings::default();
        let all = r#"{"ret":"hdrs","envid":"a+b","notify":["success","delay"],"orcpt":true,"body":"binarymime","chunk":10,
            "requiretls":true,"deliver_by":"120;R","mt_priority":-9,"hold_until":"2030-01-31T09:00:00Z","force":["dsn"]}"#;
        plan.change(PlanChange::from_json(all).unwrap()).unwrap();
        assert_eq!((plan.options.ret, plan.options.notify.as_str()), ("HDRS", "SUCCESS,DELAY"));
        assert!(plan.options.wants_chunks() && plan.options.force.has("DSN") && !plan.options.force.has("SIZE"));
        plan.change(PlanChange::from_json(r#"{"body":null,"envid":null,"force":true}"#).unwrap()).unwrap();
        assert!(!plan.options.wants_chunks() && plan.options.envid.is_empty() && plan.options.force.has("SIZE"));
    }

    #[test]
    fn a_mistake_names_its_field() {
        for (field, value) in [
            ("ret", r#""all""#),
            ("envid", r#""a\r\nb""#),
            ("notify", r#"["never","delay"]"#),
            ("notify", r#"["often"]"#),
            ("chunk", "0"),
            ("deliver_by", r#""soon""#),
            ("mt_priority", "10"),
            ("hold_for", "-1"),
            ("hold_until", r#""tomorrow""#),
            ("mail_params", r#""X\nRCPT TO:<a@b>""#),
            ("xclient", r#""192.0.2.1""#),
            ("etrn", r#""a b""#),
            ("force", "1"),
        ] {
            let json = ["{\"", field, "\":", value, "}"].concat();
            let change = PlanChange::from_json(&json).unwrap();
            let mistake = PlanSettings::default().change(change).unwrap_err();
            assert_eq!(mistake.field, field, "{json}");
        }
    }
}
