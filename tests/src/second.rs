//! The second verifier, `tests/replay.py`, on logs that tests make.
//!
//! It is written in Python from `docs/spec.md` alone. Here is how it is run on bundles of rooms and
//! compared with what Rust says of the same bundle; what either of them checks is not known here.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::vectors::verdict;

/// Replays each bundle, by its name, in both, which must come to the same verdict, roots and members.
pub fn agrees_on(bundles: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let folder = dir.path().join("logs");
    fs::create_dir(&folder)?;
    let mut count = 0;
    for (name, bundle) in bundles {
        fs::write(folder.join(format!("{name}.json")), verdict::document(&bundle)?)?;
        fs::write(folder.join(format!("{name}.bundle")), bundle)?;
        count += 1;
    }
    let output = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("replay.py"))
        .arg("--vectors")
        .arg(dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .context("python3 (3.11 or newer) does not run: install it, as .ci/run does")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "replay.py disagrees:\n{said}{complained}");
    let counts = said.lines().last().unwrap_or_default();
    ensure!(counts == format!("{count} passed, 0 failed"), "replay.py ended with {counts:?}");
    Ok(())
}
