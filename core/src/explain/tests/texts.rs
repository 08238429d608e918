//! What every text must be.

use std::collections::{BTreeMap, BTreeSet};

use super::{ALL_STEPS, MAIN_STEPS, everything, refusals};
use crate::explain::{
    ReplyStep, command, enhanced, keyword, known_commands, known_enhanced, known_keywords, known_phrases,
    known_reply_codes, reply_code,
};

/// Plain, one line, well spaced, and a sentence if it must be one.
fn assert_text(text: &str, sentence: bool, whose: &str) {
    assert!(!text.is_empty(), "{whose}: empty");
    assert_eq!(text, text.trim(), "{whose}");
    for bad in ["  ", "\n", "\t", "`", "**", "</", "<b>", "<i>", "<p>", "&lt;", "&amp;", " ,", " .", ".."] {
        let plain = text.replace("://...", "");
        assert!(!plain.contains(bad), "{whose}: {bad:?} in {text:?}");
    }
    let first = text.chars().next().unwrap_or_default();
    if sentence {
        assert!(text.ends_with(['.', '?']), "{whose}: no full stop in {text:?}");
        assert!(!first.is_lowercase() || text.starts_with("imap:"), "{whose}: {text:?}");
    } else {
        assert!(!text.ends_with('.'), "{whose}: full stop in the title {text:?}");
        assert!(text.len() <= 80, "{whose}: long title {text:?}");
    }
}

#[test]
fn every_explanation_is_plain_text_with_meaning_advice_and_source() {
    for explanation in everything() {
        let key = &explanation.key;
        assert_text(&explanation.title, false, key);
        assert_text(&explanation.meaning, true, key);
        for text in explanation.causes.iter().chain(&explanation.advice) {
            assert_text(text, true, key);
        }
        for text in &explanation.details {
            assert_text(text, known_commands().all(|verb| !text.starts_with(verb)), key);
        }
        assert!(!explanation.advice.is_empty(), "{key}: no advice");
        assert!(!explanation.sources.is_empty(), "{key}: no source");
        for source in &explanation.sources {
            assert!(source.url.starts_with("https://") && !source.url.contains(' '), "{key}: {}", source.url);
            assert_text(&source.label, false, key);
        }
    }
}

#[test]
fn every_known_refusal_names_usual_causes() {
    for (step, explanation) in refusals().into_iter().filter(|(_, explanation)| explanation.known) {
        assert!(!explanation.causes.is_empty(), "{} at {step:?}", explanation.key);
    }
}

#[test]
fn no_explanation_says_the_same_twice() {
    for explanation in everything() {
        let texts: Vec<&str> = explanation.causes.iter().chain(&explanation.advice).copied().collect();
        let set: BTreeSet<&str> = texts.iter().copied().collect();
        assert_eq!(set.len(), texts.len(), "{}: {texts:?}", explanation.key);
        assert_ne!(explanation.title.trim_end_matches('.'), explanation.meaning.trim_end_matches('.'));
    }
}

#[test]
fn no_meaning_hides_behind_its_own_name() {
    for code in known_reply_codes() {
        for step in ALL_STEPS {
            let explanation = reply_code(code, step);
            assert!(!explanation.title.contains(&explanation.key), "{code}");
            assert!(!explanation.meaning.starts_with(&explanation.key), "{code}");
        }
    }
    for name in known_keywords().chain(known_commands()) {
        assert_ne!(keyword(name, "").title.to_ascii_uppercase(), name);
    }
}

#[test]
fn titles_tell_the_records_apart() {
    let kinds: [Vec<(String, String)>; 4] = [
        known_reply_codes().map(|code| reply_code(code, ReplyStep::Unknown)).map(|e| (e.key, e.title.into())).collect(),
        known_enhanced().map(|(s, d)| enhanced(5, s, d, ReplyStep::Unknown)).map(|e| (e.key, e.title.into())).collect(),
        known_keywords().map(|name| keyword(name, "")).map(|e| (e.key, e.title.into())).collect(),
        known_commands().map(command).map(|e| (e.key, e.title.into())).collect(),
    ];
    for kind in kinds {
        let mut seen = BTreeMap::new();
        for (key, title) in kind {
            assert_eq!(seen.insert(title.clone(), key.clone()), None, "{title} is also the title of {key}");
        }
    }
}

#[test]
fn every_temporary_refusal_is_called_temporary_and_speaks_of_another_try() {
    for (step, explanation) in refusals().into_iter().filter(|(_, explanation)| explanation.key.starts_with('4')) {
        let advice = explanation.advice.join(" ");
        assert!(advice.contains("Temporary"), "{} at {step:?}: {advice}", explanation.key);
        assert!(advice.contains("tries again") || advice.contains("log in once"), "{} at {step:?}", explanation.key);
    }
}

#[test]
fn no_permanent_refusal_promises_that_another_try_helps() {
    for (step, explanation) in refusals().into_iter().filter(|(_, explanation)| explanation.key.starts_with('5')) {
        assert!(!explanation.advice.join(" ").contains("tries again"), "{} at {step:?}", explanation.key);
    }
}

#[test]
fn the_common_refusals_have_causes_of_their_own_at_each_step() {
    const LATER: &[ReplyStep] = &[ReplyStep::Mail, ReplyStep::Rcpt, ReplyStep::Data, ReplyStep::Body];
    let expected: [(u16, &[ReplyStep]); 8] = [
        (421, &MAIN_STEPS),
        (450, &MAIN_STEPS),
        (451, &MAIN_STEPS),
        (452, LATER),
        (550, &MAIN_STEPS),
        (552, LATER),
        (553, &MAIN_STEPS),
        (554, &MAIN_STEPS),
    ];
    for (code, steps) in expected {
        let general = reply_code(code, ReplyStep::Noop);
        for step in steps {
            assert_ne!(reply_code(code, *step).causes, general.causes, "{code} at {step:?}");
        }
        let different: BTreeSet<_> = steps.iter().map(|step| reply_code(code, *step).causes).collect();
        assert!(different.len() >= 3, "{code}: {} sets of causes", different.len());
    }
}

#[test]
fn a_refusal_at_connect_speaks_of_the_address_and_never_of_the_message() {
    for code in [421, 550, 554] {
        let explanation = reply_code(code, ReplyStep::Greeting);
        assert!(explanation.causes.join(" ").contains("IP address"), "{code}");
        assert!(!explanation.causes.join(" ").contains("DKIM"), "{code}");
    }
    assert!(reply_code(550, ReplyStep::Body).causes.join(" ").contains("DKIM"));
    assert!(reply_code(550, ReplyStep::Rcpt).causes.join(" ").contains("Relaying"));
}

#[test]
fn every_phrase_is_plain_text_and_has_advice() {
    for phrase in known_phrases() {
        assert_text(phrase.meaning, true, phrase.name);
        assert_text(phrase.said_by, false, phrase.name);
        assert!(!phrase.advice.is_empty(), "{}", phrase.name);
        for text in phrase.advice {
            assert_text(text, true, phrase.name);
        }
        let kebab = phrase.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(kebab && phrase.name.starts_with(|c: char| c.is_ascii_lowercase()), "{}", phrase.name);
    }
    let names: BTreeSet<&str> = known_phrases().map(|phrase| phrase.name).collect();
    assert_eq!(names.len(), known_phrases().count(), "a name is used twice");
}
