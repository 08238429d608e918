//! Where the programs are that the tests start, and what to do when they are not there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, TestResult};

/// Cargo's target folder.
fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root.join(folder),
        None => root.join("target"),
    }
}

/// The folder into which `tests/install` has unpacked this mail server.
///
/// # Errors
/// When it is not there, or the tests do not run as root.
pub fn unpacked(package: &str) -> TestResult<PathBuf> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::new(format!("{package} is started as root: run the tests as root (sudo tests/run)")));
    }
    let folder = target().join("mail-servers").join(package);
    if !folder.join(".complete").exists() {
        return Err(Failure::new(format!("{package} is missing: run tests/install as root, which unpacks it")));
    }
    Ok(folder)
}

/// As [`unpacked`], but in a place that the server's unprivileged users can enter: a copy in `private` when some
/// folder above the cache is closed to them.
///
/// # Errors
/// As [`unpacked`], or when the copy fails.
pub fn for_everybody(package: &str, private: &Path) -> TestResult<PathBuf> {
    let folder = unpacked(package)?;
    if folder.ancestors().all(may_be_entered) {
        return Ok(folder);
    }
    let copy = private.join("package");
    let status = Command::new("cp").arg("-r").arg(&folder).arg(&copy).status()?;
    if status.success() { Ok(copy) } else { Err(Failure::new(format!("no copy of {package} could be made"))) }
}

fn may_be_entered(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder.as_os_str().is_empty() || folder.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
}

/// A program of this machine, from the first of `places` that has it: a name is looked for in `PATH`, in the folders
/// of the system and in `target/tools/bin`.
///
/// # Errors
/// When none has it; `advice` says what to install.
pub fn program(places: &[&str], advice: &str) -> TestResult<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(["/usr/bin", "/usr/sbin"].map(PathBuf::from))
        .chain([target().join("tools/bin")])
        .collect();
    let found = places.iter().find_map(|place| folders.iter().map(|folder| folder.join(place)).find(|p| p.is_file()));
    found.ok_or_else(|| Failure::new(format!("{} is missing: {advice}", places.join(" or "))))
}

/// A file below `target/tools`, where `tests/install` puts what it fetches.
///
/// # Errors
/// When it is not there.
pub fn tool_file(path: &str) -> TestResult<PathBuf> {
    let file = target().join("tools").join(path);
    if file.is_file() {
        Ok(file)
    } else {
        Err(Failure::new(format!("{path} is missing: run tests/install, which fetches it")))
    }
}

/// The numbers of user and group of an account, from the system's table.
///
/// # Errors
/// When there is no such account.
pub fn account(name: &str) -> TestResult<(u32, u32)> {
    let table = std::fs::read_to_string("/etc/passwd")?;
    let found = table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        is_it.then_some((uid, gid))
    });
    found.ok_or_else(|| Failure::new(format!("there is no user {name}: run tests/install as root, which makes it")))
}

/// The number of a group, from the system's table.
///
/// # Errors
/// When there is no such group.
pub fn group(name: &str) -> TestResult<u32> {
    let table = std::fs::read_to_string("/etc/group")?;
    let found = table.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    found.ok_or_else(|| Failure::new(format!("there is no group {name}: run tests/install as root, which makes it")))
}
