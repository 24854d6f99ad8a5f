//! August: what is not for a party is refused, then rejected; what may be lowered is released late.

use super::{KIGALI, KINSHASA, WASHINGTON};
use crate::{
    commands::quickstart::{build::text, stage::Stage},
    context::Failure,
};

pub(super) fn rejected(stage: &Stage<'_>, briefing: &str) -> Result<(), Failure> {
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

pub(super) fn downgraded(stage: &Stage<'_>, briefing: &str) -> Result<(), Failure> {
    stage.scene("Aug 2024", "Portion 4 of January is released to drc, downgraded.");
    let lower = "4:C//ORCON//REL TO DRC:the depot is known to the public by now";
    let order = ["release", briefing, "--portions", "4", "--to", "drc", "--downgrade", lower];
    let entry = stage.enact_one((WASHINGTON, KINSHASA), &order)?;
    stage.run("drc/liaison", &["fetch"])?;
    stage.show("drc/liaison", &["read", &entry])?;
    stage.run("drc/liaison", &["ack", &entry])?;
    stage.then(&format!("{entry}: drc finds it in the manifest that it has held since January."));
    Ok(())
}
