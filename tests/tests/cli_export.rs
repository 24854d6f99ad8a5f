//! An export that is broken off goes on where it was, comes out as if it had not been, and is never half there.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tearline_ledger::bundle::{BundleEntry, Reader, Row};
use tearline_tests::cli::{
    House,
    trickle::{Then, Trickle},
};

const AUDITOR: &str = "un/monitor-2";
const EXPORT: [&str; 3] = ["export", "year.bundle", "--content"];

/// Entries that are whole in what is written of a bundle.
fn entries(path: &Path) -> Result<u64> {
    let (mut reader, mut count) = (Reader::new(), 0);
    reader.feed(&fs::read(path)?);
    while let Ok(Some(row)) = reader.next_row() {
        count += u64::from(matches!(row, Row::Entry(_)));
    }
    Ok(count)
}

/// Entries of a room with their content, apart from access logs, which grow when content is read.
fn rows(path: &Path) -> Result<Vec<(String, BundleEntry)>> {
    let (mut reader, mut out, mut name) = (Reader::new(), Vec::new(), String::new());
    reader.feed(&fs::read(path)?);
    while let Some(row) = reader.next_row()? {
        match row {
            Row::Room(room) => name = room.name,
            Row::Entry(row) if !name.starts_with("access/") => {
                out.push((name.clone(), row));
            }
            _ => {}
        }
    }
    Ok(out)
}

fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !holds() {
        ensure!(begun.elapsed() < Duration::from_mins(1), "{what} in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[test]
fn an_export_that_was_killed_goes_on_where_it_was_broken_off() -> Result<()> {
    let house = House::kivu()?;
    house.text(AUDITOR, &["fetch"])?;
    house.text(AUDITOR, &["export", "whole.bundle", "--content"])?;
    let network = Trickle::before(house.server.address(), 60_000, Then::Stalls)?;
    house.point(&house.desk(AUDITOR), network.address())?;
    let mut running = house.tearline(AUDITOR, &EXPORT)?.spawn()?;
    until("waited for the network to stall", || network.is_used_up())?;
    // What came through is written once the desk has read it, and not a moment sooner.
    let part = house.path("year.bundle.part");
    until("waited for entries to be written", || entries(&part).is_ok_and(|it| it > 0))?;
    // SIGKILL: no time to tidy up.
    running.kill()?;
    running.wait()?;
    ensure!(!house.path("year.bundle").exists(), "half a bundle under the final name");
    let before = entries(&part)?;

    // Somebody writes meanwhile: the cut stays that of the beginning.
    let note = house.write("papers/there.md", "---\nsubject: Are you there\n---\nWe are.\n")?;
    house.text("rwanda/liaison", &["write", "note", &note])?;
    house.settle(AUDITOR)?;
    let said = house.json(AUDITOR, &EXPORT)?;
    ensure!(said["entries_before"].as_u64().is_some_and(|it| it >= before), "{before} before, but {said}");
    ensure!(said["entries_before"].as_u64() < said["entries"].as_u64(), "{said}");
    for gone in ["year.bundle.part", "year.bundle.journal"] {
        ensure!(!house.path(gone).exists(), "{gone} is left behind");
    }
    house.text("drc/liaison", &["verify-bundle", "year.bundle"])?;
    ensure!(rows(&house.path("year.bundle"))? == rows(&house.path("whole.bundle"))?, "it has other entries");
    Ok(())
}

#[test]
fn a_cut_network_leaves_what_was_written_and_says_how_to_go_on() -> Result<()> {
    let house = House::kivu()?;
    house.text(AUDITOR, &["fetch"])?;
    let network = Trickle::before(house.server.address(), 60_000, Then::Breaks)?;
    house.point(&house.desk(AUDITOR), network.address())?;
    let said = house.run(AUDITOR, &EXPORT)?.refused(1)?;
    ensure!(said.contains("year.bundle.part") && said.contains("run the same command again"), "{said}");
    ensure!(!house.path("year.bundle").exists(), "half a bundle under the final name");
    house.settle(AUDITOR)?;
    // It is this desk's, and with content.
    let said = house.run(AUDITOR, &["export", "year.bundle"])?.refused(1)?;
    ensure!(said.contains("with content") && said.contains("broken off"), "{said}");
    let said = house.run("un/monitor-1", &EXPORT)?.refused(1)?;
    ensure!(said.contains("un/monitor-2"), "{said}");
    let said = house.text(AUDITOR, &EXPORT)?;
    ensure!(said.contains("had been written before"), "{said}");
    house.text("drc/liaison", &["verify-bundle", "year.bundle"])?;
    Ok(())
}

#[test]
fn what_was_altered_of_a_broken_off_export_is_written_anew() -> Result<()> {
    let house = House::kivu()?;
    house.text(AUDITOR, &["fetch"])?;
    let network = Trickle::before(house.server.address(), 60_000, Then::Breaks)?;
    house.point(&house.desk(AUDITOR), network.address())?;
    house.run(AUDITOR, &EXPORT)?.refused(1)?;
    house.settle(AUDITOR)?;
    let (part, journal) = (house.path("year.bundle.part"), house.path("year.bundle.journal"));
    let (written, plan) = (fs::read(&part)?, fs::read(&journal)?);
    let mut torn = written.clone();
    torn.truncate(written.len() - 7);
    let mut trailing = written.clone();
    trailing.extend([0xff; 4096]);
    let mut altered = vec![torn, trailing, Vec::new(), b"another file".to_vec()];
    for at in [5, 40, written.len() / 3, written.len() / 2, written.len() - 9] {
        let mut bytes = written.clone();
        bytes[at] ^= 1;
        altered.push(bytes);
    }
    for (at, bytes) in altered.iter().enumerate() {
        fs::write(&part, bytes)?;
        fs::write(&journal, &plan)?;
        let _ = fs::remove_file(house.path("year.bundle"));
        house.text(AUDITOR, &EXPORT).with_context(|| format!("case {at}"))?;
        house.text("drc/liaison", &["verify-bundle", "year.bundle"]).with_context(|| format!("case {at}"))?;
    }
    // What is no part of an export is not touched.
    fs::write(house.path("other.bundle.part"), b"mine")?;
    let said = house.run(AUDITOR, &["export", "other.bundle"])?.refused(1)?;
    ensure!(
        said.contains("other.bundle.part") && fs::read(house.path("other.bundle.part"))? == b"mine",
        "{said}"
    );
    fs::write(house.path("third.bundle.journal"), b"{}")?;
    let said = house.run(AUDITOR, &["export", "third.bundle"])?.refused(1)?;
    ensure!(said.contains("third.bundle.journal"), "{said}");
    Ok(())
}
