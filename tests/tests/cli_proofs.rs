//! Proofs for somebody who has no desk: written by one command, checked by another that knows nothing else.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_ledger::{note::KeyMaterial, note::VerifierKey, proof::TlogProof};
use tearline_tests::cli::{House, said::Said, screen::shows};

const READER: &str = "drc/liaison";
const MONITOR: &str = "un/monitor-1";

/// `check-proof` by somebody without a profile.
fn check(house: &House, args: &[&str]) -> Result<Said> {
    Said::of(house.command(&[&["check-proof"], args].concat())?)
}

fn confirmed() -> Result<House> {
    let house = House::kivu()?;
    house.text(MONITOR, &["cosign"])?;
    house.text(READER, &["fetch"])?;
    Ok(house)
}

#[test]
fn an_entry_is_proven_to_somebody_who_has_nothing_but_two_files() -> Result<()> {
    let house = confirmed()?;
    let text = house.text(READER, &["prove", "drc#4", "--out", "sake.tlog-proof"])?;
    shows("prove", &text, &["Wrote sake.tlog-proof", "no word of the", "Next"])?;
    let proof = TlogProof::parse(&fs::read(house.path("sake.tlog-proof"))?)?;
    ensure!(proof.index() == 4 && proof.extra().is_some(), "{proof}");
    let words = fs::read_to_string(house.path("sake.tlog-proof"))?;
    ensure!(!words.contains("Sake"), "content is in the proof");
    let text = check(&house, &["sake.tlog-proof"])?.done()?;
    shows(
        "check-proof",
        &text,
        &[
            " ✓ entry 4 of kivu.example is in its log\n",
            "signed by the log's key",
            "which came with the proof",
            "✓ cosigned as the policy demands: un/monitor-1 (",
            " Author      spiffe://kivu.example/mediator/us/",
            " Act         post\n",
            " Signed by   ",
            "does not show",
        ],
    )?;
    let verdict: Value = serde_json::from_str(&check(&house, &["sake.tlog-proof", "--json"])?.done()?)?;
    ensure!(
        verdict["ok"] == true && verdict["signed_by"].as_array().is_some_and(|it| it.len() == 2),
        "{verdict}"
    );
    ensure!(verdict["cosigned"][0]["witness"] == MONITOR, "{verdict}");

    // By a key that one has otherwise: the log's as the charter names it, or a policy of one's own.
    let shown = house.text(READER, &["policy"])?;
    let log = shown.lines().find_map(|line| line.trim().strip_prefix("log ")).context("the log's key")?;
    check(&house, &["sake.tlog-proof", "--log-key", log])?.done()?;
    let again = house.refused(READER, &["prove", "drc#4", "--out", "sake.tlog-proof"])?;
    ensure!(again.contains("exists"), "{again}");
    // The auditor proves what it cannot read; and what came after the cosignature has none.
    house.text(MONITOR, &["prove", "chamber#2"])?;
    check(&house, &["chamber-2.tlog-proof"])?.done()?;
    let missing = house.refused(READER, &["prove", "drc#99"])?;
    ensure!(missing.contains("drc#99 is not known here"), "{missing}");
    Ok(())
}

#[test]
fn a_proof_that_was_changed_anywhere_does_not_verify() -> Result<()> {
    let house = confirmed()?;
    house.text(READER, &["prove", "drc#4", "--out", "good.tlog-proof"])?;
    let good = fs::read_to_string(house.path("good.tlog-proof"))?;
    fs::copy(house.path("good.tlog-proof.policy"), house.path("bad.tlog-proof.policy"))?;
    let judge = |text: &str| -> Result<Said> {
        let path = house.write("bad.tlog-proof", text)?;
        check(&house, &[&path])
    };
    ensure!(judge(&good)?.code == 0, "a copy verifies");
    let mut refused = 0;
    for at in 0..good.len() {
        if at % 9 != 0 || !good.is_char_boundary(at) || !good.is_char_boundary(at + 1) {
            continue;
        }
        let other = if &good[at..=at] == "A" { "B" } else { "A" };
        let said = judge(&format!("{}{other}{}", &good[..at], &good[at + 1..]))?;
        // Unreadable or untrue; never a proof.
        ensure!(said.code == 1 || said.code == 3, "byte {at}: {said:?}");
        refused += usize::from(said.code == 3);
        let code = said.code;
        said.refused(code)?;
    }
    ensure!(refused > 20, "only {refused} were judged");
    judge(&good.replace("index 4\n", "index 3\n"))?.refused(3)?;
    judge(&good[..good.len() / 2])?.refused(1)?;
    let no_entry: Vec<&str> = good.lines().filter(|line| !line.starts_with("extra ")).collect();
    let no_entry = no_entry.join("\n") + "\n";
    ensure!(judge(&no_entry)?.refused(3)?.contains("does not hold the entry"), "no entry");
    Ok(())
}

#[test]
fn a_proof_is_worth_what_its_keys_are() -> Result<()> {
    let house = confirmed()?;
    house.text(READER, &["prove", "drc#4", "--out", "sake.tlog-proof"])?;
    let own = fs::read_to_string(house.path("sake.tlog-proof.policy"))?;
    let judge = |args: &[&str]| check(&house, &[&["sake.tlog-proof"], args].concat());
    let stranger = VerifierKey::new("kivu.example".parse()?, KeyMaterial::Ed25519([9; 32])).to_string();
    judge(&["--log-key", &stranger])?.refused(3)?;
    judge(&["--log-key", "kivu.example"])?.refused(2)?;
    // Both auditors are demanded, and one has cosigned.
    let both = own.replace("group auditors 1 ", "group auditors all ");
    ensure!(both != own, "{own}");
    let path = house.write("both.policy", both)?;
    let refused = judge(&["--policy", &path])?.refused(3)?;
    ensure!(refused.contains("not cosigned as the policy demands: by un/monitor-1 alone"), "{refused}");
    let lines = own.lines().filter(|line| !line.starts_with("log ")).map(|line| format!("{line}\n"));
    let path = house.write("nolog.policy", lines.collect::<String>())?;
    let refused = judge(&["--policy", &path])?.refused(3)?;
    ensure!(refused.contains("neither --log-key nor the policy names a key"), "{refused}");
    let path = house.write("broken.policy", "quorum\n")?;
    judge(&["--policy", &path])?.refused(1)?;
    fs::remove_file(house.path("sake.tlog-proof.policy"))?;
    let refused = judge(&[])?.refused(2)?;
    ensure!(refused.contains("whose key is the log's?"), "{refused}");
    check(&house, &["nothing.tlog-proof"])?.refused(1)?;
    Ok(())
}
