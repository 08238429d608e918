//! The explanations as files, for the page: each conversation downloads only those that its replies need.
//!
//! A file is a JSON object of explanations by name. One is put together from its [`Place`]:
//! the first of the names that the first of the files has, with what differs at the step of the reply (`at`), a
//! sentence for each of the words (`words`), and the place's own sentences.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::place::{self, Place, REST, UNKNOWN, USUAL};
use super::{Explanation, Step, command, enhanced, keyword, keyword_params, reply_code};
use super::{Phrases, known_commands, known_enhanced, known_keywords, known_reply_codes};

/// The file of the phrases: what [`Phrases::learn`] reads.
pub const PHRASES: &str = "phrases";

/// The file of the tests that break rules on purpose: a question, and a list of [`Row`](crate::probe::catalogue::Row)s.
pub const RECIPES: &str = "recipes";

/// Keywords and commands that most conversations meet; codes of success too.
const OFTEN: [&str; 36] = [
    "2.0.0",
    "2.1.0",
    "2.1.5",
    "2.5.0",
    "2.6.0",
    "2.7.0",
    "keyword 8BITMIME",
    "keyword AUTH",
    "keyword BINARYMIME",
    "keyword CHUNKING",
    "keyword DSN",
    "keyword ENHANCEDSTATUSCODES",
    "keyword ETRN",
    "keyword EXPN",
    "keyword HELP",
    "keyword LIMITS",
    "keyword PIPECONNECT",
    "keyword PIPELINING",
    "keyword PRDR",
    "keyword REQUIRETLS",
    "keyword SIZE",
    "keyword SMTPUTF8",
    "keyword STARTTLS",
    "keyword VRFY",
    "command AUTH",
    "command DATA",
    "command EHLO",
    "command HELO",
    "command HELP",
    "command MAIL",
    "command NOOP",
    "command QUIT",
    "command RCPT",
    "command RSET",
    "command STARTTLS",
    "command VRFY",
];

/// The steps, each with the word that a reply's outline has for it.
const STEPS: [Step; 18] = [
    Step::Greeting,
    Step::Hello,
    Step::Mail,
    Step::Rcpt,
    Step::Data,
    Step::Body,
    Step::Rset,
    Step::Noop,
    Step::Vrfy,
    Step::Expn,
    Step::Help,
    Step::Quit,
    Step::StartTls,
    Step::Auth,
    Step::Etrn,
    Step::Bdat,
    Step::Unknown,
    Step::Unasked,
];

/// Every file: its name, and its content as JSON.
pub fn all() -> Vec<(&'static str, String)> {
    let mut files = Files::default();
    files.replies();
    files.enhanced();
    files.keywords();
    files.commands();
    let content = |(name, entries)| (name, Value::Object(entries).to_string());
    files
        .0
        .into_iter()
        .map(content)
        .chain([(PHRASES, Phrases::BUILT_IN.to_json()), (RECIPES, crate::probe::catalogue::to_json())])
        .collect()
}

