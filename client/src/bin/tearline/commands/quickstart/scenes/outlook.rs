//! How officers find their way in a year of it.

use super::KIGALI;
use crate::{commands::quickstart::stage::Stage, context::Failure};

pub(super) fn outlook(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Sep 2024", "Where things stand, as each side sees them.");
    stage.together(&[("drc/liaison", &["fetch"]), (KIGALI, &["fetch"])])?;
    stage.show("drc/liaison", &["matters"])?;
    stage.show(KIGALI, &["commitments", "--party", "drc"])?;
    Ok(())
}
