//! January: a concern, a briefing of five portions, two of them in answer, another to the other side with a
//! request.

use super::{KIGALI, KINSHASA, WASHINGTON, answering};
use crate::{
    commands::quickstart::{build::text, stage::Stage},
    context::Failure,
};

const SAKE: &str = "---
subject: Column towards Sake
precedence: IMMEDIATE
source: B2
source-description: a source with first-hand access
information-until: 2024-01-14T12:00:00Z
originator: us/kinshasa
---

(C//REL TO DRC)  A column of about 40 vehicles left its positions north of Sake on the morning of 14 January and moves south.

(C//REL TO RWA)  Elements of the armed group move on Sake; Goma would be next.

(U)  The road from Sake to Goma was open to civilian traffic at noon.

(S//ORCON)  Fuel for the column was taken on at a depot whose place is known.

(S//NF)  The report comes from a single source, whose access would be plain from its words.
";

const CONCERN: &str = "---
subject: Column moving towards Sake
precedence: IMMEDIATE
activity: offensive
place: Sake
position: 29.0453, -1.5736
precision: 2000 m
seen-from: 2024-01-13T05:00:00Z
force: about 40 vehicles, with support across the border
answer-use: paraphrased
---
A column of the armed group moves from the north towards Sake. We ask whether you can confirm it, and whether it comes to attack.
";

/// `MOVEMENT` is where the release stands to which it refers.
const PRESS: &str = "---
subject: Press the group not to move on Sake and Goma
precedence: IMMEDIATE
refers: MOVEMENT
place: Goma
position: 29.2205, -1.6792
precision: 20000 m
---
We ask you to press the armed group, by whatever influence you have, not to move on Sake and Goma, and to tell us by 18 January what came of it.
";

/// `REQUEST` is where it stands.
const REPLY: &str = "---
subject: What we said to the group
answers: REQUEST
stance: partly-accepted
---
We do not command the group. On 16 January we told those of it whom we reach that Goma must not be entered.
";

/// Where the concern stands.
pub(super) fn concern(stage: &Stage<'_>) -> Result<String, Failure> {
    stage.scene("Jan 2024", "drc voices a concern, in its own room.");
    stage.paper("concern.md", CONCERN)?;
    let entry = text(&stage.run("drc/liaison", &["write", "concern", "papers/concern.md"])?, "entry")?;
    stage.then(&format!("{entry}: a column moves towards Sake."));
    Ok(entry)
}

/// Where the briefing stands.
pub(super) fn answer(stage: &Stage<'_>, concern: &str) -> Result<String, Failure> {
    stage.scene(
        "Jan 2024",
        "kinshasa records a briefing of five portions, and proposes two of them in answer. washington sees exactly what will be sent, and signs it.",
    );
    stage.paper("sake.md", SAKE)?;
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
    Ok(briefing)
}

/// Where the release to the other side stands.
pub(super) fn other_side(stage: &Stage<'_>, briefing: &str) -> Result<String, Failure> {
    stage.scene("", "From the same briefing, portion 2 goes to rwanda, with a request.");
    // Under words of its own: what two parties hold must match nowhere.
    let subject = "Movement near Goma";
    let order = ["release", briefing, "--portions", "2", "--to", "rwanda", "--subject", subject];
    let movement = stage.enact_one((KIGALI, WASHINGTON), &order)?;
    stage.paper("press.md", &PRESS.replace("MOVEMENT", &movement))?;
    let request = ["write", "request", "papers/press.md", "--to", "rwanda"];
    let request = stage.enact_one((KIGALI, WASHINGTON), &request)?;
    stage.paper("reply.md", &REPLY.replace("REQUEST", &request))?;
    stage.read(&[("rwanda/liaison", &movement)])?;
    let reply = text(&stage.run("rwanda/liaison", &["write", "reply", "papers/reply.md"])?, "entry")?;
    stage.then(&format!("{movement}: nothing in it matches anything that drc holds."));
    stage.then(&format!("{request} asks rwanda to press the group; {reply} is what it replies."));
    Ok(movement)
}
