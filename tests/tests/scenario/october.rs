//! October: the auditors verify every room, and a changed byte anywhere is caught.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;
use tearline_tests::cli::House;

use crate::{LIAISON, MONITORS, OTHERS, each};

const ROOMS: [&str; 7] = ["chamber", "drc", "plenary", "rwanda", "access/drc", "access/rwanda", "access/us"];

#[test]
fn both_auditors_verify_every_room_and_export_what_anybody_can_verify() -> Result<()> {
    let house = House::kivu()?;
    for desk in MONITORS {
        house.text(desk, &["fetch"])?;
        let json = house.json(desk, &["verify", "--all"])?;
        ensure!(json["ok"] == json!(true) && json["alarms"] == json!([]), "{desk}: {json}");
        ensure!(each(&json["rooms"], "room") == ROOMS, "{desk}: {json}");
        let name = format!("{}.bundle", desk.replace('/', "-"));
        house.text(desk, &["export", &name])?;
        // By a desk that is in none of these rooms, without the server.
        let json = house.json(LIAISON, &["verify-bundle", &name])?;
        ensure!(each(&json["rooms"], "room") == ROOMS, "{desk}: {json}");
    }
    Ok(())
}

// Every kind of change, by whoever makes it, is tried in `cli_audit`; a server that makes one in `lying_server`.
#[test]
fn a_changed_byte_anywhere_in_the_year_is_caught() -> Result<()> {
    let house = House::kivu()?;
    house.text(MONITORS[0], &["export", "year.bundle"])?;
    let good = fs::read(house.path("year.bundle"))?;
    for part in 0..=20 {
        let mut bytes = good.clone();
        let at = (good.len() - 1) * part / 20;
        bytes[at] ^= 1;
        house.write("altered.bundle", &bytes)?;
        let said = house.run(OTHERS, &["verify-bundle", "altered.bundle"])?.refused(3)?;
        ensure!(said.contains("altered.bundle"), "byte {at}: {said}");
    }
    house.text(OTHERS, &["verify-bundle", "year.bundle"])?;
    Ok(())
}
