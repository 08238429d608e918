//! What a page is told of a conversation: each section of the view only when it has changed, each entry once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::view::View;
use crate::json;
use crate::machine::Session;

/// The most settled entries that are told at once: a page has other things to do as well.
const MOST: usize = 150;

/// What a page has been told so far.
#[derive(Debug, Default)]
pub struct Patches {
    /// A hash of each section as it was told last.
    sections: Vec<u64>,
    /// How many entries the page has, and will never see changed.
    settled: usize,
    /// A hash of each entry after them, as it was told last.
    open: Vec<u64>,
}

impl Patches {
    /// What has changed since the last call, as JSON: `view`, an object of the sections of [`View`] that are new;
    /// `from` and `entries`, which take the place of all entries from that number on; `more`, whether there are more to be
    /// asked for. The view's `settled` is about the entries that have been told.
    pub fn next(&mut self, session: &Session) -> String {
        let mut view = session.view();
        let more = view.settled > self.settled + MOST;
        let settled = if more { self.settled + MOST } else { view.settled };
        view.settled = settled;
        let mut out = String::with_capacity(1024);
        out.push_str("{\"view\":{");
        self.sections_into(&mut out, view);
        out.push_str("},");
        self.entries_into(&mut out, session, settled, more);
        out.push_str(if more { ",\"more\":true}" } else { ",\"more\":false}" });
        out
    }

