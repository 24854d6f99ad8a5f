//! The whole of the Kivu scenario, as `tearline quickstart` played it: each row's last column, asked of the shipped
//! commands after the year. Rows stand in the order of the scenario.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod drones;
mod january;
mod july;
mod november;
mod october;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_ledger::{
    bundle::{Reader, Row},
    entry::Entry,
};
use tearline_tests::cli::{House, text_of};

const LIAISON: &str = "drc/liaison";
const DELEGATION: &str = "drc/delegation";
const OTHERS: &str = "rwanda/liaison";
const OTHER_DELEGATION: &str = "rwanda/delegation";
const WASHINGTON: &str = "us/washington";
const KINSHASA: &str = "us/kinshasa";
const KIGALI: &str = "us/kigali";
const MONITORS: [&str; 2] = ["un/monitor-1", "un/monitor-2"];

/// Where the post of this kind and subject stands, as a desk that is up to date sees it.
fn find(house: &House, desk: &str, room: &str, kind: &str, subject: &str) -> Result<String> {
    house.text(desk, &["fetch"])?;
    let json = house.json(desk, &["timeline", "--room", room, "--kind", kind])?;
    let events = json["events"].as_array().context("events")?;
    let found: Vec<&Value> = events.iter().filter(|event| event["subject"] == subject).collect();
    ensure!(found.len() == 1, "{room} has {} of {kind} {subject:?}: {json}", found.len());
    text_of(found[0], "entry")
}

/// A list of texts in JSON.
fn texts(json: &Value) -> Vec<&str> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// One text of each in a list.
fn each<'a>(json: &'a Value, key: &str) -> Vec<&'a str> {
    json.as_array().into_iter().flatten().filter_map(|it| it[key].as_str()).collect()
}

/// Whatever a desk asks about an entry, it gets the answer that it gets of a room that never was.
fn is_nothing_to(house: &House, desk: &str, entry: &str) -> Result<()> {
    let (room, index) = entry.split_once('#').context("an entry")?;
    for args in [
        vec!["read", "REF"],
        vec!["ack", "REF"],
        vec!["matters", "REF"],
        vec!["served", "REF"],
        vec!["recall", "REF"],
        vec!["who", "ROOM"],
        vec!["inbox", "--room", "ROOM"],
        vec!["timeline", "--room", "ROOM"],
        vec!["write", "note", "papers/note.md", "--to", "ROOM"],
    ] {
        let ask = |room: &str| -> Result<_> {
            let put = |arg: &&str| arg.replace("REF", &format!("{room}#{index}")).replace("ROOM", room);
            let args: Vec<String> = args.iter().map(put).collect();
            let said = house.run(desk, &args.iter().map(String::as_str).collect::<Vec<_>>())?;
            ensure!(said.code != 0, "{}: {}", said.line, said.out);
            Ok((said.code, said.out.replace(room, "X"), said.err.replace(room, "X")))
        };
        let (there, nowhere) = (ask(room)?, ask("atlantis")?);
        ensure!(there == nowhere, "{desk} {args:?}: {there:?}, but of a room that never was: {nowhere:?}");
    }
    Ok(())
}

/// A desk finds nothing that has these words.
fn finds_nothing(house: &House, desk: &str, words: &str) -> Result<()> {
    let found = house.json(desk, &["search", &format!("\"{words}\"")])?;
    ensure!(found["found"].as_array().is_some_and(Vec::is_empty), "{desk} finds {words:?}: {found}");
    Ok(())
}

/// No file of any desk of an organisation holds these bytes, as they are or in hexadecimal.
fn holds_nowhere(house: &House, org: &str, hexadecimal: &str) -> Result<()> {
    let raw = hex::decode(hexadecimal)?;
    ensure!(raw.len() == 32, "{hexadecimal}");
    for desk in fs::read_dir(house.path("desks"))? {
        let desk = desk?;
        if desk.file_name().to_string_lossy().starts_with(org) {
            for file in files(&desk.path())? {
                let bytes = fs::read(&file)?;
                let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
                ensure!(!has(&raw) && !has(hexadecimal.as_bytes()), "{} holds it", file.display());
            }
        }
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { out.extend(files(&path)?) } else { out.push(path) }
    }
    Ok(out)
}

/// The identity of the statement at an entry, in hexadecimal.
fn identity(house: &House, desk: &str, entry: &str) -> Result<String> {
    let json = house.json(desk, &["matters", entry])?;
    let thread = json["thread"].as_array().context("thread")?;
    let post = thread.iter().find(|post| post["entry"] == entry);
    text_of(post.with_context(|| format!("{entry} is not in {json}"))?, "statement")
}

/// The entries of a room in what a desk exports.
fn exported(house: &House, desk: &str, room: &str) -> Result<Vec<Entry>> {
    let name = format!("{}-{room}.bundle", desk.replace('/', "-"));
    house.text(desk, &["export", &name])?;
    let (mut reader, mut out, mut here) = (Reader::new(), Vec::new(), false);
    reader.feed(&fs::read(house.path(&name))?);
    loop {
        match reader.next_row()?.context("the bundle is whole")? {
            Row::Room(row) => here = row.name == room,
            Row::Entry(row) if here => out.push(Entry::parse(row.entry)?),
            Row::Begin(_) | Row::Entry(_) | Row::Piece(_) => (),
            Row::End => return Ok(out),
        }
    }
}
