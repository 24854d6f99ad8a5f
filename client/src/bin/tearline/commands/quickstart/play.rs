//! What happened from November 2023 to September 2024: each scene through the commands that an officer
//! would type.

use super::{build::text, papers, stage::Stage};
use crate::context::Failure;

const WASHINGTON: &str = "us/washington";
const KINSHASA: &str = "us/kinshasa";
const KIGALI: &str = "us/kigali";

/// Everything up to the audit.
pub(super) fn play(stage: &Stage<'_>) -> Result<(), Failure> {
    for (name, paper) in papers::ALL {
        stage.house.write_private(&format!("papers/{name}"), paper)?;
    }
    offers(stage)?;
    cease_fire(stage)?;
    sessions(stage)?;
    let concern = concern(stage)?;
    let briefing = answer(stage, &concern)?;
    drones(stage)?;
    dispelled(stage)?;
    renewed(stage)?;
    rejected(stage, &briefing)?;
    downgraded(stage, &briefing)?;
    isolation(stage, &concern)
}

fn offers(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Nov 2023", "The mediators make each side an offer, apart from the other.");
    for (party, paper, approver) in [("drc", "offer-drc.md", KINSHASA), ("rwanda", "offer-rwanda.md", KIGALI)]
    {
        let briefing = stage.publish(WASHINGTON, paper)?;
        let order = ["release", &briefing, "--portions", "1", "--to", party];
        let entry = stage.enact_one((WASHINGTON, approver), &order)?;
        let liaison = format!("{party}/liaison");
        stage.read(&liaison, &entry)?;
        stage.run(&liaison, &["ack", &entry])?;
        stage.then(&format!("{liaison} reads and acknowledges {entry}."));
    }
    Ok(())
}

fn cease_fire(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Nov 2023", "The cease-fire, in the plenary: both sides read the same bytes.");
    let briefing = stage.publish(WASHINGTON, "cease-fire.md")?;
    let order = ["release", &briefing, "--portions", "1", "--to", "plenary"];
    let entry = stage.enact_one((WASHINGTON, KIGALI), &order)?;
    for desk in ["drc/delegation", "rwanda/delegation"] {
        stage.read(desk, &entry)?;
    }
    stage.then(&format!("Both delegations read {entry}."));
    Ok(())
}

fn sessions(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("weekly", "A session: its agenda before, its minutes after, in the plenary.");
    stage.run(KINSHASA, &["write", "note", "papers/note.md", "--to", "chamber"])?;
    let agenda = ["write", "note", "papers/agenda.md", "--to", "plenary"];
    let agenda = stage.enact_one((KINSHASA, KIGALI), &agenda)?;
    let minutes = ["write", "note", "papers/minutes.md", "--to", "plenary"];
    let minutes = stage.enact_one((KIGALI, WASHINGTON), &minutes)?;
    stage.read("rwanda/liaison", &minutes)?;
    stage.then(&format!("{agenda} and {minutes}, each signed by two desks."));
    Ok(())
}

fn concern(stage: &Stage<'_>) -> Result<String, Failure> {
    stage.scene("Jan 2024", "drc voices a concern, in its own room.");
    let entry = text(&stage.run("drc/liaison", &["write", "concern", "papers/concern.md"])?, "entry")?;
    stage.then(&format!("{entry}: a column moves towards Sake."));
    Ok(entry)
}

fn answer(stage: &Stage<'_>, concern: &str) -> Result<String, Failure> {
    stage.scene(
        "Jan 2024",
        "kinshasa records a briefing of five portions, and proposes two of them in answer. washington sees exactly what will be sent, and signs it.",
    );
    let briefing = stage.publish(KINSHASA, "sake.md")?;
    let order = answering(&briefing, "1,3", "drc", concern, ["partly-corroborated", "offensive"]);
    let proposal = text(&stage.run(KINSHASA, &order)?, "proposal")?;
    let (code, seen) = stage.show(WASHINGTON, &["approve", &proposal])?;
    let entry = seen.split([' ', ',', '\n']).rfind(|word| word.starts_with("drc#"));
    let Some(entry) = entry.filter(|_| code == 0) else {
        return Err(Failure::refused(format!("{WASHINGTON}: approve {proposal} ended with {code}: {seen}")));
    };
    stage.run("drc/liaison", &["fetch"])?;
    stage.show("drc/liaison", &["inbox"])?;
    stage.show("drc/liaison", &["read", entry])?;
    stage.scene("", "From the same briefing, portion 2 goes to rwanda.");
    // Under words of its own: what two parties hold must match nowhere.
    let subject = "Movement near Goma";
    let order = ["release", &briefing, "--portions", "2", "--to", "rwanda", "--subject", subject];
    let other = stage.enact_one((KIGALI, WASHINGTON), &order)?;
    stage.read("rwanda/liaison", &other)?;
    stage.then(&format!("{other}: nothing in it matches anything that drc holds."));
    Ok(briefing)
}

