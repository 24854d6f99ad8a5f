//! July: the cease-fire renewed; and incidents under it, through their stages.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_tests::cli::{House, screen::shows};

use crate::{KIGALI, LIAISON, OTHERS, each, find, texts};

#[test]
fn the_cease_fire_is_renewed_for_both_at_once() -> Result<()> {
    let house = House::kivu()?;
    let mut renewals = Vec::new();
    for (desk, room) in [(LIAISON, "drc"), (OTHERS, "rwanda")] {
        let entry = find(&house, desk, room, "release", "The cease-fire is renewed")?;
        let json = house.json(desk, &["read", &entry])?;
        renewals.push((json["accepted_at"].clone(), each(&json["portions"], "text").concat()));
    }
    ensure!(renewals[0] == renewals[1], "{renewals:?}");
    house.text(KIGALI, &["fetch"])?;
    for desk in [LIAISON, OTHERS, KIGALI] {
        let entry = find(&house, desk, "plenary", "commitment", "The cease-fire, renewed")?;
        let all = house.json(desk, &["commitments", "--room", "plenary"])?;
        let list = all["commitments"].as_array().context("commitments")?;
        let it = list.iter().find(|it| it["entry"] == json!(entry)).context("the cease-fire")?;
        ensure!(it["state"] == json!("in force") && it["from"] == json!("2024-08-04T00:00:00Z"), "{it}");
        ensure!(texts(&it["obligors"]) == ["drc", "rwanda"], "{it}");
        let earlier = list.iter().find(|it| it["subject"] == "Cease-fire until the elections");
        ensure!(earlier.context("the earlier one")?["state"] == json!("ended"), "{all}");
    }
    Ok(())
}

#[test]
fn incidents_are_registered_under_it_and_go_through_their_stages() -> Result<()> {
    let house = House::kivu()?;
    let renewed = find(&house, LIAISON, "plenary", "commitment", "The cease-fire, renewed")?;
    let first = find(&house, LIAISON, "plenary", "incident", "Shells on the market of Sake")?;
    let second = find(&house, LIAISON, "plenary", "incident", "Shots at the bridge")?;
    for desk in [LIAISON, OTHERS, KIGALI] {
        house.text(desk, &["fetch"])?;
        let json = house.json(desk, &["matters", &first])?;
        let thread = json["thread"].as_array().context("thread")?;
        let stages: Vec<(&Value, &Value, usize)> = thread
            .iter()
            .map(|post| (&post["stage"], &post["author"], texts(&post["signed_by"]).len()))
            .collect();
        let wanted = [
            ("ALLEGED", "drc/liaison", 1),
            ("REGISTERED", "us/kinshasa", 2),
            ("VERIFIED", "us/kinshasa", 2),
            ("ATTRIBUTED", "us/kinshasa", 2),
            ("ANSWERED", "rwanda/delegation", 1),
            ("CLOSED", "us/kinshasa", 2),
        ];
        ensure!(stages.len() == wanted.len(), "{json}");
        for ((stage, author, signers), wanted) in stages.into_iter().zip(wanted) {
            ensure!((stage, author, signers) == (&json!(wanted.0), &json!(wanted.1), wanted.2), "{json}");
        }
        ensure!(
            json["state"] == json!("closed") && json["attributed_to"] == json!("the armed group"),
            "{json}"
        );
        ensure!(json["out_of_order"] == json!([]), "{json}");
        let json = house.json(desk, &["matters", &second])?;
        ensure!(json["state"] == json!("not verified"), "{json}");
        let all = house.json(desk, &["commitments", "--room", "plenary"])?;
        let list = all["commitments"].as_array().context("commitments")?;
        let it = list.iter().find(|it| it["entry"] == json!(renewed)).context("the cease-fire")?;
        ensure!(each(&it["incidents"], "entry") == [first.as_str(), second.as_str()], "{it}");
        shows(
            "commitments",
            &house.text(desk, &["commitments", "--room", "plenary"])?,
            &[&format!(" incident {first}: closed\n"), &format!(" incident {second}: not verified\n")],
        )?;
    }
    Ok(())
}
