//! What it costs to tell a page of one more reply, late in a long conversation: the whole view, as a page without a past
//! needs it, beside what has changed.
//!
//! `cargo bench -p ehlo-core --bench page`

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ehlo_core::export::patch::Patches;
use ehlo_core::json;
use ehlo_core::machine::{Action, Input, Session, Setup, TypedEnd};
use ehlo_core::time::Now;

/// Commands that the conversation has behind it, each with its reply.
const LINES: u64 = 200;

/// One more command and its reply.
fn step(session: &mut Session, at: u64) {
    let noop = Action::Send { line: "NOOP".to_owned(), end: TypedEnd::CrLf };
    let sent = session.handle(Now(at), Input::Do(noop));
    assert!(sent.is_ok(), "{sent:?}");
    let heard = session.handle(Now(at + 1), Input::Bytes(b"250 2.0.0 Ok\r\n"));
    assert!(heard.is_ok(), "{heard:?}");
    while !matches!(session.poll(), ehlo_core::machine::Output::Idle(_)) {}
}

/// A conversation of so many commands.
fn long(patches: &mut Patches) -> Session {
    let setup = Setup::from_json(r#"{"practice":"accepts-all","from":"a@b.example","to":["c@d.example"]}"#);
    let mut session = Session::new(Now(0), setup.expect("it is sound"));
    for input in [Input::Opened, Input::Bytes(b"220 mail.example ESMTP\r\n")] {
        let heard = session.handle(Now(1), input);
        assert!(heard.is_ok(), "{heard:?}");
    }
    for line in 0..LINES {
        step(&mut session, 10 + 2 * line);
        black_box(patches.next(&session));
    }
    session
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one more reply after 200");
    let prepared = || {
        let mut patches = Patches::default();
        let mut session = long(&mut patches);
        step(&mut session, 10_000);
        (session, patches)
    };
    group.bench_function("the whole view and all entries", |bencher| {
        bencher.iter_batched_ref(
            prepared,
            |(session, _)| (json::to_string(&session.view()), json::to_string(&session.entries(0))),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("what has changed", |bencher| {
        bencher.iter_batched_ref(prepared, |(session, patches)| patches.next(session), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
