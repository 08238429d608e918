//! What the relay costs, beside direct TCP, a bare TCP copy and a bare relay on tokio-tungstenite, in one run.
//!
//! `cargo bench -p ehlo-relay --bench relay` prints a table in Markdown. All checks of the relay are on; its limits are raised by
//! [`raised`]. The bare relay has the same buffers and checks nothing. The hop under test is a process of its own (this program again), so that its CPU time
//! and memory (Linux: from `/proc`) are its own. Everything is on loopback; other work on the machine shows.

use std::io::{self, BufRead as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ehlo_core::tunnel::{Connect, Connected, FromRelay, MESSAGE_MAX, PATH, SUBPROTOCOL, ToRelay};
use ehlo_relay::{Assets, Config, Limits, Relay};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

/// The program's own, for every hop.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const GREETING: &[u8] = b"220 bench.example\r\n";
const LINE: usize = 64;
const ROUND_TRIPS: usize = 20_000;
const SESSIONS: usize = 100;
const SET_UPS: usize = 16_000;
const WORKERS: usize = 16;
const BULK: usize = 256 << 20;
const IDLE: usize = 5_000;
const IDLE_MOST: usize = 20_000;

/// What lies between client and target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hop {
    Direct,
    Copy,
    Bare,
    Relay,
}

impl Hop {
    const ALL: [Self; 4] = [Self::Direct, Self::Copy, Self::Bare, Self::Relay];

    const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Copy => "copy",
            Self::Bare => "bare",
            Self::Relay => "relay",
        }
    }
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "hop", word, target] => runtime.block_on(hop(word, target.parse()?)),
        [_, ref words @ ..] => runtime.block_on(measure(words, usize::try_from(descriptors)?)),
        [] => Ok(()),
    }
}

/// The limits of the bench: each is there, and none is reached.
fn raised() -> Limits {
    let many = 1_000_000;
    Limits {
        connections: many,
        connections_per_client: many,
        sessions: many,
        sessions_per_client: many,
        sessions_per_minute: u32::MAX,
        sessions_burst: u32::MAX,
        at_once_per_target: many,
        per_minute_per_target: u32::MAX,
        sent: u64::MAX,
        received: u64::MAX,
        ..Limits::default()
    }
}

/// The process under test: prints its address, and works until its standard input ends.
async fn hop(word: &str, target: SocketAddr) -> Outcome<()> {
    let mut kept = None;
    let address = if word == Hop::Relay.word() {
        let listen = vec!["127.0.0.1:0".parse()?];
        let config = Config { listen, allow_ports: vec![target.port()], limits: raised(), ..Config::default() };
        kept.insert(Relay::start(config, Assets::none()).await?).address()
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        match word == Hop::Bare.word() {
            true => drop(tokio::spawn(bare(listener, target))),
            false => drop(tokio::spawn(copy(listener, target))),
        }
        address
    };
    println_to_parent(address)?;
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    drop(kept);
    Ok(())
}

fn println_to_parent(address: impl std::fmt::Display) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{address}")
}

async fn copy(listener: TcpListener, target: SocketAddr) -> io::Result<()> {
    loop {
        let (mut near, _) = listener.accept().await?;
        tokio::spawn(async move {
            near.set_nodelay(true)?;
            let mut far = TcpStream::connect(target).await?;
            far.set_nodelay(true)?;
            tokio::io::copy_bidirectional_with_sizes(&mut near, &mut far, 8192, 8192).await
        });
    }
}

/// What anybody would write first: no guard, no limits, no timers.
async fn bare(listener: TcpListener, target: SocketAddr) -> io::Result<()> {
    loop {
        let (near, _) = listener.accept().await?;
        tokio::spawn(async move {
            near.set_nodelay(true)?;
            let buffers = WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(0);
            #[expect(clippy::result_large_err, reason = "the library's own type")]
            let echo = |_: &Request, mut response: Response| {
                response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().expect("a value"));
                Ok(response)
            };
            let ws = accept_hdr_async_with_config(near, echo, Some(buffers)).await?;
            let (mut out, mut page) = ws.split();
            page.next().await.ok_or("gone")??;
            let far = TcpStream::connect(target).await?;
            far.set_nodelay(true)?;
            let connected = Connected {
                session: String::new(),
                address: target.ip().to_string(),
                port: target.port(),
                local: None,
                local_name: None,
                ms: 0,
            };
            out.send(Message::text(FromRelay::Connected(connected).to_json())).await?;
            let (mut from_target, mut to_target) = far.into_split();
            let up = async {
                while let Some(Ok(message)) = page.next().await {
                    to_target.write_all(&message.into_data()).await?;
                }
                Outcome::Ok(())
            };
            let down = async {
                let mut buffer = vec![0; 8 * 1024];
                loop {
                    match from_target.read(&mut buffer).await? {
                        0 => return Outcome::Ok(()),
                        n => out.send(Message::binary(Bytes::copy_from_slice(&buffer[..n]))).await?,
                    }
                }
            };
            tokio::select! {
                ended = up => ended,
                ended = down => ended,
            }
        });
    }
}

