//! The second verifier, `tests/replay.py`, agrees with every vector and every log.
//!
//! It is written in Python from `docs/spec.md` alone, so what both it and the vectors say is what
//! the specification says. This test knows how it is run and nothing of what it checks.

#![allow(clippy::expect_used, clippy::panic)]

use std::{path::Path, process::Command};

#[test]
fn a_second_implementation_agrees_with_every_vector() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .arg(here.join("replay.py"))
        .arg("--vectors")
        .arg(here.join("vectors"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 (3.11 or newer) runs: install it, as .ci/run does");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "replay.py disagrees:\n{said}{complained}");
    let counts = said.lines().last().unwrap_or_default();
    assert!(counts.ends_with(" passed, 0 failed"), "replay.py ended with {counts:?}");
}