/// A release of portions that answers a concern; `found` is the finding and the activity.
fn answering<'a>(
    briefing: &'a str,
    portions: &'a str,
    room: &'a str,
    concern: &'a str,
    [finding, activity]: [&'a str; 2],
) -> [&'a str; 16] {
    [
        "release",
        briefing,
        "--portions",
        portions,
        "--to",
        room,
        "--answers",
        concern,
        "--finding",
        finding,
        "--activity",
        activity,
        "--likelihood",
        "likely",
        "--confidence",
        "moderate",
    ]
}

fn drones(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Feb 2024", "rwanda voices a concern: armed drones strike near the border.");
    let concern = text(&stage.run("rwanda/liaison", &["write", "concern", "papers/drones.md"])?, "entry")?;
    let paper = papers::ASSESSMENT.replace("CONCERN", &concern);
    stage.house.write_private("papers/assessment.md", &paper)?;
    let assessment = ["write", "assessment", "papers/assessment.md", "--to", "rwanda"];
    let entry = stage.enact_one((WASHINGTON, KINSHASA), &assessment)?;
    stage.read("rwanda/liaison", &entry)?;
    stage.then(&format!("{entry} answers {concern}: corroborated."));
    let asked =
        stage.enact_one((KINSHASA, WASHINGTON), &["write", "note", "papers/refrain.md", "--to", "drc"])?;
    stage.read("drc/delegation", &asked)?;
    let promised = text(&stage.run("drc/delegation", &["write", "note", "papers/promise.md"])?, "entry")?;
    stage.then(&format!("{asked} asks drc to refrain from such drones; {promised}: they stay grounded."));
    Ok(())
}

fn dispelled(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Apr 2024", "rwanda voices a concern: troops mass near Goma. It is dispelled.");
    let concern = text(&stage.run("rwanda/liaison", &["write", "concern", "papers/massing.md"])?, "entry")?;
    let briefing = stage.publish(KIGALI, "rotation.md")?;
    let order = answering(&briefing, "1", "rwanda", &concern, ["dispelled", "rotation"]);
    let entry = stage.enact_one((KIGALI, WASHINGTON), &order)?;
    stage.run("rwanda/liaison", &["fetch"])?;
    stage.show("rwanda/liaison", &["read", &entry])?;
    Ok(())
}

fn renewed(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Jul 2024", "The cease-fire is renewed: one joint release into both sides' own rooms.");
    let briefing = stage.publish(WASHINGTON, "renewal.md")?;
    let order = ["release", &briefing, "--portions", "1", "--to", "drc", "rwanda"];
    let entries = stage.enact((WASHINGTON, KINSHASA), &order)?;
    for entry in &entries {
        let party = entry.split('#').next().unwrap_or_default();
        stage.read(&format!("{party}/delegation"), entry)?;
    }
    stage.then(&format!("{}: both were taken at once, or neither would have been.", entries.join(" and ")));
    Ok(())
}

fn rejected(stage: &Stage<'_>, briefing: &str) -> Result<(), Failure> {
    stage.scene("Aug 2024", "kinshasa tries to release portion 5, marked (S//NF), to drc.");
    let order = ["release", briefing, "--portions", "5", "--to", "drc"];
    stage.refused(KINSHASA, &order, 1)?;
    stage.scene("", "It proposes the portion with a downgrade. washington rejects that.");
    let mut order = order.to_vec();
    order.extend(["--downgrade", "5:C//REL TO DRC:drc asks who our source is"]);
    let proposal = text(&stage.run(KINSHASA, &order)?, "proposal")?;
    stage.show(WASHINGTON, &["pending"])?;
    stage.show(WASHINGTON, &["reject", &proposal])?;
    stage.refused(KIGALI, &["approve", &proposal], 1)
}

fn downgraded(stage: &Stage<'_>, briefing: &str) -> Result<(), Failure> {
    stage.scene("Aug 2024", "Portion 4 of January is released to drc, downgraded.");
    let lower = "4:C//ORCON//REL TO DRC:the depot is known to the public by now";
    let order = ["release", briefing, "--portions", "4", "--to", "drc", "--downgrade", lower];
    let entry = stage.enact_one((WASHINGTON, KINSHASA), &order)?;
    stage.read("drc/liaison", &entry)?;
    stage.then(&format!("{entry}: drc finds it in the manifest that it has held since January."));
    Ok(())
}

fn isolation(stage: &Stage<'_>, concern: &str) -> Result<(), Failure> {
    const DESK: &str = "rwanda/liaison";
    stage.scene("", "What rwanda gets when it asks for drc's concern, and for a room that never was:");
    stage.refused(DESK, &["read", concern], 1)?;
    stage.refused(DESK, &["read", "atlantis#1"], 1)?;
    stage.scene("", "All that rwanda is served:");
    stage.show(DESK, &["fetch"])?;
    stage.show(DESK, &["status"])?;
    Ok(())
}
