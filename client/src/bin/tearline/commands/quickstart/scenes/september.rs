//! September: a release is taken back. What was read cannot be unread, and nobody says that it was not.

use super::{KIGALI, KINSHASA};
use crate::{commands::quickstart::stage::Stage, context::Failure};

pub(super) fn recalled(stage: &Stage<'_>, movement: &str) -> Result<(), Failure> {
    stage.scene("Sep 2024", &format!("kigali recalls {movement}, and kinshasa signs that too."));
    let order = ["recall", movement, "--note", "its words may lead to the source"];
    stage.enact((KIGALI, KINSHASA), &order)?;
    stage.run("rwanda/liaison", &["fetch"])?;
    stage.show("rwanda/liaison", &["read", movement])?;
    Ok(())
}
