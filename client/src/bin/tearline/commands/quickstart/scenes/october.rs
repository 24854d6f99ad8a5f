//! October: what the auditor can prove without reading a word, and what both sides see of it.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{commands::quickstart::stage::Stage, context::Failure};

/// Bundles that the auditor makes, as it was exported and with one byte changed.
const BUNDLE: &str = "papers/kivu.bundle";
const ALTERED: &str = "papers/altered.bundle";

/// What a verification that fails ends with.
const CAUGHT: i32 = 3;

pub(super) fn audit(stage: &Stage<'_>) -> Result<(), Failure> {
    const AUDITOR: &str = "un/monitor-1";
    stage.scene("Oct 2024", "The auditor verifies every room, without being able to read a word of it.");
    stage.run(AUDITOR, &["fetch"])?;
    stage.then("Who can read what, by the keys that each room's charter gives:");
    for line in readers(&stage.run(AUDITOR, &["who"])?) {
        stage.then(&line);
    }
    stage.refused(AUDITOR, &["read", "drc#4"], 1)?;
    stage.show(AUDITOR, &["verify", "--all"])?;
    stage.show(AUDITOR, &["cosign"])?;
    stage.scene("", "Both sides see who confirmed their own rooms, and up to where:");
    stage.together(&[("drc/liaison", &["fetch"]), ("rwanda/liaison", &["fetch"])])?;
    stage.show("drc/liaison", &["status"])?;
    stage.show("rwanda/liaison", &["status"])?;
    stage.scene("", "What anybody can verify, without a server, a key or trust:");
    stage.run(AUDITOR, &["export", BUNDLE])?;
    stage.show(AUDITOR, &["verify-bundle", BUNDLE])?;
    alter(stage)?;
    stage.scene("", "One byte of the bundle is changed:");
    stage.refused(AUDITOR, &["verify-bundle", ALTERED], CAUGHT)
}

/// A line for each room: who of its members holds its key.
fn readers(who: &Value) -> Vec<String> {
    let mut rooms: BTreeMap<&str, BTreeMap<(bool, &str), usize>> = BTreeMap::new();
    for member in who.get("members").and_then(Value::as_array).into_iter().flatten() {
        let of = |key| member.get(key).and_then(Value::as_str).unwrap_or_default();
        // spiffe://DOMAIN/ROLE/ORG/MEMBER
        let mut name = of("member").rsplit('/').skip(1);
        let (org, role) = (name.next().unwrap_or_default(), name.next().unwrap_or_default());
        if role != "auditor" {
            let mediator = role == "mediator";
            *rooms.entry(of("room")).or_default().entry((!mediator, org)).or_default() += 1;
        }
    }
    let line = |(room, orgs): (&str, BTreeMap<(bool, &str), usize>)| {
        let orgs: Vec<String> =
            orgs.into_iter().map(|((_, org), desks)| format!("{org} ({desks} desks)")).collect();
        format!("  {room:<9} {}", orgs.join(", "))
    };
    rooms.into_iter().map(line).collect()
}

/// Changes one byte in the middle of the bundle.
fn alter(stage: &Stage<'_>) -> Result<(), Failure> {
    let path = stage.house.path(BUNDLE);
    let io = |error: std::io::Error| Failure::refused(format!("{}: {error}", path.display()));
    let mut bytes = fs::read(&path).map_err(io)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(stage.house.path(ALTERED), &bytes).map_err(io)
}
