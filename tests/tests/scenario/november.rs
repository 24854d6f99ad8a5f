//! Founding, offers, commitments, the cease-fire of both, the weekly session.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_ledger::statement::Act;
use tearline_tests::cli::{
    House,
    screen::{hides, shows},
    text_of,
};

use crate::{
    DELEGATION, KIGALI, KINSHASA, LIAISON, MONITORS, OTHER_DELEGATION, OTHERS, each, exported, find,
    finds_nothing, holds_nowhere, identity, is_nothing_to, texts,
};

#[test]
fn each_party_lists_exactly_its_own_room_the_plenary_and_its_own_access_log() -> Result<()> {
    let house = House::kivu()?;
    for org in ["drc", "rwanda"] {
        let log = format!("access/{org}");
        for member in ["delegation", "liaison"] {
            let desk = format!("{org}/{member}");
            let rooms = |json: &Value| -> BTreeSet<String> {
                each(&json["rooms"], "room").into_iter().map(str::to_owned).collect()
            };
            let all: BTreeSet<String> = [org, "plenary", &log].map(str::to_owned).into();
            let fetched = house.json(&desk, &["fetch"])?;
            ensure!(rooms(&fetched) == all, "{desk} is served {fetched}");
            let verified = house.json(&desk, &["verify"])?;
            ensure!(rooms(&verified) == all && verified["ok"] == json!(true), "{desk}: {verified}");
            let listed = house.json(&desk, &["status"])?;
            ensure!(rooms(&listed) == [org, "plenary"].map(str::to_owned).into(), "{desk} lists {listed}");
            for (folder, count) in [("rooms", 2), ("access", 1)] {
                let kept = fs::read_dir(house.desk(&desk).join(folder))?.count();
                ensure!(kept == count, "{desk} keeps {kept} {folder}");
            }
        }
    }
    // The mediators and the auditors are in all of them, by a founding and three enacted proposals.
    for desk in [KIGALI, MONITORS[1]] {
        house.text(desk, &["fetch"])?;
        let listed = house.json(desk, &["status"])?;
        let rooms: BTreeSet<&str> = each(&listed["rooms"], "room").into_iter().collect();
        ensure!(rooms == ["chamber", "drc", "plenary", "rwanda"].into(), "{desk} lists {listed}");
    }
    Ok(())
}

#[test]
fn an_offer_is_read_by_its_party_and_the_other_cannot_learn_that_it_exists() -> Result<()> {
    let house = House::kivu()?;
    house.text(KINSHASA, &["fetch"])?;
    let rooms = house.json(KINSHASA, &["status"])?;
    let sides =
        [("drc", "rwanda", "armed group's movements"), ("rwanda", "drc", "movements near the border")];
    for (party, rival, words) in sides {
        let (reader, other) = (format!("{party}/liaison"), format!("{rival}/liaison"));
        let entry = format!("{party}#1");
        house.text(&reader, &["fetch"])?;
        shows(
            "read",
            &house.text(&reader, &["read", &entry])?,
            &[
                " PRIORITY    RELEASE ",
                "(2 of 2 required)",
                "Offer of intelligence on",
                "We offer what we know",
            ],
        )?;
        let read = house.json(&reader, &["read", &entry])?;
        ensure!(each(&read["portions"], "text").iter().any(|text| text.contains(words)), "{read}");
        hides("read", &read.to_string(), &["NF", "other side"])?;

        house.text(&other, &["fetch"])?;
        is_nothing_to(&house, &other, &entry)?;
        finds_nothing(&house, &other, words)?;
        let id = rooms["rooms"].as_array().context("rooms")?.iter().find(|room| room["room"] == party);
        holds_nowhere(&house, rival, &text_of(id.context("the room")?, "id")?)?;
        holds_nowhere(&house, rival, &identity(&house, KINSHASA, &entry)?)?;
    }
    Ok(())
}

