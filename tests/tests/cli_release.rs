//! Releases through the shipped commands: two desks, one party that reads, one that learns nothing.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use anyhow::{Result, ensure};
use serde_json::json;
use tearline_tests::cli::{House, text_of};

const BRIEFING: &str = "---
subject: Column at Kanyabayonga
precedence: IMMEDIATE
source: B2
information-until: 2024-06-20T12:00:00Z
originator: us/kinshasa
---

(C//REL TO DRC)  About 30 vehicles stand at Kanyabayonga.

(C//REL TO RWA)  The road to the lake is cut.

(U)  The market was open at noon.

(S//NF)  There is one source.
";

const BOTH: &str = "---
subject: Truce of July
precedence: PRIORITY
source: A1
---

(C//REL TO DRC, RWA)  A truce holds from 5 July for two weeks.

(S//ORCON//REL TO DRC)  Its text was drafted at one desk.
";

/// The message of a refusal, without the program's name and the reference or room that was typed.
fn without(message: &str, what: &[&str]) -> String {
    what.iter().fold(message.to_owned(), |text, word| text.replace(word, "X"))
}

#[test]
fn a_party_reads_what_two_desks_released_and_the_other_learns_nothing() -> Result<()> {
    let house = House::kivu()?;
    let before = house.json("rwanda/liaison", &["fetch"])?;
    let briefing = house.publish("us/kinshasa", "kanyabayonga.md", BRIEFING)?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1,3", "--to", "drc"])?;

    // Nothing is sent before the second signature.
    let waiting = house.json("us/washington", &["pending"])?;
    ensure!(waiting["proposals"][0]["proposal"] == json!(proposal), "{waiting}");
    ensure!(waiting["proposals"][0]["signed"] == json!(["us/kinshasa"]), "{waiting}");
    let none = house.json("drc/liaison", &["fetch"])?;
    ensure!(none["rooms"][0]["new"] == json!(0), "{none}");

    let entry = house.enact("us/washington", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &entry])?;
    for shown in [
        "IMMEDIATE   RELEASE",
        "us/kinshasa",
        "us/washington",
        "(2 of 2 required)",
        "(C//REL TO DRC)  About 30 vehicles stand at Kanyabayonga.",
        "(U)  The market was open at noon.",
        "✓ signatures ✓ place in record ✓ 2 portions match manifest",
        "Any other portions were withheld. How many cannot be known.",
    ] {
        ensure!(read.contains(shown), "{shown:?} is not in\n{read}");
    }
    for withheld in ["lake", "one source", "of 4", "RWA"] {
        ensure!(!read.contains(withheld), "{withheld:?} is in\n{read}");
    }
    house.text("drc/liaison", &["ack", &entry])?;
    let given = house.text("us/kigali", &["given", "drc"])?;
    ensure!(given.contains(&entry) && given.contains("Kanyabayonga"), "{given}");
    let none = house.text("us/kigali", &["pending"])?;
    ensure!(none.contains("No proposal is waiting."), "{none}");

    // rwanda: the same answers as for a room that never was.
    ensure!(house.json("rwanda/liaison", &["fetch"])? == before, "rwanda saw something happen");
    for args in [
        vec!["read", "ROOM#4"],
        vec!["ack", "ROOM#4"],
        vec!["write", "note", "papers/note.md", "--to", "ROOM"],
        vec!["who", "ROOM"],
        vec!["read", "access/ROOM#1"],
        vec!["release", "ROOM#4", "--portions", "1", "--to", "ROOM"],
        vec!["given", "ROOM"],
    ] {
        let ask = |room: &str| {
            let args: Vec<String> = args.iter().map(|arg| arg.replace("ROOM", room)).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let said = house.run("rwanda/liaison", &args)?;
            ensure!(said.code != 0, "{}: {}", said.line, said.out);
            Ok((said.code, without(&said.out, &[room]), without(&said.err, &[room])))
        };
        let (there, nowhere) = (ask("drc")?, ask("atlantis")?);
        ensure!(there == nowhere, "{args:?}: {there:?}, but of a room that never was: {nowhere:?}");
        ensure!(ask("chamber")? == nowhere, "{args:?} tells of the chamber");
    }
    let everything = [vec!["inbox"], vec!["status"], vec!["who"], vec!["verify"], vec!["fetch"]];
    for args in everything {
        let said = house.text("rwanda/liaison", &args)?;
        for other in ["Kanyabayonga", "Sake,", "chamber", " drc ·", "access/drc", "access/us"] {
            ensure!(!said.contains(other), "{args:?} tells rwanda of {other:?}:\n{said}");
        }
    }
    Ok(())
}

#[test]
fn a_released_assessment_says_what_it_rests_on_and_by_when_it_is_to_be_acknowledged() -> Result<()> {
    let house = House::kivu()?;
    let concern = text_of(&house.json("drc/liaison", &["write", "concern", "papers/concern.md"])?, "entry")?;
    let briefing = house.publish("us/kinshasa", "kanyabayonga.md", BRIEFING)?;
    let order = |more: &[&'static str]| {
        let mut order = vec![briefing.clone(), "--portions=1".to_owned(), "--to=drc".to_owned()];
        order.extend(more.iter().map(|&it| it.to_owned()));
        order
    };
    let propose = |order: &[String]| -> Result<String> {
        house.propose("us/kinshasa", &order.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut full = order(&[
        "--finding=corroborated",
        "--activity=offensive",
        "--likelihood=likely",
        "--confidence=high",
        "--assumes=the column is under one command",
        "--assumes=no other moves at night",
        "--or-else=a rotation of the garrison",
        "--information-until=2024-06-20T12:00:00Z",
        "--ack-by=2040-06-20T18:00:00Z",
        "--refers=drc#3,drc#4",
    ]);
    full.push(format!("--answers={concern}"));
    let entry = house.enact("us/washington", &propose(&full)?)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &entry])?;
    for shown in [
        "the column is under one command",
        "no other moves at night",
        "a rotation of the garrison",
        "Information up to 201200Z JUN 24",
    ] {
        ensure!(read.contains(shown), "{shown:?} is not in\n{read}");
    }
    let json = house.json("drc/liaison", &["matters", &entry])?;
    let thread = json["thread"].as_array().expect("a thread");
    let found = thread.iter().find(|it| it["entry"] == json!(entry)).expect("the assessment");
    ensure!(found["answers"] == json!(concern) && found["refers"] == json!(["drc#3", "drc#4"]), "{found}");
    let due = format!("Acknowledgement due by 201800Z JUN 40 ({entry})");
    let inbox = house.text("drc/liaison", &["inbox"])?;
    ensure!(inbox.contains(&due), "{inbox}");
    house.text("drc/liaison", &["ack", &entry])?;
    ensure!(!house.text("drc/liaison", &["inbox"])?.contains(&due), "it is still due");

    // What only an assessment has is refused elsewhere; a time that is none is named with its option.
    for alone in ["--assumes=x", "--or-else=x", "--information-until=2024-06-20T12:00:00Z"] {
        let order = order(&[alone]);
        let mut args = vec!["release"];
        args.extend(order.iter().map(String::as_str));
        let refused = house.run("us/kinshasa", &args)?.refused(2)?;
        ensure!(refused.contains("--answers"), "{refused}");
    }
    let wrong = order(&["--ack-by=tomorrow"]);
    let args: Vec<&str> = ["release"].into_iter().chain(wrong.iter().map(String::as_str)).collect();
    let refused = house.run("us/kinshasa", &args)?.refused(2)?;
    ensure!(refused.contains("--ack-by tomorrow: write a time in UTC"), "{refused}");
    Ok(())
}

#[test]
fn a_joint_release_appears_in_both_rooms_at_once_or_in_none() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/washington", "truce.md", BOTH)?;
    let args = [&briefing, "--portions", "1", "--to", "drc", "rwanda"];
    let proposal = house.propose("us/washington", &args)?;
    // Half of it cannot be asked for: approving takes the proposal, which is whole.
    house.run("us/kigali", &["approve", &proposal, "--to", "drc"])?.refused(2)?;
    let entries = house.enact("us/kigali", &proposal)?;
    ensure!(entries.len() == 2, "{entries:?}");
    for (desk, room) in [("drc/liaison", "drc#"), ("rwanda/liaison", "rwanda#")] {
        house.text(desk, &["fetch"])?;
        let entry = entries.iter().find(|entry| entry.starts_with(room)).expect("one for each room");
        let read = house.text(desk, &["read", entry])?;
        ensure!(read.contains("A truce holds from 5 July for two weeks."), "{read}");
    }
    // An ORCON portion needs its originator; one not marked for a party needs a downgrade for that party.
    let refused = house
        .refused("us/washington", &["release", &briefing, "--portions", "1,2", "--to", "drc", "rwanda"])?;
    ensure!(refused.contains("portion 2") && refused.contains("rwanda"), "{refused}");
    Ok(())
}

#[test]
fn what_lacks_a_second_officer_is_refused_and_said_why() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "kanyabayonga.md", BRIEFING)?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;

    // Twice by one person.
    let twice = house.refused("us/kinshasa", &["approve", &proposal])?;
    ensure!(twice.contains("us/kinshasa") || twice.contains("another"), "{twice}");
    // By a party.
    for args in [
        vec!["release", "drc#4", "--portions", "1", "--to", "drc"],
        vec!["approve", "chamber#1"],
        vec!["pending"],
        vec!["publish", "papers/sake.md"],
        vec!["lost", "rwanda/liaison"],
        vec!["given", "drc"],
    ] {
        let party = house.refused("drc/liaison", &args)?;
        ensure!(party.contains("only a mediator"), "{args:?}: {party}");
    }
    // By an auditor.
    let auditor = house.refused("un/monitor-1", &["approve", &proposal])?;
    ensure!(auditor.contains("only a mediator"), "{auditor}");
    // What is not for the party.
    let nf = house.refused("us/kinshasa", &["release", &briefing, "--portions", "4", "--to", "drc"])?;
    ensure!(nf.contains("portion 4") && nf.contains("(S//NF)") && nf.contains("downgrade"), "{nf}");
    // What is not there.
    let missing = house.refused("us/kinshasa", &["release", &briefing, "--portions", "9", "--to", "drc"])?;
    ensure!(missing.contains('9'), "{missing}");
    let zero = house.refused("us/kinshasa", &["release", &briefing, "--portions", "0", "--to", "drc"])?;
    ensure!(zero.contains('0'), "{zero}");
    let nowhere =
        house.refused("us/kinshasa", &["release", &briefing, "--portions", "1", "--to", "atlantis"])?;
    ensure!(nowhere.contains("atlantis"), "{nowhere}");
    let other = house.refused("us/kinshasa", &["release", &proposal, "--portions", "1", "--to", "drc"])?;
    ensure!(other.contains(&proposal) && other.contains("not a briefing"), "{other}");
    // Without yes, and nobody to ask.
    house.look("us/washington", &["approve", &proposal])?;
    // Nothing of all that has reached drc.
    let fetched = house.json("drc/liaison", &["fetch"])?;
    ensure!(fetched["rooms"][0]["new"] == json!(0), "{fetched}");
    Ok(())
}

#[test]
fn a_proposal_that_has_ended_stays_ended() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "kanyabayonga.md", BRIEFING)?;
    let args = [briefing.as_str(), "--portions", "1", "--to", "drc"];
    let rejected = house.propose("us/kinshasa", &args)?;
    let done = house.json("us/washington", &["reject", &rejected])?;
    ensure!(text_of(&done, "proposal")? == rejected, "{done}");
    let after = house.refused("us/kigali", &["approve", &rejected])?;
    ensure!(after.contains("reject"), "{after}");
    house.refused("us/kigali", &["reject", &rejected])?;

    let withdrawn = house.propose("us/kinshasa", &args)?;
    let others = house.refused("us/kigali", &["withdraw", &withdrawn])?;
    ensure!(others.contains("not your own") && others.contains("tearline reject"), "{others}");
    house.text("us/kinshasa", &["withdraw", &withdrawn])?;
    let after = house.refused("us/kigali", &["approve", &withdrawn])?;
    ensure!(after.contains("withdr") || after.contains("reject"), "{after}");

    let enacted = house.propose("us/kinshasa", &args)?;
    house.enact("us/washington", &enacted)?;
    let again = house.refused("us/kigali", &["approve", &enacted])?;
    ensure!(again.contains("enacted") || again.contains("sent"), "{again}");
    let too_late = house.refused("us/kinshasa", &["withdraw", &enacted])?;
    ensure!(!too_late.contains("not your own"), "{too_late}");
    for never in ["chamber#999", "drc#1", &briefing] {
        house.refused("us/kigali", &["approve", never])?;
    }
    Ok(())
}

