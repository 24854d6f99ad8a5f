//! What officers see: calm, exact, at most eighty columns; and the same for programs, in JSON.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_tests::cli::{
    House,
    documented::{keys, promised},
    screen::{narrow, shows},
};

const LONG: &str = "---
subject: A subject that is a good deal longer than what one line of an inbox can hold beside the rest
precedence: FLASH
source: C3
---

(C//REL TO DRC, RWA)  All of this goes to both. It is long enough that it must be broken into several lines on any screen of eighty columns, as most of what officers write is.

(S//ORCON)  This does not.
";

#[test]
fn a_partys_screens_say_what_came_and_how_far_it_can_be_relied_upon() -> Result<()> {
    let house = House::kivu()?;
    let desk = "drc/liaison";
    house.text(desk, &["fetch"])?;
    shows(
        "inbox",
        &house.text(desk, &["inbox"])?,
        &[
            " drc · drc/liaison · complete to ",
            "Z, witnessed by nobody\n",
            "     REF         PREC       FROM     DTG             SUBJECT\n",
            "  ●  drc#19      ROUTINE    us       ",
            "Drones, September\n",
            "     drc#17      IMMEDIATE  us       ",
            "Column towards Sake\n",
            "  ●  drc#12      IMMEDIATE  us       ",
            "     drc#4       IMMEDIATE  us       ",
            "     drc#1       PRIORITY   us       ",
            "Offer of intelligence on\n",
            "  the armed group\n",
            " plenary · drc/liaison · ",
            "  ●  plenary#9   ROUTINE    rwanda   ",
            "  ●  plenary#1   IMMEDIATE  us       ",
            " 20 unread\n Next: tearline read drc#19\n",
        ],
    )?;
    shows(
        "read",
        &house.text(desk, &["read", "drc#4"])?,
        &[
            " IMMEDIATE   ASSESSMENT of your concern drc#3  ",
            " Signed by   us/kinshasa, us/washington (2 of 2 required)\n",
            " PARTLY CORROBORATED · OFFENSIVE · likely (55–80 %) · confidence moderate\n",
            " (C//REL TO DRC)  A column of about 40 vehicles left its positions north of Sake\n",
            " (U)  The road from Sake to Goma was open to civilian traffic at noon.\n",
            " ✓ signatures ✓ place in record ✓ 2 portions match manifest\n",
            " Any other portions were withheld. How many cannot be known.\n",
        ],
    )?;
    shows("read, downgraded", &house.text(desk, &["read", "drc#17"])?, &["✓ 1 portion matches manifest"])?;
    shows("status", &house.text(desk, &["status"])?, &[" drc · ", "20 entries, charter 1\n", " plenary · "])?;
    shows(
        "who",
        &house.text(desk, &["who", "drc"])?,
        &[
            "drc   quorum 2 of 3\n",
            "auditor   un/monitor-1\n",
            "mediator  us/washington\n",
            "party     drc/delegation (custodian)\n",
            "party     drc/liaison\n",
        ],
    )?;
    // In the order of their ids, which is another in every house.
    let verified = house.text(desk, &["verify"])?;
    for line in
        [" ✓ drc                  20 entries ", " ✓ plenary              13 entries ", " ✓ access/drc "]
    {
        shows("verify", &verified, &[line])?;
    }
    narrow("fetch", &house.text(desk, &["fetch"])?)?;
    Ok(())
}

#[test]
fn a_mediators_screens_show_exactly_what_would_be_sent() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/washington", "long.md", LONG)?;
    house.text("us/washington", &["fetch"])?;
    narrow("read briefing", &house.text("us/washington", &["read", &briefing])?)?;
    let proposed = house.text(
        "us/washington",
        &["release", &briefing, "--portions", "1", "--to", "plenary", "drc", "rwanda"],
    )?;
    narrow("release", &proposed)?;
    let waiting = house.json("us/kinshasa", &["pending"])?;
    let proposal = waiting["proposals"][0]["proposal"].as_str().context("a proposal")?.to_owned();
    shows(
        "pending",
        &house.text("us/kinshasa", &["pending"])?,
        &[&proposal, "to drc, plenary, rwanda\n", "RELEASE: ", "us/washington (1 of 2)", "Next: "],
    )?;
    // Not signed: there is nobody to ask.
    let look = house.look("us/kinshasa", &["approve", &proposal])?;
    shows(
        "approve",
        &look,
        &[
            " PROPOSED BY us/washington\n",
            " TO  ",
            "desks will read this)   PORTIONS 1 of 2, word for word\n",
            "exactly as it will be sent",
            " FLASH RELEASE\n",
            " (C//REL TO ",
            "All of this goes to both.",
            " ATTACHMENTS none\n",
            " DOWNGRADES none\n",
            " HIDDEN CHARACTERS none\n",
            " ALREADY GIVEN ON THIS MATTER   drc: nothing   rwanda: nothing\n",
        ],
    )?;
    ensure!(!look.contains("This does not."), "what is withheld is on the screen:\n{look}");
    let entries = house.enact("us/kinshasa", &proposal)?;
    ensure!(entries.len() == 3, "{entries:?}");
    house.text("drc/liaison", &["fetch"])?;
    let inbox = house.text("drc/liaison", &["inbox"])?;
    shows("inbox", &inbox, &["FLASH", "A subject that is a good", "beside the rest\n"])?;
    narrow("given", &house.text("us/kigali", &["given", "drc"])?)?;
    narrow("who", &house.text("us/kigali", &["who"])?)?;
    narrow("status", &house.text("us/kigali", &["status"])?)?;
    narrow("verify", &house.text("us/kigali", &["verify", "--all"])?)?;
    narrow("lost", &house.text("us/kigali", &["lost", "drc/liaison"])?)?;
    house.text("un/monitor-1", &["export", "b.bundle"])?;
    shows(
        "verify-bundle",
        &house.text("un/monitor-1", &["verify-bundle", "b.bundle"])?,
        &["Bundle of kivu.example, written ", " ✓ drc ", " ✓ rules across rooms\n"],
    )?;
    Ok(())
}

#[test]
fn every_command_writes_the_json_that_is_documented() -> Result<()> {
    let house = House::kivu()?;
    let agrees = |command: &str, desk: &str, args: &[&str]| -> Result<Value> {
        let json = house.json(desk, args)?;
        let mut found = BTreeSet::new();
        keys(&json, "", &mut found);
        let promised = promised(command)?;
        let undocumented: Vec<_> = found.difference(&promised).collect();
        ensure!(undocumented.is_empty(), "{command}: not in docs/json.md: {undocumented:?} of {json}");
        let missing: Vec<_> = promised.difference(&found).collect();
        ensure!(missing.is_empty(), "{command}: docs/json.md promises {missing:?}, but: {json}");
        Ok(json)
    };
    let card = house.arg("desks/drc-envoy/card.tearline");
    let init = ["init", "drc/envoy", "--role", "party", "--domain", "kivu.example", "--work-factor", "10"];
    agrees("init", "drc/envoy", &init)?;
    agrees("endorse", "drc/delegation", &["endorse", &card, "--out", "envoy.card"])?;
    agrees("found", "us/kigali", &["found", "papers/chamber.founding"])?;
    agrees("join", "us/kigali", &["join", "papers/us-kigali.invitation"])?;
    house.settle("us/kigali")?;
    agrees("renew", "us/kigali", &["renew", "desks/us-kigali/certificate.pem"])?;
    agrees("fetch", "us/kigali", &["fetch"])?;
    agrees("status", "us/kigali", &["status"])?;
    agrees("who", "us/kigali", &["who"])?;
    agrees("inbox", "us/kigali", &["inbox"])?;
    agrees("matters", "us/kigali", &["matters", "--kind", "concern"])?;
    agrees("ack", "drc/liaison", &["ack", "drc#4"])?;
    agrees("recall", "drc/liaison", &["recall", "drc#3"])?;
    agrees("write", "us/kigali", &["write", "note", "papers/note.md", "--to", "chamber"])?;
    for number in ["1", "2"] {
        let saved =
            house.json("us/kigali", &["write", "note", "papers/note.md", "--to", "chamber", "--save"])?;
        ensure!(saved.as_object().is_some_and(|map| map.len() == 1) && saved["draft"] == number, "{saved}");
    }
    agrees("drafts", "us/kigali", &["drafts"])?;
    agrees("drafts show", "us/kigali", &["drafts", "show", "1"])?;
    agrees("drafts drop", "us/kigali", &["drafts", "drop", "1", "2"])?;
    agrees("completions", "us/kigali", &["completions", "bash"])?;
    agrees("man", "us/kigali", &["man", &house.arg("man1")])?;
    let briefing = agrees("publish", "us/kigali", &["publish", "papers/sake.md"])?;
    let briefing = briefing["entry"].as_str().context("entry")?.to_owned();
    let to_drc = ["release", &briefing, "--portions", "1", "--to", "drc"];
    let proposal = agrees("release", "us/kigali", &to_drc)?;
    agrees("pending", "us/kigali", &["pending"])?;
    agrees("approve", "us/kinshasa", &["approve", proposal["proposal"].as_str().context("proposal")?])?;
    let proposal = agrees("admit", "us/kigali", &["admit", "envoy.card", "drc"])?;
    agrees("reject", "us/kinshasa", &["reject", proposal["proposal"].as_str().context("proposal")?])?;
    let proposal = agrees("lost", "us/kigali", &["lost", "drc/liaison"])?;
    agrees("withdraw", "us/kigali", &["withdraw", proposal["proposal"].as_str().context("proposal")?])?;
    agrees("verify", "un/monitor-1", &["verify", "--all"])?;
    agrees("cosign", "un/monitor-1", &["cosign"])?;
    agrees("policy", "us/kigali", &["policy", "--witnesses", "1"])?;
    house.text("us/kigali", &["fetch"])?;
    agrees("prove", "us/kigali", &["prove", "drc#4"])?;
    agrees("check-proof", "us/kigali", &["check-proof", "drc-4.tlog-proof"])?;
    agrees("export", "un/monitor-1", &["export", "kivu.bundle"])?;
    agrees("verify-bundle", "un/monitor-1", &["verify-bundle", "kivu.bundle"])?;

    // Posts of all kinds together: what one kind has, another has not.
    let promised = promised("read")?;
    for (desk, entry) in [("drc/liaison", "drc#4"), ("drc/liaison", "drc#3"), ("us/kigali", &briefing)] {
        let mut found = BTreeSet::new();
        keys(&house.json(desk, &["read", entry])?, "", &mut found);
        let undocumented: Vec<_> = found.difference(&promised).collect();
        ensure!(undocumented.is_empty(), "read {entry}: not in docs/json.md: {undocumented:?}");
    }
    let given = house.json("us/kigali", &["given", "drc"])?;
    for key in ["entry", "accepted_at", "signed_by", "recalled", "kind", "subject"] {
        ensure!(!given["given"][0][key].is_null(), "given: {key} in {given}");
    }
    Ok(())
}
