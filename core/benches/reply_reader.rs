//! How fast replies are read, beside the reply parser of another library, over the replies of every talk.
//!
//! `cargo bench -p ehlo-core --bench reply_reader`

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ehlo_core::record::talk::{Item, Talk};
use ehlo_core::wire::reply::ReplyReader;
use smtp_proto::response::parser::ResponseReceiver;

/// Octets of the mix: as much as a busy client reads in some thousand conversations.
const MIX: usize = 1 << 20;

/// Whether both readers understand `bytes`: whole lines, each with a code and a separator, and not too long a reply.
fn is_sound(bytes: &[u8]) -> bool {
    let line = |line: &[u8]| {
        line.len() > 5
            && line.len() <= 512
            && line.ends_with(b"\r\n")
            && line[..3].iter().all(u8::is_ascii_digit)
            && matches!(line[3], b' ' | b'-')
    };
    bytes.ends_with(b"\n") && bytes.split_inclusive(|&b| b == b'\n').all(line)
}

/// The server's lines of every talk, as far as both readers take them, over and over.
fn mix() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/talks");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("tests/talks").map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut once = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "talk")) {
        let talk = Talk::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut said = Vec::new();
        for (_, item) in talk.items {
            if let Item::Server(bytes) = item {
                said.extend(bytes);
            }
        }
        let codes: Vec<&[u8]> = said.split_inclusive(|&b| b == b'\n').collect();
        let ends_a_reply = codes.last().is_some_and(|line| line.get(3) == Some(&b' '));
        // A reply with mixed codes is read in two ways, and both can be defended.
        if is_sound(&said) && ends_a_reply && ours(&said, MIX) == theirs(&said, MIX) {
            once.extend(said);
        }
    }
    once.repeat(MIX / once.len() + 1)
}

/// Counts replies and adds their codes up, so that nothing is left out.
fn ours(input: &[u8], piece: usize) -> (usize, usize) {
    let mut reader = ReplyReader::default();
    let mut sum = (0, 0);
    for piece in input.chunks(piece) {
        reader.feed(piece, |read| {
            if let Some(reply) = read.reply {
                sum = (sum.0 + 1, sum.1 + usize::from(black_box(reply).code));
            }
        });
    }
    sum
}

/// The same with what the other reader hands out besides: the text as a string, made harmless, and the enhanced code.
fn ours_with_text(input: &[u8], piece: usize) -> (usize, usize) {
    let mut reader = ReplyReader::default();
    let mut sum = (0, 0);
    for piece in input.chunks(piece) {
        reader.feed(piece, |read| {
            if let Some(reply) = read.reply {
                black_box((reply.text(), reply.enhanced()));
                sum = (sum.0 + 1, sum.1 + usize::from(reply.code));
            }
        });
    }
    sum
}

fn theirs(input: &[u8], piece: usize) -> (usize, usize) {
    let mut receiver = ResponseReceiver::default();
    let mut sum = (0, 0);
    for piece in input.chunks(piece) {
        let mut octets = piece.iter();
        // An error means that the piece is used up: the mix has no reply that it cannot take.
        while let Ok(reply) = receiver.parse(&mut octets) {
            sum = (sum.0 + 1, sum.1 + usize::from(black_box(&reply).code()));
            receiver.reset();
        }
    }
    sum
}

fn reading(criterion: &mut Criterion) {
    let input = mix();
    for (name, piece) in [("in pieces of 16 KiB", 16 * 1024), ("in pieces of 60 octets", 60)] {
        assert_eq!(ours(&input, piece), theirs(&input, piece), "both read the same replies");
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function("ehlo-core", |bencher| bencher.iter(|| ours(black_box(&input), piece)));
        group.bench_function("ehlo-core, text as well", |bencher| {
            bencher.iter(|| ours_with_text(black_box(&input), piece));
        });
        group.bench_function("smtp-proto", |bencher| bencher.iter(|| theirs(black_box(&input), piece)));
        group.finish();
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