/// The process under test, ended with this value.
struct Started(Child);

impl Started {
    fn new(hop: Hop, target: SocketAddr) -> Outcome<(Self, SocketAddr)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["hop", hop.word(), &target.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        io::BufReader::new(child.stdout.take().ok_or("stdout")?).read_line(&mut line)?;
        Ok((Self(child), line.trim().parse()?))
    }

    /// Proportional memory in KiB.
    fn memory(&self) -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id())).ok()?;
        text.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.parse().ok()
    }

    /// CPU time of all threads in milliseconds.
    fn cpu(&self) -> Option<f64> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).ok()?;
        let nanos = |text: String| text.split(' ').next()?.parse::<f64>().ok();
        let each =
            threads.map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok().and_then(nanos));
        Some(each.sum::<Option<f64>>()? / 1e6)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that greets, and then does what the first octet says: echo, send (`d`), take (`u`), or nothing.
async fn target(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut tcp, _) = listener.accept().await?;
        tokio::spawn(async move {
            tcp.set_nodelay(true)?;
            tcp.write_all(GREETING).await?;
            let mut buffer = vec![0; LINE];
            tcp.read_exact(&mut buffer).await?;
            match buffer[0] {
                b'd' => {
                    buffer.resize(64 * 1024, b'x');
                    loop {
                        tcp.write_all(&buffer).await?;
                    }
                }
                b'u' => {
                    buffer.resize(64 * 1024, 0);
                    let mut left = BULK;
                    while left > 0 {
                        left = left.saturating_sub(tcp.read(&mut buffer).await?.max(1));
                    }
                    tcp.write_all(&[b'k'; LINE]).await?;
                    // What is still unread at the end would reset the connection, and the answer with it.
                    tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await.map(drop)
                }
                b'e' => loop {
                    tcp.write_all(&buffer).await?;
                    tcp.read_exact(&mut buffer).await?;
                },
                _ => std::future::pending().await,
            }
        });
    }
}

/// The client's end of a connection, greeted.
enum Link {
    Tcp(TcpStream),
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

impl Link {
    async fn open(hop: Hop, near: SocketAddr, target: SocketAddr) -> Outcome<Self> {
        let tcp = TcpStream::connect(near).await?;
        tcp.set_nodelay(true)?;
        let mut link = Self::Tcp(tcp);
        if matches!(hop, Hop::Bare | Hop::Relay) {
            let Self::Tcp(tcp) = link else { unreachable!() };
            let mut request = format!("ws://{near}{PATH}").into_client_request()?;
            request.headers_mut().insert("origin", format!("http://{near}").parse()?);
            request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
            let buffers = WebSocketConfig::default().read_buffer_size(16 * 1024).write_buffer_size(0);
            let (mut ws, _) = client_async_with_config(request, tcp, Some(buffers)).await?;
            let (host, port) = (Some(target.ip().to_string()), Some(target.port()));
            ws.send(Message::text(ToRelay::Connect(Connect { host, port, ..Connect::default() }).to_json())).await?;
            loop {
                let Some(Ok(Message::Text(text))) = ws.next().await else { return Err("no answer".into()) };
                match FromRelay::from_json(&text) {
                    Ok(FromRelay::Connected(_)) => break,
                    Ok(FromRelay::Resolved { .. }) => {}
                    other => return Err(format!("{other:?}").into()),
                }
            }
            link = Self::WebSocket(Box::new(ws));
        }
        link.take(GREETING.len()).await?;
        Ok(link)
    }

    /// Closes, and waits until the other side has.
    async fn leave(self) -> Outcome<()> {
        match self {
            Self::Tcp(mut tcp) => {
                tcp.shutdown().await?;
                // The target waits for more; what lies between has seen the end.
                Ok(())
            }
            Self::WebSocket(mut ws) => {
                WebSocketStream::close(&mut ws, None).await?;
                while let Some(Ok(_)) = ws.next().await {}
                Ok(())
            }
        }
    }

    async fn send(&mut self, bytes: &Bytes) -> Outcome<()> {
        match self {
            Self::Tcp(tcp) => Ok(tcp.write_all(bytes).await?),
            Self::WebSocket(ws) => Ok(ws.send(Message::Binary(bytes.clone())).await?),
        }
    }

