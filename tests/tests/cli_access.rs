//! `tearline access` between processes: what each desk was served, for those who may see it, and for nobody else.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_client::show::time::iso;
use tearline_tests::cli::{
    House,
    documented::{keys, promised},
    screen::narrow,
};

const READER: &str = "drc/liaison";
const MONITOR: &str = "un/monitor-1";

fn records(house: &House, desk: &str, args: &[&str]) -> Result<Vec<Value>> {
    let args: Vec<&str> = ["access"].into_iter().chain(args.iter().copied()).collect();
    let json = house.json(desk, &args)?;
    Ok(json["records"].as_array().context("records")?.clone())
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_default()
}

/// Whether a record holds this entry.
fn holds(record: &Value, room: &str, index: u64) -> bool {
    let (first, count) = (record["first"].as_u64().unwrap_or(0), record["count"].as_u64().unwrap_or(0));
    record["room"] == room && (first..first + count).contains(&index)
}

fn release(house: &House) -> Result<String> {
    let briefing = "---\nsubject: Column at Rutshuru\nprecedence: IMMEDIATE\nsource: B2\n---\n\n(C//REL TO DRC)  It moves.\n";
    let briefing = house.publish("us/kinshasa", "rutshuru.md", briefing)?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    house.enact("us/washington", &proposal)?.pop().context("the release")
}

