//! The build that all tests share, and the built relay as it is started after installation.

use std::path::{Path, PathBuf};
use std::process::Command;

use ehlo_tests::process::{Process, command};
use ehlo_tests::relay::url_in;
use ehlo_tests::wait::{PATIENCE, until};
use ehlo_tests::{Failure, TestResult};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// What `deploy/build` has made.
pub(crate) struct Built {
    pub(crate) binary: PathBuf,
    pub(crate) package: PathBuf,
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are in a folder of the repository")
}

/// Builds binary and package, once for all tests.
pub(crate) async fn built() -> TestResult<&'static Built> {
    static BUILT: OnceCell<Built> = OnceCell::const_new();
    BUILT.get_or_try_init(|| async { build(&[]) }).await
}

/// Builds them with these variables set.
pub(crate) fn build(environment: &[(&str, &str)]) -> TestResult<Built> {
    let mut build = Command::new(repository().join("deploy/build"));
    // What cargo sets for the tests is not for another build.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && keeps_out(name)) {
        build.env_remove(name);
    }
    let said = run(build.envs(environment.iter().copied()))?;
    let mut paths = said.lines().map(PathBuf::from);
    match (paths.next(), paths.next()) {
        (Some(binary), Some(package)) => Ok(Built { binary, package }),
        _ => Err(Failure::new(format!("deploy/build did not say what it has made: {said}"))),
    }
}

fn keeps_out(name: &str) -> bool {
    !["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE"].contains(&name)
        && !["CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"].iter().any(|start| name.starts_with(start))
}

/// Runs a program to its end, and returns what it printed.
pub(crate) fn run(command: &mut Command) -> TestResult<String> {
    let output = command.output().map_err(|error| Failure::new(format!("{command:?} does not start: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let complained = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{command:?} ended with {}:\n{said}{complained}", output.status)))
}

/// Starts an installed relay as its unit does, without the rights of root, and waits until it says what to open.
pub(crate) async fn start(words: &[String], log: &Path) -> TestResult<(Process, String)> {
    let mut relay = command("setpriv");
    relay.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "--"]).args(words);
    let mut process = Process::start("ehlo", relay, log)?;
    let url = until("ehlo to say what to open", PATIENCE, || match process.has_ended() {
        Some(how) => Some(Err(Failure::new(format!("it ended at once ({how}): {}", process.log())))),
        None => url_in(&process.log()).map(Ok),
    })
    .await??;
    Ok((process, url))
}

/// What the relay serves at its address.
pub(crate) async fn get(url: &str) -> TestResult<String> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut tcp = TcpStream::connect(host).await?;
    tcp.write_all(format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    Ok(answer)
}
