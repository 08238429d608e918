//! The fuzz bodies on the stable toolchain: over the saved corpus, over the talks, and over mutations of both.

use std::fs;
use std::path::Path;

use ehlo_core::record::talk::Item;

use crate::{oracles, talks};

/// Mutations of each seed; a talk's seeds are long and many.
const MUTATIONS: u64 = 40;

fn saved(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(&folder).expect("a folder of saved inputs").map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "{target}: {} saved inputs", paths.len());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What one side of every talk says: the server's octets joined, or each line of the client.
fn said(server: bool) -> Vec<Vec<u8>> {
    let side = |talk: &ehlo_core::record::talk::Talk| {
        let of_side = talk.items.iter().filter_map(|(_, item)| match item {
            Item::Server(bytes) if server => Some(bytes.clone()),
            Item::Client(bytes) if !server => Some(bytes.clone()),
            _ => None,
        });
        of_side.collect::<Vec<_>>()
    };
    let all = talks::all();
    if server {
        all.iter().map(|(_, talk)| side(talk).concat()).collect()
    } else {
        all.iter().flat_map(|(_, talk)| side(talk)).collect()
    }
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

const NASTY: [&[u8]; 12] =
    [b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\xe2\x80\xae", b".\r\n", b"250-", b"421 ", b"334 ", b"\\x", b"@ "];

fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut out = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(out.len() + 1);
        match numbers.below(6) {
            0 if at < out.len() => out[at] = numbers.below(256) as u8,
            1 if at < out.len() => drop(out.remove(at)),
            2 => out.truncate(at),
            3 => {
                let end = (at + numbers.below(30)).min(out.len());
                let again = out[at..end].to_vec();
                out.splice(at..at, again);
            }
            4 if at < out.len() => out[at] ^= 1 << numbers.below(8),
            _ => drop(out.splice(at..at, NASTY[numbers.below(NASTY.len())].iter().copied())),
        }
    }
    out
}

fn run(body: fn(&[u8]), seeds: &[Vec<u8>], mutations: u64) {
    for (at, seed) in seeds.iter().enumerate() {
        body(seed);
        let mut numbers = Numbers(at as u64);
        for _ in 0..mutations {
            body(&mutated(seed, &mut numbers));
        }
    }
}

#[test]
fn the_reply_reader_holds_over_its_corpus_and_every_talk() {
    run(oracles::reply_reader, &saved("reply_reader"), MUTATIONS * 5);
    run(oracles::reply_reader, &said(true), MUTATIONS);
}

#[test]
fn the_session_holds_over_its_corpus() {
    run(oracles::session, &saved("session"), MUTATIONS * 5);
    run(oracles::session, &said(true), 5);
}

#[test]
fn talks_hold_over_their_corpus_and_every_talk() {
    run(oracles::talk, &saved("talk"), MUTATIONS * 3);
    let texts: Vec<Vec<u8>> = talks::all().iter().map(|(_, talk)| talk.to_string().into_bytes()).collect();
    run(oracles::talk, &texts, 10);
}

#[test]
fn typed_lines_hold_over_their_corpus_and_every_talk() {
    run(oracles::command, &saved("command"), MUTATIONS);
    run(oracles::command, &said(false), 1);
}

#[test]
fn exchanges_hold_over_their_corpus() {
    run(oracles::sasl, &saved("sasl"), MUTATIONS * 5);
}

#[test]
fn certificates_hold_over_their_corpus() {
    run(oracles::certificate, &saved("certificate"), MUTATIONS * 20);
}

#[test]
fn handshakes_hold_over_their_corpus() {
    run(oracles::handshake, &saved("handshake"), MUTATIONS * 10);
}