    /// Reads at least so many octets.
    async fn take(&mut self, length: usize) -> Outcome<()> {
        let mut buffer = vec![0; length.min(64 * 1024)];
        let mut left = length;
        while left > 0 {
            let got = match self {
                Self::Tcp(tcp) => tcp.read(&mut buffer).await?,
                Self::WebSocket(ws) => match ws.next().await.ok_or("closed")?? {
                    Message::Binary(bytes) => bytes.len(),
                    Message::Ping(_) => continue,
                    other => return Err(format!("{other:?}").into()),
                },
            };
            if got == 0 {
                return Err("closed".into());
            }
            left = left.saturating_sub(got);
        }
        Ok(())
    }
}

/// Measures what `words` name, hops and sections, and all of a kind where it names none.
async fn measure(words: &[&str], descriptors: usize) -> Outcome<()> {
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

/// What, its unit, and a figure for each hop.
type Row = (&'static str, &'static str, [Option<f64>; Hop::ALL.len()]);

/// All figures.
#[derive(Default)]
struct Table(Mutex<Vec<Row>>);

impl Table {
    fn put(&self, hop: Hop, what: &'static str, figure: f64, unit: &'static str) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = rows.iter().position(|row| row.0 == what).unwrap_or_else(|| {
            rows.push((what, unit, Default::default()));
            rows.len() - 1
        });
        rows[at].2[hop as usize] = Some(figure);
    }

    fn print(&self) {
        use io::Write as _;
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "| | {} | relay / bare |", Hop::ALL.map(Hop::word).join(" | "));
        let _ = writeln!(out, "|---|---:|---:|---:|---:|---:|");
        for (what, unit, figures) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let told = figures.map(|figure| figure.map_or("–".to_owned(), |figure| format!("{figure:.1}")));
            let ratio = match (figures[Hop::Bare as usize], figures[Hop::Relay as usize]) {
                (Some(bare), Some(relay)) if bare > 0.05 => format!("{:.2}", relay / bare),
                _ => "–".to_owned(),
            };
            let _ = writeln!(out, "| {what}, {unit} | {} | {ratio} |", told.join(" | "));
        }
    }
}

struct Bench<'a> {
    hop: Hop,
    near: SocketAddr,
    target: SocketAddr,
    process: Option<&'a Started>,
    table: &'a Table,
}

