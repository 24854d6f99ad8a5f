//! The auditor verifies everything and opens nothing; whatever is altered, anywhere, is caught.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use tearline_ledger::{
    audit::BATCH_BYTES,
    bundle::{BundleEntry, BundleRoom, Reader, Row, Writer},
};
use tearline_tests::{cli::House, vectors::logs::bundle_of, world::World};

/// The bundle, written anew with rooms and entries as the two functions leave them.
fn rewrite(
    bytes: &[u8],
    mut room: impl FnMut(&mut BundleRoom),
    mut entry: impl FnMut(&str, u64, &mut BundleEntry),
) -> Result<Vec<u8>> {
    let (mut reader, mut writer, mut out) = (Reader::new(), None, Vec::new());
    let (mut name, mut index) = (String::new(), 0);
    reader.feed(bytes);
    loop {
        match reader.next_row()?.context("the bundle is whole")? {
            Row::Begin(begin) => {
                let (made, bytes) = Writer::begin(&begin);
                out.extend_from_slice(&bytes);
                writer = Some(made);
            }
            Row::Room(mut row) => {
                (name, index) = (row.name.clone(), 0);
                room(&mut row);
                out.extend_from_slice(&writer.as_mut().context("begun")?.room(&row));
            }
            Row::Entry(mut row) => {
                entry(&name, index, &mut row);
                index += 1;
                out.extend_from_slice(&writer.as_mut().context("begun")?.entry(row));
            }
            Row::Piece(row) => out.extend_from_slice(&writer.as_mut().context("begun")?.piece(row)),
            Row::End => {
                out.extend_from_slice(&writer.context("begun")?.end());
                return Ok(out);
            }
        }
    }
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// All files under a folder.
fn files(folder: PathBuf) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { out.extend(files(path)?) } else { out.push(path) }
    }
    out.sort();
    Ok(out)
}

#[test]
fn an_auditor_verifies_every_room_and_opens_nothing() -> Result<()> {
    let house = House::kivu()?;
    let text = house.text("un/monitor-2", &["fetch"])?;
    ensure!(text.contains("chamber") && text.contains("plenary"), "{text}");
    let verdict = house.json("un/monitor-2", &["verify", "--all"])?;
    ensure!(verdict["ok"] == true && verdict["alarms"].as_array().is_some_and(Vec::is_empty), "{verdict}");
    let rooms: Vec<&str> =
        verdict["rooms"].as_array().context("rooms")?.iter().filter_map(|it| it["room"].as_str()).collect();
    for room in ["chamber", "drc", "rwanda", "plenary", "access/drc", "access/rwanda", "access/us"] {
        ensure!(rooms.contains(&room), "{room} is not among {rooms:?}");
    }
    for reference in ["drc#4", "rwanda#1", "plenary#1", "chamber#21", "drc#0"] {
        let refused = house.refused("un/monitor-2", &["read", reference])?;
        ensure!(refused.contains("an auditor reads no content"), "{refused}");
    }
    let inbox = house.refused("un/monitor-2", &["inbox"])?;
    ensure!(inbox.contains("an auditor reads no content"), "{inbox}");
    // Nor does anything that it keeps or exports hold a word of it.
    house.text("un/monitor-2", &["export", "light.bundle"])?;
    house.text("un/monitor-2", &["export", "full.bundle", "--content"])?;
    let mut kept = files(house.desk("un/monitor-2"))?;
    kept.extend([house.path("light.bundle"), house.path("full.bundle")]);
    for file in kept {
        let bytes = fs::read(&file)?;
        for word in ["Sake", "vehicles", "Cease-fire until"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            ensure!(!found, "{} holds {word:?}", file.display());
        }
    }
    Ok(())
}

