//! The short form of fuzzing: nothing that others wrote makes a parser panic, or is taken in two spellings.

#![allow(clippy::expect_used, clippy::panic)]

use anyhow::{Result, ensure};
use tearline_tests::parsing::{TARGETS, soak, target};

/// Of each target; a bundle is the longest.
const INPUTS: u64 = 3000;

#[test]
fn every_parser_takes_or_refuses_whatever_bytes_there_are() -> Result<()> {
    for target in TARGETS {
        let done = soak(target, |done| done < INPUTS)?;
        ensure!(done == INPUTS, "{}: {done}", target.name);
    }
    Ok(())
}

#[test]
fn every_parser_is_a_target_of_the_fuzzer_too() -> Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let mut there = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        there.push(entry?.path().file_stem().expect("a name").to_string_lossy().into_owned());
    }
    there.sort();
    let mut known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    known.sort_unstable();
    ensure!(there == known, "{there:?}, not {known:?}");
    ensure!(target("nothing").is_err_and(|error| error.to_string().contains("use one of")));
    Ok(())
}
