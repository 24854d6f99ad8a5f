//! January and what came of its briefing: a concern, five portions, two for one side, one for the other, one
//! refused, one late, one taken back.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_ledger::statement::Act;
use tearline_tests::cli::{
    House,
    screen::{hides, shows},
    text_of,
};

use crate::{
    KIGALI, KINSHASA, LIAISON, MONITORS, OTHER_DELEGATION, OTHERS, WASHINGTON, each, exported, find,
    finds_nothing, is_nothing_to,
};

const SUBJECT: &str = "Column towards Sake";

fn concern(house: &House) -> Result<String> {
    find(house, LIAISON, "drc", "concern", "Column moving towards Sake")
}

fn briefing(house: &House) -> Result<String> {
    find(house, KINSHASA, "chamber", "briefing", SUBJECT)
}

#[test]
fn only_the_room_drc_has_the_concern() -> Result<()> {
    let house = House::kivu()?;
    let entry = concern(&house)?;
    house.text(KIGALI, &["fetch"])?;
    let words = "\"support across the border\"";
    for desk in [LIAISON, KIGALI] {
        let found = house.json(desk, &["search", words])?;
        ensure!(each(&found["found"], "entry") == [entry.as_str()], "{desk}: {found}");
    }
    let json = house.json(KIGALI, &["read", &entry])?;
    ensure!(json["place"]["name"] == json!("Sake") && json["answer_use"] == json!("paraphrased"), "{json}");
    // One statement is in one room's log alone.
    let of = |room: &str| -> Result<Vec<String>> {
        let all = exported(&house, MONITORS[0], room)?;
        Ok(all.iter().filter_map(|it| Some(it.statement()?.identity().to_string())).collect())
    };
    let identity = crate::identity(&house, KIGALI, &entry)?;
    for room in ["chamber", "drc", "rwanda", "plenary"] {
        ensure!(of(room)?.contains(&identity) == (room == "drc"), "{entry} and {room}");
    }
    house.text(OTHERS, &["fetch"])?;
    finds_nothing(&house, OTHERS, "support across the border")?;
    is_nothing_to(&house, OTHERS, &entry)
}

#[test]
fn the_briefing_of_five_portions_is_in_the_chamber_alone_with_its_marks_and_its_grade() -> Result<()> {
    let house = House::kivu()?;
    let entry = briefing(&house)?;
    let json = house.json(KINSHASA, &["read", &entry])?;
    let marks = ["C//REL TO DRC", "C//REL TO RWA", "U", "S//ORCON", "S//NF"];
    ensure!(each(&json["portions"], "mark") == marks, "{json}");
    ensure!(
        json["source"]["reliability"] == json!("B") && json["source"]["credibility"] == json!(2),
        "{json}"
    );
    for desk in [LIAISON, OTHERS] {
        house.text(desk, &["fetch"])?;
        is_nothing_to(&house, desk, &entry)?;
        finds_nothing(&house, desk, "first-hand access")?;
    }
    ensure!(house.refused(MONITORS[0], &["read", &entry])?.contains("an auditor reads no content"));
    Ok(())
}

#[test]
fn drc_reads_two_portions_that_match_the_manifest_and_cannot_tell_how_many_there_were() -> Result<()> {
    let house = House::kivu()?;
    let entry = find(&house, LIAISON, "drc", "assessment", SUBJECT)?;
    let json = house.json(LIAISON, &["read", &entry])?;
    ensure!(each(&json["portions"], "mark") == ["C//REL TO DRC", "U"], "{json}");
    ensure!(json["portions_match_manifest"] == json!(2) && json["required"] == json!(2), "{json}");
    ensure!(json["signed_by"] == json!([KINSHASA, WASHINGTON]), "{json}");
    ensure!(json["answers"] == json!(concern(&house)?), "{json}");
    for (key, is) in [
        ("finding", "PARTLY CORROBORATED"),
        ("activity", "OFFENSIVE"),
        ("likelihood", "likely"),
        ("confidence", "moderate"),
    ] {
        ensure!(json[key] == json!(is), "{key}: {json}");
    }
    let shown = house.text(LIAISON, &["read", &entry])?;
    let end = [
        " ✓ signatures ✓ place in record ✓ 2 portions match manifest\n",
        " Any other portions were withheld. How many cannot be known.\n",
    ];
    shows("read", &shown, &end)?;
    for all in [shown, json.to_string(), house.text(LIAISON, &["matters", &entry])?] {
        hides("what drc reads", &all, &["of 5", "NF", "RWA", "ORCON", "B2", "source", "Goma would be next"])?;
    }
    Ok(())
}

// That a joining of both parties' files matches nothing is shown in `cli_collusion`, on this house.
#[test]
fn portion_2_goes_to_rwanda_with_a_request_to_which_it_replies() -> Result<()> {
    let house = House::kivu()?;
    let subject = "Press the group not to move on Sake and Goma";
    let request = find(&house, OTHERS, "rwanda", "request", subject)?;
    let movement = find(&house, OTHERS, "rwanda", "release", "Movement near Goma")?;
    let json = house.json(OTHERS, &["read", &movement])?;
    ensure!(each(&json["portions"], "mark") == ["C//REL TO RWA"], "{json}");
    let json = house.json(OTHERS, &["matters", &request])?;
    let replied = find(&house, OTHERS, "rwanda", "reply", "What we said to the group")?;
    ensure!(json["state"] == json!("partly accepted"), "{json}");
    ensure!(
        json["asked"][0]["side"] == json!("rwanda") && json["asked"][0]["entry"] == json!(replied),
        "{json}"
    );
    let read = house.json(OTHERS, &["read", &request])?;
    ensure!(read["refers"] == json!([movement]) && read["required"] == json!(2), "{read}");
    for words in ["Press the group", "Goma would be next", "We do not command the group"] {
        finds_nothing(&house, LIAISON, words)?;
    }
    Ok(())
}

