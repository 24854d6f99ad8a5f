//! A session of every week: its agenda before, its minutes after.

use super::{KIGALI, KINSHASA, WASHINGTON};
use crate::{commands::quickstart::stage::Stage, context::Failure};

/// What the officers say to each other before.
const NOTE: &str = "---
subject: Weekly call
---
Who speaks first on Thursday, and what we do not raise.
";

const AGENDA: &str = "---
subject: Session of Thursday: agenda
phase: agenda
begins: 2023-11-30T14:00:00Z
ends: 2023-11-30T15:30:00Z
participant: Kinshasa
participant: Kigali
participant: the mediators' desks
item: the cease-fire
item: the road from Sake to Goma
item: dates
---
";

/// `AGENDA` is where it stands.
const MINUTES: &str = "---
subject: Session of Thursday: minutes
answers: AGENDA
phase: minutes
begins: 2023-11-30T14:00:00Z
ends: 2023-11-30T15:10:00Z
participant: Kinshasa
participant: Kigali
participant: the mediators' desks
item: the cease-fire
item: the road from Sake to Goma
decision: the road stays open to civilian traffic
decision: the next session is in a week
---
Both sides hold to the cease-fire.
";

pub(super) fn session(stage: &Stage<'_>) -> Result<(), Failure> {
    stage.scene("weekly", "A session: its agenda before, its minutes after, in the plenary.");
    stage.paper("note.md", NOTE)?;
    stage.paper("agenda.md", AGENDA)?;
    stage.run(KINSHASA, &["write", "note", "papers/note.md", "--to", "chamber"])?;
    let agenda = ["write", "session", "papers/agenda.md", "--to", "plenary"];
    let agenda = stage.enact_one((KINSHASA, KIGALI), &agenda)?;
    stage.paper("minutes.md", &MINUTES.replace("AGENDA", &agenda))?;
    let minutes = ["write", "session", "papers/minutes.md", "--to", "plenary"];
    let minutes = stage.enact_one((KIGALI, WASHINGTON), &minutes)?;
    stage.read(&[("rwanda/liaison", &minutes)])?;
    stage.then(&format!("{agenda} and {minutes}, each signed by two desks."));
    Ok(())
}
