//! April: a concern that is dispelled, which is more than not corroborated.

use super::{KIGALI, WASHINGTON, answering};
use crate::{
    commands::quickstart::{build::text, stage::Stage},
    context::Failure,
};

const CONCERN: &str = "---
subject: Troops massing near Goma
precedence: IMMEDIATE
activity: offensive
place: Goma
position: 29.2205, -1.6792
precision: 5000 m
seen-from: 2024-04-08T04:00:00Z
force: two battalions
---
Troops of the other side mass near Goma. We ask what they are there for.
";

const ROTATION: &str = "---
subject: Troops near Goma
precedence: IMMEDIATE
source: A2
---

(C//REL TO RWA)  The battalions that you saw relieved two others, which left on the same day. Their number has not grown, and they have dug in for defence.

(S//NF)  The order of relief was seen by an officer of ours.
";

pub(super) fn dispelled(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("Apr 2024", "rwanda voices a concern: troops mass near Goma. It is dispelled.");
    stage.paper("massing.md", CONCERN)?;
    stage.paper("rotation.md", ROTATION)?;
    let concern = text(&stage.run("rwanda/liaison", &["write", "concern", "papers/massing.md"])?, "entry")?;
    let briefing = stage.publish(KIGALI, "rotation.md")?;
    let order = answering(&briefing, "1", "rwanda", &concern, ["dispelled", "rotation"]);
    let entry = stage.enact_one((KIGALI, WASHINGTON), &order)?;
    stage.run("rwanda/liaison", &["fetch"])?;
    stage.show("rwanda/liaison", &["read", &entry])?;
    Ok(())
}
