//! The container: the static binary alone in an empty file system.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use ehlo_tests::TestResult;

use crate::support::{built, repository, run};

/// buildah with a store of its own, which leaves nothing behind on the machine.
fn buildah(store: &Path) -> Command {
    let mut buildah = Command::new("buildah");
    buildah.args(["--storage-driver", "vfs", "--root"]).arg(store.join("root"));
    buildah.arg("--runroot").arg(store.join("run"));
    buildah
}

#[tokio::test]
async fn the_container_has_one_file_that_runs_with_nothing_beside_it() -> TestResult {
    let built = built().await?;
    let (store, context) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fs::copy(&built.binary, context.path().join("ehlo"))?;
    let containerfile = repository().join("deploy/Containerfile");
    let mut build = buildah(store.path());
    build.args(["build", "--isolation", "chroot", "--network", "host", "-t", "ehlo", "-f"]).arg(containerfile);
    run(build.arg(context.path()))?;

    let container = run(buildah(store.path()).args(["from", "--pull-never", "ehlo"]))?;
    let root = run(buildah(store.path()).args(["mount", container.trim()]))?;
    let files: Vec<_> =
        fs::read_dir(root.trim())?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    assert_eq!(files, ["ehlo"]);
    let told = run(Command::new("chroot").arg(root.trim()).args(["/ehlo", "--version"]))?;
    assert!(told.contains("page "), "{told}");
    run(buildah(store.path()).args(["rm", container.trim()]))?;
    Ok(())
}

#[tokio::test]
async fn the_binary_needs_no_library_of_the_system() -> TestResult {
    let built = built().await?;
    let headers = run(Command::new("readelf").args(["--program-headers"]).arg(&built.binary))?;
    assert!(!headers.contains("INTERP"), "{headers}");
    // It is found and started by whatever name it has.
    let folder = tempfile::tempdir()?;
    let link = folder.path().join("other");
    symlink(&built.binary, &link)?;
    assert!(run(Command::new(link).arg("--version"))?.starts_with("ehlo "));
    Ok(())
}
