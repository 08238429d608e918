//! The bodies of the fuzz targets in `relay/fuzz`: what strangers say, and what operators write. Each panics where something
//! does not hold.

use std::path::Path;

use ehlo_core::tunnel::{FIRST_MESSAGE_MAX, ToRelay};

use crate::config::{Config, Profile};
use crate::front::proxy_header;
use crate::out::guard::{Decision, Guard};
use crate::out::target::Policy;

/// A message of a page: what is understood is written as it was read, and whom it names is judged without a panic.
pub fn message(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > FIRST_MESSAGE_MAX {
        return;
    }
    let Ok(message) = ToRelay::from_json(text) else { return };
    assert_eq!(ToRelay::from_json(&message.to_json()).as_ref(), Ok(&message));
    let ToRelay::Connect(connect) = message else { return };
    for profile in Profile::ALL {
        let policy = Policy::of(&Config::of(profile), &[], Default::default());
        if let Err(deny) = policy.target(&connect) {
            // A public relay says nothing of what was wrong with an address.
            assert!(!deny.message.is_empty() && !deny.message.contains('\n'));
        }
    }
}

/// A configuration: it is refused in one line that does not repeat what may be a secret, or can be told in sentences.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::from_text(text, Path::new("/nonexistent"), None) {
        Ok(config) => {
            let _ = config.check();
            for sentence in config.sentences().into_iter().chain(config.changed()) {
                assert!(!sentence.is_empty());
            }
        }
        Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "{why:?}"),
    }
}

/// What comes where a PROXY header should: bounded, nothing behind it is taken, and a piece of one is no header.
pub fn proxy_header(data: &[u8]) {
    let mut rest = data;
    // What is in memory is never waited for.
    let read = futures_util::FutureExt::now_or_never(proxy_header::read(&mut rest)).expect("no waiting");
    let taken = data.len() - rest.len();
    assert!(taken <= 16 + 2048);
    if read.is_ok() {
        let piece = &data[..taken - 1];
        let mut piece = piece;
        let cut = futures_util::FutureExt::now_or_never(proxy_header::read(&mut piece)).expect("no waiting");
        assert!(cut.is_err(), "a piece of a header is one too");
    }
}

/// What page and target say before the guard has opened; the first octet decides the pieces, the second where the page's
/// octets end. In any pieces the same octets pass, and none before the target has greeted but one whole ClientHello.
pub fn guard(data: &[u8]) {
    let [pieces, split, rest @ ..] = data else { return };
    let (page, target) = rest.split_at(usize::from(*split).min(rest.len()));
    let whole = run(page, target, page.len().max(1), target.len().max(1));
    let piece = usize::from(*pieces).max(1);
    assert_eq!(run(page, target, piece, piece), whole, "{page:?} {target:?}");
    let (before, _, after) = whole;
    assert!(before.is_empty() || (before.starts_with(&[0x16, 0x03]) && before.len() <= 4096));
    assert!([&before[..], &after].concat().len() <= page.len());
}

/// What passes before the target speaks, its decision, and what passes then.
fn run(page: &[u8], target: &[u8], page_piece: usize, target_piece: usize) -> (Vec<u8>, Decision, Vec<u8>) {
    let mut guard = Guard::new(true);
    let before: Vec<u8> = page.chunks(page_piece).map_while(|piece| guard.hear_page(piece).ok()).flatten().collect();
    assert!(before.len() + guard.held() <= page.len());
    let mut decision = Decision::Wait;
    for piece in target.chunks(target_piece) {
        decision = guard.hear_target(piece);
        if decision != Decision::Wait {
            break;
        }
    }
    let after = if decision == Decision::Open { guard.release() } else { Vec::new() };
    let _ = guard.guess();
    (before, decision, after)
}
