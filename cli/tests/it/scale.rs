//! Thousands that come and say nothing, against the real program: its memory stays bounded, and an honest page goes on.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::program::{conversing, echoes, memory, program};
use crate::support::Target;

/// How many come, where the system gives that many descriptors.
const SILENT: usize = 5_000;

/// What each of them may cost the relay, in KiB.
const EACH_MAX: u64 = 22;

#[tokio::test]
async fn thousands_of_silent_connections_cost_a_bounded_memory_and_hold_up_no_conversation() {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    // Each process needs one for each connection.
    let silent_ones = SILENT.min(usize::try_from(descriptors).unwrap().saturating_sub(500));
    assert!(silent_ones >= 1_000, "{descriptors} descriptors are too few for this test; raise ulimit -n");
    let target = Target::new().await;
    let (port, many) = (target.address.port().to_string(), (silent_ones + 100).to_string());
    let places = ["--allow-port", &port, "--limits-connections", &many, "--limits-connections-per-client", &many];
    // They must outlast the test, whatever the machine is busy with.
    let times = ["--limits-http-head", "600", "--limits-http", "600"];
    let (ehlo, relay) = program(&[&places[..], &times].concat()).await;

    let (mut page, mut tcp) = conversing(relay, &target).await;
    let before = memory(&ehlo, "VmRSS");
    let mut silent = Vec::with_capacity(silent_ones);
    for number in 0..silent_ones {
        let mut one = TcpStream::connect(relay).await.unwrap();
        // A third says nothing at all, a third begins a request, a third stops within a header.
        one.write_all([&b""[..], b"GET ", b"GET / HTTP/1.1\r\nHost: "][number % 3]).await.unwrap();
        silent.push(one);
        if number % 1000 == 0 {
            echoes(&mut page, &mut tcp, b"NOOP\r\n").await;
        }
    }
    echoes(&mut page, &mut tcp, b"NOOP\r\n").await;
    let during = memory(&ehlo, "VmRSS");
    drop(silent);
    echoes(&mut page, &mut tcp, b"QUIT\r\n").await;
    eprintln!(
        "{silent_ones} silent connections: {before} KiB before, {during} KiB during, {} KiB after",
        memory(&ehlo, "VmRSS")
    );
    assert!(during - before < silent_ones as u64 * EACH_MAX, "{before} KiB before, {during} KiB during");
}
