//! What the relay costs, beside direct TCP, a bare TCP copy and a bare relay on tokio-tungstenite, in one run.
//!
//! `cargo bench -p ehlo-relay --bench relay` prints a table in Markdown. All checks of the relay are on; its limits are raised by
//! [`raised`]. The bare relay has the same buffers and checks nothing. The hop under test is a process of its own (this program again), so that its CPU time
//! and memory (Linux: from `/proc`) are its own. Everything is on loopback; other work on the machine shows.

mod ends;
mod hop;
mod measures;
mod table;

use std::io;

use tokio::net::TcpListener;

use ends::target;
use hop::{Hop, Started, hop};
use measures::{Bench, IDLE, IDLE_MOST};
use table::Table;

/// The program's own, for every hop.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const GREETING: &[u8] = b"220 bench.example\r\n";
const LINE: usize = 64;
const BULK: usize = 256 << 20;

fn main() -> Fallible<()> {
    let args: Vec<String> = std::env::args().collect();
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "hop", word, target] => runtime.block_on(hop(word, target.parse()?)),
        [_, ref words @ ..] => runtime.block_on(measure(words, usize::try_from(descriptors)?)),
        [] => Ok(()),
    }
}

/// Measures what `words` name, hops and sections, and all of a kind where it names none.
async fn measure(words: &[&str], descriptors: usize) -> Fallible<()> {
    // Client and target are this one process, so that a session takes two here as it does in the hop.
    let most = IDLE_MOST.min(descriptors.saturating_sub(500) / 2);
    let named = |all: &[&str]| all.iter().any(|word| words.contains(word));
    let some_hops = named(&Hop::ALL.map(Hop::word));
    let sections = ["echo", "many", "set-up", "bulk", "stall", "idle"];
    let some_sections = named(&sections);
    let wanted = |section| !some_sections || words.contains(&section);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target_address = listener.local_addr()?;
    tokio::spawn(target(listener));
    let table = Table::default();
    for hop in Hop::ALL {
        if some_hops && !words.contains(&hop.word()) {
            continue;
        }
        let started = if hop == Hop::Direct { None } else { Some(Started::new(hop, target_address)?) };
        let near = started.as_ref().map_or(target_address, |(_, near)| *near);
        let process = started.as_ref().map(|(process, _)| process);
        let bench = Bench { hop, near, target: target_address, process, table: &table };
        for section in sections {
            if !wanted(section) {
                continue;
            }
            match section {
                "echo" => bench.echo().await?,
                "many" => bench.echo_of_many().await?,
                "set-up" => bench.set_up().await?,
                "bulk" => bench.bulk().await?,
                "stall" => bench.stall().await?,
                _ => {
                    bench.idle(IDLE, "idle at 5,000", "5,000 have left, above rest").await?;
                    bench.idle(most, "idle at most", "all have left, above rest").await?;
                }
            }
        }
    }
    table.print();
    println_to_parent(format_args!("\nIdle at most: {most} sessions, by the descriptors that there are."))?;
    Ok(())
}

fn println_to_parent(address: impl std::fmt::Display) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{address}")
}
