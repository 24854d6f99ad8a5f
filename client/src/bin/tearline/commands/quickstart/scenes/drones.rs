//! February, and the months after: drones near the border, a promise, and how it is kept.

use super::{KIGALI, KINSHASA, WASHINGTON};
use crate::{
    commands::quickstart::{build::text, stage::Stage},
    context::Failure,
};

const CONCERN: &str = "---
subject: Armed drones near the border
precedence: PRIORITY
activity: offensive
seen-from: 2024-02-17T02:00:00Z
---
Armed drones of foreign make strike near the border, and the airport of Goma was hit.
";

/// Without released portions; `CONCERN` is where the concern stands.
const ASSESSMENT: &str = "---
subject: Armed drones near the border
precedence: PRIORITY
answers: CONCERN
finding: corroborated
activity: offensive
likelihood: very-likely
confidence: high
---
Drones of the make that you name have flown near the border since January. We raise it with their owner.
";

const REFRAIN: &str = "---
subject: Drones of foreign make
precedence: PRIORITY
---
We ask you to refrain from the use of armed drones near the border.
";

/// `REQUEST` is where it stands.
const REPLY: &str = "---
subject: Your request about drones
answers: REQUEST
stance: accepted
---
We accept. What we undertake is in a commitment of today.
";

/// Made in answer to the same.
const PROMISE: &str = "---
subject: The drones stay on the ground
answers: REQUEST
kind: restraint
from: 2024-02-21T00:00:00Z
verified: by what the mediators see
---
Since the last of them was shot down, none flies. The drones stay on the ground from today, and no others take their place.
";

/// A compliance note; the rest is replaced.
const NOTE: &str = "---
subject: Drones, MONTH
answers: PROMISE
state: STATE
obligor: drc
from: 2024-NUMBER-01T00:00:00Z
to: 2024-NUMBER-LASTT23:59:00Z
---
SEEN
";

const NONE: &str = "None has flown.";

/// A month's name, number and last day.
type Month = [&'static str; 3];

pub(super) const SPRING: [Month; 4] =
    [["March", "03", "31"], ["April", "04", "30"], ["May", "05", "31"], ["June", "06", "30"]];
pub(super) const SUMMER: [Month; 2] = [["July", "07", "31"], ["August", "08", "31"]];
const SEPTEMBER: Month = ["September", "09", "30"];

/// Where the promise stands.
pub(super) fn drones(stage: &Stage<'_>) -> Result<String, Failure> {
    stage.scene("Feb 2024", "rwanda voices a concern: armed drones strike near the border.");
    stage.paper("drones.md", CONCERN)?;
    stage.paper("refrain.md", REFRAIN)?;
    let concern = text(&stage.run("rwanda/liaison", &["write", "concern", "papers/drones.md"])?, "entry")?;
    stage.paper("assessment.md", &ASSESSMENT.replace("CONCERN", &concern))?;
    let assessment = ["write", "assessment", "papers/assessment.md", "--to", "rwanda"];
    let entry = stage.enact_one((WASHINGTON, KINSHASA), &assessment)?;
    let refrain = ["write", "request", "papers/refrain.md", "--to", "drc"];
    let asked = stage.enact_one((KINSHASA, WASHINGTON), &refrain)?;
    stage.read(&[("rwanda/liaison", &entry), ("drc/delegation", &asked)])?;
    stage.then(&format!("{entry} answers {concern}: corroborated."));
    stage.paper("accepted.md", &REPLY.replace("REQUEST", &asked))?;
    stage.paper("promise.md", &PROMISE.replace("REQUEST", &asked))?;
    stage.run("drc/delegation", &["write", "reply", "papers/accepted.md"])?;
    let write = ["write", "commitment", "papers/promise.md"];
    let promised = text(&stage.run("drc/delegation", &write)?, "entry")?;
    stage.then(&format!("{asked} asks drc to refrain from such drones; {promised}: they stay grounded."));
    Ok(promised)
}

/// A note for each of these months: kept.
pub(super) fn months(stage: &Stage<'_>, promise: &str, months: &[Month]) -> Result<(), Failure> {
    stage.scene("each month", &format!("How the promise of {promise} was kept."));
    let mut names = Vec::new();
    for month in months {
        note(stage, promise, month, ["compliant", NONE])?;
        names.push(month[0]);
    }
    let order = |name: &&str| ["write", "compliance", &path(name), "--to", "drc"].map(str::to_owned).to_vec();
    let orders: Vec<Vec<String>> = names.iter().map(order).collect();
    let entries = stage.enact_each((KINSHASA, KIGALI), &orders)?;
    let (names, entries) = (names.join(", "), entries.join(", "));
    stage.then(&format!("{names}: compliant ({entries})."));
    Ok(())
}

/// New ones were bought.
pub(super) fn september(stage: &Stage<'_>, promise: &str) -> Result<(), Failure> {
    stage.scene("Sep 2024", "New drones were bought, and not deployed.");
    let seen = "New drones of the same make were bought. None is deployed, and none has flown.";
    note(stage, promise, &SEPTEMBER, ["partial", seen])?;
    let order = ["write", "compliance", &path(SEPTEMBER[0]), "--to", "drc"];
    let entry = stage.enact_one((KINSHASA, KIGALI), &order)?;
    stage.then(&format!("{entry}: the promise of {promise} is kept in part."));
    Ok(())
}

fn note(
    stage: &Stage<'_>,
    promise: &str,
    [name, number, last]: &Month,
    [kept, seen]: [&str; 2],
) -> Result<(), Failure> {
    let with = [
        ("MONTH", *name),
        ("PROMISE", promise),
        ("STATE", kept),
        ("NUMBER", *number),
        ("LAST", *last),
        ("SEEN", seen),
    ];
    let paper = with.into_iter().fold(NOTE.to_owned(), |paper, (key, value)| paper.replace(key, value));
    stage.paper(&format!("{}.md", name.to_lowercase()), &paper)
}

fn path(month: &str) -> String {
    format!("papers/{}.md", month.to_lowercase())
}
