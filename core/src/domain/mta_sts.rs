//! The policy of MTA-STS (RFC 8461): whether senders insist on TLS towards a domain, and towards which hosts.

use serde::{Deserialize, Serialize};

use crate::json::{Mistake, Object, known};
use crate::secret::Secret;

/// The longest time for which a policy may be kept, in seconds (RFC 8461 §3.2).
pub const MAX_AGE_MOST: u64 = 31_557_600;

/// The most hosts of a policy that are told.
const HOSTS_MAX: usize = 100;

/// The question for a domain's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyQuestion {
    /// The mail domain, in A-label form.
    pub domain: String,
    /// The relay's token, where it wants one; needed in the first message only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// What was found: the policy, or precisely why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyAnswer {
    /// The mail domain.
    pub domain: String,
    /// The policy's id as the DNS tells it (RFC 8461 §3.1).
    pub id: Option<String>,
    /// The policy as it was fetched; also where it is wrong.
    pub text: Option<String>,
    /// The policy as senders read it.
    pub policy: Option<Policy>,
    /// Why senders use none, in one sentence.
    pub problem: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// A policy that is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// What senders do where it does not hold.
    pub mode: Mode,
    /// For how long senders keep it, in seconds.
    pub max_age: u64,
    /// The hosts that take mail; `*.` stands for one label (RFC 8461 §4.1).
    pub mx: Vec<String>,
}

/// What senders do where a policy does not hold (RFC 8461 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They do not deliver.
    Enforce,
    /// They deliver, and report.
    Testing,
    /// They behave as if there were none.
    None,
}

impl Mode {
    /// Each mode with its word.
    pub const WORDS: [(&str, Self); 3] = [("enforce", Self::Enforce), ("testing", Self::Testing), ("none", Self::None)];
}

/// The id in the DNS: of the texts at `_mta-sts.` and the domain, exactly one must begin with `v=STSv1` (RFC 8461 §3.1).
///
/// # Errors
/// Why senders do not look for a policy, in one sentence.
pub fn id<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<String, String> {
    let mut ours = texts.into_iter().filter(|text| {
        text.strip_prefix("v=STSv1")
            .is_some_and(|rest| rest.trim_start().is_empty() || rest.trim_start().starts_with(';'))
    });
    let (first, second) = (ours.next(), ours.next());
    let text = match (first, second) {
        (Some(text), None) => text,
        (None, _) => return Err("There is no text that begins with v=STSv1, so senders look for no policy.".to_owned()),
        (Some(_), Some(_)) => {
            return Err(
                "There is more than one text that begins with v=STSv1, so senders look for no policy.".to_owned()
            );
        }
    };
    let fields = text.split(';').filter_map(|field| field.split_once('='));
    let id = fields.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == "id");
    match id {
        Some((_, id)) if (1..=32).contains(&id.len()) && id.bytes().all(|octet| octet.is_ascii_alphanumeric()) => {
            Ok(id.to_owned())
        }
        _ => Err("The text lacks an id of 1 to 32 letters and digits, so senders look for no policy.".to_owned()),
    }
}

impl Policy {
    /// Reads a policy (RFC 8461 §3.2). Keys that are not known are passed over, and of one that comes twice the first counts.
    ///
    /// # Errors
    /// Why senders do not take it, in one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = || {
            let lines =
                text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).filter(|line| !line.is_empty());
            lines.map(|line| line.split_once(':').map(|(name, value)| (name.trim_end(), value.trim())).ok_or(line))
        };
        if let Some(Err(line)) = lines().find(Result::is_err) {
            return Err(format!("The line \u{201c}{line:.80}\u{201d} has no colon."));
        }
        let value = |wanted: &str| lines().flatten().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        match value("version") {
            Some("STSv1") => {}
            Some(_) => return Err("Its version is not STSv1.".to_owned()),
            None => return Err("It has no version; the line version: STSv1 is missing.".to_owned()),
        }
        let mode = value("mode").ok_or("It has no mode; the line mode: enforce, testing or none is missing.")?;
        let known = Mode::WORDS.iter().find(|(word, _)| *word == mode);
        let (_, mode) = *known.ok_or("Its mode is neither enforce nor testing nor none.")?;
        let max_age = value("max_age").ok_or("It has no max_age, the time in seconds for which senders keep it.")?;
        let digits = (1..=10).contains(&max_age.len()) && max_age.bytes().all(|octet| octet.is_ascii_digit());
        let max_age = max_age.parse().ok().filter(|age| digits && *age <= MAX_AGE_MOST);
        let max_age = max_age.ok_or_else(|| format!("Its max_age is no number of seconds up to {MAX_AGE_MOST}."))?;
        let mx: Vec<_> = lines().flatten().filter(|(name, _)| *name == "mx").map(|(_, host)| host.to_owned()).collect();
        if mx.is_empty() && mode != Mode::None {
            return Err("It names no host; at least one line mx: is missing.".to_owned());
        }
        Ok(Self { mode, max_age, mx: mx.into_iter().take(HOSTS_MAX).collect() })
    }
}

impl PolicyAnswer {
    pub(crate) fn take(object: &mut Object) -> Result<Self, Mistake> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_senders_read_it() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\nnew: field\r\n";
        let policy = Policy::parse(text).unwrap();
        assert_eq!((policy.mode, policy.max_age), (Mode::Enforce, 604_800));
        assert_eq!(policy.mx, ["mail.example.com", "*.example.net"]);
        assert_eq!(Policy::parse(&text.replace("\r\n", "\n")), Ok(policy.clone()));
        assert_eq!(Policy::parse(&format!("{text}mode: none\n")), Ok(policy));
        assert_eq!(Policy::parse("version: STSv1\nmode: none\nmax_age: 0\n").unwrap().mx, [""; 0]);
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_told() {
        let good = "version: STSv1\nmode: testing\nmx: mail.example\nmax_age: 86400\n";
        assert!(Policy::parse(good).is_ok());
        for (old, new, words) in [
            ("version: STSv1\n", "", "no version"),
            ("STSv1", "STSv2", "not STSv1"),
            ("mode: testing\n", "", "no mode"),
            ("testing", "strict", "neither enforce"),
            ("max_age: 86400\n", "", "no max_age"),
            ("86400", "-1", "no number"),
            ("86400", "31557601", "31557600"),
            ("mx: mail.example\n", "", "names no host"),
            ("mx: mail.example", "<html>", "has no colon"),
        ] {
            let told = Policy::parse(&good.replace(old, new)).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn the_id_is_in_exactly_one_text() {
        assert_eq!(id(["v=spf1 -all", "v=STSv1; id=20260101T000000;"]), Ok("20260101T000000".to_owned()));
        for (texts, words) in [
            (&["v=spf1 -all"][..], "no text"),
            (&["v=STSv10; id=1"], "no text"),
            (&["v=STSv1; id=1", "v=STSv1; id=2"], "more than one"),
            (&["v=STSv1;"], "lacks an id"),
            (&["v=STSv1; id=not-one"], "lacks an id"),
        ] {
            let told = id(texts.iter().copied()).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }
}
