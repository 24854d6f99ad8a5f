//! Receipts: the only thing that a writer has of a server that forgets.

use anyhow::{Result, ensure};
use tearline_tests::liar::Takes;

use crate::scene::Scene;

const WRITER: &str = "drc/liaison";
const CONCERN: &str = "---
subject: Column towards Sake
precedence: IMMEDIATE
activity: offensive
---
A column moves from the north.
";

fn write(scene: &Scene) -> Result<String> {
    scene.home().write("papers/new-concern.md", CONCERN)
}

#[test]
fn a_true_receipt_is_believed() -> Result<()> {
    let scene = Scene::of_drc()?;
    let paper = write(&scene)?;
    let said = scene.home().text(WRITER, &["write", "concern", &paper])?;
    ensure!(said.contains("Posted drc#"), "{said}");
    Ok(())
}

#[test]
fn a_receipt_whose_proof_leads_nowhere_counts_as_not_sent() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.lies().takes = Takes::WithFalseProofs;
    let paper = write(&scene)?;
    scene.caught(WRITER, &["write", "concern", &paper], "false-receipt", &["drc", "Count it as not sent"])?;
    Ok(())
}

#[test]
fn a_statement_that_was_receipted_and_forgotten_is_missed() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.lies().takes = Takes::AndForgets;
    let paper = write(&scene)?;
    // The receipt itself is true; what comes after gives the server away, at the latest at the next fetch.
    let written = scene.home().run(WRITER, &["write", "concern", &paper])?;
    if written.code == 0 {
        scene.home().run(WRITER, &["fetch"])?.refused(3)?;
    } else {
        written.refused(3)?;
    }
    Ok(())
}

#[test]
fn one_receipt_for_all_of_a_joint_release_is_false() -> Result<()> {
    let scene = Scene::new()?;
    let briefing = "---\nsubject: Truce again\nprecedence: PRIORITY\nsource: A1\n---\n\n(U)  It holds.\n";
    let home = scene.home();
    let text = |key: &str, json: serde_json::Value| tearline_tests::cli::text_of(&json, key);
    let path = home.write("papers/again.md", briefing)?;
    let entry = text("entry", home.json("us/kinshasa", &["publish", &path])?)?;
    let release = ["release", &entry, "--portions", "1", "--to", "drc", "rwanda"];
    let proposal = text("proposal", home.json("us/kinshasa", &release)?)?;
    scene.lies().takes = Takes::TheFirst;
    scene.caught(
        "us/washington",
        &["approve", &proposal],
        "false-receipt",
        &["does not hold what was sent"],
    )?;
    Ok(())
}
