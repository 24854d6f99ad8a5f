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

#[test]
fn both_parties_see_the_cosignatures_on_their_own_rooms() -> Result<()> {
    let house = House::kivu()?;
    for desk in MONITORS {
        let json = house.json(desk, &["cosign"])?;
        ensure!(json["alarms"] == json!([]), "{desk}: {json}");
        let mut rooms = each(&json["cosigned"], "room");
        rooms.sort_unstable();
        let mut all = ROOMS;
        all.sort_unstable();
        ensure!(rooms == all, "{desk} cosigned {json}");
    }
    for (desk, own) in [(LIAISON, "drc"), (OTHERS, "rwanda")] {
        house.text(desk, &["fetch"])?;
        let json = house.json(desk, &["inbox"])?;
        ensure!(each(&json["rooms"], "room").contains(&own), "{json}");
        for room in json["rooms"].as_array().into_iter().flatten() {
            ensure!(crate::texts(&room["witnessed_by"]) == MONITORS, "{desk}: {room}");
        }
        let text = house.text(desk, &["status"])?.replace("\n ", " ");
        for line in text.lines().filter(|line| line.contains(" complete to ")) {
            ensure!(MONITORS.iter().all(|monitor| line.contains(monitor)), "{desk}: {line}");
        }
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
