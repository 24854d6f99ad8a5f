//! Every kind of post through the shipped commands: by the desk that may write it, for the desk that reads it,
//! and refused for the desk that may not.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod refused;
mod restated;
mod written;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;
use tearline_tests::cli::{
    House,
    documented::{keys, promised},
    text_of,
};

const CUSTODIAN: &str = "drc/delegation";
const LIAISON: &str = "drc/liaison";
const OTHERS: &str = "rwanda/delegation";
const KINSHASA: &str = "us/kinshasa";
const WASHINGTON: &str = "us/washington";

/// A file of this front matter and text.
fn paper(house: &House, kind: &str, keys: &str, text: &str) -> Result<String> {
    house.write(
        &format!("papers/{kind}-of-a-test.md"),
        format!("---\nsubject: Of {kind}\n{keys}\n---\n\n{text}\n"),
    )
}

/// A party's post; where it stands.
fn post(house: &House, desk: &str, kind: &str, keys: &str, text: &str, to: &[&str]) -> Result<String> {
    let file = paper(house, kind, keys, text)?;
    let args = ["write", kind, &file].into_iter().chain(to.iter().copied()).collect::<Vec<_>>();
    text_of(&house.json(desk, &args)?, "entry")
}

/// Mediators' post: proposed by one desk, approved by another; where it stands.
fn enacted(house: &House, kind: &str, keys: &str, text: &str, room: &str) -> Result<String> {
    let file = paper(house, kind, keys, text)?;
    let proposal = text_of(&house.json(KINSHASA, &["write", kind, &file, "--to", room])?, "proposal")?;
    Ok(house.enact(WASHINGTON, &proposal)?.remove(0))
}

/// The post on a desk's screen and as JSON, whose keys are all documented.
fn read(house: &House, desk: &str, entry: &str) -> Result<(String, Value)> {
    house.text(desk, &["fetch"])?;
    let json = house.json(desk, &["read", entry])?;
    let mut found = BTreeSet::new();
    keys(&json, "", &mut found);
    let promised = promised("read")?;
    let undocumented: Vec<_> = found.difference(&promised).collect();
    ensure!(undocumented.is_empty(), "{entry}: not in docs/json.md: {undocumented:?} of {json}");
    let text = house.text(desk, &["read", entry])?;
    for line in text.lines() {
        ensure!(line.chars().count() <= 80, "{line}\nin\n{text}");
    }
    Ok((text, json))
}

fn shows(house: &House, desk: &str, entry: &str, lines: &[&str]) -> Result<Value> {
    let (text, json) = read(house, desk, entry)?;
    for line in lines {
        ensure!(text.contains(line), "{entry} does not show {line:?} to {desk}:\n{text}");
    }
    Ok(json)
}
