//! What one side gets when it asks for the other's.

use crate::{commands::quickstart::stage::Stage, context::Failure};

const DESK: &str = "rwanda/liaison";

pub(super) fn isolation(stage: &Stage<'_>, concern: &str) -> Result<(), Failure> {
    stage.scene("", "What rwanda gets when it asks for drc's concern, and for a room that never was:");
    stage.refused(DESK, &["read", concern], 1)?;
    stage.refused(DESK, &["read", "atlantis#1"], 1)?;
    stage.scene("", "All that rwanda is served:");
    stage.show(DESK, &["fetch"])?;
    stage.show(DESK, &["status"])?;
    Ok(())
}
