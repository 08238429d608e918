//! Where an explanation stands in the [files](super::files): all that a conversation has to know of explanations.

use serde::Serialize;

use super::{OLD_SPELLING, is_masked, keyword_params};

/// The file of all that an ordinary conversation hears.
pub(super) const USUAL: &str = "usual";
/// The file of what is known and seldom met.
pub(super) const REST: &str = "rest";
/// The file of what nobody has registered, explained by its parts.
pub(super) const UNKNOWN: &str = "unknown";

/// Where one explanation stands, and what is to be put into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// What is explained, as [`super::Explanation::key`].
    pub key: String,
    /// The files that may have it, in this order; the next one is read only where the one before does not.
    pub files: Vec<&'static str>,
    /// The names under which a file may have it, the best first.
    pub names: Vec<String>,
    /// Words that the explanation has a sentence for each: login methods.
    pub words: Vec<String>,
    /// Sentences to add to it.
    pub details: Vec<String>,
}

impl Place {
    fn new(key: String, files: &[&'static str], names: Vec<String>) -> Self {
        Self { key, files: files.to_vec(), names, ..Self::default() }
    }
}

/// Where a reply code is explained.
pub fn reply_code(code: u16) -> Place {
    let name = code.to_string();
    let file = match code / 10 {
        40..=49 => "4yz",
        50 => "50z",
        51..=59 => "5yz",
        _ => USUAL,
    };
    let unknown = match code {
        200..=599 => [&name[..2], "z"].concat(),
        _ => "code".to_owned(),
    };
    Place::new(name.clone(), &[file, UNKNOWN], vec![name, unknown])
}

/// Where an enhanced status code is explained.
pub fn enhanced(class: u16, subject: u16, detail: u16) -> Place {
    let [class_word, subject_word] = [class, subject].map(|number| number.to_string());
    let key = [&class_word, ".", &subject_word, ".", &detail.to_string()].concat();
    let file = match (class, subject) {
        (2, _) => return Place::new(key.clone(), &[USUAL, REST, UNKNOWN], vec![key, subject_of(&class_word, subject)]),
        (4, 1) => "4.1",
        (4, 7) => "4.7",
        (4, _) => "4.x",
        (5, 1) => "5.1",
        (5, 7) => "5.7",
        (5, _) => "5.x",
        _ => return Place::new(key, &[UNKNOWN], vec!["no-code".to_owned()]),
    };
    let mut names = vec![key.clone()];
    names.extend((subject == 7).then_some(detail).and_then(|detail| match detail {
        606..=649 => Some([&class_word, ".7.6xx"].concat()),
        500..=899 => Some([&class_word, ".7.5xx"].concat()),
        _ => None,
    }));
    names.push(subject_of(&class_word, subject));
    Place::new(key, &[file, UNKNOWN], names)
}

/// The name of what class and subject say by themselves.
fn subject_of(class: &str, subject: u16) -> String {
    let subject = if subject < 8 { subject.to_string() } else { "x".to_owned() };
    [class, ".", &subject].concat()
}

/// Where a keyword of an EHLO reply is explained.
pub fn keyword(name: &str, params: &str) -> Place {
    if let Some((before, after)) = name.split_once('=')
        && before.eq_ignore_ascii_case("AUTH")
    {
        let mut place = keyword(before, &[after, " ", params].concat());
        place.details.push(OLD_SPELLING.to_owned());
        return place;
    }
    let key = name.to_ascii_uppercase();
    let mut names = vec![["keyword ", &key].concat()];
    if is_masked(&key) {
        names.push("masked".to_owned());
    }
    names.push(["listed ", &key].concat());
    names.push(if key.starts_with('X') { "private keyword" } else { "keyword" }.to_owned());
    let mut place = Place::new(key, &[USUAL, REST, UNKNOWN], names);
    if keyword_params::lists_mechanisms(&place.key) {
        place.words = params.split_ascii_whitespace().map(str::to_owned).collect();
    } else {
        place.details = keyword_params::figures(&place.key, params);
    }
    place
}

/// Where a command is explained.
pub fn command(verb: &str) -> Place {
    let key = verb.to_ascii_uppercase();
    let names = vec![["command ", &key].concat(), "command".to_owned()];
    Place::new(key, &[USUAL, REST, UNKNOWN], names)
}
