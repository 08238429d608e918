//! A network that has nothing but the addresses that a test wants, and no way to any other.

use std::fs::File;
use std::os::fd::AsFd;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::failure::{Failure, TestResult};
use crate::process::{Process, command};
use crate::wait::{PATIENCE, until};

/// Does this work in a network of its own (`network_namespaces(7)`), with loopback and these `addresses` at its one
/// interface. Programs that the work starts are in it too. Needs root.
///
/// # Errors
/// When there is no such network to be had, and those of the work.
pub async fn within<F>(addresses: &[&str], work: impl FnOnce() -> F + Send + 'static) -> TestResult
where
    F: Future<Output = TestResult>,
{
    let folder = tempfile::tempdir()?;
    // The network is there as long as this program is.
    let mut holder = command("unshare");
    let steps = "ip link set lo up && for one; do ip address add $one dev lo || exit; done && echo ready && exec sleep infinity";
    holder.args(["--net", "--", "sh", "-c", steps, "network"]).args(addresses);
    let mut holder = Process::start("network", holder, &folder.path().join("log"))?;
    let look = || match holder.has_ended() {
        Some(how) => Some(Err(Failure::new(format!("no network of its own ({how})")))),
        None => holder.log().lines().any(|line| line == "ready").then_some(Ok(())),
    };
    let made = until("a network of its own", PATIENCE, look).await.and_then(|made| made);
    made.map_err(|failure| failure.with(holder.log()))?;
    let network = File::open(format!("/proc/{}/ns/net", holder.id()))?;
    let (done, ended) = tokio::sync::oneshot::channel();
    // Only this thread moves, and those that it starts.
    let worker = thread::spawn(move || {
        let moved = move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network));
        let outcome = moved.map_err(Failure::from).and_then(|()| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(work())
        });
        let _ = done.send(outcome);
    });
    match ended.await {
        Ok(outcome) => outcome,
        Err(_) => {
            let panic = worker.join().err();
            std::panic::resume_unwind(panic.unwrap_or_else(|| Box::new("the work ended without an outcome")))
        }
    }
}
