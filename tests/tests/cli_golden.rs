//! Golden runs of what officers see after the whole year, at eighty columns: `golden/` has each screen.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use anyhow::Result;
use tearline_tests::cli::{House, golden::golden};

/// Each of these commands shows the screen of that name.
fn shows(house: &House, desk: &str, screens: &[(&str, &[&str])]) -> Result<()> {
    house.text(desk, &["fetch"])?;
    for (name, args) in screens {
        golden(name, &house.text(desk, args)?)?;
    }
    Ok(())
}

#[test]
fn what_a_party_sees_after_the_year() -> Result<()> {
    let house = House::kivu()?;
    shows(
        &house,
        "drc/liaison",
        &[
            ("party-inbox", &["inbox"]),
            ("party-matters", &["matters", "--room", "drc"]),
            ("party-matters-plenary", &["matters", "--room", "plenary"]),
            ("party-matter-concern", &["matters", "drc#3"]),
            ("party-matter-incident", &["matters", "plenary#5"]),
            ("party-commitments", &["commitments", "--room", "drc", "--room", "plenary"]),
            ("party-timeline", &["timeline", "--room", "drc"]),
            ("party-search", &["search", "column", "sake"]),
            ("party-read-assessment", &["read", "drc#4"]),
            ("party-read-late-portion", &["read", "drc#17"]),
            ("party-read-cease-fire", &["read", "plenary#1"]),
            ("party-status", &["status"]),
        ],
    )
}

#[test]
fn what_the_other_party_sees_after_the_year() -> Result<()> {
    let house = House::kivu()?;
    shows(
        &house,
        "rwanda/liaison",
        &[
            ("other-matters", &["matters", "--room", "rwanda"]),
            ("other-read-dispelled", &["read", "rwanda#9"]),
            ("other-read-recalled", &["read", "rwanda#3"]),
        ],
    )
}

#[test]
fn what_a_mediator_sees_after_the_year() -> Result<()> {
    let house = House::kivu()?;
    let desk = "us/washington";
    shows(
        &house,
        desk,
        &[
            ("mediator-commitments", &["commitments", "--room", "plenary"]),
            ("mediator-read-commitment", &["read", "drc#2"]),
            ("mediator-timeline", &["timeline", "--room", "plenary"]),
            ("mediator-given", &["given", "drc", "--room", "drc"]),
            ("mediator-served", &["served", "drc#4"]),
        ],
    )?;
    let briefing = house.json(desk, &["timeline", "--room", "chamber", "--kind", "briefing"])?;
    let events = briefing["events"].as_array().expect("events");
    let sake = events.iter().find(|it| it["subject"] == "Column towards Sake").expect("the briefing");
    let sake = sake["entry"].as_str().expect("an entry");
    golden("mediator-read-briefing", &house.text(desk, &["read", sake])?)?;
    let order = [sake, "--portions", "3", "--to", "rwanda", "--subject", "The road in January"];
    let proposal = house.propose("us/kigali", &order)?;
    shows(&house, desk, &[("mediator-pending", &["pending"])])?;
    golden("mediator-approve", &house.look(desk, &["approve", &proposal])?)
}

#[test]
fn what_an_auditor_sees_after_the_year() -> Result<()> {
    let house = House::kivu()?;
    shows(&house, "un/monitor-1", &[("auditor-verify", &["verify", "--all"])])
}
