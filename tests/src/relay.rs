//! The relay under test: in this process, or as the real program.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ehlo_relay::{Config, Running};
use tempfile::TempDir;

use crate::failure::{Failure, TestResult};
use crate::process::{Process, command};
use crate::wait::{PATIENCE, until};

/// A relay in this process, on a free loopback port. It stops when dropped.
#[derive(Debug)]
pub struct Relay {
    running: Running,
}

impl Relay {
    /// Starts it with this configuration, wherever that says to listen.
    ///
    /// # Errors
    /// When the relay refuses the configuration.
    pub async fn start(config: Config) -> TestResult<Self> {
        let config = Config { listen: vec![(Ipv4Addr::LOCALHOST, 0).into()], ..config };
        Ok(Self { running: ehlo_relay::Relay::start(config, ehlo_cli::page()).await? })
    }

    /// Starts it so that these servers' ports may be reached.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub async fn to(servers: &[SocketAddr]) -> TestResult<Self> {
        Self::start(Config { allow_ports: servers.iter().map(SocketAddr::port).collect(), ..Config::default() }).await
    }

    /// What to open in a browser.
    pub fn url(&self) -> &str {
        self.running.url()
    }

    /// The URL of the tunnel.
    pub fn tunnel_url(&self) -> String {
        self.running.tunnel_url()
    }

    /// The relay itself.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Stops it as an operator does, with grace, and waits for the end.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// The program `ehlo`, on a free loopback port. It is killed when dropped.
#[derive(Debug)]
pub struct RelayProgram {
    process: Process,
    url: String,
    _folder: TempDir,
}

impl RelayProgram {
    /// Starts `ehlo --listen 127.0.0.1:0` and these arguments, and waits until it says what to open.
    ///
    /// # Errors
    /// When it was not built, or ends at once.
    pub async fn start(arguments: &[&str]) -> TestResult<Self> {
        Self::start_with(arguments, &[]).await
    }

    /// As [`RelayProgram::start`], with these variables in its environment.
    ///
    /// # Errors
    /// As [`RelayProgram::start`].
    pub async fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> TestResult<Self> {
        Self::of(&program()?, arguments, environment).await
    }

    /// As [`RelayProgram::start_with`], of another build.
    ///
    /// # Errors
    /// As [`RelayProgram::start`].
    pub async fn of(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> TestResult<Self> {
        let folder = tempfile::tempdir()?;
        let mut ehlo = command(program);
        ehlo.args(["--listen", "127.0.0.1:0"]).args(arguments).envs(environment.iter().copied());
        let mut process = Process::start("ehlo", ehlo, &folder.path().join("log"))?;
        let look = || match process.has_ended() {
            Some(how) => Some(Err(Failure::new(format!("ehlo ended at once ({how})")))),
            None => url_in(&process.log()).map(Ok),
        };
        let said = until("ehlo to say what to open", PATIENCE, look).await.and_then(|found| found);
        let url = said.map_err(|failure| failure.with(process.log()))?;
        Ok(Self { process, url, _folder: folder })
    }

    /// What it said to open.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The running program, with its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// The program that cargo has built beside the tests: `cargo test --workspace` does, since `cli` has tests of it.
///
/// # Errors
/// When it is not there.
pub fn program() -> TestResult<PathBuf> {
    let tests = std::env::current_exe()?;
    let built = tests.parent().and_then(Path::parent).map(|folder| folder.join("ehlo"));
    built
        .filter(|path| path.is_file())
        .ok_or_else(|| Failure::new("ehlo was not built: run cargo build -p ehlo-cli first, as tests/run does"))
}

/// The first address in a text. A line that is not finished may hold half of one.
pub fn url_in(log: &str) -> Option<String> {
    let (whole, _) = log.rsplit_once('\n')?;
    whole.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
}