#[test]
fn the_second_verifier_agrees_with_the_first_on_every_room() -> Result<()> {
    let house = House::kivu()?;
    house.text("un/monitor-1", &["export", "all.bundle"])?;
    let ours = house.json("un/monitor-1", &["verify-bundle", "all.bundle"])?;
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("replay.py");
    let output = std::process::Command::new("python3")
        .arg(script)
        .arg(house.path("all.bundle"))
        .arg("--json")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let theirs: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(theirs["ok"] == json!(true), "{theirs}");
    let table = |verdict: &serde_json::Value, id: &str, size: &str| {
        let rooms = verdict["rooms"].as_array().expect("rooms");
        let mut rows: Vec<_> = rooms
            .iter()
            .map(|room| {
                let named = room["members"].as_array().map(Vec::len);
                let members = named.and_then(|count| u64::try_from(count).ok());
                let text = |key: &str| room[key].as_str().expect("text").to_owned();
                (text(id), room[size].as_u64(), text("root"), members.or(room["members"].as_u64()))
            })
            .collect();
        rows.sort();
        rows
    };
    let (ours, theirs) = (table(&ours, "id", "entries"), table(&theirs, "room", "size"));
    ensure!(ours.len() == 7, "{ours:?}");
    for (mine, other) in ours.iter().zip(&theirs) {
        ensure!(mine == other, "{mine:?} is not {other:?}");
    }
    ensure!(ours.len() == theirs.len(), "{ours:?} {theirs:?}");
    Ok(())
}
