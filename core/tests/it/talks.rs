//! Every talk of `tests/talks`: whole, byte by byte and in random pieces the session sees and says the same.

use std::fs;
use std::path::{Path, PathBuf};

use ehlo_core::reading;
use ehlo_core::session::Session;
use ehlo_core::transcript::talk::{Item, Talk};

use crate::stage::{Pieces, play};

fn all() -> Vec<(String, Talk)> {
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

/// All that a session knows and shows, as text.
fn told(session: &Session) -> String {
    format!("{}\n{}", session.json(), session.plain())
}

fn findings(session: &Session) -> Vec<String> {
    let mut ids: Vec<String> = session.view().findings.iter().map(|finding| finding.id.to_owned()).collect();
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
    for (name, talk) in all() {
        let whole = told(&play(&name, &talk, Pieces::Whole).session);
        for pieces in [Pieces::Bytes, Pieces::Random(1), Pieces::Random(2), Pieces::Random(3)] {
            assert_eq!(told(&play(&name, &talk, pieces).session), whole, "{name} {pieces:?}");
        }
    }
}

#[test]
fn every_talk_leads_to_just_the_findings_that_it_names() {
    for (name, talk) in all() {
        let session = play(&name, &talk, Pieces::Whole).session;
        let mut named: Vec<String> = talk
            .items
            .iter()
            .filter_map(|(_, item)| if let Item::Finding(id) = item { Some(id.clone()) } else { None })
            .collect();
        named.sort();
        assert_eq!(findings(&session), named, "{name}\n\n{}", session.plain());
    }
}

#[test]
fn every_conversation_is_the_same_when_its_export_is_read_again() {
    for (name, talk) in all() {
        let session = play(&name, &talk, Pieces::Whole).session;
        let exported = session.talk().to_string();
        let again = reading::open(&exported).unwrap_or_else(|error| panic!("{name}: {error}\n{exported}"));
        assert_eq!(again.plain(), session.plain(), "{name}\n{exported}");
        assert_eq!(again.talk().to_string(), exported, "{name}");
        assert_eq!(findings(&again), findings(&session), "{name}");
        assert_eq!(again.summary(), session.summary(), "{name}");
    }
}

#[test]
fn every_reply_of_every_talk_has_a_meaning() {
    for (name, talk) in all() {
        let session = play(&name, &talk, Pieces::Whole).session;
        for id in 0..session.replies().len() {
            let meaning = ehlo_core::meaning::of(&session, id).unwrap_or_else(|| panic!("{name}: reply {id}"));
            assert!(!meaning.basic.meaning.is_empty(), "{name}: reply {id}");
        }
    }
}