#[test]
fn one_changed_byte_anywhere_in_a_bundle_is_caught_and_named() -> Result<()> {
    let house = House::kivu()?;
    // With content, for what an auditor cannot open a mediator can carry sealed.
    house.text("us/kigali", &["fetch"])?;
    house.text("us/kigali", &["export", "kivu.bundle", "--content"])?;
    let good = fs::read(house.path("kivu.bundle"))?;
    ensure!(rewrite(&good, |_| (), |_, _, _| ())? == good, "rewriting changes a bundle");
    house.text("drc/liaison", &["verify-bundle", "kivu.bundle"])?;
    let refused = |bytes: &[u8]| -> Result<String> {
        let path = house.write("altered.bundle", bytes)?;
        house.run("drc/liaison", &["verify-bundle", &path])?.refused(3)
    };
    let step = good.len() / 40;
    for at in (0..good.len()).step_by(step) {
        let said = refused(&flip(&good, at))?;
        ensure!(said.contains("altered.bundle"), "byte {at}: {said}");
    }
    for length in [0, 5, 30, good.len() / 2, good.len() - 1] {
        refused(&good[..length])?;
    }
    refused(&[&good[..], b"x"].concat())?;

    // What is altered by somebody who writes the file's own digest anew is named by room and index.
    let at = |room: &'static str, index: u64, change: fn(&mut BundleEntry)| {
        rewrite(
            &good,
            |_| (),
            |name, number, entry| {
                if name == room && number == index {
                    change(entry);
                }
            },
        )
    };
    for (room, index) in [("drc", 4), ("chamber", 0), ("rwanda", 1), ("plenary", 1)] {
        let altered = at(room, index, |entry| {
            let middle = entry.entry.len() / 2;
            entry.entry = flip(&entry.entry, middle).into();
        })?;
        let said = refused(&altered)?;
        ensure!(said.contains(&format!("{room}#{index}")), "{room}#{index}: {said}");
    }
    let altered = at("drc", 4, |entry| {
        let content = entry.content.take().expect("exported with content");
        entry.content = Some(flip(&content, content.len() / 2).into());
    })?;
    let said = refused(&altered)?;
    ensure!(said.contains("the content of drc#4"), "{said}");
    for field in [1, 2, 5] {
        let change = |room: &mut BundleRoom| {
            if room.name == "drc" {
                let text = String::from_utf8_lossy(&room.checkpoint).into_owned();
                let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
                let line = &mut lines[field.min(4)];
                let last = line.len() - if field == 1 { 1 } else { 8 };
                let other = if &line[last..=last] == "5" { "4" } else { "5" };
                line.replace_range(last..=last, other);
                room.checkpoint = lines.join("\n").into_bytes().into();
            }
        };
        let said = refused(&rewrite(&good, change, |_, _, _| ())?)?;
        ensure!(said.contains("drc"), "line {field}: {said}");
    }
    Ok(())
}

#[test]
fn a_tampered_local_copy_is_never_believed() -> Result<()> {
    let house = House::kivu()?;
    let desk = "drc/liaison";
    house.text(desk, &["fetch"])?;
    let good = house.text(desk, &["read", "drc#4"])?;
    let room = files(house.desk(desk).join("rooms"))?;
    let mut caught = 0;
    for file in room.iter().filter(|file| !file.ends_with("lock")) {
        let bytes = fs::read(file)?;
        if bytes.is_empty() {
            continue;
        }
        for part in [0, 1, 2, 3] {
            let at = (bytes.len() - 1) * part / 3;
            fs::write(file, flip(&bytes, at))?;
            let said = house.run(desk, &["read", "drc#4"])?;
            if said.code == 0 {
                ensure!(said.out == good, "{} byte {at}: believed\n{}", file.display(), said.out);
            } else {
                let code = said.code;
                let message = said.refused(code)?;
                ensure!(code == 1 || code == 3, "{} byte {at}: {code} {message}", file.display());
                caught += 1;
            }
            // Verifying again catches it or has mended it.
            let said = house.run(desk, &["verify"])?;
            if said.code != 0 {
                let code = said.code;
                said.refused(code)?;
            }
            fs::write(file, &bytes)?;
        }
        // Cut short.
        fs::write(file, &bytes[..bytes.len() / 2])?;
        let said = house.run(desk, &["read", "drc#4"])?;
        ensure!(said.code != 0 || said.out == good, "{}: believed\n{}", file.display(), said.out);
        fs::write(file, &bytes)?;
    }
    ensure!(caught > 3, "only {caught} changes mattered");
    ensure!(house.text(desk, &["read", "drc#4"])? == good, "the copy is whole again");
    Ok(())
}

/// Peak memory of `verify-bundle`, in KiB.
fn peak(house: &House, bundle: &str) -> Result<u64> {
    let mut running =
        house.command(&["verify-bundle", bundle])?.stdout(std::process::Stdio::null()).spawn()?;
    let (pid, mut peak) = (running.id(), 0);
    loop {
        if let Some(status) = running.try_wait()? {
            ensure!(status.success() && peak > 0, "{bundle}: {status}, {peak} KiB");
            return Ok(peak);
        }
        // It may end meanwhile.
        peak = peak.max(tearline_tests::live::server::peak_memory(pid).unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn content_adds_nothing_to_the_memory_that_verifying_a_bundle_takes() -> Result<()> {
    let house = House::kivu()?;
    let mut world = World::kivu()?;
    let (room, desk) = (world.room("drc")?, world.desks.drc_liaison.clone());
    let text = "x".repeat(400_000);
    for _ in 0..200 {
        let post = world.post(room, &desk, &text)?;
        world.take(&post, &[&desk])?;
    }
    let large = bundle_of(&world, world.log())?;
    let light = rewrite(&large, |_| (), |_, _, entry| entry.content = None)?;
    ensure!(large.len() > 150 << 20, "only {} bytes of content", large.len());
    house.write("large.bundle", &large)?;
    house.write("light.bundle", &light)?;
    let (large, light) = (peak(&house, "large.bundle")?, peak(&house, "light.bundle")?);
    // What is under way at once, twice over, and what the allocator keeps.
    let most = (tearline_audit::in_flight() * BATCH_BYTES * 2) as u64 / 1024 + (16 << 10);
    ensure!(
        large < light + most,
        "{large} KiB with content, {light} KiB without; {most} KiB more are allowed"
    );
    Ok(())
}