#[derive(Default)]
struct Files(BTreeMap<&'static str, Map<String, Value>>);

impl Files {
    /// Adds an explanation under the best name of its place if it is known, else under `name`.
    fn add(&mut self, place: &Place, explain: impl Fn(Step) -> Explanation) {
        let known = explain(Step::Unknown).known;
        let name = if known { place.names.first() } else { place.names.last() };
        if let Some(name) = name {
            self.add_as(name, if known { file_of(place, name) } else { UNKNOWN }, explain);
        }
    }

    fn add_as(&mut self, name: &str, file: &'static str, explain: impl Fn(Step) -> Explanation) {
        self.0.entry(file).or_default().insert(name.to_owned(), entry(explain));
    }

    fn replies(&mut self) {
        // Each tenth and what lies outside, by a code that nobody has.
        for code in known_reply_codes().chain((20..60).map(|tenth| tenth * 10 + 9)).chain([0]) {
            self.add(&place::reply_code(code), |step| reply_code(code, step));
        }
    }

    fn enhanced(&mut self) {
        let unregistered = super::enhanced::UNREGISTERED.iter().filter_map(super::subject_and_detail);
        // What nobody has registered is explained by its subject; the last stands for all that are no subject.
        let by_subject = (0..9).map(|subject| (subject, 999));
        let numbers: Vec<(u16, u16)> = known_enhanced().chain(unregistered).chain(by_subject).collect();
        for class in [2, 4, 5] {
            for &(subject, detail) in &numbers {
                self.add(&place::enhanced(class, subject, detail), |step| enhanced(class, subject, detail, step));
            }
        }
        for class in [4, 5] {
            self.add_as(&format!("{class}.7.6xx"), UNKNOWN, |step| enhanced(class, 7, 606, step));
            self.add_as(&format!("{class}.7.5xx"), UNKNOWN, |step| enhanced(class, 7, 500, step));
        }
        self.add(&place::enhanced(3, 0, 0), |step| enhanced(3, 0, 0, step));
    }

    fn keywords(&mut self) {
        // What the parameters say is added by the place.
        let explain = |name: &str| Explanation { details: Vec::new(), ..keyword(name, "") };
        for name in known_keywords().chain(["XFROB", "FROB"]) {
            self.add(&place::keyword(name, ""), |_| explain(name));
        }
        for name in known_commands().filter(|name| !keyword(name, "").known) {
            self.add_as(&format!("listed {name}"), UNKNOWN, |_| explain(name));
        }
        self.add_as("masked", UNKNOWN, |_| explain("XXXXXXXA"));
        let mut words = Map::new();
        for &(names, text) in keyword_params::MECHANISMS {
            words.extend(names.iter().map(|&name| (name.to_owned(), json!(text))));
        }
        words.insert(String::new(), json!(keyword_params::UNKNOWN_MECHANISM));
        for name in known_keywords().filter(|name| keyword_params::lists_mechanisms(name)) {
            let name = format!("keyword {name}");
            for entry in self.0.values_mut().filter_map(|entries| entries.get_mut(&name)) {
                entry["words"] = Value::Object(words.clone());
            }
        }
    }

    fn commands(&mut self) {
        for verb in known_commands().chain(["FROB"]) {
            self.add(&place::command(verb), |_| command(verb));
        }
    }
}

/// Which of a place's files has what is known by `name`.
fn file_of(place: &Place, name: &str) -> &'static str {
    match place.files.as_slice() {
        [USUAL, REST, ..] if !OFTEN.contains(&name) => REST,
        [first, ..] => first,
        [] => UNKNOWN,
    }
}

/// An explanation with what differs at each step.
fn entry(explain: impl Fn(Step) -> Explanation) -> Value {
    let base = fields(&explain(Step::Unknown));
    let mut at: Vec<(Vec<Step>, Map<String, Value>)> = Vec::new();
    for step in STEPS {
        let mut here = fields(&explain(step));
        here.retain(|field, value| base.get(field) != Some(value));
        if here.is_empty() {
            continue;
        }
        match at.iter_mut().find(|(_, known)| *known == here) {
            Some((steps, _)) => steps.push(step),
            None => at.push((vec![step], here)),
        }
    }
    let mut entry = base;
    if !at.is_empty() {
        let row = |(steps, mut fields): (Vec<Step>, Map<String, Value>)| {
            fields.insert("steps".to_owned(), json!(steps));
            Value::Object(fields)
        };
        entry.insert("at".to_owned(), at.into_iter().map(row).collect());
    }
    Value::Object(entry)
}

/// The fields of an explanation but its key, which its place has.
fn fields(explanation: &Explanation) -> Map<String, Value> {
    let Explanation { key: _, title, meaning, details, causes, advice, sources, known } = explanation;
    let fields = [
        ("title", json!(title)),
        ("meaning", json!(meaning)),
        ("details", json!(details)),
        ("causes", json!(causes)),
        ("advice", json!(advice)),
        ("sources", json!(sources)),
        ("known", json!(known)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
