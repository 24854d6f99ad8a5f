//! The tear-line through the shipped commands: marks, downgrades, ORCON, more portions later, what was given
//! on the matter, misleading characters. What two parties can join is in `cli_collusion`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tearline_tests::cli::{House, papers::FERRIES as BRIEFING, screen::says, text_of};

#[test]
fn a_downgrade_is_recorded_with_its_reason_and_set_before_the_approver_alone() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let order = |lower: &str| -> Result<String> {
        let args = ["release", &briefing, "--portions", "1,4", "--to", "drc", "--downgrade", lower];
        let said = house.run("us/kinshasa", &args)?;
        let code = said.code;
        ensure!(code == 1 || code == 2, "{lower}: {said:?}");
        said.refused(code)
    };
    for (lower, says) in [
        ("4:C//REL TO RWA:known", "portion 4"),
        ("4:TS//REL TO DRC:known", "portion 4"),
        ("4:C//REL TO DRC:", "reason"),
        ("4:C//REL TO DRC", "PORTION:MARK:REASON"),
        ("4:C//FOR DRC:known", "portion 4"),
        ("four:C//REL TO DRC:known", "four"),
        ("9:C//REL TO DRC:known", "9"),
    ] {
        let refused = order(lower)?;
        ensure!(refused.contains(says), "{lower}: {refused}");
    }
    let needless =
        ["release", &briefing, "--portions", "1", "--to", "drc", "--downgrade", "1:U:it needs none"];
    let refused = house.refused("us/kinshasa", &needless)?;
    ensure!(refused.contains("portion 1"), "{refused}");
    let lower = "4:C//REL TO DRC:the harbour master has spoken in public";
    let args = [&briefing, "--portions", "1,4", "--to", "drc", "--downgrade", lower];
    let proposal = house.propose("us/kinshasa", &args)?;
    let screen = house.look("us/washington", &["approve", &proposal])?;
    says(
        &screen,
        &[
            "PORTIONS 1, 4 of 5, word for word",
            "(C//REL TO DRC) A harbour master told us so himself.",
            "DOWNGRADES 4: (S//NF) to (C//REL TO DRC): the harbour master has spoken in public",
        ],
    )?;
    ensure!(!screen.contains("every hull"), "{screen}");
    let entry = house.enact("us/washington", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &entry])?;
    says(&read, &["(C//REL TO DRC) A harbour master told us so himself.", "2 portions match manifest"])?;
    for never in ["NF", "in public", "DOWNGRADE", "of 5"] {
        ensure!(!read.contains(never), "{never:?} is in\n{read}");
    }
    Ok(())
}

#[test]
fn what_is_orcon_needs_its_originator_among_those_who_sign() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let proposal = house.propose("us/washington", &[&briefing, "--portions", "3", "--to", "drc"])?;
    let refused = house.refused("us/kigali", &["approve", &proposal])?;
    ensure!(refused.contains("ORCON") && refused.contains("us/kinshasa"), "{refused}");
    says(
        &house.look("us/kinshasa", &["approve", &proposal])?,
        &["ORCON: us/kinshasa has signed, or is you"],
    )?;
    let entry = house.enact("us/kinshasa", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &entry])?;
    // The mark that readers see names nobody but them.
    says(&read, &["(S//ORCON//REL TO DRC) The pilot sailed"])
}

#[test]
fn what_comes_later_is_shown_to_have_been_in_the_record_already() -> Result<()> {
    let mut house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let first = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    let first = house.enact("us/washington", &first)?.remove(0);
    let second = house.propose("us/kinshasa", &[&briefing, "--portions", "3", "--to", "drc"])?;
    says(
        &house.look("us/washington", &["approve", &second])?,
        &[
            &format!("ALREADY GIVEN ON THIS MATTER drc: {first} rwanda: nothing"),
            &format!("Ferries on the lake, portions 1 of {briefing}"),
        ],
    )?;
    let second = house.enact("us/washington", &second)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &first])?;
    ensure!(!read.contains("already in the record"), "{read}");
    let json = house.json("drc/liaison", &["read", &first])?;
    ensure!(json["already_in_record"].is_null(), "{json}");
    let at = text_of(&json, "accepted_at")?;
    let told = format!("({first})");
    says(&house.text("drc/liaison", &["read", &second])?, &["✓ already in the record of ", &told])?;
    let json = house.json("drc/liaison", &["read", &second])?;
    ensure!(json["already_in_record"] == json!(first) && json["already_in_record_at"] == json!(at), "{json}");
    // Another briefing, though it says the same, was not.
    let other = house.publish("us/kinshasa", "again.md", BRIEFING)?;
    let third = house.propose("us/kinshasa", &[&other, "--portions", "3", "--to", "drc"])?;
    let third = house.enact("us/washington", &third)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &third])?;
    ensure!(!read.contains("already in the record"), "{read}");
    // What was signed stays so when the first is taken back and gone.
    let recall = text_of(&house.json("us/kigali", &["recall", &first])?, "proposal")?;
    house.enact("us/washington", &recall)?;
    house.while_stopped(|house| {
        house.tearlined(&["purge"])?.done()?;
        Ok(())
    })?;
    house.text("drc/delegation", &["fetch"])?;
    says(&house.text("drc/delegation", &["read", &second])?, &["✓ already in the record of ", &told])
}

