//! Programs that a test starts, and that end with it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::failure::{Failure, TestResult};

/// A running program. Dropping it ends the program and everything that it has started.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// A command for [`Process::start`]. The program dies with the test even if the test is killed.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    command_ended_by("KILL", program)
}

/// As [`command`], for a program that ends its children itself when it gets this signal.
pub fn command_ended_by(signal: &str, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

impl Process {
    /// Starts `command` in a process group of its own; what it prints goes to the file `log`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> TestResult<Self> {
        let out = File::create(log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        let child = command.spawn().map_err(|error| Failure::new(format!("{name} does not start: {error}")))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The name for failure texts.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Asks it to end (SIGTERM), as an operator does.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn terminate(&self) -> TestResult {
        let pid = Pid::from_raw(self.child.id().cast_signed()).ok_or_else(|| Failure::new("no such process"))?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    /// Everything that it has printed so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        format!("--- log of {}\n{}", self.name, String::from_utf8_lossy(&bytes))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(root) = Pid::from_raw(self.child.id().cast_signed()) else { return };
        // A child that has been waited for has given its id back: it may be another's by now.
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        // The list comes first: children of a dead parent can no longer be told from others.
        let family = descendants(self.child.id());
        let _ = kill_process_group(root, Signal::KILL);
        let _ = kill_process(root, Signal::KILL);
        for pid in family.into_iter().filter_map(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// All children of `root`, and their children, by the kernel's process table.
fn descendants(root: u32) -> BTreeSet<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, parent_of(id)?)))
        .collect();
    let mut family = BTreeSet::new();
    let mut fresh = vec![root];
    while let Some(parent) = fresh.pop() {
        fresh.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id).filter(|id| family.insert(*id)));
    }
    family
}

fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The program's name is in parentheses and may hold anything; state and parent follow it.
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

/// A loopback address on which nothing listens. It lies below the range from which the kernel takes ports for
/// outgoing connections, and no other call in this process gets the same.
///
/// # Errors
/// When no port is free.
pub fn free_addr() -> TestResult<SocketAddr> {
    const FIRST: u16 = 16_000;
    const COUNT: u16 = 16_000;
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Two test programs at the same time begin at different places.
    let start = u16::try_from(std::process::id() % 160).unwrap_or_default() * 100;
    for _ in 0..COUNT {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + start.wrapping_add(step) % COUNT;
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
    Err(Failure::new("no free port between 16000 and 32000"))
}