#[test]
fn what_a_desk_fetches_stands_in_its_organisations_log_with_time_room_and_entries() -> Result<()> {
    let house = House::kivu()?;
    let sent = release(&house)?;
    let index: u64 = sent.trim_start_matches("drc#").parse()?;
    house.text(READER, &["fetch"])?;
    // The second fetch brings the record that the first made.
    house.text(READER, &["fetch"])?;
    let all = records(&house, READER, &[])?;
    ensure!(all.iter().any(|it| text(it, "desk") == READER && holds(it, "drc", index)), "{all:?}");
    let times: Vec<&str> = all.iter().map(|it| text(it, "served_at")).collect();
    ensure!(times.is_sorted(), "the newest is not last: {times:?}");
    ensure!(all.iter().all(|it| text(it, "record").starts_with("access/drc#")), "{all:?}");

    // Every record of it names this desk or another of its organisation, and rooms that it reads.
    let shown = house.text(READER, &["access", "--entry", &sent])?;
    narrow("access", &shown)?;
    ensure!(shown.contains(" access/drc · drc/liaison · complete to "), "{shown}");
    ensure!(shown.contains("Served: the server was about to send it."), "{shown}");
    for line in shown.lines().filter(|line| line.contains("  access/drc#")) {
        ensure!(line.contains("drc/") && line.contains("drc#"), "{line}");
    }
    ensure!(!shown.contains("rwanda") && !shown.contains("chamber"), "{shown}");

    let json = house.json(READER, &["access"])?;
    let (mut written, promised) = (BTreeSet::new(), promised("access")?);
    keys(&json, "", &mut written);
    ensure!(written == promised, "{:?}", written.symmetric_difference(&promised).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn an_auditor_and_a_mediator_see_every_log_and_an_auditor_needs_no_key() -> Result<()> {
    let house = House::kivu()?;
    release(&house)?;
    for desk in [READER, "rwanda/liaison"] {
        house.text(desk, &["fetch"])?;
    }
    for desk in [MONITOR, "us/kigali"] {
        house.text(desk, &["fetch"])?;
        house.text(desk, &["fetch"])?;
        let all = records(&house, desk, &[])?;
        let logs: BTreeSet<&str> =
            all.iter().filter_map(|it| text(it, "record").split_once('#')).map(|(log, _)| log).collect();
        ensure!(
            ["access/drc", "access/rwanda", "access/us"].iter().all(|log| logs.contains(log)),
            "{logs:?}"
        );
        ensure!(all.iter().all(|it| it["room"].is_string()), "{desk} knows every room by name: {all:?}");
        // Each log holds its own organisation's members and nobody else's.
        for it in &all {
            let org = text(it, "desk").split('/').next().unwrap_or_default();
            ensure!(text(it, "record").starts_with(&format!("access/{org}#")), "{it}");
        }
    }
    // Without a passphrase, and with the keys gone altogether: records are not sealed.
    std::fs::remove_file(house.desk(MONITOR).join("keys.age"))?;
    let shown = house.text(MONITOR, &["access", "drc"])?;
    narrow("access", &shown)?;
    ensure!(shown.contains(" access/drc · un/monitor-1 · complete to "), "{shown}");
    // Nobody's reading of an access log is recorded: that would never end.
    let own = records(&house, "us/kigali", &["--member", MONITOR]);
    ensure!(own.is_err() || own.is_ok_and(|all| all.is_empty()), "an auditor's fetch of logs was recorded");
    Ok(())
}

#[test]
fn a_log_that_is_not_ones_own_and_one_that_never_was_have_one_answer() -> Result<()> {
    let house = House::kivu()?;
    house.text(READER, &["fetch"])?;
    let refused = |args: &[&str]| house.refused(READER, args);
    let never = refused(&["access", "atlantis"])?;
    for org in ["rwanda", "us", "un"] {
        ensure!(refused(&["access", org])?.replace(org, "atlantis") == never, "{org}: {never}");
    }
    let never = refused(&["access", "--member", "atlantis/liaison"])?;
    ensure!(
        refused(&["access", "--member", "rwanda/liaison"])?.replace("rwanda", "atlantis") == never,
        "{never}"
    );
    let never = refused(&["access", "--room", "atlantis"])?;
    ensure!(refused(&["access", "--room", "rwanda"])?.replace("rwanda", "atlantis") == never, "{never}");
    ensure!(
        refused(&["access", "--entry", "rwanda#1"])?.contains("no room named rwanda is known here"),
        "told"
    );
    // Nor does its copy hold anything else than its own.
    let kept = std::fs::read_dir(house.desk(READER).join("access"))?.count();
    ensure!(kept == 1, "{kept} access logs are in a party's folder");
    Ok(())
}

#[test]
fn filters_narrow_by_organisation_desk_room_entry_and_time() -> Result<()> {
    let house = House::kivu()?;
    let sent = release(&house)?;
    let index: u64 = sent.trim_start_matches("drc#").parse()?;
    for desk in [READER, "drc/delegation", "rwanda/liaison", MONITOR] {
        house.text(desk, &["fetch"])?;
    }
    let all = records(&house, MONITOR, &[])?;
    let asked = |args: &[&str], keep: &dyn Fn(&Value) -> bool| -> Result<()> {
        let expected: Vec<Value> = all.iter().filter(|it| keep(it)).cloned().collect();
        let found = records(&house, MONITOR, args)?;
        ensure!(found == expected, "{args:?}: {} instead of {}", found.len(), expected.len());
        ensure!(!found.is_empty() && found.len() < all.len(), "{args:?} filters nothing, or everything");
        Ok(())
    };
    asked(&["drc"], &|it| text(it, "desk").starts_with("drc/"))?;
    asked(&["access/drc"], &|it| text(it, "desk").starts_with("drc/"))?;
    asked(&["--member", READER], &|it| text(it, "desk") == READER)?;
    asked(&["--room", "plenary"], &|it| it["room"] == "plenary")?;
    asked(&["--room", "plenary", "--room", "drc"], &|it| it["room"] == "plenary" || it["room"] == "drc")?;
    asked(&["--entry", &sent], &|it| holds(it, "drc", index))?;
    asked(&["rwanda", "--room", "plenary"], &|it| {
        text(it, "desk").starts_with("rwanda/") && it["room"] == "plenary"
    })?;
    // What has just come, by the server's clock; the scenario was played before.
    let newest = text(all.last().context("a record")?, "served_at").to_owned();
    let oldest = text(all.first().context("a record")?, "served_at").to_owned();
    let since = |at: &str| at.to_owned();
    if oldest != newest {
        asked(&["--from", &newest], &|it| since(text(it, "served_at")) >= newest)?;
        asked(&["--to", &oldest], &|it| since(text(it, "served_at")) <= oldest)?;
    }
    ensure!(
        house.text(MONITOR, &["access", "--to", "2001-01-01"])?.contains("Nothing."),
        "it shows something"
    );
    let backwards = ["access", "--from", &iso(1_700_000_000), "--to", "2001-01-01"];
    ensure!(house.run(MONITOR, &backwards)?.refused(2)?.contains("later than"), "it is no usage error");
    for bad in [["--from", "yesterday"], ["--entry", "drc"]] {
        house.run(MONITOR, &["access", bad[0], bad[1]])?.refused(2)?;
    }
    ensure!(
        house.refused(MONITOR, &["access", "--member", "liaison"])?.contains("write ORG/MEMBER"),
        "unsaid"
    );
    Ok(())
}

#[test]
fn who_confirms_an_access_log_is_shown_and_a_policy_holds_for_it() -> Result<()> {
    let house = House::kivu()?;
    house.text(READER, &["fetch"])?;
    let shown = house.text(READER, &["access"])?;
    ensure!(
        shown.contains("witnessed by nobody") && shown.contains("! No auditor has confirmed this"),
        "{shown}"
    );
    house.text(READER, &["policy", "--witnesses", "1", "--unmet", "refuse"])?;
    for args in [&["access"][..], &["served", "drc#4"]] {
        let said = house.run(READER, args)?;
        ensure!(said.code == 3 && said.out.is_empty(), "{args:?}: {said:?}");
    }
    house.text(MONITOR, &["cosign"])?;
    house.text(READER, &["fetch"])?;
    let shown = house.text(READER, &["access"])?;
    ensure!(shown.replace("\n ", " ").contains("witnessed by un/monitor-1 (just now"), "{shown}");
    narrow("access", &shown)?;
    house.text(READER, &["served", "drc#4"])?;

    // Two are demanded, one is there: as little is shown of the log as of the rooms.
    house.text(READER, &["policy", "--witnesses", "2"])?;
    let refused = house.run(READER, &["access"])?.refused(3)?;
    ensure!(refused.contains("have not confirmed access/drc"), "{refused}");
    house.text(READER, &["policy", "--unmet", "warn"])?;
    let shown = house.text(READER, &["access"])?;
    ensure!(
        shown.contains("! the witnesses that this desk demands have not confirmed access/drc"),
        "{shown}"
    );
    ensure!(house.json(READER, &["access"])?["logs"][0]["stale"] == true, "it is not stale");
    // An auditor's desk is held to its own policy as anyone's is.
    house.text(MONITOR, &["policy", "--witnesses", "2", "--unmet", "refuse"])?;
    house.run(MONITOR, &["access"])?.refused(3)?;
    Ok(())
}