#[test]
fn an_approver_sees_what_either_party_has_on_the_matter() -> Result<()> {
    let house = House::kivu()?;
    let write = |desk: &str| -> Result<String> {
        text_of(&house.json(desk, &["write", "concern", "papers/concern.md"])?, "entry")
    };
    let concern = write("drc/liaison")?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let answer = |briefing: &str, portion: &str| -> Result<String> {
        let scales = ["dispelled", "logistics", "likely", "high"];
        let flags = ["--finding", "--activity", "--likelihood", "--confidence"];
        let mut order = vec![briefing, "--portions", portion, "--to", "drc", "--answers", &concern];
        order.extend(flags.iter().zip(scales).flat_map(|(flag, word)| [*flag, word]));
        house.propose("us/kinshasa", &order)
    };
    let first = house.enact("us/washington", &answer(&briefing, "1")?)?.remove(0);
    // To the other party, of the same briefing: not under the same subject unless that is said.
    let same = ["release", &briefing, "--portions", "2", "--to", "rwanda"];
    let refused = house.refused("us/kigali", &same)?;
    ensure!(refused.contains(&first) && refused.contains("--subject"), "{refused}");
    let meant = [&same[1..], &["--subject", "Ferries on the lake"]].concat();
    let meant = house.propose("us/kigali", &meant)?;
    says(
        &house.look("us/washington", &["approve", &meant])?,
        &[&format!("THE SAME WORDS: this subject for rwanda is in {first} too.")],
    )?;
    house.json("us/kigali", &["withdraw", &meant])?;
    let apart = [&same[1..], &["--subject", "At anchor"]].concat();
    let apart = house.propose("us/kigali", &apart)?;
    let screen = house.look("us/washington", &["approve", &apart])?;
    says(&screen, &[&format!("ALREADY GIVEN ON THIS MATTER drc: {first} rwanda: nothing")])?;
    ensure!(!screen.contains("THE SAME WORDS"), "{screen}");
    let rival = house.enact("us/washington", &apart)?.remove(0);

    // Another briefing that answers the same concern: the thread shows both, and so the first briefing.
    let other = house.publish(
        "us/kinshasa",
        "other.md",
        &BRIEFING.replace("Ferries on the lake", "The ferries, once more"),
    )?;
    let next = answer(&other, "1")?;
    let screen = house.look("us/washington", &["approve", &next])?;
    says(
        &screen,
        &[
            &format!("ALREADY GIVEN ON THIS MATTER drc: {first} rwanda: {rival}"),
            &format!("Ferries on the lake, portions 1 of {briefing}"),
            &format!("At anchor, portions 2 of {briefing}"),
        ],
    )?;
    // Of a matter of its own nothing was given; and what was recalled is still named.
    let recall = text_of(&house.json("us/kigali", &["recall", &rival])?, "proposal")?;
    says(&house.look("us/washington", &["approve", &recall])?, &[&format!("drc: {first} rwanda: {rival}")])?;
    house.enact("us/washington", &recall)?;
    says(
        &house.look("us/washington", &["approve", &next])?,
        &["At anchor", "RECALLED, which unreads nothing"],
    )?;
    let concern = write("drc/liaison")?;
    let paper = house.write("papers/own.md", fs::read_to_string(house.path("papers/note.md"))?)?;
    let own = text_of(&house.json("us/kigali", &["write", "note", &paper, "--to", "drc"])?, "proposal")?;
    says(
        &house.look("us/washington", &["approve", &own])?,
        &["ALREADY GIVEN ON THIS MATTER drc: nothing rwanda: nothing"],
    )?;
    ensure!(concern.starts_with("drc#"), "{concern}");
    Ok(())
}

#[test]
fn characters_that_mislead_are_seen_in_every_text_that_is_approved() -> Result<()> {
    let house = House::kivu()?;
    // Right-to-left override, zero width space, a Cyrillic letter among Latin ones.
    let (rlo, zwsp, mixed) = ("\u{202e}", "\u{200b}", "Min\u{043e}va");
    let briefing = house.publish("us/kinshasa", "ferries.md", &BRIEFING.replace("Minova", mixed))?;
    let subject = format!("Ferries {rlo}seirref");
    let note = format!("Read{zwsp} this first");
    let lower = format!("4:C//REL TO DRC:he spoke {rlo}cilbup ni");
    let args = [
        &briefing,
        "--portions",
        "1,4",
        "--to",
        "drc",
        "--subject",
        &subject,
        "--note",
        &note,
        "--downgrade",
        &lower,
    ];
    let proposal = house.propose("us/kinshasa", &args)?;
    let screen = house.look("us/washington", &["approve", &proposal])?;
    for raw in [rlo, zwsp, mixed] {
        ensure!(!screen.contains(raw), "{raw:?} reaches the screen:\n{screen}");
    }
    let hidden = screen.split("HIDDEN CHARACTERS ").nth(1).context("hidden characters")?;
    ensure!(hidden.starts_with("FOUND"), "{screen}");
    for field in ["subject", "note", "portion", "reason"] {
        ensure!(hidden.contains(&format!(" {field}: ")), "{field} is not among\n{hidden}");
    }
    for line in screen.lines() {
        ensure!(line.chars().count() <= 80, "a line of more than 80 columns:\n{line}");
    }
    let entry = house.enact("us/washington", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    for args in [vec!["read", &entry], vec!["inbox"]] {
        let seen = house.text("drc/liaison", &args)?;
        ensure!(![rlo, zwsp, mixed].iter().any(|raw| seen.contains(raw)), "{args:?}:\n{seen}");
    }
    // In the note of a recall too, which only officers see.
    let recall = house.json("us/kigali", &["recall", &entry, "--note", &format!("wrong {rlo}ecalp")])?;
    let screen = house.look("us/washington", &["approve", &text_of(&recall, "proposal")?])?;
    ensure!(!screen.contains(rlo) && screen.contains(" note: "), "{screen}");
    Ok(())
}