impl Bench<'_> {
    async fn link(&self) -> Outcome<Link> {
        Link::open(self.hop, self.near, self.target).await
    }

    fn say(&self, what: &'static str, figure: f64, unit: &'static str) {
        self.table.put(self.hop, what, figure, unit);
    }

    fn cpu(&self) -> Option<f64> {
        self.process.and_then(Started::cpu)
    }

    fn memory(&self) -> Option<f64> {
        self.process.and_then(Started::memory)
    }

    async fn echo(&self) -> Outcome<()> {
        let mut link = self.link().await?;
        let line = Bytes::from(vec![b'e'; LINE]);
        let cpu = self.cpu();
        let mut times = Vec::with_capacity(ROUND_TRIPS);
        for _ in 0..ROUND_TRIPS {
            let started = Instant::now();
            link.send(&line).await?;
            link.take(LINE).await?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let micros = |at: usize| times[at].as_secs_f64() * 1e6;
        self.say("echo, p50", micros(ROUND_TRIPS / 2), "µs");
        self.say("echo, p99", micros(ROUND_TRIPS * 99 / 100), "µs");
        if let (Some(before), Some(after)) = (cpu, self.cpu()) {
            self.say("echo, CPU", (after - before) * 1000.0 / ROUND_TRIPS as f64, "µs a round trip");
        }
        Ok(())
    }

    /// Many sessions at once, each as fast as it can.
    async fn echo_of_many(&self) -> Outcome<()> {
        let each = ROUND_TRIPS / SESSIONS;
        let mut links = Vec::with_capacity(SESSIONS);
        for _ in 0..SESSIONS {
            links.push(self.link().await?);
        }
        let cpu = self.cpu();
        let started = Instant::now();
        let line = Bytes::from(vec![b'e'; LINE]);
        let tasks: Vec<_> = links
            .into_iter()
            .map(|mut link| {
                let line = line.clone();
                tokio::spawn(async move {
                    let mut times = Vec::with_capacity(each);
                    for _ in 0..each {
                        let started = Instant::now();
                        link.send(&line).await?;
                        link.take(LINE).await?;
                        times.push(started.elapsed());
                    }
                    Outcome::Ok(times)
                })
            })
            .collect();
        let mut times = Vec::with_capacity(ROUND_TRIPS);
        for task in tasks {
            times.extend(task.await??);
        }
        self.say("echo of 100, all", times.len() as f64 / started.elapsed().as_secs_f64(), "round trips/s");
        times.sort_unstable();
        let micros = |at: usize| times[at].as_secs_f64() * 1e6;
        self.say("echo of 100, p50", micros(times.len() / 2), "µs");
        self.say("echo of 100, p99", micros(times.len() * 99 / 100), "µs");
        if let (Some(before), Some(after)) = (cpu, self.cpu()) {
            self.say("echo of 100, CPU", (after - before) * 1000.0 / times.len() as f64, "µs a round trip");
        }
        Ok(())
    }

    /// Connect, upgrade, greeting, close, by several at once.
    async fn set_up(&self) -> Outcome<()> {
        let cpu = self.cpu();
        let started = Instant::now();
        let (hop, near, target) = (self.hop, self.near, self.target);
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                tokio::spawn(async move {
                    for _ in 0..SET_UPS / WORKERS {
                        Link::open(hop, near, target).await?.leave().await?;
                    }
                    Outcome::Ok(())
                })
            })
            .collect();
        for worker in workers {
            worker.await??;
        }
        self.say("set-up by 16", SET_UPS as f64 / started.elapsed().as_secs_f64(), "sessions/s");
        if let (Some(before), Some(after)) = (cpu, self.cpu()) {
            self.say("set-up, CPU", (after - before) * 1000.0 / SET_UPS as f64, "µs a session");
        }
        Ok(())
    }

    async fn bulk(&self) -> Outcome<()> {
        let mut link = self.link().await?;
        let (cpu, started) = (self.cpu(), Instant::now());
        link.send(&Bytes::from(vec![b'd'; LINE])).await?;
        link.take(BULK).await?;
        self.say("bulk to the page", BULK as f64 / 1e6 / started.elapsed().as_secs_f64(), "MB/s");
        self.say_cpu_of_bulk("bulk to the page, CPU", cpu);
        drop(link);

        let mut link = self.link().await?;
        let piece = Bytes::from(vec![b'u'; MESSAGE_MAX]);
        let (cpu, started) = (self.cpu(), Instant::now());
        for _ in 0..=BULK / MESSAGE_MAX {
            link.send(&piece).await?;
        }
        link.take(LINE).await?;
        self.say("bulk to the target", BULK as f64 / 1e6 / started.elapsed().as_secs_f64(), "MB/s");
        self.say_cpu_of_bulk("bulk to the target, CPU", cpu);
        Ok(())
    }

    fn say_cpu_of_bulk(&self, what: &'static str, before: Option<f64>) {
        if let (Some(before), Some(after)) = (before, self.cpu()) {
            self.say(what, (after - before) / (BULK as f64 / 1e9), "ms a GB");
        }
    }

    /// Offers what nobody takes, in each direction.
    async fn stall(&self) -> Outcome<()> {
        let before = self.memory();
        let mut deaf = self.link().await?;
        deaf.send(&Bytes::from(vec![b'd'; LINE])).await?;
        let mut link = self.link().await?;
        let piece = Bytes::from(vec![b's'; MESSAGE_MAX]);
        let mut taken = 0;
        while timeout(Duration::from_millis(500), link.send(&piece)).await.is_ok() && taken < BULK {
            taken += piece.len();
        }
        self.say("stalled target took", taken as f64 / f64::from(1 << 20), "MiB");
        if let (Some(before), Some(after)) = (before, self.memory()) {
            self.say("both stalled, growth", (after - before) / 1024.0, "MiB");
        }
        Ok(())
    }

    async fn idle(&self, sessions: usize, each: &'static str, left: &'static str) -> Outcome<()> {
        let before = self.memory();
        let mut links = Vec::with_capacity(sessions);
        for _ in 0..sessions {
            links.push(self.link().await?);
        }
        if let (Some(before), Some(after)) = (before, self.memory()) {
            self.say(each, (after - before) / sessions as f64, "KiB a session");
        }
        drop(links);
        // It is seen by each session by itself that its page has gone.
        let quiet = Duration::from_secs(3);
        let mut last = self.memory();
        loop {
            tokio::time::sleep(quiet).await;
            let now = self.memory();
            if now == last {
                break;
            }
            last = now;
        }
        if let (Some(before), Some(after)) = (before, last) {
            self.say(left, (after - before) / 1024.0, "MiB");
        }
        Ok(())
    }
}
