//! Desks come, with their custodian's word, and go when they are lost.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use anyhow::{Result, ensure};
use tearline_tests::cli::{House, said::Said, text_of};

const BRIEFING: &str = "---
subject: Quiet week
precedence: ROUTINE
source: A1
---

(C//REL TO DRC)  The week was quiet between Goma and Sake.
";

/// A new desk of drc, with keys of its own; where its card is.
fn init(house: &House, desk: &str) -> Result<String> {
    let folder = house.desk(desk);
    let mut command = house.tearline(desk, &["init", desk, "--role", "party"])?;
    command.args(["--domain", "kivu.example", "--work-factor", "10"]);
    Said::of(command)?.done()?;
    Ok(folder.join("card.tearline").display().to_string())
}

/// Endorsed, admitted by two mediators, with a certificate, joined.
fn admit(house: &House, desk: &str, further: &[&str]) -> Result<()> {
    let card = init(house, desk)?;
    let name = desk.replace('/', "-");
    let (endorsed, admission) = (format!("{name}.card"), format!("{name}.admission"));
    house.text("drc/delegation", &["endorse", &card, "--out", &endorsed])?;
    let args: Vec<&str> = ["admit", &endorsed, "drc"].into_iter().chain(further.iter().copied()).collect();
    let proposal = text_of(&house.json("us/washington", &args)?, "proposal")?;
    let done = house.json("us/kinshasa", &["approve", &proposal, "--admission", &admission])?;
    ensure!(done["enacted"] == true && done["admission"] == admission, "{done}");
    house.certs(&["issue", &admission])?.done()?;
    house.text(desk, &["join", &format!("{name}.invitation")])?;
    house.settle(desk)?;
    house.text(desk, &["fetch"])?;
    Ok(())
}

fn release(house: &House, file: &str) -> Result<String> {
    let briefing = house.publish("us/washington", file, BRIEFING)?;
    let proposal = house.propose("us/washington", &[&briefing, "--portions", "1", "--to", "drc"])?;
    Ok(house.enact("us/kigali", &proposal)?.remove(0))
}

#[test]
fn a_desk_that_its_custodian_did_not_endorse_is_not_admitted() -> Result<()> {
    let house = House::kivu()?;
    let card = init(&house, "drc/envoy")?;
    let said = house.refused("us/washington", &["admit", &card, "drc"])?;
    ensure!(said.contains("endorse") && said.contains("drc/envoy"), "{said}");
    // Another party's custodian cannot, nor a desk that is no custodian.
    let said = house.refused("rwanda/delegation", &["endorse", &card, "--out", "e.card"])?;
    ensure!(said.contains("not of your party"), "{said}");
    let said = house.refused("drc/liaison", &["endorse", &card, "--out", "e.card"])?;
    ensure!(said.contains("no custodian"), "{said}");
    ensure!(!house.path("e.card").exists(), "a refused endorsement left a file");
    // A party's desk does not come into the other party's room, nor into the chamber.
    house.text("drc/delegation", &["endorse", &card, "--out", "e.card"])?;
    for room in ["rwanda", "chamber"] {
        let said = house.refused("us/washington", &["admit", "e.card", room])?;
        ensure!(said.contains(room) || said.contains("part"), "{said}");
    }
    // Not joined, it is told what to do.
    let said = house.refused("drc/envoy", &["fetch"])?;
    ensure!(said.contains("has not joined"), "{said}");
    // Nor does another desk's invitation serve it.
    let said = house.refused("drc/envoy", &["join", "papers/drc-liaison.invitation"])?;
    ensure!(said.contains("drc/envoy"), "{said}");
    ensure!(!house.desk("drc/envoy").join("certificate.pem").exists(), "something of it was kept");
    Ok(())
}

#[test]
fn a_newcomer_reads_what_comes_and_of_the_past_what_the_mediators_handed_on() -> Result<()> {
    let house = House::kivu()?;
    admit(&house, "drc/envoy", &[])?;
    let said = house.refused("drc/envoy", &["read", "drc#4"])?;
    ensure!(!said.contains("did not follow") && said.contains("drc#4"), "{said}");
    let inbox = house.text("drc/envoy", &["inbox"])?;
    ensure!(!inbox.contains("Column towards Sake"), "{inbox}");
    let entry = release(&house, "quiet.md")?;
    house.text("drc/envoy", &["fetch"])?;
    ensure!(house.text("drc/envoy", &["read", &entry])?.contains("The week was quiet"), "{entry}");

    admit(&house, "drc/historian", &["--history-from", "1"])?;
    let past = house.text("drc/historian", &["read", "drc#4"])?;
    ensure!(past.contains("A column of about 40 vehicles"), "{past}");
    let who = house.text("drc/historian", &["who", "drc"])?;
    ensure!(who.contains("drc/envoy") && who.contains("drc/historian"), "{who}");
    Ok(())
}

#[test]
fn a_lost_desk_reads_nothing_that_is_posted_afterwards() -> Result<()> {
    let house = House::kivu()?;
    let said = house.refused("us/washington", &["lost", "drc/nobody"])?;
    ensure!(said.contains("drc/nobody"), "{said}");
    let shown = house.text("us/washington", &["lost", "drc/liaison"])?;
    ensure!(shown.contains("may have seen") && shown.contains("drc#4"), "{shown}");
    let waiting = house.json("us/kigali", &["pending"])?;
    let proposal = text_of(&waiting["proposals"][0], "proposal")?;
    house.json("us/kigali", &["approve", &proposal])?;
    let entry = release(&house, "quiet.md")?;

    let said = house.run("drc/liaison", &["fetch"])?;
    ensure!(said.code != 3, "leaving is no alarm: {}", said.err);
    let said = house.run("drc/liaison", &["read", &entry])?;
    ensure!(said.code == 1 && !said.out.contains("quiet"), "{said:?}");
    let inbox = house.run("drc/liaison", &["inbox"])?;
    ensure!(!inbox.out.contains("Quiet"), "{}", inbox.out);
    // The rest of its party goes on, and sees that it went.
    house.text("drc/delegation", &["fetch"])?;
    ensure!(house.text("drc/delegation", &["read", &entry])?.contains("quiet"), "{entry}");
    let who = house.text("drc/delegation", &["who"])?;
    ensure!(!who.contains("drc/liaison"), "{who}");
    let verdict = house.json("un/monitor-1", &["verify", "--all"])?;
    ensure!(verdict["ok"] == true, "{verdict}");
    ensure!(fs::read_dir(house.desk("un/monitor-1").join("evidence"))?.next().is_none(), "evidence of what?");
    Ok(())
}