    fn sections_into(&mut self, out: &mut String, view: View) {
        let mut first = true;
        let sections = sections(view);
        self.sections.resize(sections.len(), 0);
        for ((name, text), told) in sections.into_iter().zip(&mut self.sections) {
            let hash = hash(&text);
            if std::mem::replace(told, hash) == hash {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            out.push('"');
            out.push_str(name);
            out.push_str("\":");
            out.push_str(&text);
        }
    }

    fn entries_into(&mut self, out: &mut String, session: &Session, settled: usize, more: bool) {
        let end = if more { settled } else { usize::MAX };
        let entries = session.case().entries_up_to(self.settled, end);
        let entries: Vec<String> = entries.iter().map(json::to_string).collect();
        let hashes: Vec<u64> = entries.iter().map(|text| hash(text)).collect();
        let same = hashes.iter().zip(&self.open).take_while(|(now, told)| now == told).count();
        let from = self.settled + same;
        out.push_str("\"from\":");
        out.push_str(&from.to_string());
        out.push_str(",\"entries\":[");
        out.push_str(&entries[same..].join(","));
        out.push(']');
        self.open = hashes[settled.saturating_sub(self.settled).min(hashes.len())..].to_vec();
        self.settled = settled.max(self.settled);
    }
}

/// Each section of a view by its name, as JSON.
fn sections(view: View) -> [(&'static str, String); 20] {
    let View {
        turn,
        waiting,
        proposal,
        upcoming,
        running,
        paused,
        connection,
        server,
        tls,
        protection,
        sign_in,
        recipes,
        envelope,
        summary,
        ending,
        findings,
        entries,
        settled,
        progress,
        traffic,
    } = view;
    [
        ("turn", json::to_string(&turn)),
        ("waiting", json::to_string(&waiting)),
        ("proposal", json::to_string(&proposal)),
        ("upcoming", json::to_string(&upcoming)),
        ("running", json::to_string(&running)),
        ("paused", json::to_string(&paused)),
        ("connection", json::to_string(&connection)),
        ("server", json::to_string(&server)),
        ("tls", json::to_string(&tls)),
        ("protection", json::to_string(&protection)),
        ("sign_in", json::to_string(&sign_in)),
        ("recipes", json::to_string(&recipes)),
        ("envelope", json::to_string(&envelope)),
        ("summary", json::to_string(&summary)),
        ("ending", json::to_string(&ending)),
        ("findings", json::to_string(&findings)),
        ("entries", json::to_string(&entries)),
        ("settled", json::to_string(&settled)),
        ("progress", json::to_string(&progress)),
        ("traffic", json::to_string(&traffic)),
    ]
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::Patches;
    use crate::json;
    use crate::machine::{Input, Session, Setup};
    use crate::time::Now;

    /// What a page makes of the patches.
    #[derive(Default)]
    struct Page {
        view: Map<String, Value>,
        entries: Vec<Value>,
    }

    impl Page {
        fn take_in(&mut self, patch: &str) -> (usize, usize) {
            let mut patch: Value = serde_json::from_str(patch).unwrap();
            let (Value::Object(view), Value::Array(entries)) = (patch["view"].take(), patch["entries"].take()) else {
                panic!("{patch}");
            };
            let told = (view.len(), entries.len());
            self.view.extend(view);
            self.entries.truncate(usize::try_from(patch["from"].as_u64().unwrap()).unwrap());
            self.entries.extend(entries);
            told
        }

        fn is_as(&self, session: &Session) {
            let view: Value = serde_json::from_str(&json::to_string(&session.view())).unwrap();
            let entries: Value = serde_json::from_str(&json::to_string(&session.entries(0))).unwrap();
            assert_eq!((json!(self.view), json!(self.entries)), (view, entries));
        }
    }

    #[test]
    fn a_page_that_takes_in_each_patch_has_the_whole_view() {
        let setup = Setup::from_json(r#"{"practice":"accepts-all","from":"a@b.example","to":["c@d.example"]}"#);
        let mut session = Session::new(Now(0), setup.unwrap());
        let (mut page, mut patches) = (Page::default(), Patches::default());
        page.take_in(&patches.next(&session));
        page.is_as(&session);
        let _ = session.handle(Now(1), Input::Opened);
        // Byte by byte, so that entries grow before they are settled.
        for (at, byte) in b"220-one\r\n220-two\r\n220 three\r\n".iter().enumerate() {
            let _ = session.handle(Now(2 + at as u64), Input::Bytes(&[*byte]));
            page.take_in(&patches.next(&session));
            page.is_as(&session);
        }
    }

    #[test]
    fn what_has_not_changed_is_not_told_again() {
        let setup = Setup::from_json(r#"{"practice":"accepts-all"}"#).unwrap();
        let mut session = Session::new(Now(0), setup);
        let _ = session.handle(Now(1), Input::Opened);
        let _ = session.handle(Now(2), Input::Bytes(b"220-one\r\n220-two\r\n220-thr"));
        let (mut page, mut patches) = (Page::default(), Patches::default());
        let all = page.take_in(&patches.next(&session));
        assert!(all.0 == 20 && all.1 >= 3, "{all:?}");
        assert_eq!(page.take_in(&patches.next(&session)), (0, 0));
        let _ = session.handle(Now(3), Input::Bytes(b"ee\r\n"));
        let (sections, entries) = page.take_in(&patches.next(&session));
        assert!(sections < 6 && entries == 1, "{sections} sections, {entries} entries");
        page.is_as(&session);
    }

    #[test]
    fn a_flood_is_told_piece_by_piece_and_whole_in_the_end() {
        let setup = Setup::from_json(r#"{"practice":"accepts-all"}"#).unwrap();
        let mut session = Session::new(Now(0), setup);
        let _ = session.handle(Now(1), Input::Opened);
        let _ = session.handle(Now(2), Input::Bytes("220 one\r\n".repeat(1_000).as_bytes()));
        let (mut page, mut patches) = (Page::default(), Patches::default());
        let mut pieces = 0;
        loop {
            let patch = patches.next(&session);
            let (_, entries) = page.take_in(&patch);
            assert!(entries <= super::MOST + 1, "{entries}");
            assert_eq!(page.view["settled"], page.entries.len());
            pieces += 1;
            if patch.ends_with("\"more\":false}") {
                break;
            }
        }
        assert!(pieces > 2, "{pieces}");
        page.is_as(&session);
    }
}