#[test]
fn portion_5_is_refused_without_a_downgrade_and_its_rejection_is_in_the_record() -> Result<()> {
    let house = House::kivu()?;
    let entry = briefing(&house)?;
    let refused = house.refused(KINSHASA, &["release", &entry, "--portions", "5", "--to", "drc"])?;
    ensure!(refused.contains("portion 5: (S//NF) is not releasable to drc"), "{refused}");
    let chamber = exported(&house, MONITORS[0], "chamber")?;
    let rejections: Vec<_> = chamber
        .iter()
        .filter_map(|entry| entry.statement())
        .filter_map(|it| match &it.statement.act {
            Act::Rejection { proposal } => Some((it.statement.author.desk().to_owned(), *proposal)),
            _ => None,
        })
        .collect();
    let [(by, proposal)] = rejections.as_slice() else {
        anyhow::bail!("{} rejections are in the record", rejections.len());
    };
    ensure!(by == WASHINGTON, "{by}");
    let statements = chamber.iter().map(|entry| entry.statement());
    let at = statements.clone().position(|it| it.is_some_and(|it| it.identity() == *proposal));
    let at = at.context("what was rejected is in the record")?;
    ensure!(chamber[at].statement().is_some_and(|it| it.statement.author.desk() == KINSHASA));
    let late = house.refused(KIGALI, &["approve", &format!("chamber#{at}")])?;
    ensure!(late.contains("rejected"), "{late}");
    house.text(LIAISON, &["fetch"])?;
    finds_nothing(&house, LIAISON, "single source")
}

#[test]
fn portion_4_is_shown_to_have_been_in_the_record_of_january() -> Result<()> {
    let house = House::kivu()?;
    let january = find(&house, LIAISON, "drc", "assessment", SUBJECT)?;
    let late = find(&house, LIAISON, "drc", "release", SUBJECT)?;
    let json = house.json(LIAISON, &["read", &late])?;
    // Under the lower mark, and without a word of the higher one.
    ensure!(each(&json["portions"], "mark") == ["C//ORCON//REL TO DRC"], "{json}");
    ensure!(json["portions_match_manifest"] == json!(1), "{json}");
    ensure!(json["already_in_record"] == json!(january), "{json}");
    let first = house.json(LIAISON, &["read", &january])?;
    ensure!(json["already_in_record_at"] == first["accepted_at"], "{json}");
    let text = house.text(LIAISON, &["read", &late])?;
    let lines =
        [" ✓ 1 portion matches manifest\n", " ✓ already in the record of ", &format!("({january})\n")];
    shows("read", &text.replace("record ✓", "record\n ✓"), &lines)?;
    hides("read", &text, &["S//", "known to the public"])
}

#[test]
fn what_was_recalled_is_served_no_more_and_every_log_verifies() -> Result<()> {
    let house = House::kivu()?;
    let movement = find(&house, OTHERS, "rwanda", "release", "Movement near Goma")?;
    // A desk that begins anew gets the log, and not the content.
    for folder in ["rooms", "access"] {
        for copy in std::fs::read_dir(house.desk(OTHER_DELEGATION).join(folder))? {
            std::fs::remove_dir_all(copy?.path())?;
        }
    }
    house.text(OTHER_DELEGATION, &["fetch"])?;
    let json = house.json(OTHER_DELEGATION, &["read", &movement])?;
    ensure!(json["content_here"] == json!(false) && json["recalled"] == json!(true), "{json}");
    ensure!(json["recalled_by"] == json!([KIGALI, KINSHASA]), "{json}");
    shows(
        "read",
        &house.text(OTHER_DELEGATION, &["read", &movement])?,
        &[" RECALLED by us/kigali, us/kinshasa at ", "cannot be unread.", "Its content is not here."],
    )?;
    finds_nothing(&house, OTHER_DELEGATION, "Goma would be next")?;
    // Who has read it has read it.
    let kept = house.text(OTHERS, &["read", &movement])?;
    shows("read", &kept, &[" RECALLED by us/kigali, us/kinshasa at ", "Goma would be next."])?;
    let verified = |desk: &str, args: &[&str]| -> Result<()> {
        let json: Value = house.json(desk, args)?;
        ensure!(json["ok"] == json!(true), "{desk}: {json}");
        Ok(())
    };
    verified(OTHER_DELEGATION, &["verify"])?;
    verified(OTHERS, &["verify"])?;
    for desk in [KIGALI, MONITORS[1]] {
        house.text(desk, &["fetch"])?;
        verified(desk, &["verify", "--all"])?;
    }
    let given = house.json(KIGALI, &["given", "rwanda"])?;
    let given = given["given"].as_array().context("given")?.iter().find(|it| it["entry"] == json!(movement));
    ensure!(text_of(given.context("it was given")?, "recalled_at").is_ok(), "{given:?}");
    Ok(())
}
