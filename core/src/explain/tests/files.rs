//! What a page reads from the files is what the functions say.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::place::{self, Place};
use super::super::{Explanation, Phrases, Step, files};
use super::super::{command, enhanced, keyword, known_commands, known_keywords, known_phrases, reply_code, words};
use super::ALL_STEPS;

type Files = BTreeMap<&'static str, Value>;

fn read() -> Files {
    files::all().into_iter().map(|(name, text)| (name, serde_json::from_str(&text).unwrap())).collect()
}

/// As the page puts an explanation together.
fn join(files: &Files, place: &Place, step: Step) -> Value {
    let found = place.files.iter().find_map(|file| place.names.iter().find_map(|name| files[file].get(name)));
    let mut entry: Map<String, Value> = found.and_then(Value::as_object).cloned().unwrap_or_default();
    let at = entry.remove("at").and_then(|at| {
        let has = |row: &Value| row["steps"].as_array().is_some_and(|steps| steps.contains(&json!(step)));
        at.as_array().and_then(|rows| rows.iter().find(|row| has(row)).cloned())
    });
    if let Some(Value::Object(mut here)) = at {
        here.remove("steps");
        entry.extend(here);
    }
    let sentences = entry.remove("words").unwrap_or_default();
    let mut details: Vec<Value> = entry["details"].as_array().cloned().unwrap_or_default();
    for word in &place.words {
        let sentence = sentences.get(word.to_uppercase()).unwrap_or(&sentences[""]);
        details.push(json!(format!("{word}: {}", sentence.as_str().unwrap_or_default())));
    }
    details.extend(place.details.iter().map(|detail| json!(detail)));
    entry.insert("details".to_owned(), details.into());
    entry.insert("key".to_owned(), json!(place.key));
    Value::Object(entry)
}

fn same(files: &Files, place: &Place, step: Step, explanation: &Explanation) {
    assert_eq!(join(files, place, step), json!(explanation), "{place:?} at {step:?}");
}

#[test]
fn every_reply_code_is_in_its_file_at_every_step() {
    let files = read();
    for code in 0..=700 {
        for step in ALL_STEPS {
            same(&files, &place::reply_code(code), step, &reply_code(code, step));
        }
    }
}

#[test]
fn every_enhanced_status_code_is_in_its_file_at_every_step() {
    let files = read();
    for class in 1..=6 {
        for (subject, detail) in (0..=10).flat_map(|subject| (0..=1000).map(move |detail| (subject, detail))) {
            let steps: &[Step] = if detail < 60 { &ALL_STEPS } else { &[Step::Rcpt, Step::Body] };
            for &step in steps {
                let explanation = enhanced(class, subject, detail, step);
                same(&files, &place::enhanced(class, subject, detail), step, &explanation);
            }
        }
    }
}

#[test]
fn every_keyword_and_command_is_in_its_file() {
    let files = read();
    let odd = ["frob", "X-FROB", "XXXXXXXA", "XXXX", "rcpt", "XCLIENT", "auth=login", "", "ÄH"];
    for name in known_keywords().chain(known_commands()).chain(odd) {
        for params in ["", "0", "10240000", "PLAIN login FROB", "RCPTMAX=100 FROB=1", "imap", "60,2026", "6"] {
            same(&files, &place::keyword(name, params), Step::Hello, &keyword(name, params));
        }
        same(&files, &place::command(name), Step::Unknown, &command(name));
    }
}

#[test]
fn the_phrases_are_learnt_from_their_file() {
    let learnt = Phrases::learn(&Phrases::BUILT_IN.to_json()).unwrap();
    assert_eq!(learnt.to_json(), Phrases::BUILT_IN.to_json());
    let text = "550 5.7.1 Relaying  denied. IP name lookup failed";
    assert!(words(text).is_some());
    assert_eq!(learnt.find(text), words(text));
    assert_eq!(Phrases::NONE.find(text), None);
    assert_eq!(
        serde_json::from_str::<Value>(&learnt.to_json()).unwrap().as_array().unwrap().len(),
        known_phrases().count()
    );
}

#[test]
fn what_is_no_list_of_phrases_is_not_learnt() {
    for text in ["", "{}", "[1]", r#"[["name","meaning",["advice"],"said by"]]"#, r#"[["a","b",[1],"c",["d"]]]"#] {
        assert!(Phrases::learn(text).is_none(), "{text}");
    }
}

#[test]
fn an_ordinary_conversation_needs_one_file() {
    let files = read();
    let heard = [220, 250, 354, 221].map(place::reply_code).into_iter();
    let heard =
        heard.chain(["SIZE", "PIPELINING", "8BITMIME", "STARTTLS", "AUTH"].map(|name| place::keyword(name, "")));
    let heard =
        heard.chain([place::enhanced(2, 1, 5)]).chain(["EHLO", "MAIL", "RCPT", "DATA", "QUIT"].map(place::command));
    for place in heard {
        assert!(files[place.files[0]].get(&place.names[0]).is_some(), "{place:?}");
        assert_eq!(place.files[0], "usual");
    }
}
