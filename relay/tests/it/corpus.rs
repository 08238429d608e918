//! The fuzz bodies on the stable toolchain: over the saved corpus, and over mutations of it.

use std::fs;
use std::path::Path;

use ehlo_relay::fuzz;

/// Mutations of each seed.
const MUTATIONS: u64 = 300;

const NASTY: [&[u8]; 10] =
    [b"\r\n", b"\"", b"{", b"]", b"\0", b"\xff", b"\xe2\x80\xae", b"::ffff:", b"0x7f", b"\x16\x03"];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut out = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(out.len() + 1);
        match numbers.below(5) {
            0 if at < out.len() => out[at] = u8::try_from(numbers.below(256)).unwrap(),
            1 if at < out.len() => drop(out.remove(at)),
            2 => out.truncate(at),
            3 => drop(out.splice(at..at, NASTY[numbers.below(NASTY.len())].iter().copied())),
            _ => {
                let piece = out[at..].iter().copied().take(20).collect::<Vec<_>>();
                out.splice(at..at, piece);
            }
        }
    }
    out
}

fn holds(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "{target}: {} saved inputs", paths.len());
    let mut numbers = Numbers(1);
    for seed in paths.iter().map(|path| fs::read(path).unwrap()) {
        body(&seed);
        for _ in 0..MUTATIONS {
            body(&mutated(&seed, &mut numbers));
        }
    }
}

#[test]
fn messages_hold_over_their_corpus() {
    holds("message", fuzz::message);
}

#[test]
fn configurations_hold_over_their_corpus() {
    holds("config", fuzz::config);
}

#[test]
fn proxy_headers_hold_over_their_corpus() {
    holds("proxy_header", fuzz::proxy_header);
}

#[test]
fn the_guard_holds_over_its_corpus() {
    holds("guard", fuzz::guard);
}
