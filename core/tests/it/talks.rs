//! Every talk of `tests/talks`: whole, byte by byte and in random pieces the session sees and says the same.

use std::fs;
use std::path::{Path, PathBuf};

use ehlo_core::case::Case;
use ehlo_core::machine::Session;
use ehlo_core::record::talk::{Item, Talk};

use crate::stage::{Pieces, play};

pub(crate) fn all() -> Vec<(String, Talk)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/talks");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder).expect("tests/talks").map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "talk"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let talk = Talk::parse(&text).unwrap_or_else(|error| panic!("{name}:{error}"));
        (name, talk)
    };
    paths.into_iter().map(read).collect()
}

/// Looks at every talk, and tells all that is wrong at once.
fn each(look: impl Fn(&str, &Talk) -> Result<(), String>) {
    let wrong: Vec<String> = all().iter().filter_map(|(name, talk)| look(name, talk).err()).collect();
    assert!(wrong.is_empty(), "{} talks:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

fn same<T: PartialEq + std::fmt::Debug>(name: &str, what: &str, is: &T, expected: &T) -> Result<(), String> {
    if is == expected { Ok(()) } else { Err(format!("{name}: {what}\n{is:?}\nin place of\n{expected:?}")) }
}

/// All that a session knows and shows, as text.
fn told(session: &Session) -> String {
    format!("{}\n{}", session.json(), session.plain())
}

fn findings(case: &Case) -> Vec<String> {
    let mut ids: Vec<String> = case.view().findings.iter().map(|finding| finding.id.to_owned()).collect();
    ids.sort();
    ids
}

#[test]
fn there_are_at_least_sixty_talks_and_each_says_what_it_is_about() {
    let talks = all();
    assert!(talks.len() >= 60, "{} talks", talks.len());
    for (name, talk) in talks {
        assert!(matches!(talk.items.first(), Some((1, Item::Prose(_)))), "{name} does not begin with a line of prose");
        assert!(talk.items.iter().any(|(_, item)| matches!(item, Item::Fact(_))), "{name} states no fact");
    }
}

#[test]
fn every_talk_is_the_same_in_whatever_pieces_it_comes() {
    each(|name, talk| {
        let whole = told(&play(name, talk, Pieces::Whole)?.session);
        for pieces in [Pieces::Bytes, Pieces::Random(1), Pieces::Random(2), Pieces::Random(3)] {
            let told = told(&play(name, talk, pieces)?.session);
            same(name, &format!("{pieces:?}"), &told, &whole)?;
        }
        Ok(())
    });
}

#[test]
fn every_talk_leads_to_just_the_findings_that_it_names() {
    each(|name, talk| {
        let session = play(name, talk, Pieces::Whole)?.session;
        let mut named: Vec<String> = talk
            .items
            .iter()
            .filter_map(|(_, item)| if let Item::Finding(id) = item { Some(id.clone()) } else { None })
            .collect();
        named.sort();
        same(name, "findings", &findings(session.case()), &named)
    });
}

#[test]
fn every_conversation_is_the_same_when_its_export_is_read_again() {
    each(|name, talk| {
        let session = play(name, talk, Pieces::Whole)?.session;
        let exported = session.talk().to_string();
        let again = Case::open(&exported).map_err(|error| format!("{name}: {error}\n{exported}"))?;
        same(name, "plain text", &again.plain(), &session.plain())?;
        same(name, "talk", &again.talk().to_string(), &exported)?;
        same(name, "findings", &findings(&again), &findings(session.case()))?;
        same(name, "summary", &again.summary(), &session.summary())
    });
}

#[test]
fn every_reply_of_every_talk_has_a_meaning() {
    each(|name, talk| {
        let session = play(name, talk, Pieces::Whole)?.session;
        for id in 0..session.record().replies().len() {
            let meaning =
                ehlo_core::reading::meaning::of(session.case(), id).ok_or_else(|| format!("{name}: reply {id}"))?;
            assert!(!meaning.basic.meaning.is_empty(), "{name}: reply {id}");
        }
        Ok(())
    });
}
