//! What is measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ehlo_core::tunnel::MESSAGE_MAX;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Bytes;

use crate::ends::Link;
use crate::hop::{Hop, Started};
use crate::table::Table;
use crate::{BULK, Fallible, LINE};

const ROUND_TRIPS: usize = 20_000;
const SESSIONS: usize = 100;
const SET_UPS: usize = 16_000;
const WORKERS: usize = 16;
pub(crate) const IDLE: usize = 5_000;
pub(crate) const IDLE_MOST: usize = 20_000;

pub(crate) struct Bench<'a> {
    pub(crate) hop: Hop,
    pub(crate) near: SocketAddr,
    pub(crate) target: SocketAddr,
    pub(crate) process: Option<&'a Started>,
    pub(crate) table: &'a Table,
}

impl Bench<'_> {
    pub(crate) async fn link(&self) -> Fallible<Link> {
        Link::open(self.hop, self.near, self.target).await
    }

    pub(crate) fn say(&self, what: &'static str, figure: f64, unit: &'static str) {
        self.table.put(self.hop, what, figure, unit);
    }

    pub(crate) fn cpu(&self) -> Option<f64> {
        self.process.and_then(Started::cpu)
    }

    pub(crate) fn memory(&self) -> Option<f64> {
        self.process.and_then(Started::memory)
    }

    pub(crate) async fn echo(&self) -> Fallible<()> {
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
    pub(crate) async fn echo_of_many(&self) -> Fallible<()> {
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
                    Fallible::Ok(times)
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
    pub(crate) async fn set_up(&self) -> Fallible<()> {
        let cpu = self.cpu();
        let started = Instant::now();
        let (hop, near, target) = (self.hop, self.near, self.target);
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                tokio::spawn(async move {
                    for _ in 0..SET_UPS / WORKERS {
                        Link::open(hop, near, target).await?.leave().await?;
                    }
                    Fallible::Ok(())
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

    pub(crate) async fn bulk(&self) -> Fallible<()> {
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

    pub(crate) fn say_cpu_of_bulk(&self, what: &'static str, before: Option<f64>) {
        if let (Some(before), Some(after)) = (before, self.cpu()) {
            self.say(what, (after - before) / (BULK as f64 / 1e9), "ms a GB");
        }
    }

    /// Offers what nobody takes, in each direction.
    pub(crate) async fn stall(&self) -> Fallible<()> {
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

    pub(crate) async fn idle(&self, sessions: usize, each: &'static str, left: &'static str) -> Fallible<()> {
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
