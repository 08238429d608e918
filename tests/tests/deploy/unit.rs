//! The systemd unit: how much it may do, and whether what it starts runs.

use std::fs;
use std::process::Command;

use ehlo_tests::TestResult;

use crate::support::{built, repository, run};

/// The exposure that is tolerated, in tenths: systemd's scale goes to 10.0.
const EXPOSURE_MAX: &str = "20";

#[test]
fn the_unit_exposes_less_than_systemd_calls_worth_a_look() -> TestResult {
    let unit = repository().join("deploy/ehlo.service");
    let mut check = Command::new("systemd-analyze");
    check.args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX]).arg(unit);
    let told = run(&mut check)?;
    assert!(told.contains("Overall exposure level"), "{told}");
    Ok(())
}

#[tokio::test]
async fn the_example_configurations_are_understood_by_the_built_program() -> TestResult {
    let built = built().await?;
    for (example, addition) in [
        ("personal", ""),
        ("intranet", "\n[targets.exchange]\nhost = \"mail.corp.example\"\nport = 25\n"),
        ("public", "\n[tokens.alice]\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n"),
    ] {
        let text = fs::read_to_string(repository().join(format!("deploy/{example}.toml")))?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("ehlo.toml");
        fs::write(&file, format!("{text}{addition}"))?;
        let told = run(Command::new(&built.binary).arg("check-config").arg("--config").arg(&file))?;
        assert!(told.contains(&format!("The profile is {example}.")), "{told}");
    }
    Ok(())
}
