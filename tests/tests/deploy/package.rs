//! The Debian package, in a file system of its own: it installs, starts, upgrades and goes without a trace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ehlo_tests::{Failure, TestResult};

use crate::support::{build, built, get, run, start};

/// An empty file system with dpkg's own files.
fn empty() -> TestResult<tempfile::TempDir> {
    let root = tempfile::tempdir()?;
    let database = root.path().join("var/lib/dpkg");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(database.join(folder))?;
    }
    fs::write(database.join("status"), "")?;
    Ok(root)
}

fn dpkg(root: &Path, words: &[&str]) -> TestResult<String> {
    let mut dpkg = Command::new("dpkg");
    dpkg.arg(format!("--root={}", root.display())).args(["--force-script-chrootless", "--log=/dev/null"]);
    run(dpkg.args(words).stdin(std::process::Stdio::null()))
}

/// The words of the unit's `ExecStart`, with the paths of this file system.
fn exec_start(root: &Path) -> TestResult<Vec<String>> {
    let unit = fs::read_to_string(root.join("lib/systemd/system/ehlo.service"))?;
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let line = line.ok_or_else(|| Failure::new("the unit starts nothing"))?;
    let inside = |word: &str| match word.strip_prefix('/') {
        Some(path) => root.join(path).display().to_string(),
        None => word.to_owned(),
    };
    Ok(line.split_whitespace().map(inside).collect())
}

fn text(path: &Path) -> TestResult<&str> {
    path.to_str().ok_or_else(|| Failure::new("a path of the tests is text"))
}

#[tokio::test]
async fn the_package_installs_starts_upgrades_and_goes_without_a_trace() -> TestResult {
    let root = empty()?;
    // The relay runs without the rights of root and must be able to come here.
    fs::set_permissions(root.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let first = built().await?;
    dpkg(root.path(), &["--install", text(&first.package)?])?;
    let file = root.path().join("etc/ehlo/ehlo.toml");

    // As it comes it reaches nobody, and says so.
    let words = exec_start(root.path())?;
    let refused = run(Command::new(&words[0]).args(&words[1..])).unwrap_err();
    assert!(format!("{refused:?}").contains("--target"), "{refused:?}");
    let mine =
        "profile = \"intranet\"\nlisten = [\"127.0.0.1:0\"]\n[targets.exchange]\nhost = \"192.0.2.1\"\nport = 25\n";
    fs::write(&file, mine)?;
    let log = root.path().join("log");
    let (relay, url) = start(&words, &log).await?;
    assert!(get(&url).await?.contains("<smtp-conversation"));
    drop(relay);

    let newer = build(&[("EHLO_DEB_VERSION", "99.0.0")])?;
    dpkg(root.path(), &["--install", text(&newer.package)?])?;
    let version = run(Command::new("dpkg-query")
        .arg(format!("--admindir={}", root.path().join("var/lib/dpkg").display()))
        .args(["--show", "--showformat=${Version} ${Status}", "ehlo"]))?;
    assert_eq!(version, "99.0.0 install ok installed");
    assert_eq!(fs::read_to_string(&file)?, mine, "the operator's configuration stays");

    dpkg(root.path(), &["--purge", "ehlo"])?;
    fs::remove_file(&log)?;
    let left: Vec<PathBuf> =
        ["usr", "etc", "lib"].iter().map(|folder| root.path().join(folder)).filter(|path| path.exists()).collect();
    assert_eq!(left, Vec::<PathBuf>::new());
    Ok(())
}