#[test]
fn the_mediators_see_both_commitments_and_neither_party_the_others() -> Result<()> {
    let house = House::kivu()?;
    house.text(KINSHASA, &["fetch"])?;
    let ours = find(&house, DELEGATION, "drc", "commitment", "We hold our fire until the elections")?;
    let subject = "Cease-fire until December's elections";
    let theirs = find(&house, OTHER_DELEGATION, "rwanda", "commitment", subject)?;
    let all = house.json(KINSHASA, &["commitments"])?;
    for (entry, party) in [(&ours, "drc"), (&theirs, "rwanda")] {
        let of = |it: &&Value| it["entry"] == json!(entry);
        let it = all["commitments"].as_array().context("commitments")?.iter().find(of);
        let it = it.with_context(|| format!("{entry} is not in {all}"))?;
        ensure!(it["obligors"] == json!([party]) && it["kind"] == json!("CEASE-FIRE"), "{it}");
        ensure!(it["to"] == json!("2023-12-20T23:59:00Z") && it["state"] == json!("ended"), "{it}");
        let read = house.json(KINSHASA, &["read", entry])?;
        // A custodian's own signature, and no mediator's.
        ensure!(read["signed_by"] == json!([format!("{party}/delegation")]), "{read}");
    }
    for (desk, other, words) in [
        (LIAISON, &theirs, "what influence we have"),
        (OTHERS, &ours, "Nos forces tiennent"),
        (OTHERS, &ours, "Our forces hold to the cease-fire until the elections"),
    ] {
        house.text(desk, &["fetch"])?;
        is_nothing_to(&house, desk, other)?;
        finds_nothing(&house, desk, words)?;
        let room = other.split('#').next().context("a room")?;
        hides("commitments", &house.text(desk, &["commitments"])?, &[&format!("{room}#")])?;
    }
    // What was released is that each undertook it: both learn whose signature it rests on, and no word more.
    let both = house.json(LIAISON, &["read", "plenary#1"])?;
    ensure!(both == house.json(OTHERS, &["read", "plenary#1"])?, "{both}");
    ensure!(texts(&both["obligors"]) == ["drc", "rwanda"], "{both}");
    let signed = [identity(&house, KINSHASA, &ours)?, identity(&house, KINSHASA, &theirs)?];
    ensure!(each(&both["undertakings"], "statement") == signed, "{both}\n{signed:?}");
    Ok(())
}

#[test]
fn both_read_the_same_bytes_of_the_cease_fire_and_can_prove_it_to_each_other() -> Result<()> {
    let house = House::kivu()?;
    let entry = find(&house, LIAISON, "plenary", "commitment", "Cease-fire until the elections")?;
    house.text(OTHERS, &["fetch"])?;
    let thread = |desk: &str| -> Result<Value> {
        let json = house.json(desk, &["matters", &entry])?;
        Ok(json["thread"][0].clone())
    };
    let (mine, others) = (thread(LIAISON)?, thread(OTHERS)?);
    for key in ["entry", "statement", "digest", "accepted_at", "signed_by", "text"] {
        ensure!(!mine[key].is_null() && mine[key] == others[key], "{key}: {mine}\n{others}");
    }
    // What each keeps is the same, byte for byte, under one root that the server signed for.
    let root = |desk: &str| -> Result<String> {
        let json = house.json(desk, &["status"])?;
        let rooms = json["rooms"].as_array().context("rooms")?;
        text_of(rooms.iter().find(|room| room["room"] == "plenary").context("the plenary")?, "root")
    };
    let (one, two) = (exported(&house, LIAISON, "plenary")?, exported(&house, OTHERS, "plenary")?);
    ensure!(one.len() == two.len() && root(LIAISON)? == root(OTHERS)?, "they see other logs");
    for (one, two) in one.iter().zip(&two) {
        ensure!(one.bytes() == two.bytes(), "they hold other bytes");
    }
    let index: usize = entry.split('#').nth(1).context("an index")?.parse()?;
    let signed = one[index].statement().context("a statement")?;
    ensure!(mine["statement"] == json!(signed.identity().to_string()), "{mine}");

    // One commit: the approval in the chamber and the post in the plenary were accepted at one moment.
    let chamber = exported(&house, MONITORS[0], "chamber")?;
    let proposal = chamber.iter().filter_map(|entry| entry.statement()).find(|it| {
        matches!(&it.statement.act, Act::Proposal(proposal)
            if proposal.targets.iter().any(|(target, _)| *target == signed.identity()))
    });
    let proposal = proposal.context("its proposal is in the chamber")?.identity();
    let approves = |act: &Act| matches!(act, Act::Approval { proposal: of, .. } if *of == proposal);
    let approval =
        chamber.iter().find(|entry| entry.statement().is_some_and(|it| approves(&it.statement.act)));
    let approval = approval.context("its approval is in the chamber")?;
    ensure!(approval.accepted_at() == one[index].accepted_at(), "they were entered apart");
    Ok(())
}

#[test]
fn a_session_has_its_agenda_before_and_its_minutes_after_for_everybody() -> Result<()> {
    let house = House::kivu()?;
    for desk in [LIAISON, OTHERS, KINSHASA] {
        let agenda = find(&house, desk, "plenary", "session", "Session of Thursday: agenda")?;
        let minutes = find(&house, desk, "plenary", "session", "Session of Thursday: minutes")?;
        let json = house.json(desk, &["matters", &agenda])?;
        ensure!(json["state"] == json!("minutes there") && json["minutes"] == json!(minutes), "{json}");
        shows(
            "matters REF",
            &house.text(desk, &["matters", &agenda])?,
            &[
                " AGENDA · 301400Z NOV 23 to 301530Z NOV 23\n",
                "the road from Sake to Goma",
                " MINUTES · 301400Z NOV 23 to 301510Z NOV 23\n",
                "the road stays open to civilian traffic",
                "Both sides hold to the cease-fire.",
            ],
        )?;
    }
    Ok(())
}
