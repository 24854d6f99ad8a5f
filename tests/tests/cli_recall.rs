//! Recall and expiry through the shipped commands: nothing is served any more, everybody sees why, the log
//! verifies, and nobody is told that what was read was not.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_tests::cli::{
    House,
    said::Said,
    screen::{flat, says},
    text_of,
};

const BRIEFING: &str = "---
subject: Depot at Rubaya
precedence: PRIORITY
source: C3
---

(C//REL TO DRC)  The depot at Rubaya was filled on Tuesday.

(S//NF)  Nobody else knows.
";

const UNREAD: &str = "What was read cannot be unread.";

/// It says each of these, and of a post that was read nobody says that it was not.
fn shows(text: &str, parts: &[&str]) -> Result<()> {
    says(text, parts)?;
    ensure!(!flat(text).to_lowercase().contains("unread by"), "{text}");
    Ok(())
}

/// Releases a portion to drc; where it stands.
fn released(house: &House) -> Result<String> {
    let briefing = house.publish("us/kigali", "depot.md", BRIEFING)?;
    let proposal = house.propose("us/kigali", &[&briefing, "--portions", "1", "--to", "drc"])?;
    Ok(house.enact("us/washington", &proposal)?.remove(0))
}

fn verdict(house: &House, desk: &str) -> Result<()> {
    let all = ["verify", "--all"];
    // The rules across rooms are for those who see them all.
    let args = if desk.starts_with("us") || desk.starts_with("un") { &all[..] } else { &all[..1] };
    let verdict = house.json(desk, args)?;
    ensure!(verdict["ok"] == json!(true), "{desk}: {verdict}");
    Ok(())
}

#[test]
fn what_two_desks_recall_is_served_no_more_and_says_by_whom_for_good() -> Result<()> {
    let mut house = House::kivu()?;
    let entry = released(&house)?;
    // One desk of the party has read it when it is recalled, the other has not.
    house.text("drc/liaison", &["fetch"])?;
    house.text("drc/liaison", &["read", &entry])?;
    let note = "the place was wrong";
    let proposal = text_of(&house.json("us/kigali", &["recall", &entry, "--note", note])?, "proposal")?;
    let second = text_of(&house.json("us/kinshasa", &["recall", &entry])?, "proposal")?;
    let screen = house.look("us/washington", &["approve", &proposal])?;
    shows(
        &screen,
        &[
            "PROPOSED BY us/kigali NOTE the place was wrong",
            &format!("RECALL OF {entry}, by us/kigali"),
            "what is taken back, for good",
            "PRIORITY RELEASE Depot at Rubaya",
            "(C//REL TO DRC) The depot at Rubaya was filled on Tuesday.",
            "The server serves its content no more.",
            UNREAD,
            &format!("ALREADY GIVEN ON THIS MATTER drc: {entry} rwanda: nothing"),
        ],
    )?;
    let recall = house.enact("us/washington", &proposal)?.remove(0);
    ensure!(recall.starts_with("drc#"), "{recall}");

    let by = "RECALLED by us/kigali, us/washington at ";
    let held = |house: &House| -> Result<()> {
        let read = house.text("drc/liaison", &["read", &entry])?;
        let told = [by, &format!("({recall}). {UNREAD}"), "The depot at Rubaya was filled on Tuesday."];
        shows(&read, &told)
    };
    let never_had = |house: &House| -> Result<()> {
        let read = house.text("drc/delegation", &["read", &entry])?;
        shows(&read, &[by, UNREAD, "Its content is not here.", "Signed by us/kigali, us/washington"])?;
        ensure!(!read.contains("Rubaya") && !read.contains("WITHHELD"), "{read}");
        let json = house.json("drc/delegation", &["read", &entry])?;
        ensure!(json["content_here"] == json!(false) && json["recalled"] == json!(true), "{json}");
        ensure!(json["recalled_by"] == json!(["us/kigali", "us/washington"]), "{json}");
        Ok(())
    };
    for desk in ["drc/liaison", "drc/delegation"] {
        house.text(desk, &["fetch"])?;
        shows(&house.text(desk, &["inbox"])?, &["recalled by us/kigali, us/washington at "])?;
        verdict(&house, desk)?;
    }
    held(&house)?;
    never_had(&house)?;
    shows(&house.text("us/kinshasa", &["given", "drc"])?, &[&entry, by, UNREAD])?;

    // Once is for good, and only once.
    let again = house.refused("us/kinshasa", &["recall", &entry])?;
    ensure!(again.contains(&entry) && again.contains("recalled already"), "{again}");
    let late = house.refused("us/washington", &["approve", &second])?;
    ensure!(late.contains("recalled"), "{late}");
    let briefing = house.refused("us/kigali", &["release", &entry, "--portions", "1", "--to", "drc"])?;
    ensure!(briefing.contains("not a briefing") || briefing.contains("not here"), "{briefing}");

    // The operator purges it; the log verifies all the same, for old copies and for new ones.
    house.while_stopped(|house| {
        // With what was recalled in September.
        let dry = house.tearlined(&["purge", "--dry-run"])?.done()?;
        ensure!(
            dry.contains(&entry) && dry.contains("2 contents and 0 attachments would be purged"),
            "{dry}"
        );
        let purged = house.tearlined(&["purge"])?.done()?;
        ensure!(purged.contains("2 contents and 0 attachments purged"), "{purged}");
        let again = house.tearlined(&["purge"])?.done()?;
        ensure!(again.contains("0 contents and 0 attachments purged"), "{again}");
        let checked = house.tearlined(&["check"])?.done()?;
        ensure!(checked.contains("drc ") && !checked.contains("DAMAGED"), "{checked}");
        Ok(())
    })?;
    let running = house.tearlined(&["purge"])?.refused(1)?;
    ensure!(running.contains("in use by another process"), "{running}");
    for desk in ["drc/liaison", "us/kinshasa", "un/monitor-1", "un/monitor-2"] {
        house.text(desk, &["fetch"])?;
        verdict(&house, desk)?;
    }
    for room in std::fs::read_dir(house.desk("drc/delegation").join("rooms"))? {
        std::fs::remove_dir_all(room?.path())?;
    }
    house.text("drc/delegation", &["fetch"])?;
    verdict(&house, "drc/delegation")?;
    held(&house)?;
    never_had(&house)?;
    house.text("us/kinshasa", &["export", "all.bundle", "--content"])?;
    house.json("drc/liaison", &["verify-bundle", "all.bundle"])?;
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("replay.py");
    let mut second = std::process::Command::new("python3");
    second.arg(script).arg(house.path("all.bundle")).arg("--json").env("PYTHONDONTWRITEBYTECODE", "1");
    let theirs: Value = serde_json::from_str(&Said::of(second)?.done()?)?;
    ensure!(theirs["ok"] == json!(true), "{theirs}");
    Ok(())
}

#[test]
fn a_party_takes_back_its_own_by_the_author_or_a_custodian_and_nobody_else_does() -> Result<()> {
    let house = House::kivu()?;
    let write = |desk: &str| -> Result<String> {
        text_of(&house.json(desk, &["write", "concern", "papers/concern.md"])?, "entry")
    };
    let (one, two, three) = (write("drc/liaison")?, write("drc/liaison")?, write("drc/delegation")?);
    for (desk, args, says) in [
        ("us/kigali", vec!["recall", &one], "only that desk or a custodian of drc takes it back"),
        ("drc/liaison", vec!["recall", &three], "drc/delegation"),
        ("drc/liaison", vec!["recall", "drc#4"], "only mediators take it back"),
        ("un/monitor-1", vec!["recall", "drc#4"], "only mediators take it back"),
        ("un/monitor-1", vec!["recall", &one], "only that desk or a custodian of drc"),
        ("drc/liaison", vec!["recall", "drc#0"], "no post but a statement of the kind `charter`"),
        ("drc/liaison", vec!["recall", "drc#999"], "drc#999 is not known here"),
        ("us/kigali", vec!["recall", "chamber#999"], "chamber#999 is not known here"),
    ] {
        let refused = house.refused(desk, &args)?;
        ensure!(refused.contains(says), "{desk} {args:?}: {refused}");
    }
    // To the other party the room is not there.
    let other = house.refused("rwanda/delegation", &["recall", &one])?;
    let nowhere = house.refused("rwanda/delegation", &["recall", "atlantis#1"])?;
    ensure!(other.replace(" drc", " X") == nowhere.replace(" atlantis", " X"), "{other}\n{nowhere}");
    for args in [vec!["recall", "drc"], vec!["recall", "drc#01"], vec!["recall"]] {
        ensure!(house.run("drc/liaison", &args)?.code == 2, "{args:?}");
    }
    let note = house.run("drc/liaison", &["recall", &one, "--note", "a slip"])?.refused(2)?;
    ensure!(note.contains("--note"), "{note}");
    // Without a yes nothing happens.
    let asked = house.look("drc/liaison", &["recall", &one])?;
    shows(&asked, &[&format!("RECALL OF {one} by drc/liaison"), "Column moving towards Sake", UNREAD])?;

    let by_author = house.json("drc/liaison", &["recall", &one])?;
    ensure!(by_author["recalled"] == json!(one), "{by_author}");
    let by_custodian = house.text("drc/delegation", &["recall", &two])?;
    ensure!(
        by_custodian.contains(&format!("Recalled {two}")) && by_custodian.contains(UNREAD),
        "{by_custodian}"
    );
    let twice = house.refused("drc/delegation", &["recall", &two])?;
    ensure!(twice.contains("recalled already"), "{twice}");
    let recall = text_of(&by_author, "entry")?;
    let of_recall = house.refused("drc/liaison", &["recall", &recall])?;
    ensure!(of_recall.contains("`recall`"), "{of_recall}");
    house.text("us/kigali", &["fetch"])?;
    shows(&house.text("us/kigali", &["read", &one])?, &["RECALLED by drc/liaison at ", UNREAD])?;
    shows(&house.text("us/kigali", &["read", &two])?, &["RECALLED by drc/delegation at "])?;
    shows(
        &house.text("us/kigali", &["inbox"])?,
        &["recalled by drc/liaison at ", "recalled by drc/delegation at "],
    )?;
    let three = house.text("us/kigali", &["read", &three])?;
    ensure!(!three.contains("RECALLED"), "{three}");
    verdict(&house, "un/monitor-1")
}

/// A time in UTC some seconds from now, as it is typed, and what is left until then.
fn in_seconds(seconds: u64) -> Result<(String, SystemTime)> {
    let end = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + seconds;
    Ok((tearline_client::show::time::iso(end), UNIX_EPOCH + Duration::from_secs(end)))
}

fn wait_until(end: SystemTime) {
    while let Ok(left) = end.duration_since(SystemTime::now()) {
        sleep(left + Duration::from_millis(50));
    }
}

#[test]
fn content_expires_at_the_end_that_was_signed_and_everybody_sees_that_it_did() -> Result<()> {
    let mut house = House::kivu()?;
    let (until, end) = in_seconds(40)?;
    // The end stands in the paper itself; in the release it will be an option.
    let paper =
        format!("---\nsubject: Drones\nuntil: {until}\n---\nThe drones stay on the ground from today.\n");
    let paper = house.write("papers/until.md", paper)?;
    let twice = house.refused("drc/liaison", &["write", "note", &paper, "--until", &until])?;
    ensure!(twice.contains("say it once"), "{twice}");
    let written = house.json("drc/liaison", &["write", "note", &paper])?;
    let entry = text_of(&written, "entry")?;
    house.text("us/kigali", &["fetch"])?;
    let before = house.json("us/kigali", &["read", &entry])?;
    ensure!(before["expired"] == json!(false) && before["content_until"] == json!(until), "{before}");
    shows(&house.text("us/kigali", &["read", &entry])?, &["EXPIRES at ", "The drones stay on the ground"])?;

    // A release with an end, which its approver sees.
    let briefing = house.publish("us/kigali", "depot.md", BRIEFING)?;
    let order = [&briefing, "--portions", "1", "--to", "drc", "--until", &until];
    let proposal = house.propose("us/kigali", &order)?;
    let late = house.propose("us/kigali", &order)?;
    let screen = house.look("us/washington", &["approve", &proposal])?;
    shows(&screen, &["EXPIRES ", "the server serves it no longer then"])?;
    let released = house.enact("us/washington", &proposal)?.remove(0);
    ensure!(SystemTime::now() < end, "too slow a machine to see the end come");

    wait_until(end);
    let waiting = house.text("us/washington", &["pending"])?;
    shows(&waiting, &[&late, "! It cannot be approved: ", "expired already"])?;
    let refused = house.refused("us/washington", &["approve", &late])?;
    ensure!(refused.contains("expired already"), "{refused}");
    for desk in ["us/kinshasa", "drc/delegation"] {
        house.text(desk, &["fetch"])?;
        verdict(&house, desk)?;
    }
    for (desk, entry) in [("us/kinshasa", &entry), ("drc/delegation", &released)] {
        let gone = house.text(desk, &["read", entry])?;
        shows(&gone, &["EXPIRED at ", UNREAD, "Its content is not here."])?;
        shows(&house.text(desk, &["inbox"])?, &["expired at "])?;
    }
    let kept = house.text("us/kigali", &["read", &entry])?;
    shows(&kept, &["EXPIRED at ", UNREAD, "The drones stay on the ground"])?;
    shows(&house.text("us/kinshasa", &["given", "drc"])?, &[&released, "EXPIRED at ", UNREAD])?;
    house.while_stopped(|house| {
        let purged = house.tearlined(&["purge"])?.done()?;
        // With what was recalled in September.
        ensure!(purged.contains("3 contents and 0 attachments purged"), "{purged}");
        ensure!(purged.contains(&format!("{entry:<24} expired")), "{purged}");
        house.tearlined(&["check"])?.done()?;
        Ok(())
    })?;
    house.text("un/monitor-2", &["fetch"])?;
    verdict(&house, "un/monitor-2")
}

#[test]
fn an_end_that_is_past_or_none_is_refused_before_anything_is_sent() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kigali", "depot.md", BRIEFING)?;
    let before = house.json("us/kigali", &["fetch"])?;
    for (end, says) in
        [("2024-01-14T13:30:00Z", "past"), ("tomorrow", "UTC"), ("2024-13-01T00:00:00Z", "UTC")]
    {
        for (desk, args) in [
            ("drc/liaison", vec!["write", "concern", "papers/concern.md", "--until", end]),
            ("us/kigali", vec!["write", "note", "papers/note.md", "--to", "drc", "--until", end]),
            ("us/kigali", vec!["release", &briefing, "--portions", "1", "--to", "drc", "--until", end]),
        ] {
            let refused = house.run(desk, &args)?.refused(2)?;
            ensure!(refused.contains(end) && refused.contains(says), "{args:?}: {refused}");
        }
        let paper = format!("---\nsubject: Drones\nuntil: {end}\n---\nThey stay on the ground.\n");
        let paper = house.write("papers/until.md", paper)?;
        let refused = house.refused("drc/liaison", &["write", "note", &paper])?;
        ensure!(refused.contains("line 3: `until`: ") && refused.contains(says), "{refused}");
    }
    let after = house.json("us/kigali", &["fetch"])?;
    let sizes = |json: &Value| -> Result<Vec<Value>> {
        let rooms = json["rooms"].as_array().context("rooms")?;
        Ok(rooms
            .iter()
            .filter(|it| !it["room"].to_string().contains('/'))
            .map(|it| it["size"].clone())
            .collect())
    };
    ensure!(sizes(&before)? == sizes(&after)?, "{before}\n{after}");
    Ok(())
}

#[test]
fn a_correction_stands_above_what_it_corrects_until_it_is_taken_back_itself() -> Result<()> {
    let house = House::kivu()?;
    let write = |desk: &str, kind: &str, paper: &str, to: &str| -> Result<Value> {
        let paper = house.write("papers/one.md", paper)?;
        house.json(desk, &["write", kind, &paper, "--to", to])
    };
    let correcting = |of: &str, text: &str| format!("---\nsubject: Put right\nanswers: {of}\n---\n{text}\n");
    let concern = text_of(&house.json("drc/liaison", &["write", "concern", "papers/concern.md"])?, "entry")?;
    let own = write("drc/delegation", "correction", &correcting(&concern, "It was 14 vehicles."), "drc")?;
    let own = text_of(&own, "entry")?;
    let told = ["CORRECTED by drc/delegation at ", &format!("({own}): It was 14 vehicles.")];
    for desk in ["us/kigali", "drc/liaison"] {
        house.text(desk, &["fetch"])?;
        shows(&house.text(desk, &["read", &concern])?, &told)?;
    }
    shows(&house.text("us/kigali", &["inbox"])?, &[&format!("corrected by {own}")])?;
    let json = house.json("us/kigali", &["read", &concern])?;
    ensure!(json["corrected_by"] == json!([own]) && json["recalled"] == json!(false), "{json}");

    // A mediators' post, by two desks; what corrects that corrects the post too.
    let released = released(&house)?;
    let proposal = write("us/kinshasa", "correction", &correcting(&released, "It was Wednesday."), "drc")?;
    let first = house.enact("us/washington", &text_of(&proposal, "proposal")?)?.remove(0);
    let proposal = write("us/kigali", "correction", &correcting(&first, "Or Thursday."), "drc")?;
    let second = house.enact("us/washington", &text_of(&proposal, "proposal")?)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let both = [&format!("({first}): It was Wednesday.")[..], &format!("({second}): Or Thursday.")];
    shows(&house.text("drc/liaison", &["read", &released])?, &both)?;
    let recall = text_of(&house.json("us/kinshasa", &["recall", &second])?, "proposal")?;
    house.enact("us/washington", &recall)?;
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &released])?;
    shows(&read, &both[..1])?;
    ensure!(!read.contains("Or Thursday."), "{read}");

    // Nobody corrects what another side said.
    let foreign = house.write("papers/foreign.md", correcting(&released, "It was never."))?;
    let refused = house.run("drc/liaison", &["write", "correction", &foreign, "--to", "drc"])?;
    ensure!(refused.code != 0, "{refused:?}");
    let read = house.text("drc/liaison", &["read", &released])?;
    ensure!(!read.contains("It was never."), "{read}");
    Ok(())
}
